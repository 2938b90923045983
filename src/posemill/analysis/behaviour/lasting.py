"""What lasts: lying for long, not moving, running. Each is told of who does it for ``for_s``."""

import math
from dataclasses import dataclass, field
from typing import Any, Final

from posemill.analysis.behaviour.body import Place
from posemill.analysis.behaviour.following import Following, Person
from posemill.analysis.behaviour.held import GAP_S, Facts
from posemill.analysis.behaviour.posture import Posture, posture_of
from posemill.types import FramePoses

# The trunk of who lies on pillows is inclined by 60 degrees and more.
LYING_DEG: Final = 60.0
# Trackers lose those who lie for seconds; who has got up is upright when seen again.
_LYING_UNSEEN_S, _UP_S = 10.0, 1.0
# Who isn't seen any more goes on with what they have been seen to do for so long.
_SURE_S: Final = 0.5
# Who lies stays where they are: one who seems to lie and travels is upright, and seen from above.
_TRAVEL_M: Final = 1.0
# Breathing moves the chest by a centimetre, landmarks tremble by two; a hand that does something
# moves by more. Compared are means over a second.
_STILL_M, _MEAN_S, _DRIFT_S = 0.06, 1.0, 10.0
_STILL_UNSEEN_S: Final = 3.0
# People walk at 1.4 m/s and change to running at 2.0 to 2.1 (Hreljac 1993, Med Sci Sports Exerc
# 25).
RUNNING_MPS: Final = 2.3
_SPEED_S: Final = 0.5


@dataclass(slots=True)
class _State:
    """Of one person: since when, and what the rule keeps."""

    person: Person
    since_s: float | None = None
    not_since_s: float | None = None
    place: Place = (0.0, 0.0)
    facts: dict[str, Any] = field(default_factory=dict)
    means: "list[_Mean]" = field(default_factory=list)


class Lasting:
    """What all of these share: somebody's state over short losses; facts after ``for_s``."""

    unseen_s = 2.0  # for how long who isn't seen goes on

    def __init__(self, for_s: float, *, least: int = 1, gap_s: float = GAP_S) -> None:
        self._for_s, self._least = for_s, least
        self._people = Following(keep_s=self.unseen_s, gap_s=gap_s)
        self._states: dict[int, _State] = {}

    def __call__(self, poses: FramePoses) -> Facts | None:
        if not self._people.update(poses):
            self._states = {}
        for person in self._people.seen:
            state = self._states.setdefault(id(person), _State(person))
            self._look(state, poses.time_s)
        for person in self._people.lost:
            if id(person) in self._states and self._has_gone(self._states[id(person)]):
                del self._states[id(person)]
        known = {id(each) for each in (*self._people.seen, *self._people.lost)}
        self._states = {key: state for key, state in self._states.items() if key in known}
        found = []
        for state in self._states.values():
            lasted_s = 0.0 if state.since_s is None else poses.time_s - state.since_s
            if state.since_s is not None and lasted_s >= self._for_s - 1e-6:
                found.append({"id": state.person.id, **state.facts, "for_s": round(lasted_s, 2)})
        return {"people": found} if found and len(found) >= self._least else None

    def _look(self, state: _State, time_s: float) -> None:
        raise NotImplementedError

    def _has_gone(self, state: _State) -> bool:
        """Whether somebody who isn't seen has left, or was hardly there."""
        body = state.person.body
        lasted_s = 0.0 if state.since_s is None else body.time_s - state.since_s
        return not body.is_inside or lasted_s < _SURE_S


class Lying(Lasting):
    """The condition that somebody has lain for ``for_s``, however they came to.

    Facts of each: ``inclination_deg`` of the trunk, ``hip_height_m`` over the ankles, ``for_s``.
    """

    unseen_s = _LYING_UNSEEN_S

    def _look(self, state: _State, time_s: float) -> None:
        posture = posture_of(state.person)
        place = state.person.body.hips
        if posture.is_lying(LYING_DEG):
            if state.since_s is None or _apart_m(state.person, state.place) > _TRAVEL_M:
                state.since_s, state.place = time_s, place
            state.not_since_s, state.facts = None, _placed(posture)
        elif state.since_s is not None:
            state.not_since_s = time_s if state.not_since_s is None else state.not_since_s
            if time_s - state.not_since_s >= _UP_S - 1e-6:
                state.since_s = state.not_since_s = None


