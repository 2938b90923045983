"""The skeletons of a source: read from records, or found in a picture or video."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from posemill import pipeline
from posemill.assemble import Workshop
from posemill.cli.interrupt import Interrupt
from posemill.cli.report import Report, State
from posemill.config import Settings
from posemill.errors import SourceError, SourceNotFound, UsageError
from posemill.sources.files import is_live
from posemill.sources.recordings import Recording, is_recording
from posemill.types import FramePoses, Picture


@dataclass(frozen=True, slots=True, eq=False)
class Skeletons:
    """All frames of one source. ``header``: as of its records. ``path``: the file, media or not."""

    header: Mapping[str, Any]
    frames: list[FramePoses]
    path: Path

    @property
    def is_picture(self) -> bool:
        return self.header.get("kind") == "picture"

    @property
    def media(self) -> Path | None:
        """The picture or video itself, None where only records are at hand.

        Beside the records, by its name: records of others may name any file of this machine.
        """
        if not is_recording(self.path):
            return self.path
        beside = self.path.parent / Path(str(self.header["source"])).name
        return beside if _is_file(beside) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long, from records that somebody else made
        return False


@dataclass(slots=True)
class _Collector:
    """A sink that keeps poses."""

    frames: list[FramePoses] = field(default_factory=list)
    wants_picture: bool = False

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        self.frames.append(poses)


class SkeletonReader:
    """Reads sources one after the other, with a bar on a terminal; models are loaded once."""

    def __init__(self, settings: Settings, count: int = 1) -> None:
        self._settings, self._count, self._number = settings, count, 0
        self.report = Report(bars=sys.stderr.isatty())
        self._stack = ExitStack()
        self._workshop: Workshop | None = None

    def __enter__(self) -> Self:
        self._stack.callback(self.report.close)
        self._interrupt = self._stack.enter_context(Interrupt())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def read(self, address: str) -> Skeletons:
        """Return the skeletons of a picture, a video, or a file of records.

        SourceError, UsageError for what isn't one of these, KeyboardInterrupt.
        """
        self._number += 1
        if is_live(address):
            raise UsageError(f"{address}: is live; this needs a picture, a video or records.")
        path = Path(address)
        if is_recording(address):
            recording = Recording(path)
            found = Skeletons(recording.header, list(recording), path)
        elif path.is_dir():
            raise UsageError(f"{address}: is a folder; name one picture, video or .jsonl in it.")
        elif not path.exists():
            raise SourceNotFound(f"{address}: there is no such file.")
        else:
            found = self._tracked(address)
        if not any(frame.people for frame in found.frames):
            raise SourceError(f"{address}: there is nobody to be seen in it.")
        return found

    def check(self) -> None:
        """Raise KeyboardInterrupt once the user has asked to stop."""
        if self._interrupt():
            raise KeyboardInterrupt

    def _tracked(self, address: str) -> Skeletons:
        if self._workshop is None:
            self._workshop = self._stack.enter_context(Workshop(self._settings))
        workshop, collector = self._workshop, _Collector()
        with workshop.open(address) as source:
            info = source.info
            parts = None
            if info.kind == "video":
                parts = workshop.in_parts(source, address, drawn=False, stopped=self._interrupt)
            show = self._show(info.name, info.duration_s)
            if parts is None:
                track = workshop.tracking(info.kind)
                done = pipeline.run(source, track, None, [collector], show, stopped=self._interrupt)
            else:
                with parts as joined:
                    done = pipeline.write(joined, [collector], show, stopped=self._interrupt)
        self.check()
        if done.damage is not None:
            self.report.say(done.damage)
        return Skeletons(workshop.header(info), collector.frames, Path(address))

    def _show(self, name: str, duration_s: float | None) -> Any:
        label = Path(name).name + (f" ({self._number}/{self._count})" if self._count > 1 else "")
        start_s = self._settings.start or 0.0
        ends = [each for each in (self._settings.end, duration_s) if each is not None]
        total_s = max(min(ends) - start_s, 0.0) if ends else None

        def show(progress: pipeline.Progress) -> None:
            done_s = progress.time_s - start_s
            self.report.show(State(f"{self._number}", label, done_s, total_s, progress.frames))

        return show
