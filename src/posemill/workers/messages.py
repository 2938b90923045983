"""Messages through pipes: a length, a JSON object, and bytes that belong to it."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

_HEAD: Final = struct.Struct("!IQ")
# Beyond what either side sends: larger numbers are noise.
_MAX_FIELDS: Final = 64 * 1024 * 1024
_MAX_DATA: Final = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns: ``fields`` as JSON, and ``data`` beside them."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    data: bytes | memoryview = b""


Handler = Callable[[Mapping[str, Any], bytes], Answer]


def send(pipe: BinaryIO, fields: Mapping[str, Any], data: bytes | memoryview = b"") -> None:
    """Write one message to an unbuffered pipe. OSError where nobody reads."""
    text = json.dumps(fields, allow_nan=False, separators=(",", ":")).encode()
    _write(pipe, _HEAD.pack(len(text), len(data)) + text)
    if data:
        _write(pipe, data)


def receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one message from an unbuffered pipe; None where the other side is gone.

    ValueError for what is no message.
    """
    head = _read(pipe, _HEAD.size)
    if head is None:
        return None
    text_length, data_length = _HEAD.unpack(head)
    if text_length > _MAX_FIELDS or data_length > _MAX_DATA:
        raise ValueError("a message is longer than any that is sent")
    text, data = _read(pipe, text_length), _read(pipe, data_length)
    if text is None or data is None:
        return None
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("a message must be a JSON object")
    return fields, data


def _write(pipe: BinaryIO, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[pipe.write(rest) :]


def _read(pipe: BinaryIO, length: int) -> bytes | None:
    if not length:
        return b""
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        count = pipe.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            return None
        rest = rest[count:]
    return bytes(data)
