"""Falls: a fast descent that ends lying, or hard on the seat, and that nobody gets up from soon."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from posemill.analysis.behaviour.descent import LEVEL_S, LOST_S, NEAR_S, SEAT_M, Descent, descent_of
from posemill.analysis.behaviour.following import Following, Person
from posemill.analysis.behaviour.posture import UPRIGHT_DEG, Posture, posture_of
from posemill.types import FramePoses

Facts = dict[str, Any]

# Trunk inclination from which somebody counts as lying after a descent. Published thresholds are 45
# to 60 degrees; those who sit bent over a book reach 45.
LYING_DEG: Final = 50.0
# Of the hips over the ankles, where legs are 0.83 m long; and of the trunk.
_STANDING_M, _TILTED_DEG = 0.6, 25.0
# Lying for sure, and for so long, or it may have been a misread frame. At least half of the time
# until it is confirmed must be like that, which bending, squatting and kneeling down are not.
_FLAT_DEG, _FLAT_S, _FLAT_SHARE = 60.0, 0.2, 0.5
# Getting up: so much of the height that was lost, or an upright trunk and part of it, for so long.
_RISEN, _RISEN_M, _RISEN_S = 0.5, 0.25, 0.3
# Who has lain within so long before, and whose hips don't come down much, does sit-ups.
_EXERCISE_S, _EXERCISE_M = 3.0, 0.3
# In a fall, hands are on the ground for an instant, or reach for it at the speed of the fall; who
# rests on them went down on purpose.
_ARMS_S, _RESTING_MPS = 0.3, 0.5
# Nobody can say for longer that somebody who is lost still lies there.
_UNSEEN_S: Final = 10.0


@dataclass(slots=True)
class Down:
    """Somebody who went down at ``since_s``; ``is_confirmed``: and stayed there.

    ``flat_s``: for how long they were seen to lie, or lost where that says the same. ``low_y``:
    the lowest of the shoulders, pixels. ``risen_since_s``: since when they seem to get up.
    """

    person: Person
    descent: Descent
    kind: str
    since_s: float
    low_y: float
    posture: Posture
    flat_s: float = 0.0
    is_confirmed: bool = False
    risen_since_s: float | None = None


class Fall:
    """The condition that somebody has fallen and is still down after ``confirm_s``.

    It holds until they get up. ``least``: how many people it takes. Facts of each: ``kind``
    (``lying``, ``sitting``, or ``lost`` where nobody is seen any more after the descent),
    ``descent_mps`` the most speed downwards of the shoulders over 0.3 s, ``hip_descent_mps``,
    ``drop_m`` and ``hip_drop_m`` the heights that shoulders and hips lost, ``took_s`` the descent's
    time, ``inclination_deg`` of the trunk, ``hip_height_m`` over the ankles (None where these are
    hidden), ``down_s`` since they are down, ``for_s`` since the descent began.
    """

    def __init__(self, confirm_s: float = 1.0, *, least: int = 1, gap_s: float = 2.0) -> None:
        self._confirm_s, self._least = confirm_s, least
        self._people = Following(keep_s=_UNSEEN_S, gap_s=gap_s)
        self._down: dict[int, Down] = {}
        self._lain_s: dict[int, float] = {}
        self._arms_s: dict[int, tuple[float, float]] = {}  # on straight arms: from, to
        self._time_s = 0.0

    def __call__(self, poses: FramePoses) -> Facts | None:
        step_s = poses.time_s - self._time_s
        self._time_s = poses.time_s
        if not self._people.update(poses):
            self._down, self._lain_s, self._arms_s, step_s = {}, {}, {}, 0.0
        for person in self._people.seen:
            self._see(person, posture_of(person), step_s)
        for person in self._people.lost:
            self._miss(person, step_s)
        known = {id(each) for each in (*self._people.seen, *self._people.lost)}
        self._down = {key: down for key, down in self._down.items() if key in known}
        self._lain_s = {key: at for key, at in self._lain_s.items() if key in known}
        self._arms_s = {key: at for key, at in self._arms_s.items() if key in known}
        return self._told(down for down in self._down.values() if down.is_confirmed)

    def unconfirmed(self) -> Facts | None:
        """Return the facts of those who lay after a descent when the frames ended too soon."""
        downs = (down for down in self._down.values() if not down.is_confirmed)
        return self._told(
            down for down in downs if down.flat_s >= _FLAT_S and down.risen_since_s is None
        )

    def _see(self, person: Person, posture: Posture, step_s: float) -> None:
        down = self._down.get(id(person))
        if down is None:
            kind, descent = self._went_down(person, posture)
            if descent is not None:
                low_y = person.body.shoulders[1]
                down = Down(person, descent, kind, self._time_s, low_y, posture)
                self._down[id(person)] = down
        elif self._is_rising(down, posture):
            if down.risen_since_s is None:
                down.risen_since_s = self._time_s
            if self._time_s - down.risen_since_s >= _RISEN_S - 1e-6:
                del self._down[id(person)]
        else:
            down.risen_since_s, down.posture = None, posture
            down.descent = down.descent.going_on(person)
            is_flat = _is_flat(posture, down.descent, _FLAT_DEG)
            if is_flat:
                down.kind = "lying"
            self._stay(down, step_s if is_flat or down.kind == "sitting" else 0.0)
        if posture.is_lying(LYING_DEG):
            self._lain_s[id(person)] = self._time_s

    def _went_down(self, person: Person, posture: Posture) -> tuple[str, Descent | None]:
        """Return how a descent ends here, and the descent; None where it is none of a fall."""
        is_resting = person.moments[-1].speed < _RESTING_MPS
        if posture.is_on_arms and posture.inclination >= _FLAT_DEG and is_resting:
            self._rest_on_arms(person)
        if posture.inclination >= LYING_DEG:
            far, near = descent_of(person), descent_of(person, NEAR_S + LEVEL_S)
            if far is not None and far.is_far and _is_flat(posture, far, LYING_DEG):
                return "lying", far
            if near is not None and near.is_near and _is_flat(posture, near, LYING_DEG):
                lain_s = self._lain_s.get(id(person), -math.inf)
                exercises = near.began_s - lain_s < _EXERCISE_S and near.hip_drop_m < _EXERCISE_M
                return "lying", None if exercises else near
        elif posture.is_low:
            seat = descent_of(person, NEAR_S + LEVEL_S)
            return "sitting", seat if seat is not None and seat.is_onto_seat else None
        return "", None

    def _rest_on_arms(self, person: Person) -> None:
        """Forget the height that somebody came from who has gone down on their hands first."""
        since_s = self._arms_s.setdefault(id(person), (self._time_s, self._time_s))[0]
        if self._time_s - self._arms_s[id(person)][1] > _ARMS_S:
            since_s = self._time_s
        self._arms_s[id(person)] = (since_s, self._time_s)
        if self._time_s - since_s >= _ARMS_S - 1e-6:
            person.forget()

    def _is_rising(self, down: Down, posture: Posture) -> bool:
        shoulders_y = down.person.body.shoulders[1]
        down.low_y = max(down.low_y, shoulders_y)
        rise_m = down.person.metres(down.low_y - shoulders_y)
        is_upright = posture.inclination < UPRIGHT_DEG and rise_m >= _RISEN_M
        return rise_m >= _RISEN * down.descent.drop_m or is_upright or posture.is_on_arms

    def _miss(self, person: Person, step_s: float) -> None:
        """Decide what it means that somebody isn't seen."""
        down = self._down.get(id(person))
        is_sure = down is not None and down.flat_s >= _FLAT_S
        if not is_sure and self._time_s - person.body.time_s <= LOST_S:
            descent, posture = descent_of(person), posture_of(person)
            height_m = posture.hip_height_m
            is_standing = height_m is not None and height_m > _STANDING_M
            is_standing = is_standing or posture.inclination < _TILTED_DEG
            is_in_fall = descent is not None and descent.is_lost(person)
            is_known = down is not None and down.kind == "lost"
            is_in_fall = is_in_fall and person.body.is_inside and not is_standing
            if descent is not None and is_in_fall and not is_known:
                since_s = self._time_s if down is None else down.since_s
                low_y = person.body.shoulders[1]
                down = Down(person, descent, "lost", since_s, low_y, posture)
                self._down[id(person)] = down
        if down is not None:
            self._stay(down, step_s if is_sure or down.kind == "lost" else 0.0)

    def _stay(self, down: Down, flat_s: float) -> None:
        down.flat_s += flat_s
        is_long = self._time_s - down.since_s >= self._confirm_s - 1e-6
        if is_long and down.flat_s >= _FLAT_SHARE * self._confirm_s - 1e-6:
            down.is_confirmed = True

    def _told(self, downs: Iterable[Down]) -> Facts | None:
        people = [_facts(down, self._time_s) for down in downs]
        return {"people": people} if people and len(people) >= self._least else None


def _is_flat(posture: Posture, descent: Descent, from_deg: float) -> bool:
    """Whether somebody lies: also one whose feet aren't seen, if the hips came down far."""
    if posture.is_low is None and descent.hip_drop_m >= SEAT_M:
        return posture.inclination >= from_deg and not posture.is_on_arms
    return posture.is_lying(from_deg)


def _facts(down: Down, time_s: float) -> Facts:
    descent, height_m = down.descent, down.posture.hip_height_m
    return {
        "id": down.person.id,
        "kind": down.kind,
        "descent_mps": round(descent.speed, 2),
        "hip_descent_mps": round(descent.hip_speed, 2),
        "drop_m": round(descent.drop_m, 2),
        "hip_drop_m": round(descent.hip_drop_m, 2),
        "took_s": round(descent.took_s, 2),
        "inclination_deg": round(down.posture.inclination),
        "hip_height_m": None if height_m is None else round(height_m, 2),
        "down_s": round(time_s - down.since_s, 2),
        "for_s": round(time_s - descent.began_s, 2),
    }
