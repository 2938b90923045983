"""What a step leaves for the next one: where the source was, and what the tracker remembered.

Pickled, since the tracker's state is a tree of our own dataclasses and of arrays that must come
back bit by bit; read by an unpickler that makes nothing else.
"""

import io
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from posemill.errors import JobError
from posemill.types import Frame

VERSION: Final = 1
_OURS: Final = ("posemill.blazepose.", "posemill.jobs.media.")
_PLAIN: Final = {
    *(("builtins", name) for name in ("set", "frozenset", "slice", "complex")),
    *(("numpy", name) for name in ("ndarray", "dtype")),
    *(
        (f"numpy.{core}.{module}", name)
        for core in ("core", "_core")
        for module, name in (
            ("multiarray", "_reconstruct"),
            ("multiarray", "scalar"),
            ("numeric", "_frombuffer"),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The last frame that was taken: its number, seconds, and the hash of its pixels."""

    index: int
    time_s: float
    digest: str

    @classmethod
    def of(cls, frame: Frame) -> "Place":
        """Return where ``frame`` is."""
        from hashlib import blake2b  # noqa: PLC0415

        return cls(
            frame.index, frame.time_s, blake2b(frame.pixels.tobytes(), digest_size=16).hexdigest()
        )


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is known after step ``step``. ``tally``: what the summary adds up."""

    step: int = -1
    last: Place | None = None
    tracker: Mapping[str, Any] = field(default_factory=dict)
    tally: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = False


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint aside, have it be on the disk, and give it its name."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        pickle.dump((VERSION, checkpoint), file, protocol=5)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. JobError where it is none, or of another version."""
    try:
        version, checkpoint = _Reader(io.BytesIO(path.read_bytes())).load()
    except (OSError, pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        raise JobError(f"a step's checkpoint can't be read: {error}.") from error
    if version != VERSION or not isinstance(checkpoint, Checkpoint):
        raise JobError("a step's checkpoint is of another version; send the job again.")
    return checkpoint


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith(_OURS) and "." not in name:
            found = getattr(import_module(module), name, None)
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, tuple)):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
