"""Where people stand: inside a zone, or over a line."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, Literal

from posemill.analysis.behaviour.body import MIN_VISIBILITY
from posemill.analysis.behaviour.following import Following, Person
from posemill.analysis.behaviour.held import GAP_S, Facts
from posemill.types import FramePoses, Landmark, Pose

Point = tuple[float, float]
Side = Literal["left", "right"]

DIRECTIONS: Final = ("both", "left", "right")
_SIDES: Final = ("left", "right")
_FOOT: Final = ("ankle", "heel", "foot_index")
_ROUNDING: Final = 1e-9  # of what is on the line
# Feet tremble: who stands on the line has not crossed it. In widths and heights of the picture.
_BESIDE: Final = 0.01


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


def ground(person: Pose) -> tuple[Point, str]:
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


def rounded(values: Iterable[float]) -> list[float]:
    """Return values as facts hold them."""
    return [round(value, 4) for value in values]


def in_zone(points: Sequence[Point], person: Pose) -> Facts | None:
    """Return where somebody stands if that is in a polygon."""
    place, of = ground(person)
    return {"ground": rounded(place), "of": of} if is_inside(place, points) else None


class Crossing:
    """The condition that somebody has just crossed a line, by where they stand.

    ``line``: its two ends, 0..1 of width and height. ``direction``: to which side, as one sees it
    who looks from its first end to the second; a crossing counts once, when they are clear of it.
    Facts of each: ``ground`` and ``of`` as in a zone, and ``to``, the side.
    """

    def __init__(
        self, line: Sequence[Point], direction: str = "both", *, gap_s: float = GAP_S
    ) -> None:
        self._line, self._direction = line, direction
        self._people = Following(gap_s=gap_s)
        self._sides: dict[int, tuple[Side, Point]] = {}

    def __call__(self, poses: FramePoses) -> Facts | None:
        if not self._people.update(poses):
            self._sides = {}
        found = []
        by_id = {pose.id: pose for pose in poses.people}
        for person in self._people.seen:
            facts = self._cross(person, by_id[person.id])
            if facts is not None:
                found.append({"id": person.id, **facts})
        known = {id(each) for each in (*self._people.seen, *self._people.lost)}
        self._sides = {key: side for key, side in self._sides.items() if key in known}
        return {"people": found} if found else None

    def _cross(self, person: Person, pose: Pose) -> Facts | None:
        (ax, ay), (bx, by) = self._line
        place, of = ground(pose)
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        # y goes down, so what is right of the way from a to b is positive.
        beside = ((bx - ax) * (place[1] - ay) - (by - ay) * (place[0] - ax)) / length
        if abs(beside) < _BESIDE:
            return None
        side: Side = "right" if beside > 0 else "left"
        before = self._sides.get(id(person))
        self._sides[id(person)] = (side, place)
        if before is None or before[0] == side or self._direction not in ("both", side):
            return None
        if not _meets(before[1], place, self._line):
            return None
        return {"ground": rounded(place), "of": of, "to": side}


def _meets(start: Point, end: Point, line: Sequence[Point]) -> bool:
    """Whether a way crosses a line between its ends, not beyond them."""
    (ax, ay), (bx, by) = line
    across = (end[0] - start[0], end[1] - start[1])
    turn = across[0] * (by - ay) - across[1] * (bx - ax)
    if not turn:
        return False
    along = ((ax - start[0]) * across[1] - (ay - start[1]) * across[0]) / turn
    return 0 <= along <= 1
