"""posemill/1 records in a file, read back: what was found once needn't be found again."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from posemill.errors import BrokenSource
from posemill.records import loads, parse_frame, parse_header
from posemill.sources.files import open_regular, shown
from posemill.sources.recordings_continued import Continued
from posemill.types import FramePoses

_T = TypeVar("_T")
_SUFFIXES: Final = frozenset({".jsonl", ".json"})
_MAX_LINE: Final = 8 * 1024 * 1024  # 32 people take 150 KB
_MAX_DOCUMENT: Final = 1024 * 1024 * 1024


def is_recording(address: str | Path) -> bool:
    """Return whether an address names records, by its suffix."""
    return Path(address).suffix.lower() in _SUFFIXES


def read_records(path: str | Path) -> "Recording":
    """Open posemill/1 records of one source: JSON lines, or where it ends in .json a document.

    Iterating yields each frame as ``FramePoses``, once, in order, as a tracker gave it: people
    with ``landmarks`` float32 (33, 5) and ``world`` (33, 3), to six digits, without masks and
    ``analysis``. ``header``: a dict with ``source``, ``width``, ``height``, ``fps``, ``model``
    and more. It closes at its end, or as a context manager. Errors, of opening and of
    iterating, naming file and line: SourceNotFound, BrokenSource, SourceError.
    """
    return Recording(Path(path))


class Recording:
    """The records of one source, from JSON lines or from one JSON document.

    ``header``: checked, the first one where there are several, as in the files of a stream.
    Iterating yields the frames, once. Errors: SourceNotFound, BrokenSource, SourceError, naming
    the file and the line.
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[FramePoses]:
        with self._file:
            if self._frames is None:
                yield from self._from_lines()
                return
            for number, record in enumerate(self._frames, start=2):
                yield self._checked(number, parse_frame, record, self.header)

    def _from_lines(self) -> Iterator[FramePoses]:
        continued = Continued(self.header)
        for number, record in self._lines():
            if "schema" in record:
                header = self._checked(number, parse_header, record)
                self._named("", continued.begin, header, number)
                continue
            poses = self._checked(number, parse_frame, record, continued.header)
            yield self._named("", continued.placed, poses, record.get("at"))

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        number, grows = 1, False
        while line := self._file.readline(_MAX_LINE):
            number += 1
            is_cut = not line.endswith(b"\n") and len(line) < _MAX_LINE
            try:
                record = self._checked(number, loads, line)
            except BrokenSource:
                if is_cut and grows:
                    return  # the line that is being written, or that a crash cut short
                raise
            grows = "at" in record  # a stream's: other files appear when they are whole
            yield number, record

    def _checked(self, number: int, read: Callable[..., _T], *what: Any) -> _T:
        return self._named(f" line {number}:", read, *what)

    def _named(self, where: str, read: Callable[..., _T], *what: Any) -> _T:
        try:
            return read(*what)
        except BrokenSource as error:
            raise BrokenSource(f"{self._label}:{where} {error}") from error
