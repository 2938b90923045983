"""One JSON document: the header with its frames, or a list of these for several sources.

Which of the two is asked for from the start, so that it doesn't depend on how many can be read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posemill.errors import UsageError
from posemill.records import dumps, frame_record
from posemill.sinks.aside import Aside
from posemill.types import FramePoses, Picture, SourceInfo


class JsonDocumentSink:
    """posemill/1 as ``{**header, "frames": [...]}``, written as it comes, a line a frame.

    ``several``: a list of these, even where only one comes.
    """

    wants_picture = False
    problem: str | None = None

    def __init__(
        self, path: Path, info: SourceInfo, header: Mapping[str, Any], *, several: bool = False
    ) -> None:
        self.path = path
        self._aside = Aside(path)
        self._opening: str | None
        self._opening, self._closing = ("[", "\n]}]\n") if several else ("", "\n]}\n")
        self._several = several
        self._frames = 0
        try:
            self.begin(info, header)
        except BaseException:
            self._aside.discard()
            raise

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Close the document of the source before, and open the next one.

        UsageError for a further source where only one was expected.
        """
        if self._opening is None:
            raise UsageError(f"{self.path}: was opened for one source only.")
        header_text = dumps({**header, "frames": []}).removesuffix("]}")
        self._aside.write((self._opening + header_text).encode())
        self._opening = "\n]},\n" if self._several else None
        self._frames = 0

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Append the record of one frame."""
        separator = ",\n" if self._frames else "\n"
        self._aside.write((separator + dumps(frame_record(poses))).encode())
        self._frames += 1

    def finish(self) -> None:
        """Close the document and complete the file."""
        try:
            self._aside.write(self._closing.encode())
            self._aside.commit()
        finally:
            self._aside.discard()

    def discard(self) -> None:
        """Remove the file."""
        self._aside.discard()
