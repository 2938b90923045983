"""Counting the repetitions of an exercise in a person's motion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np

from posemill.analysis.counting.cycles import FULL, PARTIAL, Cycle, cycles, extremes, usual
from posemill.analysis.counting.exercise import Exercise, Signal
from posemill.analysis.counting.features import FEATURES
from posemill.analysis.counting.progress import MIN_VISIBILITY, Progress, progress, seen_sides
from posemill.analysis.joints import SIDES, index
from posemill.analysis.motion import Motion
from posemill.analysis.vectors import Array
from posemill.analysis.views import facing, view_of

_SAME: Final = 0.5  # of the shorter one, that two sides' repetitions overlap when they are one
# Of the nominal way, that the first signal goes by itself: who lifts straight arms doesn't curl.
_LEAST_OWN: Final = 0.2
_SURE: Final = 0.65  # of the usual swing: less may be counted or not
_LEAST_SEEN: Final = 0.7
_LEAST_PX: Final = 96  # of the person: below, joints are a few pixels apart
_LEAST_FRAMES: Final = 6  # in a repetition


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition, times in seconds.

    ``start_s``: the movement begins; ``turn_s``: the turning point; ``end_s``: back at rest.
    ``out_s``, ``hold_s``, ``back_s``: its tempo: there, at the turning point, and back.
    ``depth``: how far it went, 1 for the exercise's nominal turning point. ``is_full``: False
    for a part of a repetition, which is not counted. ``side``: left, right or both.
    """

    start_s: float
    turn_s: float
    end_s: float
    out_s: float
    hold_s: float
    back_s: float
    depth: float
    side: str
    is_full: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {
            "start_s": round(self.start_s, 3),
            "turn_s": round(self.turn_s, 3),
            "end_s": round(self.end_s, 3),
            "out_s": round(self.out_s, 3),
            "hold_s": round(self.hold_s, 3),
            "back_s": round(self.back_s, 3),
            "depth": round(self.depth, 3),
            "side": self.side,
            "full": self.is_full,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """The repetitions of one person.

    ``repetitions``: full ones and parts, in turn. ``between``: the least and the most that the
    count may be, were the doubtful ones left out or counted. ``doubts``: reasons not to trust it:
    ``hidden`` landmarks, ``view`` (seen from where it is hard to tell), ``small`` person,
    ``slow`` (too few frames in a repetition), ``unfinished`` (cut off by the start or the end),
    ``irregular``, ``other_movement`` (much of it was none of this exercise). ``signal``: (n,)
    progress over ``time_s``, for charts, NaN in gaps; by side.
    """

    exercise: str
    repetitions: tuple[Repetition, ...]
    between: tuple[int, int]
    view: str
    doubts: tuple[str, ...] = ()
    unfinished: int = 0
    time_s: Sequence[float] = ()
    signal: dict[str, Sequence[float]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many full repetitions there are."""
        return sum(each.is_full for each in self.repetitions)

    @property
    def partial(self) -> int:
        """How many parts of repetitions there are, which don't count."""
        return len(self.repetitions) - self.count

    @property
    def period_s(self) -> float | None:
        """The usual time from one turning point to the next."""
        turns = [each.turn_s for each in self.repetitions if each.is_full]
        return float(np.median(np.diff(turns))) if len(turns) > 1 else None

    def to_dict(self) -> dict[str, Any]:
        """Return it without the signal."""
        period_s = self.period_s
        sides = {side: self._of(side) for side in SIDES if self._of(side)}
        return {
            "exercise": self.exercise,
            "count": self.count,
            "partial": self.partial,
            "unfinished": self.unfinished,
            "between": list(self.between),
            "sides": sides,
            "period_s": None if period_s is None else round(period_s, 3),
            "view": self.view,
            "doubts": list(self.doubts),
            "repetitions": [each.to_dict() for each in self.repetitions],
        }

    def _of(self, side: str) -> int:
        return sum(each.is_full and each.side == side for each in self.repetitions)


@dataclass(frozen=True, slots=True)
class _Found:
    """A cycle of one side, with the series it is in."""

    side: str
    cycle: Cycle
    value: float  # of the progress at the turn
    swing: float


def count(motion: Motion, exercise: Exercise) -> Count:
    """Return the repetitions of an exercise in a person's motion."""
    every = progress(motion, exercise) if len(motion) else ()
    return count_of(motion, exercise, every)


def count_of(
    motion: Motion,
    exercise: Exercise,
    every: Sequence[Progress],
    doubts: Sequence[str] = (),
) -> Count:
    """Return the repetitions in the progress of the sides; ``doubts``: known beforehand."""
    found, unfinished = find(every, exercise.least)
    of_it = [each for each in found if _fits(motion, exercise, each.cycle)]
    merged = [each for each in merge_sides(of_it) if _lasts(motion, each.cycle) >= exercise.least_s]
    reps = tuple(repetition(motion, each) for each in merged)
    sure = sum(each.cycle.is_full and each.cycle.swing >= _SURE * each.swing for each in merged)
    found_doubts = [*doubts, *_doubts(motion, exercise, reps)]
    if len(of_it) < len(found) / 2:
        found_doubts.append("other_movement")
    if unfinished:
        found_doubts.append("unfinished")
    return Count(
        exercise.name,
        reps,
        (sure, len(reps) + unfinished),
        view_of(motion),
        tuple(dict.fromkeys(found_doubts)),
        unfinished,
        motion.time_s.tolist(),
        {each.side: each.values.tolist() for each in every},
    )


def find(every: Sequence[Progress], least: float) -> tuple[list[_Found], int]:
    """Return the cycles of all sides, by one measure, and how many are cut off by the ends.

    ``least``: what a swing must be to be a full one, however small the others are.
    """
    usuals = [usual(each.values[part] for part in each.stretches) for each in every]
    swing = max((each.swing for each in usuals), default=0.0)
    found: list[_Found] = []
    unfinished = 0
    if swing < least * PARTIAL / FULL:
        return found, unfinished
    swing = max(swing, least)
    for each, own_usual in zip(every, usuals, strict=True):
        for part in each.stretches:
            values = each.values[part]
            own = cycles(values, own_usual._replace(swing=swing))
            for cycle in own:
                value = float(values[cycle.turn])
                found.append(_Found(each.side, _moved(cycle, part.start), value, swing))
            turns = {cycle.turn for cycle in own}
            unfinished = max(unfinished, _cut_off(values, FULL * swing, turns))
    return found, unfinished


def merge_sides(found: Iterable[_Found]) -> list[_Found]:
    """Return repetitions in turn, those of both sides at once as one."""
    merged: list[_Found] = []
    for each in sorted(found, key=lambda each: (each.cycle.turn, not each.cycle.is_full)):
        twin = next((other for other in merged[-3:] if _are_one(other, each)), None)
        if twin is None:
            merged.append(each)
            continue
        better = max(twin, each, key=lambda one: (one.cycle.is_full, one.cycle.swing))
        both = _Found("both", better.cycle, better.value, better.swing)
        merged[merged.index(twin)] = both
    return merged


def repetition(motion: Motion, found: _Found) -> Repetition:
    """Return a cycle with its times."""
    cycle, at = found.cycle, motion.time_s
    start, there, turn, back, end = (
        float(at[place]) for place in (cycle.begin, cycle.there, cycle.turn, cycle.back, cycle.end)
    )
    return Repetition(
        *(start, turn, end),
        out_s=there - start,
        hold_s=back - there,
        back_s=end - back,
        depth=found.value,
        side=found.side,
        is_full=cycle.is_full,
    )


def _are_one(a: _Found, b: _Found) -> bool:
    if a.side == b.side or "both" in (a.side, b.side):
        return False
    overlap = min(a.cycle.end, b.cycle.end) - max(a.cycle.begin, b.cycle.begin)
    shorter = min(a.cycle.end - a.cycle.begin, b.cycle.end - b.cycle.begin)
    return overlap >= _SAME * shorter


def _moved(cycle: Cycle, by: int) -> Cycle:
    begin, there, turn, back, end = (each + by for each in cycle[:5])
    return Cycle(begin, there, turn, back, end, cycle.swing, cycle.is_full)


def _cut_off(values: Array, threshold: float, known: set[int]) -> int:
    """Return how many turning points, 0 to 2, have a way there or back, and not the other one."""
    found = extremes(values, threshold)
    if len(found) < 2:
        return 0
    return sum(end.is_high and end.place not in known for end in (found[0], found[-1]))


def _lasts(motion: Motion, cycle: Cycle) -> float:
    return float(motion.time_s[cycle.end] - motion.time_s[cycle.begin])


def _fits(motion: Motion, exercise: Exercise, cycle: Cycle) -> bool:
    """Whether somebody in such a posture may be at this exercise."""
    if exercise.signals and _own_swing(motion, exercise.signals[0], cycle) < _LEAST_OWN:
        return False
    world = motion.world[cycle.begin : cycle.end + 1]
    for gate in exercise.gates:
        feature = FEATURES[gate.feature]
        sides = [feature.compute(world, side) for side in SIDES]
        if not gate.low <= float(np.nanmedian(sides)) <= gate.high:
            return False
    return True


def _own_swing(motion: Motion, signal: Signal, cycle: Cycle) -> float:
    """Return how far one signal alone goes in a repetition, on the side where it goes furthest."""
    world = motion.world[[cycle.begin, cycle.turn, cycle.end]]
    swings = []
    for side in SIDES:
        values = FEATURES[signal.feature].compute(world, side)
        begin, turn, end = (values - signal.rest) / (signal.turn - signal.rest)
        swings.append(turn - max(begin, end))
    return float(np.nanmax(swings))


def _doubts(motion: Motion, exercise: Exercise, reps: Sequence[Repetition]) -> Iterable[str]:
    if not len(motion) or _seen(motion, exercise) < _LEAST_SEEN:
        yield "hidden"
    if not len(motion):
        return
    wanted, turned = exercise.view, facing(motion)
    if (wanted == "front" and turned > 60) or (wanted == "side" and turned < 30):
        yield "view"
    spans = np.ptp(motion.points_px, axis=1).max(axis=1)
    if float(np.median(spans)) < _LEAST_PX:
        yield "small"
    full = [each for each in reps if each.is_full]
    if full and motion.interval_s:
        shortest = min(each.end_s - each.start_s for each in full)
        if shortest < _LEAST_FRAMES * motion.interval_s:
            yield "slow"
    gaps = [after.turn_s - before.turn_s for before, after in pairwise(full)]
    if len(gaps) >= 3 and float(np.std(gaps)) > float(np.mean(gaps)):
        yield "irregular"


def _seen(motion: Motion, exercise: Exercise) -> float:
    """Return the share of frames in which the better-seen side's landmarks are seen."""
    parts = {part for each in exercise.signals for part in FEATURES[each.feature].parts}
    if not parts:
        return 1.0
    columns = [index(f"{seen_sides(motion, exercise)[0]}_{part}") for part in sorted(parts)]
    return float((motion.visibility[:, columns].min(axis=1) >= MIN_VISIBILITY).mean())
