"""Counting a movement that nobody named: by its own period.

What repeats is found in all limbs at once: positions of the joints against the middle of the hips,
turned so that the person faces one way, in lengths of the trunk. Their first principal component is
the movement that there is most of, as in methods of self-similarity (Cutler and Davis 2000;
Dwibedi et al. 2020, RepNet); its dominant period, by autocorrelation, says what is slower or faster
and no part of it. An alternating movement, as walking, has one period for both sides.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from posemill.analysis.cleaning import fill_gaps, hampel, lowpass, stretches
from posemill.analysis.counting.exercise import Exercise
from posemill.analysis.counting.progress import CUTOFF_HZ, MAX_GAP_S, MIN_VISIBILITY, Progress
from posemill.analysis.counting.repetitions import Count, count_of
from posemill.analysis.joints import SIDES, index, place
from posemill.analysis.motion import Motion
from posemill.analysis.vectors import Array, unit

AUTO: Final = "auto"
_PARTS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LEAST: Final = 0.25  # lengths of the trunk, that the movement of all joints together must be
# Of what the period is sought in: it is 0.4 s at least. Nine hours; what is longer has less.
_RATE_HZ, _MOST = 15.0, 500_000
_SHORTEST_S, _LONGEST_S = 0.4, 12.0
_LEAST_FRAMES: Final = 4
_REPEATS: Final = 0.3  # autocorrelation, at least, of what repeats
_SHARE: Final = 0.8  # of the best one: the shortest period that repeats so well is the period
_SLOWER: Final = 2.0  # periods: what changes over more than that is drift
_OUTLIER_LENGTHS: Final = 0.3
_UNDECIDED: Final = 0.2  # from the middle, that the start is too near to it


def count_automatically(motion: Motion) -> Count:
    """Return the repetitions of whatever movement there is most of.

    Doubts beside those of ``count``: ``aperiodic``, where nothing repeats.
    """
    nothing = Exercise(AUTO, {}, (), least=_LEAST, least_s=_SHORTEST_S / 2)
    positions = _positions(motion)
    if positions.shape[1] == 0 or np.isfinite(positions).all(axis=1).sum() < _LEAST_FRAMES:
        return count_of(motion, nothing, (), ("hidden",))
    period_s, repeats = _period(motion.time_s, positions)
    found = _component(motion.time_s, positions, period_s)
    largest = float(np.nanpercentile(found, 95) - np.nanpercentile(found, 5))
    if largest < _LEAST:
        return count_of(motion, nothing, ())
    # From 0 at rest to about 1, as the progress of an exercise.
    scaled = _from_rest(found) / largest
    series = Progress("both", scaled, tuple(stretches(motion.time_s, scaled, MAX_GAP_S)))
    exercise = replace(nothing, least=_LEAST / largest, least_s=min(period_s / 4, 0.5))
    return count_of(motion, exercise, (series,), () if repeats >= _REPEATS else ("aperiodic",))


def _positions(motion: Motion) -> Array:
    """Return the joints that are seen, (n, k), lengths of the trunk; NaN in gaps."""
    world = motion.world
    across = place(world, "left_hip") - place(world, "right_hip")
    across += place(world, "left_shoulder") - place(world, "right_shoulder")
    flat = unit(across * (1.0, 0.0, 1.0))
    x, z = flat[:, 0, None], flat[:, 2, None]
    length = np.linalg.norm(place(world, "shoulders") - place(world, "hips"), axis=1)
    scale = float(np.median(length)) or 1.0
    columns = [
        index(f"{side}_{part}")
        for side in SIDES
        for part in _PARTS
        if np.median(motion.visibility[:, index(f"{side}_{part}")]) >= MIN_VISIBILITY
    ]
    joints = world[:, columns]
    turned = np.stack(
        [
            joints[:, :, 0] * x + joints[:, :, 2] * z,
            joints[:, :, 1],
            joints[:, :, 2] * x - joints[:, :, 0] * z,
        ],
        axis=2,
    )
    values = turned.reshape(len(world), -1) / scale
    clean = fill_gaps(
        motion.time_s, hampel(motion.time_s, values, floor=_OUTLIER_LENGTHS), MAX_GAP_S
    )
    return lowpass(motion.time_s, clean, CUTOFF_HZ, MAX_GAP_S)


def _period(time_s: Array, positions: Array) -> tuple[float, float]:
    """Return the dominant period in seconds, and how well it repeats, -1..1."""
    span_s = float(time_s[-1] - time_s[0])
    count = int(min(max(span_s * _RATE_HZ, 4), _MOST))
    grid_s = np.linspace(time_s[0], time_s[-1], count)
    step_s = span_s / (count - 1)
    even = np.stack([np.interp(grid_s, time_s, each) for each in positions.T], axis=1)
    even -= even.mean(axis=0)
    spectrum = np.fft.rfft(even, 2 * count, axis=0)
    together = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=1))[:count]
    # Each lag by as many pairs as it has, so that long ones don't fall behind.
    likeness = together / np.arange(count, 0, -1)
    likeness /= max(likeness[0], 1e-12)
    first, last = int(_SHORTEST_S / step_s), int(min(_LONGEST_S, span_s / 2) / step_s)
    lags = [
        lag
        for lag in range(max(first, 1), min(last, count - 2) + 1)
        if likeness[lag - 1] < likeness[lag] >= likeness[lag + 1]
    ]
    best = max((float(likeness[lag]) for lag in lags), default=0.0)
    if best <= 0:
        return min(_LONGEST_S, span_s), 0.0
    lag = next(lag for lag in lags if likeness[lag] >= _SHARE * best)
    return lag * step_s, float(likeness[lag])


def _component(time_s: Array, positions: Array, period_s: float) -> Array:
    """Return the first principal component, without what is slower than the movement."""
    steady = positions - _drift(time_s, positions, period_s)
    known = np.isfinite(steady).all(axis=1)
    middle = steady[known].mean(axis=0)
    _, _, axes = np.linalg.svd(steady[known] - middle, full_matrices=False)
    return np.asarray((steady - middle) @ axes[0])


def _drift(time_s: Array, positions: Array, period_s: float) -> Array:
    """Return the mean over some periods around each moment."""
    width_s = _SLOWER * period_s
    if time_s[-1] - time_s[0] <= 2 * width_s:
        return np.asarray(np.nanmean(positions, axis=0))
    total = np.vstack([np.zeros(positions.shape[1]), np.nancumsum(positions, axis=0)])
    seen = np.vstack([np.zeros(positions.shape[1]), np.cumsum(np.isfinite(positions), axis=0)])
    low = np.searchsorted(time_s, time_s - width_s)
    high = np.searchsorted(time_s, time_s + width_s, side="right")
    return np.asarray((total[high] - total[low]) / np.maximum(seen[high] - seen[low], 1))


def _from_rest(values: Array) -> Array:
    """Return values that rise from rest: where the movement begins.

    Where it begins on the way, since it was cut, rest is where people are longer.
    """
    low, high = np.nanpercentile(values, [5, 95])
    known = values[np.isfinite(values)]
    start = (float(known[0]) - low) / max(high - low, 1e-12)
    if abs(start - 0.5) < _UNDECIDED:
        start = (float(np.median(known)) - low) / max(high - low, 1e-12)
    return np.asarray(high - values if start > 0.5 else values - low)
