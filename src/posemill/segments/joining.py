"""The poses of all parts in order, with the ids and numbers of a single pass."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Self

from posemill.segments.agreement import Agreement, Settling
from posemill.segments.parts import Divisible, Part, Parts, StoppedError, Track
from posemill.sources.selection import TIME_SLACK_S
from posemill.types import FramePoses


class Joined:
    """The poses of a video, in order, as one tracker in one pass would give them.

    Enter it to begin; leaving it ends the workers and closes ``source``. ``damage``: as of a
    source. Errors of the workers are raised by the iteration. Iterate in one thread.
    ``length_s``: how long parts are, at least. ``settled_s``: for how long the trackings of
    two parts must agree. ``stopped``: ends the iteration where it would have to wait.
    """

    def __init__(
        self,
        source: Divisible,
        new_track: Callable[[], Track],
        *,
        workers: int,
        length_s: float,
        settled_s: float,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.damage: str | None = None
        self._settled_s = settled_s
        self._parts = Parts(source, new_track, workers, length_s, stopped)
        self._identities = count()
        self._ids: dict[int, int] = {}  # those of the part that counts, and what they are here
        self._shift = 0  # what its frame numbers lack

    def __enter__(self) -> Self:
        self._parts.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.end()

    @property
    def ahead_s(self) -> float:
        """Seconds of the video that are tracked and wait for their turn."""
        with self._parts.changed:
            waiting = [part.poses for part in self._parts.all if part.poses]
            return sum(poses[-1].time_s - poses[0].time_s for poses in waiting)

    def __iter__(self) -> Iterator[FramePoses]:
        with suppress(StoppedError):
            self._parts.wait(lambda: bool(self._parts.all))
            part: Part | None = self._parts.all[0]
            while part is not None:
                while (poses := self._next_of(part)) is not None:
                    yield self._named(poses)
                part = yield from self._run_on(part)

    def _next_of(self, part: Part) -> FramePoses | None:
        self._parts.wait(lambda: bool(part.poses) or part.is_done)
        return part.poses.popleft() if part.poses else None

    def _run_on(self, part: Part) -> Generator[FramePoses, None, Part | None]:
        """Go on with the tracker of ``part``; return the part that takes over, if one does."""
        rival: Part | None = None
        settling = Settling(0.0, 0.0)
        for frame in part.frames:
            ours = self._named(part.track(frame))
            yield ours
            before, rival = rival, self._rival(part, frame.time_s)
            if rival is None:
                continue
            if rival is not before:
                settling = Settling(ours.time_s, self._settled_s)
            agreement = settling.add(ours, self._twin(rival, ours.time_s))
            if agreement is not None and self._takes_over(rival, agreement):
                self._parts.drop(part)
                return rival
        self.damage = None if part.source is None else part.source.damage
        return None

    def _rival(self, part: Part, time_s: float) -> Part | None:
        """Return the part that holds ``time_s``, having dropped those before it.

        None where no part holds it, or where the video is damaged, for then only reading it
        from before the damage on gives each frame its number and tells what was lost.
        """
        parts = self._parts
        is_damaged = part.source is None or part.source.is_damaged
        parts.are_all_taken |= is_damaged
        while True:
            parts.wait(lambda: len(parts.all) > 1 or parts.are_all_taken)
            if len(parts.all) == 1:
                return None
            rival = parts.all[1]
            if not is_damaged and time_s < rival.end_s:
                return rival
            parts.drop(rival)

    def _twin(self, rival: Part, time_s: float) -> FramePoses | None:
        """Take what ``rival`` has of the frame at ``time_s``; None unless it comes next."""
        skipped = 0
        while True:
            self._parts.wait(lambda: bool(rival.poses) or rival.is_done)
            if not rival.poses or rival.poses[0].time_s > time_s + TIME_SLACK_S:
                return None
            theirs = rival.poses.popleft()
            if theirs.time_s >= time_s - TIME_SLACK_S:
                return None if skipped else theirs
            skipped += 1

    def _takes_over(self, rival: Part, agreement: Agreement) -> bool:
        self._parts.wait(lambda: rival.is_done)
        if rival.source is None or rival.source.is_damaged:
            return False
        self._ids, self._shift = dict(agreement.ids), agreement.shift
        return True

    def _named(self, poses: FramePoses) -> FramePoses:
        """Return ``poses`` with the ids and the frame number that one pass would give."""
        for person in poses.people:
            if person.id not in self._ids:
                self._ids[person.id] = next(self._identities)
        named = [replace(person, id=self._ids[person.id]) for person in poses.people]
        named.sort(key=lambda person: person.id)
        return replace(poses, index=poses.index + self._shift, people=tuple(named))
