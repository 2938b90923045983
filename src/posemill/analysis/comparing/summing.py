"""What is summed up over an alignment."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.analysis.comparing.alignment import Ints, Path
from posemill.analysis.comparing.comparison import Moments
from posemill.analysis.comparing.features import Features
from posemill.analysis.vectors import Array

_WORST: Final = 95  # percentile: a single bad frame isn't a difference


def means(degrees: Array, weights: Array, where: npt.NDArray[np.bool_]) -> Array:
    """Return the weighted mean of each row, NaN elsewhere."""
    total = weights.sum(axis=1)
    found = np.full(len(total), np.nan)
    return np.asarray(np.divide((degrees * weights).sum(axis=1), total, out=found, where=where))


def over_time(mean: Array, path: Path) -> float | None:
    """Return the mean over the time of A, or over that of B, whichever is more.

    A path goes quickly over what differs, and lingers where both are alike: in one of both, that
    shows.
    """
    known = np.isfinite(mean)
    if not known.any():
        return None
    found = []
    for which in (path.a, path.b):
        share = 1.0 / np.bincount(which)[which]
        found.append(float((mean[known] * share[known]).sum() / share[known].sum()))
    return max(found)


def worst_of(moments: Moments, column: int) -> tuple[float, tuple[float, float]]:
    """Return the 95th percentile of a joint's differences, and when it is next to that."""
    values = moments.joints_deg[:, column]
    most = float(np.nanpercentile(values, _WORST))
    place = int(np.nanargmin(np.abs(values - most)))
    return most, (float(moments.a_s[place]), float(moments.b_s[place]))


def nearest(times_s: Array, wanted_s: Array) -> Ints:
    """Return the places of the times nearest to those wanted."""
    after = np.clip(np.searchsorted(times_s, wanted_s), 0, len(times_s) - 1)
    before = np.maximum(after - 1, 0)
    is_before = np.abs(wanted_s - times_s[before]) < np.abs(times_s[after] - wanted_s)
    return np.where(is_before, before, after)


def span(found: Features) -> tuple[float, float]:
    """Return the first and the last time."""
    return float(found.time_s[0]), float(found.time_s[-1])


def part_of(which: Ints, found: Features) -> float:
    """Return which part of all moments lies between the first and the last one."""
    return float((which[-1] - which[0] + 1) / len(found))
