"""The parts of a video, tracked by some threads, a few of them at a time."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Lock
from typing import Final, Protocol, runtime_checkable

from posemill.errors import SourceError
from posemill.sources.selection import Cut
from posemill.types import Frame, FramePoses

Track = Callable[[Frame], FramePoses]

TICK_S: Final = 0.1


@runtime_checkable
class Divisible(Protocol):
    """A source that can be read in parts; see ``sources.videos.VideoSource``."""

    damage: str | None

    @property
    def is_damaged(self) -> bool:
        """Whether something could not be read so far."""

    def __iter__(self) -> Iterator[Frame]: ...
    def cuts(self, length_s: float) -> Iterator[Cut]:
        """Yield where parts can begin."""

    def part(self, cut: Cut) -> "Divisible":
        """Return a source of the frames from ``cut`` on. SourceError."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(slots=True, eq=False)
class Part:
    """``end_s``: where the next part begins. ``poses``: those tracked and not yet taken.

    ``frames``: once ``is_done``, those that follow in the source, beyond the part.
    """

    begin: Cut | None
    end_s: float
    track: Track
    source: Divisible | None = None
    frames: Iterable[Frame] = ()
    poses: deque[FramePoses] = field(default_factory=deque)
    is_done: bool = False
    is_unwanted: bool = False

    def close(self) -> None:
        if self.source is not None:
            self.source.close()


class StoppedError(Exception):
    """Somebody asked to stop while there was nothing to give."""


class Parts:
    """Has ``workers`` threads track the parts of ``source``, in order, no more than wanted.

    At most one part more than there are workers is held. ``all``: those held, the first of
    which is the one whose results count. ``changed`` guards it.
    """

    def __init__(
        self,
        source: Divisible,
        new_track: Callable[[], Track],
        workers: int,
        length_s: float,
        stopped: Callable[[], bool],
    ) -> None:
        self.all: deque[Part] = deque()
        self.are_all_taken = False
        self.changed = Condition()
        self._source = source
        self._new_track = new_track
        self._workers = workers
        self._stopped = stopped
        self._cuts = source.cuts(length_s)
        self._cutting = Lock()
        self._begin: Cut | None = None
        self._is_over = False
        self._error: BaseException | None = None
        self._threads = ThreadPoolExecutor(workers, "posemill-part")

    def start(self) -> None:
        for _ in range(self._workers):
            self._threads.submit(self._work)

    def end(self) -> None:
        """Stop the workers and close all that is open."""
        with self.changed:
            self._is_over = True
            self.changed.notify_all()
        self._threads.shutdown()
        for part in self.all:
            part.close()
        self._source.close()

    def wait(self, ready: Callable[[], bool]) -> None:
        """Wait until ``ready()``. StoppedError, and whatever a worker raised."""
        with self.changed:
            while self._error is None and not ready():
                if self._stopped():
                    raise StoppedError
                self.changed.wait(TICK_S)
            if self._error is not None:
                raise self._error

    def drop(self, part: Part) -> None:
        """Make room for another part."""
        with self.changed:
            self.all.remove(part)
            part.is_unwanted = True
            if part.is_done:
                part.close()
            self.changed.notify_all()

    def _work(self) -> None:
        try:
            while (part := self._take()) is not None:
                self._track(part)
        except BaseException as error:
            with self.changed:
                self._error = self._error or error
                self.changed.notify_all()

    def _take(self) -> Part | None:
        """Return the next part to track, once there is room for it; None when all are."""
        with self._cutting:
            with self.changed:
                while len(self.all) > self._workers and not self._is_over:
                    self.changed.wait(TICK_S)
                if self.are_all_taken or self._is_over:
                    return None
            following = next(self._cuts, None)
            end_s = math.inf if following is None else following.time_s
            part = Part(self._begin, end_s, self._new_track())
            self._begin = following
            with self.changed:
                self.are_all_taken |= following is None
                self.all.append(part)
                self.changed.notify_all()
            return part

    def _track(self, part: Part) -> None:
        try:
            if part.begin is None:
                part.source = self._source
            else:
                with suppress(SourceError):  # then it has no poses, and the part before runs on
                    part.source = self._source.part(part.begin)
            if part.source is not None:
                self._fill(part, part.source)
        finally:
            with self.changed:
                part.is_done = True
                if part.is_unwanted:
                    part.close()
                self.changed.notify_all()

    def _fill(self, part: Part, source: Divisible) -> None:
        frames = iter(source)
        part.frames = frames
        for frame in frames:
            if frame.time_s >= part.end_s:
                part.frames = _again(frame, frames)
                return
            poses = part.track(frame)
            with self.changed:
                if part.is_unwanted or self._is_over:
                    return
                part.poses.append(poses)
                self.changed.notify_all()


def _again(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest
