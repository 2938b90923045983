"""The outputs of a run: files of one source, opened with its first frame, and shared ones."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from posemill.assemble import Workshop
from posemill.cli.outputs import RECORDS
from posemill.errors import SinkError
from posemill.types import FramePoses, Picture, SourceInfo

if TYPE_CHECKING:
    from posemill.sinks import Sink


class SharedRecords:
    """Record files, or stdout, that take all sources of a run, one after the other."""

    def __init__(self, paths: Sequence[Path], workshop: Workshop) -> None:
        self._paths = paths
        self._workshop = workshop
        self._sinks: list[Sink] = []
        self._lost: list[Sink] = []
        self.broken = False

    def begin(self, info: SourceInfo) -> None:
        """Go on with the next source; the first one opens the files."""
        if self._sinks:
            header = self._workshop.header(info)
            for sink in self._sinks:
                with self._watching(sink):
                    sink.begin(info, header)
            return
        for path in self._paths:
            with self._watching():
                self._sinks.append(self._workshop.sink(path, info))

    def write(self, poses: FramePoses) -> None:
        """Take one frame of the present source."""
        for sink in self._sinks:
            with self._watching(sink):
                sink.write(poses, None)

    def finish(self) -> None:
        """Complete all but those that broke; one that fails here spares the others."""
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.callback(sink.discard if sink in self._lost else sink.finish)
        self._sinks = []

    def discard(self) -> None:
        """Leave nothing behind."""
        for sink in self._sinks:
            sink.discard()

    @contextmanager
    def _watching(self, *sinks: "Sink") -> Iterator[None]:
        try:
            yield
        except OSError:  # a SinkError, or a closed pipe
            self.broken = True
            self._lost += sinks
            raise


class Outputs:
    """All that one source is written to, as the pipeline's sink.

    ``copies`` lie where the user said, ``inside`` in output folders, which are made. Nothing
    is opened before the first frame, so a source that fails leaves nothing behind.
    """

    def __init__(
        self,
        info: SourceInfo,
        copies: Sequence[Path],
        inside: Sequence[Path],
        shared: SharedRecords,
        workshop: Workshop,
    ) -> None:
        self._info = info
        self._inside = inside
        self._paths = (*copies, *inside)
        self._shared = shared
        self._workshop = workshop
        self._analyse = workshop.analysing()
        self._sinks: list[Sink] | None = None

    @property
    def wants_picture(self) -> bool:
        """Whether one of the files is an annotated copy."""
        return any(path.suffix.lower() not in RECORDS for path in self._paths)

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Take one frame; the first one opens the files."""
        if self._sinks is None:
            self._sinks = []
            self._shared.begin(self._info)
            for path in self._inside:
                _make_folder(path.parent)
            for path in self._paths:
                self._sinks.append(self._workshop.sink(path, self._info))
        # Here, where frames come in order, however many parts they were found in.
        poses = self._analyse(poses)
        self._shared.write(poses)
        for sink in self._sinks:
            sink.write(poses, picture if sink.wants_picture else None)

    def finish(self) -> list[str]:
        """Complete the files of this source; return what they lack, a sentence each."""
        sinks = self._sinks or []
        problems = []
        while sinks:
            sinks[0].finish()
            if (problem := sinks.pop(0).problem) is not None:
                problems.append(problem)
        return problems

    def discard(self) -> None:
        """Remove what is not complete of the files of this source."""
        for sink in self._sinks or []:
            sink.discard()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise SinkError(f"{folder}: the folder can't be made: {reason}.") from error
