"""Exercises of the jointed figure: from rest (0) to the turning point (1)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from moving_figure import Posture

Move = Callable[[float], Posture]

_STANDING: Final = Posture()
_PLANK: Final = Posture(pitch=80, shoulder_flexion=(80, 80), shoulder_abduction=(10, 10))
_LYING: Final = Posture(pitch=-90, hip_flexion=(50, 50), knee_flexion=(90, 90))


def _between(rest: Posture, turn: Posture) -> Move:
    return lambda share: rest.towards(turn, share)


_SQUAT: Final = Posture(
    trunk_flexion=30,
    hip_flexion=(80, 80),
    knee_flexion=(105, 105),
    ankle_dorsiflexion=(25, 25),
    shoulder_flexion=(80, 80),
)


def _burpee(share: float) -> Posture:
    if share < 0.5:
        return _STANDING.towards(_SQUAT, 2 * share)
    return replace(_SQUAT, pitch=30).towards(_PLANK, 2 * share - 1)


def _sides(move: Move) -> Mapping[str, Move]:
    return {"left": move, "right": move}


MOVEMENTS: Final[Mapping[str, Move]] = {
    "squat": _between(_STANDING, _SQUAT),
    "lunge": _between(
        _STANDING,
        Posture(
            hip_flexion=(80, -10),
            knee_flexion=(95, 85),
            ankle_dorsiflexion=(10, -40),
        ),
    ),
    "push_up": _between(
        _PLANK,
        replace(
            _PLANK,
            pitch=88,
            shoulder_flexion=(20, 20),
            shoulder_abduction=(40, 40),
            elbow_flexion=(100, 100),
        ),
    ),
    "pull_up": _between(
        Posture(shoulder_flexion=(165, 165), shoulder_abduction=(10, 10), lift_m=0.3),
        Posture(
            shoulder_flexion=(50, 50),
            shoulder_abduction=(25, 25),
            elbow_flexion=(125, 125),
            lift_m=0.8,
        ),
    ),
    "sit_up": _between(
        _LYING, replace(_LYING, pitch=-40, hip_flexion=(110, 110), trunk_flexion=10)
    ),
    "biceps_curl": _between(_STANDING, replace(_STANDING, elbow_flexion=(110, 110))),
    "jumping_jack": _between(
        _STANDING,
        replace(_STANDING, shoulder_abduction=(150, 150), hip_abduction=(25, 25)),
    ),
    "burpee": _burpee,
    "high_knees": _between(
        _STANDING, replace(_STANDING, hip_flexion=(90, 0), knee_flexion=(90, 0))
    ),
    "shoulder_press": _between(
        replace(_STANDING, shoulder_abduction=(70, 70), elbow_flexion=(100, 100)),
        replace(_STANDING, shoulder_abduction=(165, 165), elbow_flexion=(15, 15)),
    ),
    "lateral_raise": _between(_STANDING, replace(_STANDING, shoulder_abduction=(95, 95))),
    "deadlift": _between(
        _STANDING,
        Posture(trunk_flexion=20, pitch=50, hip_flexion=(70, 70), knee_flexion=(40, 40)),
    ),
}


class Session:
    """Repetitions of a movement in turn, each with a tempo and a depth of its own.

    ``truth``: (start_s, turn_s, end_s) of each. ``alternates``: the sides take turns.
    """

    def __init__(
        self,
        move: Move,
        count: int,
        *,
        period_s: float = 2.5,
        spread: float = 0.15,
        pauses: Mapping[int, float] | None = None,
        depths: Mapping[int, float] | None = None,
        alternates: bool = False,
        yaw: float = 0.0,
        lead_s: float = 1.0,
        seed: int = 0,
    ) -> None:
        random = np.random.default_rng(seed)
        self._move, self._yaw, self._alternates = move, yaw, alternates
        self.truth: list[tuple[float, float, float]] = []
        knots = [(0.0, 0.0), (lead_s, 0.0)]
        for number in range(count):
            length_s = period_s * float(random.uniform(1 - spread, 1 + spread))
            start_s = knots[-1][0] + (pauses or {}).get(number, 0.1 * period_s)
            depth = (depths or {}).get(number, float(random.uniform(1 - spread / 2, 1)))
            turn_s, end_s = start_s + length_s * 0.45, start_s + length_s * 0.9
            self.truth.append((start_s, turn_s, end_s))
            knots += [(start_s, 0.0), (turn_s, depth), (end_s, 0.0)]
        self.duration_s = knots[-1][0] + lead_s
        self._knots = [*knots, (self.duration_s, 0.0)]

    def share(self, time_s: float) -> float:
        """Return how far from rest to the turning point, eased as movements are."""
        for (a_s, a), (b_s, b) in pairwise(self._knots):
            if a_s <= time_s <= b_s and b_s > a_s:
                return float(a + (b - a) * (1 - np.cos(np.pi * (time_s - a_s) / (b_s - a_s))) / 2)
        return 0.0

    def posture(self, time_s: float) -> Posture:
        """Return the posture at a time."""
        found = replace(self._move(self.share(time_s)), yaw=self._yaw)
        number = sum(end_s <= time_s for _, _, end_s in self.truth)
        return mirrored(found) if self._alternates and number % 2 else found

    def times_s(self, rate_hz: float = 30.0) -> np.ndarray:
        """Return when frames are taken."""
        return np.arange(0, self.duration_s, 1 / rate_hz)


def mirrored(posture: Posture) -> Posture:
    """Return a posture with its sides exchanged."""
    pairs = {
        name: value[::-1]
        for name in posture.__dataclass_fields__
        if isinstance(value := getattr(posture, name), tuple)
    }
    return replace(posture, **pairs)  # type: ignore[arg-type]
