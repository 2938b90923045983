"""A video in steps of a few seconds: each goes on exactly where the one before ended."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from posemill.assemble import (
    drawing_style,
    pose_options,
    selection,
    threads_beside_drawing,
)
from posemill.config import Settings
from posemill.drawing import draw
from posemill.errors import SourceError, SourceTooLarge
from posemill.jobs.media.checkpoint import Checkpoint, Place, load, save
from posemill.jobs.media.folder import Parts
from posemill.jobs.media.results import Plan, header_of, write_thumbnail
from posemill.pipeline import run
from posemill.runtime import load_engine
from posemill.sinks import Sink, open_sink
from posemill.sources import Source, open_source
from posemill.sources.selection import TIME_SLACK_S
from posemill.sources.videos import VideoSource
from posemill.types import Frame, FramePoses, SourceInfo

STEP_S: Final = 4.0
STEP_FRAMES: Final = 600
_CUT_S: Final = 1.0


class OtherPatchesError(Exception):
    """A decoder that did not see the start patches damaged frames from other ones."""


class VideoSteps:
    """One job's video at the end of a step: decoder and tracker, ready for the next one.

    ``seeks``: whether it may begin to decode in the middle.
    """

    def __init__(self, plan: Plan, *, seeks: bool = True) -> None:
        self._plan, self._seeks = plan, seeks
        self._has_sought = False
        self._parts = Parts(plan.folder)
        options = pose_options(plan.settings)
        if "annotated" in plan.results and not options.threads:
            options = replace(options, threads=threads_beside_drawing())
        self._tracker: Any = load_engine(options).tracker()
        self._done = Checkpoint()
        self._source = self._opened()
        self._frames = iter(self._source)
        self._pending: Frame | None = None

    @property
    def next_step(self) -> int:
        """The step that it is ready for."""
        return self._done.step + 1

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()

    def resume(self, step: int) -> None:
        """Get ready for ``step`` from what the step before has left. JobError, SourceError."""
        if not step:
            return
        self._done = load(self._parts.file(step - 1, ".state"))
        self._tracker.resume(self._done.tracker)
        if self._done.last is not None and not self._done.finished:
            self._frames = self._after(self._done.last)

    def step(self) -> dict[str, Any]:
        """Do the next step; return how many frames it had, and whether it was the last."""
        step = self.next_step
        part = _Slice(self._frames, self._pending)
        sinks = self._sinks(step, part)
        shown: list[tuple[Frame, FramePoses]] = []
        tally = _Tally({k: v for k, v in self._done.tally.items() if k != "begin_s"})

        def track(frame: Frame) -> FramePoses:
            poses: FramePoses = self._tracker.track(frame)
            if not shown or (poses.people and not shown[-1][1].people):
                shown.append((frame, poses))
            tally.add(poses)
            self._check(tally, frame)
            return poses

        try:
            run(part, track, self._render(), sinks)
            self._refuse_other_patches()
            for sink in sinks:
                sink.finish()
        finally:
            for sink in sinks:
                sink.discard()
        self._keep_thumbnail(shown, tally)
        if part.is_last:
            tally.note(self._source.damage)
        last = None if part.last is None else Place.of(part.last)
        self._pending = part.pending
        self._done = Checkpoint(step, last, self._tracker.state(), tally.values, part.is_last)
        self._parts.sync(sink.path for sink in sinks)
        save(self._parts.file(step, ".state"), self._done)
        self._parts.sync([])
        return {
            "frames": part.count,
            "time_s": part.last.time_s if part.last is not None else 0.0,
            "finished": part.is_last,
        }

    def _refuse_other_patches(self) -> None:
        source = self._source
        if self._has_sought and isinstance(source, VideoSource) and source.is_damaged:
            raise OtherPatchesError

    def _opened(self) -> Source:
        plan = self._plan
        return open_source(plan.source, selection(plan.settings), name=plan.name)

    def _after(self, last: Place) -> Iterator[Frame]:
        """Return the frames after ``last``, found by seeking where that can be proved."""
        if self._seeks and isinstance(self._source, VideoSource):
            with suppress(SourceError):
                found = self._sought(self._source, last)
                if found is not None:
                    return found
        frames = iter(self._source)
        for frame in frames:
            if frame.index >= last.index:
                return frames
        return frames

    def _sought(self, source: VideoSource, last: Place) -> Iterator[Frame] | None:
        before = None
        for cut in source.cuts(_CUT_S):
            if cut.time_s > last.time_s:
                break
            before = cut
        if before is None:
            return None
        part = source.part(before)
        frames = iter(part)
        for frame in frames:
            if frame.index >= last.index or frame.time_s > last.time_s + TIME_SLACK_S:
                if Place.of(frame) == last and not part.is_damaged:
                    self._source.close()
                    self._source, self._has_sought = part, True
                    return frames
                break
        part.close()
        return None

    def _sinks(self, step: int, part: "_Slice") -> list[Sink]:
        info = replace(self._source.info, extra={**self._source.info.extra, "audio": False})
        header = header_of(info, self._plan.settings)
        wanted = self._plan.suffixes
        return [open_sink(self._parts.file(step, suffix), info, header) for suffix in wanted]

    def _render(self) -> Callable[[Frame, FramePoses], Any]:
        style = drawing_style(self._plan.settings, "video")
        return lambda frame, poses: draw(frame, poses, style)

    def _check(self, tally: "_Tally", frame: Frame) -> None:
        settings = self._plan.settings
        if tally.frames > settings.max_frames:
            raise SourceTooLarge(
                f"{self._plan.name}: has more frames than max_frames = {settings.max_frames}."
            )
        if frame.time_s > settings.max_duration_s:
            raise SourceTooLarge(
                f"{self._plan.name}: is longer than max_duration_s = {settings.max_duration_s:g}."
            )

    def _keep_thumbnail(self, shown: list[tuple[Frame, FramePoses]], tally: "_Tally") -> None:
        if not shown or tally.values.get("thumbnail") == "person":
            return
        frame, poses = shown[-1]
        if poses.people or "thumbnail" not in tally.values:
            write_thumbnail(self._parts.results / "thumbnail.jpg", frame, poses, self._plan)
            tally.values["thumbnail"] = "person" if poses.people else "nobody"


class _Slice:
    """The frames of one step, out of an iteration that goes on with the next one.

    It ends before the frame that begins ``STEP_S`` after its first one; that frame is ``pending``.
    """

    damage: str | None = None

    def __init__(self, frames: Iterator[Frame], pending: Frame | None) -> None:
        self._frames, self._first = frames, pending
        self.pending: Frame | None = None
        self.last: Frame | None = None
        self.count = 0
        self.is_last = False

    def __iter__(self) -> Iterator[Frame]:
        began_s: float | None = None
        while True:
            frame = self._first if self._first is not None else next(self._frames, None)
            self._first = None
            if frame is None:
                self.is_last = True
                return
            began_s = frame.time_s if began_s is None else began_s
            if frame.time_s >= began_s + STEP_S or self.count == STEP_FRAMES:
                self.pending = frame
                return
            self.count += 1
            self.last = frame
            yield frame


class _Tally:
    """What the summary adds up, step after step."""

    def __init__(self, before: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = {
            **{"frames": 0, "frames_with_people": 0, "people_ids": [], "problems": []},
            **before,
        }
        self._ids = set(self.values["people_ids"])

    @property
    def frames(self) -> int:
        return int(self.values["frames"])

    def add(self, poses: FramePoses) -> None:
        values = self.values
        values["frames"] += 1
        values["frames_with_people"] += bool(poses.people)
        values.setdefault("begin_s", poses.time_s)
        values["end_s"] = poses.time_s
        new = {person.id for person in poses.people} - self._ids
        if new:
            self._ids |= new
            values["people_ids"] = sorted(self._ids)

    def note(self, problem: str | None) -> None:
        if problem is not None:
            self.values["problems"] = [*self.values["problems"], problem]


def facts_of(info: SourceInfo, settings: Settings) -> dict[str, Any]:
    """Return what is known of a video before its frames are; SourceTooLarge beyond limits."""
    name = info.name
    if info.extra.get("tracks", 0) > settings.max_streams:
        raise SourceTooLarge(f"{name}: has more tracks than max_streams = {settings.max_streams}.")
    if info.frames is not None and info.frames > settings.max_frames:
        raise SourceTooLarge(f"{name}: has more frames than max_frames = {settings.max_frames}.")
    if info.duration_s is not None and info.duration_s > settings.max_duration_s:
        raise SourceTooLarge(
            f"{name}: is longer than max_duration_s = {settings.max_duration_s:g}."
        )
    chosen = settings.start or settings.end or settings.fps or settings.every > 1
    return {
        "kind": "video",
        "width": info.width,
        "height": info.height,
        "fps": info.fps,
        "frames_total": None if chosen else info.frames,
        "duration_s": info.duration_s,
    }
