"""One source through the pipeline: decode | track | draw and write, each in its own thread.

The calling thread tracks. Inference, decoding and encoding let go of Python's lock, so the
stages overlap on as many cores as there are; bounded hand-overs keep the order and lose
nothing. Whatever ends one stage ends the others, and no thread outlives ``run``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Final, NamedTuple, Protocol, runtime_checkable

from posemill.handoff import Handoff, NewestHandoff
from posemill.types import Frame, FramePoses, Picture

Track = Callable[[Frame], FramePoses]
Render = Callable[[Frame, FramePoses], Picture]
Work = tuple[Frame, FramePoses]

# Enough to even out a slow frame; more would only hold more 25 MB frames of 4K in memory.
DEPTH: Final = 2
PROGRESS_INTERVAL_S: Final = 0.1


class FrameSource(Protocol):
    """What the pipeline needs of a source."""

    @property
    def damage(self) -> str | None:
        """After iterating, a sentence when the source turned out damaged part-way."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, in order."""


@runtime_checkable
class Stoppable(Protocol):
    """A live source: it ends when it is stopped, and doesn't wait for what comes after it."""

    def stop(self) -> None:
        """End the iteration."""


class Tracked(Protocol):
    """Poses from somewhere else, with ``damage`` as of a source."""

    @property
    def damage(self) -> str | None:
        """After iterating, a sentence when the source turned out damaged part-way."""

    def __iter__(self) -> Iterator[FramePoses]:
        """Yield the poses of all frames, in order."""


class FrameSink(Protocol):
    """What the pipeline needs of a sink; completing or discarding it is the caller's."""

    @property
    def wants_picture(self) -> bool:
        """Whether ``write`` is to be given the annotated picture."""

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Take the poses of one frame, in order."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: ``frames`` so far, the last of them at ``time_s`` of the source."""

    frames: int
    time_s: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    ``frames`` were written, ``with_people`` of them not empty, in ``elapsed_s``. ``damage``:
    the source's own sentence where it was damaged. ``interrupted``: stopped before its end.
    """

    frames: int
    with_people: int
    elapsed_s: float
    damage: str | None = None
    interrupted: bool = False

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.elapsed_s if self.elapsed_s > 0 else 0.0


def never() -> bool:
    """Say that nothing asks to stop."""
    return False


def run(
    source: FrameSource,
    track: Track,
    render: Render | None,
    sinks: Sequence[FrameSink],
    on_progress: Callable[[Progress], None] | None = None,
    *,
    stopped: Callable[[], bool] = never,
) -> RunReport:
    """Send every frame of ``source`` through ``track`` to all ``sinks``, in order.

    Of a live source, those that come while another is tracked are left out, but the newest.

    ``render`` is called only when a sink wants pictures. When ``stopped()`` turns true, or on
    KeyboardInterrupt, the frames tracked so far are still written and the report says so.
    Errors of any stage are raised here, once every stage has stopped.
    """
    started = perf_counter()
    is_live = isinstance(source, Stoppable)
    frames: Handoff[Frame] = NewestHandoff() if is_live else Handoff(DEPTH)
    tracked: Handoff[Work] = Handoff(DEPTH)
    with ThreadPoolExecutor(2, "posemill") as threads:
        decoding = threads.submit(_decode, source, frames)
        writing = threads.submit(_write, tracked, render, sinks)
        try:
            interrupted = _track(frames.until(stopped), track, tracked, on_progress) or stopped()
        finally:  # whatever happened: both threads end, and leaving the block waits for them
            frames.abandon()
            tracked.finish()
            if isinstance(source, Stoppable):
                source.stop()
    decoding.result()
    written = writing.result()
    elapsed_s = perf_counter() - started
    return RunReport(*written, elapsed_s, source.damage, interrupted)


def follow(tracked: Iterable[FramePoses]) -> Track:
    """Return what gives each frame the poses that ``tracked`` has for it, both in order."""
    following = iter(tracked)

    def track(frame: Frame) -> FramePoses:
        poses = next(following, None)
        if poses is None:
            raise _StoppedError
        if poses.index != frame.index:
            raise RuntimeError(f"poses of frame {poses.index} came for frame {frame.index}")
        return poses

    return track


def write(
    tracked: Tracked,
    sinks: Sequence[FrameSink],
    on_progress: Callable[[Progress], None] | None = None,
    *,
    stopped: Callable[[], bool] = never,
) -> RunReport:
    """Write the poses of ``tracked`` to all ``sinks``, where no picture is wanted.

    When ``stopped()`` turns true, or on KeyboardInterrupt, what is written so far counts.
    """
    started = told = perf_counter()
    frames = with_people = 0
    last_s = 0.0
    is_interrupted = False
    try:
        for poses in tracked:
            if stopped():
                break
            for sink in sinks:
                sink.write(poses, None)
            frames, with_people = frames + 1, with_people + bool(poses.people)
            last_s = poses.time_s
            if on_progress is not None and perf_counter() - told >= PROGRESS_INTERVAL_S:
                on_progress(Progress(frames, last_s))
                told = perf_counter()
    except KeyboardInterrupt:
        is_interrupted = True
    elapsed_s = perf_counter() - started
    if on_progress is not None:
        on_progress(Progress(frames, last_s))
    is_interrupted |= stopped()
    return RunReport(frames, with_people, elapsed_s, tracked.damage, is_interrupted)


class _StoppedError(Exception):
    """There are no more poses to follow."""


class _Written(NamedTuple):
    frames: int
    with_people: int


def _decode(source: FrameSource, frames: Handoff[Frame]) -> None:
    try:
        for frame in source:
            if not frames.put(frame):
                return
    finally:
        frames.finish()


def _track(
    frames: Iterator[Frame],
    track: Track,
    tracked: Handoff[Work],
    on_progress: Callable[[Progress], None] | None,
) -> bool:
    """Return whether Ctrl-C came in between."""
    count, last, told = 0, 0.0, perf_counter()
    try:
        for count, frame in enumerate(frames, start=1):
            if not tracked.put((frame, track(frame))):
                break
            last = frame.time_s
            if on_progress is not None and perf_counter() - told >= PROGRESS_INTERVAL_S:
                on_progress(Progress(count, last))
                told = perf_counter()
    except (KeyboardInterrupt, _StoppedError):
        return True
    if on_progress is not None:
        on_progress(Progress(count, last))
    return False


def _write(tracked: Handoff[Work], render: Render | None, sinks: Sequence[FrameSink]) -> _Written:
    draw = render if any(sink.wants_picture for sink in sinks) else None
    frames = with_people = 0
    try:
        for frame, poses in tracked:
            picture = None if draw is None else draw(frame, poses)
            for sink in sinks:
                sink.write(poses, picture if sink.wants_picture else None)
            frames += 1
            with_people += bool(poses.people)
    finally:
        tracked.abandon()
    return _Written(frames, with_people)
