"""posemill/1 records in a file, read back: what was found once needn't be found again."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from posemill.errors import BrokenSource
from posemill.records import loads, parse_frame, parse_header
from posemill.sources.files import open_regular, shown
from posemill.types import FramePoses

_T = TypeVar("_T")
_SUFFIXES: Final = frozenset({".jsonl", ".json"})
_MAX_LINE: Final = 8 * 1024 * 1024  # 32 people take 150 KB
_MAX_DOCUMENT: Final = 1024 * 1024 * 1024


def is_recording(address: str | Path) -> bool:
    """Return whether an address names records, by its suffix."""
    return Path(address).suffix.lower() in _SUFFIXES


class Recording:
    """The records of one source, from JSON lines or from one JSON document.

    ``header``: checked. Iterating yields the frames, once. Errors: SourceNotFound, BrokenSource,
    SourceError, naming the file and the line.
    """

    def __init__(self, path: Path) -> None:
        self._label = shown(str(path))
        self._file = open_regular(path, str(path))
        try:
            is_document = path.suffix.lower() == ".json"
            limit = _MAX_DOCUMENT if is_document else _MAX_LINE
            data = self._file.readline(limit) if not is_document else self._file.read(limit)
            if not data:
                raise BrokenSource(f"{self._label}: is empty (0 bytes).")
            first = self._checked(1, loads, data)
            self._frames = first.pop("frames", []) if is_document else None
            if is_document and not isinstance(self._frames, list):
                raise BrokenSource(f"{self._label}: frames must be a list.")
            self.header: Mapping[str, Any] = self._checked(1, parse_header, first)
        except BaseException:
            self._file.close()
            raise

    @property
    def stat(self) -> os.stat_result:
        """What the file is, while it is open: its size and when it changed."""
        return os.fstat(self._file.fileno())

    def close(self) -> None:
        """Close it, where nobody iterates to its end."""
        self._file.close()

    def __iter__(self) -> Iterator[FramePoses]:
        with self._file:
            records = self._lines() if self._frames is None else iter(self._frames)
            for number, record in enumerate(records, start=2):
                yield self._checked(number, parse_frame, record, self.header)

    def _lines(self) -> Iterator[dict[str, Any]]:
        number = 1
        while line := self._file.readline(_MAX_LINE):
            number += 1
            record = self._checked(number, loads, line)
            if "schema" in record:
                raise BrokenSource(
                    f"{self._label}: holds more than one source, the second from line {number} "
                    "on; write each into a file of its own."
                )
            yield record

    def _checked(self, number: int, read: Callable[..., _T], *what: Any) -> _T:
        try:
            return read(*what)
        except BrokenSource as error:
            raise BrokenSource(f"{self._label}: line {number}: {error}") from error
