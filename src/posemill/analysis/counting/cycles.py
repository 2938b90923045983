"""Repetitions in a number over time: from rest to a turning point and back, again and again.

A turning point counts when the number comes back from it by a threshold, and so does a rest: what
trembles less is noise (the hysteresis of rainflow counting, ASTM E1049). The threshold follows how
far this person goes, since people differ in depth, and bodies and cameras in what is measured.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from posemill.analysis.vectors import Array

FULL: Final = 0.5  # of the usual swing: less is a part of a repetition
PARTIAL: Final = 0.25  # less is nothing
_NOISE: Final = 0.12  # of the nominal way from rest to turning point
_LARGE, _TOP = 0.5, 95  # swings above half of the largest, but for a few outliers, are usual ones
_MARGIN: Final = 0.1  # of the swing, for a body that doesn't stay where it was
_EDGE: Final = 0.1  # of the swing, around its ends, that is rest or hold


class Extreme(NamedTuple):
    """A rest (``is_high`` false) or a turning point: its place in the series, and its value."""

    place: int
    value: float
    is_high: bool


@dataclass(slots=True)
class Turns:
    """Finds extremes as values come in; each is known once the series came back from it.

    ``threshold``: by how much. It may change between two values.
    """

    threshold: float
    found: list[Extreme] = field(default_factory=list)
    _low: Extreme | None = None
    _high: Extreme | None = None
    _rising: bool | None = None

    def take(self, place: int, value: float) -> Extreme | None:
        """Take the next value; return the extreme that it proves, if it does."""
        if self._low is None or value < self._low.value:
            self._low = Extreme(place, value, False)
        if self._high is None or value > self._high.value:
            self._high = Extreme(place, value, True)
        if self._rising is not False and value <= self._high.value - self.threshold:
            return self._turn(self._high, place, value, rising=False)
        if self._rising is not True and value >= self._low.value + self.threshold:
            return self._turn(self._low, place, value, rising=True)
        return None

    def _turn(self, extreme: Extreme, place: int, value: float, *, rising: bool) -> Extreme:
        self.found.append(extreme)
        self._rising = rising
        self._low, self._high = Extreme(place, value, False), Extreme(place, value, True)
        return extreme

    def last(self) -> Extreme | None:
        """Return the extreme that the series is at, or came from, at its end."""
        return self._high if self._rising else self._low if self._rising is False else None


def extremes(values: Array, threshold: float) -> list[Extreme]:
    """Return all extremes of a series, with those that it begins and ends at."""
    turns = Turns(threshold)
    for place, value in enumerate(values.tolist()):
        turns.take(place, value)
    last = turns.last()
    return [*turns.found, last] if last is not None else turns.found


class Usual(NamedTuple):
    """How far a person usually goes from rest to turning point, and how high turning points are."""

    swing: float
    high: float


def usual(stretches: Iterable[Array]) -> Usual:
    """Return what is usual in a series; a swing of 0 where nothing moves.

    Of each turning point the smaller one of its way there and its way back. Outliers, such as
    sitting down after the exercise, don't count.
    """
    from scipy.signal import find_peaks  # noqa: PLC0415 - slow to import

    swings: list[float] = []
    highs: list[float] = []
    for values in stretches:
        # By prominence: a dip in a hold then is a small swing of its own, and doesn't make two
        # small ones of a large one.
        places, found = find_peaks(values, prominence=_NOISE)
        swings += found["prominences"].tolist()
        highs += values[places].tolist()
    if not swings:
        return Usual(0.0, 0.0)
    sizes = np.array(swings)
    large = sizes >= _LARGE * np.percentile(sizes, _TOP)
    return Usual(float(np.median(sizes[large])), float(np.median(np.array(highs)[large])))


class Cycle(NamedTuple):
    """From rest over a turning point to rest: places in the series.

    ``begin``: where the movement begins, after the rest; ``end``: where it has ended. ``there``
    and ``back``: where the hold at the turning point begins and ends. ``swing``: how far it goes.
    ``is_full``: False for a part of a repetition.
    """

    begin: int
    there: int
    turn: int
    back: int
    end: int
    swing: float
    is_full: bool


def cycles(values: Array, usual: Usual) -> list[Cycle]:
    """Return the repetitions in a series without gaps.

    A full one goes there and back by half of the usual swing, and rises above the lower half.
    """
    middle = usual.high - FULL * usual.swing
    full = [
        each
        for each in (*_first_one(values, usual), *_between(values, FULL * usual.swing))
        if values[each.turn] >= middle - _MARGIN * usual.swing
    ]
    taken = np.zeros(len(values), bool)
    for each in full:
        taken[each.begin : each.end + 1] = True
    parts = [
        each._replace(is_full=False)
        for each in _between(values, PARTIAL * usual.swing)
        if not taken[each.turn]
    ]
    return sorted((*full, *parts), key=lambda each: each.turn)


def _first_one(values: Array, usual: Usual) -> list[Cycle]:
    """Return the repetition that was under way already, where enough of its way there is seen.

    Its way back is seen in full, so it is a whole one for whoever looks.
    """
    found = extremes(values, max(FULL * usual.swing, _NOISE))
    if len(found) < 2 or not found[0].is_high:
        return []
    top, after = found[:2]
    place = int(np.argmin(values[: top.place + 1]))
    before = Extreme(place, float(values[place]), False)
    seen, back = top.value - before.value, top.value - after.value
    if seen < PARTIAL * usual.swing or back < FULL * usual.swing:
        return []
    return [_cycle(values, before, top, after)]


def _between(values: Array, threshold: float) -> list[Cycle]:
    found = extremes(values, max(threshold, _NOISE))
    return [
        _cycle(values, before, top, after)
        for before, top, after in zip(found, found[1:], found[2:], strict=False)
        if top.is_high and min(top.value - before.value, top.value - after.value) >= threshold
    ]


def _cycle(values: Array, before: Extreme, top: Extreme, after: Extreme) -> Cycle:
    swing = top.value - max(before.value, after.value)
    going = values[before.place : top.place + 1]
    coming = values[top.place : after.place + 1]
    margin = _EDGE * swing
    begin = before.place + _last(going <= before.value + margin)
    there = before.place + _first(going >= top.value - margin)
    back = top.place + _last(coming >= top.value - margin)
    end = top.place + _first(coming <= after.value + margin)
    return Cycle(begin, there, top.place, back, end, swing, True)


def _first(where: npt.NDArray[np.bool_]) -> int:
    return int(np.argmax(where))


def _last(where: npt.NDArray[np.bool_]) -> int:
    return len(where) - 1 - int(np.argmax(where[::-1]))
