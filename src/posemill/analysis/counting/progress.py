"""How far a person is from rest (0) to the turning point (1) of an exercise, over time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from posemill.analysis.cleaning import fill_gaps, hampel, lowpass, stretches
from posemill.analysis.counting.exercise import Exercise, Signal
from posemill.analysis.counting.features import FEATURES
from posemill.analysis.joints import SIDES, index
from posemill.analysis.motion import Motion
from posemill.analysis.vectors import Array

MIN_VISIBILITY: Final = 0.5
# A repetition is over within that time rarely; what was in a longer gap is not known.
MAX_GAP_S: Final = 1.0
# Above the third harmonic of the fastest repetitions (two a second), below the tremor of landmarks.
CUTOFF_HZ: Final = 6.0
_OUTLIER: Final = 0.3  # of the way from rest to turning point
_BEST: Final = 0.8  # of the visibility of the better-seen side, that the other one needs to count


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """Progress of one side, or of both together (``both``): ``values`` (n,), NaN in gaps."""

    side: str
    values: Array
    stretches: tuple[slice, ...]


def progress(motion: Motion, exercise: Exercise) -> tuple[Progress, ...]:
    """Return the progress of a person by an exercise: one, or one a side.

    The sides that are seen count; where neither is, whatever there is.
    """
    sides = seen_sides(motion, exercise)
    every = {side: _combined(motion, exercise, side) for side in sides}
    if exercise.sides == "both":
        return (_cleaned(motion, "both", _mean(list(every.values()))),)
    return tuple(_cleaned(motion, side, values) for side, values in every.items())


def seen_sides(motion: Motion, exercise: Exercise) -> tuple[str, ...]:
    """Return the sides that are seen well enough, compared with the better one."""
    shares = {}
    for side in SIDES:
        parts = {part for each in exercise.signals for part in FEATURES[each.feature].parts}
        seen = motion.visibility[:, [index(f"{side}_{part}") for part in sorted(parts)]]
        shares[side] = float(seen.min(axis=1).mean())
    best = max(shares.values())
    return tuple(side for side, share in shares.items() if share >= _BEST * best)


def _combined(motion: Motion, exercise: Exercise, side: str) -> Array:
    total = np.zeros(len(motion))
    weights = np.zeros(len(motion))
    for signal in exercise.signals:
        values = _part(motion, signal, side)
        known = np.isfinite(values)
        total[known] += signal.weight * values[known]
        weights[known] += signal.weight
    return np.divide(total, weights, out=np.full_like(total, np.nan), where=weights > 0)


def _part(motion: Motion, signal: Signal, side: str) -> Array:
    values = FEATURES[signal.feature].compute(motion.world, side)
    return np.asarray((values - signal.rest) / (signal.turn - signal.rest))


def _mean(several: list[Array]) -> Array:
    return np.asarray(np.mean(several, axis=0))


def _cleaned(motion: Motion, side: str, values: Array) -> Progress:
    time_s = motion.time_s
    found = fill_gaps(time_s, hampel(time_s, values, floor=_OUTLIER), MAX_GAP_S)
    found = lowpass(time_s, found, CUTOFF_HZ, MAX_GAP_S)
    return Progress(side, found, tuple(stretches(time_s, found, MAX_GAP_S)))
