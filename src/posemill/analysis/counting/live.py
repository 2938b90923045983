"""Counting while it happens: each repetition is told as soon as the person is on the way back."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import numpy as np

from posemill.analysis.counting.cycles import FULL, Extreme, Turns
from posemill.analysis.counting.exercise import Exercise, Gate
from posemill.analysis.counting.features import FEATURES
from posemill.analysis.counting.progress import MAX_GAP_S, MIN_VISIBILITY
from posemill.analysis.joints import SIDES
from posemill.types import Pose

_FIRST: Final = 0.8  # of the nominal way, that the first turning points are expected at
_REMEMBERED: Final = 8  # swings, by which the usual one is known
_LARGE: Final = 0.5  # of the largest of them: smaller ones are none
_SMOOTHED: Final = 3  # values, of which the middle one is taken: a single wild one is none
_LONGEST: Final = 600  # frames of a repetition, by which its posture is judged
_SAME_S: Final = 0.4  # between turning points of both sides that are one repetition


@dataclass(frozen=True, slots=True)
class LiveCount:
    """What a live counter knows: full repetitions so far, and where the person is.

    ``progress``: from 0 at rest to 1 at the turning point, None where the joints are not seen.
    ``is_new``: whether this frame completed a repetition.
    """

    count: int
    progress: float | None
    is_new: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        progress = None if self.progress is None else round(self.progress, 3)
        return {"count": self.count, "progress": progress}


@dataclass(slots=True)
class _Side:
    """What is known of one side."""

    turns: Turns
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_SMOOTHED))
    swings: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    low: Extreme | None = None
    turned_s: float = float("-inf")


class LiveCounter:
    """Counts the repetitions of one person, frame by frame.

    What it counts agrees with ``count`` but for what only later frames tell: how far the person
    usually goes is learned on the way. After a gap of a second what was under way is forgotten.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self._count = 0
        self._time_s: float | None = None
        self._sides: dict[str, _Side] = {}
        self._frame = 0
        self._gates: dict[Gate, deque[tuple[int, float]]] = {
            gate: deque(maxlen=_LONGEST) for gate in exercise.gates
        }

    def update(self, pose: Pose | None, time_s: float) -> LiveCount:
        """Take the next frame; ``pose``: None where nobody is seen."""
        if self._time_s is not None and not 0 < time_s - self._time_s <= MAX_GAP_S:
            self._sides.clear()
        found = {} if pose is None else self._progress(pose)
        if not found:
            return LiveCount(self._count, None)
        self._time_s = time_s
        before = self._count
        for side, value in found.items():
            self._take(side, value, time_s)
        return LiveCount(self._count, max(found.values()), self._count > before)

    def _progress(self, pose: Pose) -> dict[str, float]:
        """Return the progress of each side that is seen, or of both as one."""
        world = pose.world[None].astype(float)
        self._frame += 1
        for gate, values in self._gates.items():
            sides = [FEATURES[gate.feature].compute(world, side) for side in SIDES]
            values.append((self._frame, float(np.mean(sides))))
        found = {}
        for side in SIDES:
            total = weights = 0.0
            for signal in self._exercise.signals:
                feature = FEATURES[signal.feature]
                if any(
                    pose[f"{side}_{part}"].visibility < MIN_VISIBILITY for part in feature.parts
                ):
                    continue
                value = float(feature.compute(world, side)[0])
                total += signal.weight * (value - signal.rest) / (signal.turn - signal.rest)
                weights += signal.weight
            if weights and np.isfinite(total):
                found[side] = total / weights
        if self._exercise.sides == "both" and found:
            return {"both": sum(found.values()) / len(found)}
        return found

    def _take(self, side: str, value: float, time_s: float) -> None:
        known = self._sides.setdefault(side, _Side(Turns(self._threshold(()))))
        known.recent.append(value)
        extreme = known.turns.take(self._frame, median(known.recent))
        if extreme is None:
            return
        if not extreme.is_high:
            known.low = extreme
            return
        if known.low is None:
            return  # it began at the turning point
        swing = extreme.value - known.low.value
        known.swings.append(swing)
        known.turns.threshold = self._threshold(tuple(known.swings))
        others = [other.turned_s for name, other in self._sides.items() if name != side]
        known.turned_s = time_s
        if self._fits(known.low.place) and all(time_s - other > _SAME_S for other in others):
            self._count += 1

    def _threshold(self, swings: tuple[float, ...]) -> float:
        large = [swing for swing in swings if swing >= _LARGE * max(swings)]
        usual = median(large) if large else _FIRST
        return FULL * max(usual, self._exercise.least)

    def _fits(self, since: int) -> bool:
        """Whether the posture has been one of this exercise since a frame."""
        for gate, values in self._gates.items():
            own = [value for frame, value in values if frame >= since]
            if own and not gate.low <= median(own) <= gate.high:
                return False
        return True
