"""What people do: conditions that hold in a frame or don't, and whether they have for a while.

A condition looks at the people of a frame. It returns facts, which JSON can hold: ``people``, a
list with the ``id`` of each that is concerned and the values that decided; or None where it
doesn't hold. ``Held`` makes something that begins and ends of these moments.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

from posemill.errors import SettingError
from posemill.types import FramePoses, Landmark, Pose

Point = tuple[float, float]
Facts = Mapping[str, Any]
Condition = Callable[[FramePoses], Facts | None]
_Sign = Callable[[Pose], Facts | None]  # what one person shows

MIN_VISIBILITY: Final = 0.5
# A tracker loses somebody for a few frames, a wrist trembles at the level of the eyes. What people
# do takes longer.
FLICKER_S: Final = 0.5
# So that what is over is over: twice as long, or one event would be many.
END_S: Final = 1.0
_GAP_S: Final = 2.0

_SIDES: Final = ("left", "right")
_FOOT: Final = ("ankle", "heel", "foot_index")
_ARM: Final = ("shoulder", "elbow", "wrist")
_HEAD: Final = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_ROUNDING: Final = 1e-9  # of what is on the line


def condition(rule: str, *, points: Sequence[Point] = (), least: int = 1) -> Condition:
    """Return the condition of a rule; ask a new one for each stream.

    ``points``: the corners of a zone, in 0..1 of width and height; without any, nobody is ever
    in it. ``least``: how many people it takes. SettingError for a rule that is not known.
    """
    if rule not in CONDITIONS:
        raise SettingError(f"rule must be {' or '.join(CONDITIONS)}, not {rule!r}.")
    return CONDITIONS[rule](points, least)


def _people(sign: _Sign, least: int) -> Condition:
    """Return the condition that at least so many people show a sign."""

    def holds(poses: FramePoses) -> Facts | None:
        shown = [(person.id, sign(person)) for person in poses.people]
        people = [{"id": number, **facts} for number, facts in shown if facts is not None]
        return {"people": people} if len(people) >= least else None

    return holds


def _nobody(poses: FramePoses) -> Facts | None:
    return None if poses.people else {"people": []}


def _present(person: Pose) -> Facts:
    return {"score": round(person.score, 3)}


def _in_zone(points: Sequence[Point], person: Pose) -> Facts | None:
    place, of = _ground(person)
    if not is_inside(place, points):
        return None
    return {"ground": _rounded(place), "of": of}


def _hands_up(person: Pose) -> Facts | None:
    """Both wrists above nose, eyes and ears, both elbows above the shoulders."""
    sides = [[person[f"{side}_{part}"] for part in _ARM] for side in _SIDES]
    head = [person[name] for name in _HEAD]
    seen = [each.y for each in head if each.visibility >= MIN_VISIBILITY]
    if not seen or min(each.visibility for side in sides for each in side) < MIN_VISIBILITY:
        return None
    wrists = [min(seen) - wrist.y for _, _, wrist in sides]
    elbows = [shoulder.y - elbow.y for shoulder, elbow, _ in sides]
    if min(*wrists, *elbows) <= 0:
        return None
    return {"wrists_over_head": _rounded(wrists), "elbows_over_shoulders": _rounded(elbows)}


# A rule is a row: it makes a condition from the corners of a zone and from how many people it
# takes, and leaves aside what it has no use for.
CONDITIONS: Final[Mapping[str, Callable[[Sequence[Point], int], Condition]]] = {
    "person": lambda _, least: _people(_present, least),
    "nobody": lambda _, __: _nobody,
    "zone": lambda points, least: _people(partial(_in_zone, points), least),
    "hands_up": lambda _, least: _people(_hands_up, least),
}


def is_inside(point: Point, points: Sequence[Point]) -> bool:
    """Return whether a point is in a polygon or on its edge, by the even-odd rule."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in pairwise((*points, *points[:1])):
        if _is_on(point, (ax, ay), (bx, by)):
            return True
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def _is_on(point: Point, a: Point, b: Point) -> bool:
    """Whether a point is no further from a line between two others than rounding puts it."""
    along = (b[0] - a[0], b[1] - a[1])
    off = (point[0] - a[0], point[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    part = (off[0] * along[0] + off[1] * along[1]) / length if length else 0.0
    part = min(1.0, max(0.0, part))
    return abs(off[0] - part * along[0]) <= _ROUNDING and abs(off[1] - part * along[1]) <= _ROUNDING


def _ground(person: Pose) -> tuple[Point, str]:
    """Return where somebody stands, and what says so: the ``feet`` in the picture, or ``hips``."""
    feet = []
    for side in _SIDES:
        seen = [each for part in _FOOT if _is_seen(each := person[f"{side}_{part}"])]
        if seen:
            feet.append(_middle(seen))
    if feet:
        return _mean(feet), "feet"
    return _middle(person[f"{side}_hip"] for side in _SIDES), "hips"


def _is_seen(landmark: Landmark) -> bool:
    is_inside_picture = 0 <= landmark.x <= 1 and 0 <= landmark.y <= 1
    return landmark.visibility >= MIN_VISIBILITY and is_inside_picture


def _middle(landmarks: Iterable[Landmark]) -> Point:
    return _mean([(each.x, each.y) for each in landmarks])


def _mean(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(value, 4) for value in values]


class Edge(NamedTuple):
    """Something began or ended; ``ago_s``: how long ago, which it took to be sure."""

    word: Literal["began", "ended"]
    ago_s: float


class Held:
    """Whether a condition has held for ``for_s``, and since then never lacked for ``END_S``.

    Its own clock stands still where time makes a step of more than ``gap_s`` or goes back: what
    happened then is not known, so it neither begins nor ends anything. Before it begins, it may
    lack for less than ``FLICKER_S`` at a time. ``facts``: the last there were. ``is_on``: whether
    it holds; it may hold from the start, where it did in a process before.
    """

    def __init__(self, for_s: float, *, gap_s: float = _GAP_S, is_on: bool = False) -> None:
        self._for_s, self._gap_s, self.is_on = for_s, gap_s, is_on
        self.facts: Facts = {}
        self._time_s: float | None = None
        # In whole microseconds, so that ten steps of 0.1 s are 1 s.
        self._clock_us = 0
        self._since_us: int | None = None
        self._lacks_since_us: int | None = None

    def update(self, time_s: float, facts: Facts | None) -> Edge | None:
        """Take what a frame says; return what that begins or ends."""
        self._tick(time_s)
        if facts is None:
            return self._lack()
        self.facts = facts
        lacked_s, self._lacks_since_us = self._since(self._lacks_since_us), None
        if self._since_us is None or lacked_s >= FLICKER_S:
            self._since_us = self._clock_us
        held_s = self._since(self._since_us)
        if self.is_on or held_s < self._for_s:
            return None
        self.is_on = True
        return Edge("began", held_s)

    def _lack(self) -> Edge | None:
        if self._lacks_since_us is None:
            self._lacks_since_us = self._clock_us
        lacked_s = self._since(self._lacks_since_us)
        if lacked_s >= (END_S if self.is_on else FLICKER_S):
            self._since_us = None
            if self.is_on:
                self.is_on = False
                return Edge("ended", lacked_s)
        return None

    def _since(self, moment_us: int | None) -> float:
        return 0.0 if moment_us is None else (self._clock_us - moment_us) / 1e6

    def _tick(self, time_s: float) -> None:
        step_s = 0.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        if 0 < step_s <= self._gap_s:
            self._clock_us += round(step_s * 1e6)
