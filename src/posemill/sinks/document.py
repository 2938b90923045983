"""One JSON document: the header with its frames, or a list of these for several sources."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posemill.records import dumps, frame_record
from posemill.sinks.aside import Aside, reported
from posemill.types import Frame, FramePoses, Picture, SourceInfo


class JsonDocumentSink:
    """posemill/1 as ``{**header, "frames": [...]}``, written as it comes, a line a frame."""

    wants_picture = False
    problem: str | None = None

    def __init__(self, path: Path, info: SourceInfo, header: Mapping[str, Any]) -> None:
        self.path = path
        self._aside = Aside(path)
        self._sources = 0
        self._frames = 0
        try:
            self._aside.write(b" ")  # becomes the bracket of a list when a second source comes
            self.begin(info, header)
        except BaseException:
            self._aside.discard()
            raise

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Close the document of the source before, and open the next one."""
        opening = dumps({**header, "frames": []}).removesuffix("]}")
        if self._sources:
            opening = "\n]},\n" + opening
        self._aside.write(opening.encode())
        self._sources += 1
        self._frames = 0

    def write(self, frame: Frame, poses: FramePoses, picture: Picture | None) -> None:
        """Append the record of one frame."""
        separator = ",\n" if self._frames else "\n"
        self._aside.write((separator + dumps(frame_record(poses))).encode())
        self._frames += 1

    def finish(self) -> None:
        """Close the document and complete the file."""
        try:
            self._aside.write(b"\n]}]\n" if self._sources > 1 else b"\n]}\n")
            if self._sources > 1:
                with reported(self.path):
                    assert self._aside.file is not None
                    self._aside.file.seek(0)
                    self._aside.file.write(b"[")
            self._aside.commit()
        finally:
            self._aside.discard()

    def discard(self) -> None:
        """Remove the file."""
        self._aside.discard()
