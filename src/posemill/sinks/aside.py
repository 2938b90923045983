"""A file that is written beside its place and renamed into it when it is whole."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO, Any, Final

from posemill.errors import SinkError

_MAX_NAME_BYTES: Final = 255


class Aside:
    """The file that will be ``path``: ``part`` until ``commit``, in the same folder.

    A link is followed, so that it is its target that is replaced. SinkError where the file
    can't be created.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: IO[bytes] | None = None
        self._is_over = False
        with reported(path):
            self._target = Path(os.path.realpath(path))
            if self._target.is_dir():
                raise SinkError(f"{path}: is a folder, not a file; add a file name.")
            if not self._target.parent.is_dir():
                raise SinkError(f"{path}: there is no folder {path.parent}; create it first.")
            self.part, self.file = _created(self._target)

    def commit(self) -> None:
        """Give the file its name. SinkError, with nothing left, where that fails."""
        try:
            with reported(self.path):
                self.close()
                self.part.replace(self._target)
                self._is_over = True
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the file unless it has its name."""
        if self._is_over:
            return
        self._is_over = True
        with suppress(OSError):  # what is still buffered may not fit on the disk
            self.close()
        with suppress(OSError):
            self.part.unlink()

    def close(self) -> None:
        """Close the file, so that another writer may open ``part``."""
        file, self.file = self.file, None
        if file is not None:
            file.close()

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``. SinkError."""
        assert self.file is not None
        with reported(self.path):
            self.file.write(data)


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file aside, then give it its name; text as UTF-8. SinkError, with nothing left."""
    aside = Aside(path)
    try:
        aside.write(data.encode() if isinstance(data, str) else data)
        aside.commit()
    finally:
        aside.discard()


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn what the system says of a file into one sentence: SinkError.

    A reader of stdout that has gone away stays what it is, a BrokenPipeError.
    """
    try:
        yield
    except (SinkError, BrokenPipeError):
        raise
    except OSError as error:
        raise SinkError(f"{path}: can't be written: {reason(error.errno, str(error))}.") from error


def reason(number: int | None, otherwise: str) -> str:
    """Return the system's words for an error number, ``otherwise`` where it isn't one."""
    if number is None or number not in errno.errorcode:
        return otherwise
    return os.strerror(number)


def _created(target: Path) -> tuple[Path, IO[Any]]:
    for attempt in count():
        suffix = f".{os.getpid()}-{attempt}.part" if attempt else f".{os.getpid()}.part"
        room = _MAX_NAME_BYTES - len(suffix) - 1
        stem = os.fsdecode(os.fsencode(target.name)[:room])
        part = target.with_name(f".{stem}{suffix}")
        with suppress(FileExistsError):  # a process of the same number left it, or another sink
            return part, part.open("xb", buffering=1 << 16)
    raise AssertionError("unreachable")
