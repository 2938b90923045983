"""JSON lines: a header line a source, then a line a frame; to a file or to stdout."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posemill.records import dumps, frame_record
from posemill.sinks.aside import Aside, reported
from posemill.types import FramePoses, Picture, SourceInfo


class JsonLinesSink:
    """posemill/1 records, one a line, of any number of sources."""

    wants_picture = False
    problem: str | None = None

    def __init__(self, path: Path, info: SourceInfo, header: Mapping[str, Any]) -> None:
        self.path = path
        self._aside = Aside(path)
        try:
            self.begin(info, header)
        except BaseException:
            self._aside.discard()
            raise

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Write the header of a source."""
        self._line(header)

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Write the record of one frame."""
        self._line(frame_record(poses))

    def finish(self) -> None:
        """Complete the file."""
        self._aside.commit()

    def discard(self) -> None:
        """Remove the file."""
        self._aside.discard()

    def _line(self, record: Mapping[str, Any]) -> None:
        self._aside.write(dumps(record).encode() + b"\n")


class StdoutSink:
    """posemill/1 records on stdout, each at once. BrokenPipeError when nobody reads on."""

    path = Path("-")
    wants_picture = False
    problem: str | None = None

    def __init__(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        self._file = sys.stdout
        self.begin(info, header)

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Write the header of a source."""
        self._line(header)

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Write the record of one frame."""
        self._line(frame_record(poses))

    def finish(self) -> None:
        """Do nothing: every line is out already."""

    def discard(self) -> None:
        """Do nothing: what is out is out."""

    def _line(self, record: Mapping[str, Any]) -> None:
        with reported(Path("stdout")):
            self._file.write(dumps(record) + "\n")
            self._file.flush()
