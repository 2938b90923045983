"""The outputs of a run: files of one source, opened with its first frame, and shared ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from posemill.assemble import Workshop
from posemill.cli.outputs import RECORDS
from posemill.types import Frame, FramePoses, Picture, SourceInfo

if TYPE_CHECKING:
    from posemill.sinks import Sink


class SharedRecords:
    """Record files, or stdout, that take all sources of a run, one after the other."""

    def __init__(self, paths: Sequence[Path], workshop: Workshop) -> None:
        self._paths = paths
        self._workshop = workshop
        self._sinks: list[Sink] = []
        self.broken = False

    def begin(self, info: SourceInfo) -> None:
        """Go on with the next source; the first one opens the files."""
        with self._watching():
            if not self._sinks:
                for path in self._paths:
                    self._sinks.append(self._workshop.sink(path, info))
            else:
                for sink in self._sinks:
                    sink.begin(info, self._workshop.header(info))

    def write(self, frame: Frame, poses: FramePoses) -> None:
        """Take one frame of the present source."""
        with self._watching():
            for sink in self._sinks:
                sink.write(frame, poses, None)

    def finish(self) -> None:
        """Complete what can be completed."""
        for sink in self._taken():
            if self.broken:
                sink.discard()
            else:
                sink.finish()

    def discard(self) -> None:
        """Leave nothing behind."""
        for sink in self._taken():
            sink.discard()

    def _taken(self) -> "list[Sink]":
        sinks, self._sinks = self._sinks, []
        return sinks

    @contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.broken = True
            raise


class Outputs:
    """All that one source is written to, as the pipeline's sink.

    Nothing is opened before the first frame, so a source that fails leaves nothing behind.
    """

    def __init__(
        self, info: SourceInfo, paths: Sequence[Path], shared: SharedRecords, workshop: Workshop
    ) -> None:
        self._info = info
        self._paths = paths
        self._shared = shared
        self._workshop = workshop
        self._sinks: list[Sink] | None = None

    @property
    def wants_picture(self) -> bool:
        """Whether one of the files is an annotated copy."""
        return any(path.suffix.lower() not in RECORDS for path in self._paths)

    def write(self, frame: Frame, poses: FramePoses, picture: Picture | None) -> None:
        """Take one frame; the first one opens the files."""
        if self._sinks is None:
            self._sinks = []
            self._shared.begin(self._info)
            for path in self._paths:
                self._sinks.append(self._workshop.sink(path, self._info))
        self._shared.write(frame, poses)
        for sink in self._sinks:
            sink.write(frame, poses, picture if sink.wants_picture else None)

    def finish(self) -> None:
        """Complete the files of this source."""
        sinks = self._sinks or []
        while sinks:
            sinks[0].finish()
            sinks.pop(0)

    def discard(self) -> None:
        """Remove what is not complete of the files of this source."""
        for sink in self._sinks or []:
            sink.discard()
