"""The records of a stream in files of an hour each, and how long they stay."""

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from posemill.config.places import make_private
from posemill.errors import SinkError
from posemill.records import dumps

_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d\.jsonl", re.ASCII)
_FLUSH_S: Final = 1.0


class HourlyRecords:
    """posemill/1 records below ``folder``, in ``2026-11-25T07.jsonl``: the hour is UTC.

    Each file begins with the header, and has it again where the stream changed. What a crash
    cut short in its last line is taken away before more is written.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder, clock
        self._file: BinaryIO | None = None
        self._name = ""
        self._header: Mapping[str, Any] = {}
        self._flushed_s = 0.0

    def begin(self, header: Mapping[str, Any]) -> None:
        """Write what comes now under this header. SinkError."""
        self._header = header
        if self._file is not None:
            self._line(dumps(header))

    def write(self, record: str) -> None:
        """Write one record. SinkError where the disk takes nothing; the next one tries again."""
        now = self._clock()
        name = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H.jsonl")
        if name != self._name or self._file is None:
            self._open(name)
        self._line(record)
        if abs(now - self._flushed_s) >= _FLUSH_S and self._file is not None:
            self._flushed_s = now
            self._guarded(self._file.flush)

    def close(self) -> None:
        """Complete the file."""
        file, self._file = self._file, None
        if file is not None:
            self._guarded(file.close)

    def _open(self, name: str) -> None:
        self.close()
        path = self._folder / name
        self._guarded(lambda: make_private(self._folder))
        self._guarded(lambda: _mend(path))
        self._guarded(lambda: self._append_to(path))
        self._name = name
        self._line(dumps(self._header))

    def _append_to(self, path: Path) -> None:
        self._file = path.open("ab")

    def _line(self, text: str) -> None:
        file = self._file
        if file is not None:
            self._guarded(lambda: file.write(text.encode() + b"\n"))

    def _guarded(self, do: Callable[[], Any]) -> None:
        try:
            do()
        except OSError as error:
            self._file = None
            raise SinkError(
                f"{self._folder}: records can't be written: {error.strerror or error}."
            ) from error


def sweep(folder: Path, keep_for_s: float, now: float) -> None:
    """Remove the files of records whose hour ended more than ``keep_for_s`` ago."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name):
            with suppress(OSError, ValueError):  # what can't go must not end the stream
                hour = datetime.strptime(path.stem, "%Y-%m-%dT%H").replace(tzinfo=UTC)
                if hour.timestamp() + 3600 + keep_for_s < now:
                    path.unlink(missing_ok=True)


def _mend(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        at = end
        while at > 0:
            step = min(65_536, at)
            file.seek(at - step)
            found = file.read(step).rfind(b"\n")
            if found >= 0:
                at = at - step + found + 1
                break
            at -= step
        if at != end:
            file.truncate(at)