def _apart_m(person: Person, place: Place) -> float:
    return person.metres(math.dist(person.body.hips, place))


def _placed(posture: Posture) -> dict[str, Any]:
    height_m = posture.hip_height_m
    return {
        "inclination_deg": round(posture.inclination),
        "hip_height_m": None if height_m is None else round(height_m, 2),
    }


@dataclass(slots=True)
class _Mean:
    """Where each landmark was on average over a second that began at ``since_s``."""

    since_s: float
    sums: list[Place]
    counts: list[int]

    def add(self, points: tuple[Place | None, ...]) -> None:
        for at, point in enumerate(points):
            if point is not None:
                x, y = self.sums[at]
                self.sums[at] = (x + point[0], y + point[1])
                self.counts[at] += 1

    def apart_px(self, other: "_Mean") -> float:
        """Return by how much the landmark moved that moved most."""
        return max(
            (
                math.dist(
                    (self.sums[at][0] / count, self.sums[at][1] / count),
                    (other.sums[at][0] / other.counts[at], other.sums[at][1] / other.counts[at]),
                )
                for at, count in enumerate(self.counts)
                if count and other.counts[at]
            ),
            default=0.0,
        )


class Still(Lasting):
    """The condition that somebody is there and hasn't moved for ``for_s``.

    Facts of each: ``moved_m``, by how much the landmark moved that moved most from one second to
    the next, ``for_s``.
    """

    unseen_s = _STILL_UNSEEN_S

    def _look(self, state: _State, time_s: float) -> None:
        points = state.person.body.points
        if state.since_s is None:
            state.since_s = time_s
        if not state.means or time_s - state.means[-1].since_s >= _MEAN_S - 1e-6:
            self._compare(state)
            state.means.append(_Mean(time_s, [(0.0, 0.0)] * len(points), [0] * len(points)))
        state.means[-1].add(points)

    def _compare(self, state: _State) -> None:
        """Compare the second that has just ended with the one that stillness is measured from."""
        if len(state.means) < 2:
            return
        moved_m = state.person.metres(state.means[-1].apart_px(state.means[0]))
        if moved_m > _STILL_M:
            state.since_s, state.facts = state.means[-1].since_s, {}
            state.means = state.means[-1:]
            return
        state.facts = {"moved_m": round(moved_m, 3)}
        # Not with the second before only: slow movements add up. After ten, it is drift.
        first, last = state.means[0], state.means[-1]
        is_near = last.since_s - first.since_s < _DRIFT_S
        state.means = [first, last] if is_near and first is not last else [last]


class Running(Lasting):
    """The condition that somebody runs across the picture: faster than anyone walks, for ``for_s``.

    Who runs towards the camera or away from it isn't noticed: a picture doesn't show that speed.
    Facts of each: ``speed_mps``, ``for_s``.
    """

    def _look(self, state: _State, time_s: float) -> None:
        speed = _speed(state.person)
        if speed is not None and speed >= RUNNING_MPS:
            state.since_s = time_s if state.since_s is None else state.since_s
            state.facts = {"speed_mps": round(speed, 2)}
        else:
            state.since_s = None


def _speed(person: Person) -> float | None:
    """Return how fast somebody moved across the picture in the last half second, m/s."""
    now = person.moments[-1]
    used = [each for each in person.moments if now.time_s - each.time_s <= _SPEED_S + 1e-6]
    took_s = now.time_s - used[0].time_s
    return None if took_s < 0.6 * _SPEED_S else abs(now.x - used[0].x) / person.px_per_m / took_s
