"""Two people's postures or movements compared: in step, turned onto each other, joint by joint.

What moves counts more: a joint's weight grows with how far it strays from its mean, in whichever of
both it moves more, and levels off (Celebi et al. 2013, Gesture Recognition Using Skeleton Data with
Weighted Dynamic Time Warping). Else the legs of somebody who waves would say that all is the same.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from posemill.analysis.cleaning import CUTOFF_HZ
from posemill.analysis.comparing import doubts as reasons
from posemill.analysis.comparing.alignment import (
    BAND,
    Costs,
    Found,
    Path,
    costs,
    search,
    warp,
)
from posemill.analysis.comparing.comparison import Comparison, JointDifference, Moments
from posemill.analysis.comparing.features import (
    MOST_MOMENTS,
    NAMES,
    TABLE_COLUMNS,
    Features,
    base_weights,
    features,
    mirrored,
    resampled,
    resampled_to,
    spreads,
    table,
)
from posemill.analysis.comparing.movement import movement
from posemill.analysis.comparing.similarity import similarity, whole
from posemill.analysis.comparing.summing import (
    means,
    nearest,
    over_time,
    part_of,
    span,
    worst_of,
)
from posemill.analysis.comparing.turning import Differences, aligned_turn, differences
from posemill.analysis.motion import Motion, motion_of
from posemill.analysis.vectors import Array
from posemill.errors import UsageError
from posemill.types import FramePoses, Pose

# Above twice the cut-off of the filter; more would only cost.
_RATE_HZ: Final = (10.0, 30.0)
_MOST: Final = 4500  # moments of a movement: five minutes at 15 Hz
_MOST_SEARCHED: Final = 25e6  # pairs of moments in a search
# The band of a long movement: within more than that, one finds its own order of what it repeats.
_BAND_S: Final = 10.0
_STILL: Final = 0.25  # the weight of what doesn't move
_MOVES_DEG: Final = 15.0  # from which on a joint counts as moving
_KNOWN: Final = 0.25  # of the weight; where less is seen there is no number
# Lengths that differ by more are compared by search as well: one may be a part of the other.
_MUCH_LONGER: Final = 1.2
_FOUND_MOVES_DEG: Final = 10.0
# A part that is as much like the shorter one, at the same tempo, is where that was cut from.
_CUT_FROM, _SAME_TEMPO = 90.0, 1.25
_LIKELY, _MORE = 60.0, 10.0  # how like it a part must be, and by how much more, to be told of
_PLACES: Final = 10


def compare_poses(a: Pose, b: Pose, *, mirror: bool = False) -> Comparison:
    """Compare two postures; ``mirror``: B as in a mirror."""
    both = [motion_of([(FramePoses(0, 0.0, each.size_px, (each,)), each)]) for each in (a, b)]
    first, second = both[0], mirrored(both[1]) if mirror else both[1]
    path = Path(np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1))
    pair = _Pair(first, second, features(first), features(second), base_weights())
    return pair.compared(path, "pictures", "whole", is_mirrored=mirror)


def compare_motions(
    a: Motion, b: Motion, *, mirror: bool = False, find: bool | None = None
) -> Comparison:
    """Compare two movements; ``mirror``: B as in a mirror.

    ``find``: look for the shorter one within the longer one; None where it is plain that the
    shorter one was cut from the longer one, or from another take of it. UsageError for a motion
    without frames.
    """
    if not len(a) or not len(b):
        raise UsageError("nothing can be compared with a movement in which nobody is seen.")
    second = mirrored(b) if mirror else b
    longer_s, shorter_s = sorted((a.duration_s, b.duration_s), reverse=True)
    if find:
        return _part(a, second, mirror=mirror)
    whole_of_it = _whole(a, second, mirror=mirror)
    # Somebody who stands is found wherever somebody else stands: that says nothing.
    moves = max(each.moves_deg for each in whole_of_it.joints) >= _FOUND_MOVES_DEG
    if find is not None or longer_s <= _MUCH_LONGER * shorter_s or not moves:
        return whole_of_it
    part = _part(a, second, mirror=mirror)
    like, at_least = part.similarity or 0.0, whole_of_it.similarity or 0.0
    if like >= max(_CUT_FROM, at_least) and 1 / _SAME_TEMPO < part.tempo < _SAME_TEMPO:
        return part
    if like >= max(_LIKELY, at_least + _MORE):
        return replace(whole_of_it, doubts=(*whole_of_it.doubts, "part"))
    return whole_of_it


def _whole(a: Motion, b: Motion, *, mirror: bool) -> Comparison:
    """Compare all of both, at as many moments: a steady difference of tempo is gone then."""
    rate_hz = _rate(a, b)
    count = round(max(a.duration_s, b.duration_s) * rate_hz) + 1
    pair = _paired(a, b, *(resampled_to(each, count, CUTOFF_HZ) for each in (a, b)))
    longest_s = max(a.duration_s, b.duration_s)
    band = min(BAND, _BAND_S / longest_s) if longest_s > 0 else BAND
    return pair.compared(warp(pair.costs(), count, band), "clips", "whole", is_mirrored=mirror)


def _part(a: Motion, b: Motion, *, mirror: bool) -> Comparison:
    """Compare the shorter one with what is most like it in the longer one."""
    pairs = max(a.duration_s * b.duration_s, 1e-9)
    longest_s = max(a.duration_s, b.duration_s, 1e-9)
    rate_hz = min(_rate(a, b), (_MOST_SEARCHED / pairs) ** 0.5, (MOST_MOMENTS - 1) / longest_s)
    pair = _paired(a, b, *(resampled(each, rate_hz, CUTOFF_HZ) for each in (a, b)))
    return pair.best_part(mirror=mirror)


def _paired(a: Motion, b: Motion, first: Features, second: Features) -> "_Pair":
    return _Pair(a, b, first, second, motion_weights(first, second))


def motion_weights(*moving: Features) -> Array:
    """Return how much each measure counts, by how far it moves, (len(NAMES),)."""
    strays = np.max([spreads(each) for each in moving], axis=0)
    return np.asarray(base_weights() * (_STILL - (1 - _STILL) * np.expm1(-strays / _MOVES_DEG)))


def column_weights(weights: Array) -> Array:
    """Return the weights of the columns of ``features.table``."""
    return np.asarray(weights[TABLE_COLUMNS])


def _rate(a: Motion, b: Motion) -> float:
    intervals = [each.interval_s for each in (a, b) if each.interval_s > 0]
    rate_hz = min(max(1 / min(intervals, default=0.1), _RATE_HZ[0]), _RATE_HZ[1])
    longest_s = max(a.duration_s, b.duration_s)
    return min(rate_hz, _MOST / longest_s) if longest_s else rate_hz


class _Pair:
    """Two movements on one grid of time, and how much each measure counts."""

    def __init__(
        self, a: Motion, b: Motion, first: Features, second: Features, weights: Array
    ) -> None:
        self._motions, self._moments, self._weights = (a, b), (first, second), weights

    def best_part(self, *, mirror: bool) -> Comparison:
        """Return the best place of the shorter one in the longer one, and where else it is."""
        is_second = len(self._moments[1]) <= len(self._moments[0])
        short, long = self._moments[::-1] if is_second else self._moments
        places = search(self.costs(swapped=is_second), len(short), len(long), _PLACES)
        compared = [self._at(each, mirror=mirror, is_second=is_second) for each in places]
        best = max(compared, key=lambda each: each.similarity or 0.0)
        others = tuple(
            (*(each.a_span_s if is_second else each.b_span_s), each.similarity)
            for each in compared
            if each.similarity is not None
        )
        return replace(best, places=others, found_in="a" if is_second else "b")

    def _at(self, found: Found, *, mirror: bool, is_second: bool) -> Comparison:
        path = found.path
        if is_second:
            path = Path(path.b, path.a, path.weight)
        return self.compared(path, "clips", "part", is_mirrored=mirror)

    def costs(self, *, swapped: bool = False) -> Costs:
        """Return what pairs of moments cost; ``swapped``: those of B first."""
        first, second = (table(each) for each in self._moments)
        if swapped:
            first, second = second, first
        return costs(first, second, column_weights(self._weights))

    def compared(self, path: Path, kind: str, way: str, *, is_mirrored: bool) -> Comparison:
        """Return what is to be said of an alignment."""
        a, b = self._moments[0].at(path.a), self._moments[1].at(path.b)
        found = differences(a, b)
        known = found.known * self._weights
        share = known.sum(axis=1) / self._weights.sum()
        mean = means(found.degrees, known, share >= _KNOWN)
        counted = np.where(np.isfinite(mean), path.weight, 0.0)
        mean_deg = over_time(mean, path)
        posture = None if mean_deg is None else float(similarity(np.array(mean_deg)))
        moved = None if kind == "pictures" else movement(a, b, found, counted)
        moments = self._paired(a, b, found, mean, path)
        joints = self._joints(found, known, path, moments)
        turn, tilt = aligned_turn(found.turn), float(np.median(found.tilt))
        return Comparison(
            kind=kind,
            similarity=whole(posture, moved),
            posture=posture,
            movement=moved,
            difference_deg=mean_deg,
            uncertainty_deg=reasons.uncertainty(turn, float(share.mean())),
            joints=joints,
            moments=moments,
            way=way,
            mirrored=is_mirrored,
            turn_deg=turn,
            tilt_deg=tilt,
            a_span_s=span(a),
            b_span_s=span(b),
            a_share=part_of(path.a, self._moments[0]),
            b_share=part_of(path.b, self._moments[1]),
            doubts=reasons.doubts(self._motions, float(share.mean()), turn, tilt, kind, joints),
        )

    def _paired(
        self, a: Features, b: Features, found: Differences, mean: Array, path: Path
    ) -> Moments:
        joints = np.where(found.known > 0, found.degrees, np.nan)
        frames = [
            motion.frame[nearest(motion.time_s, each.time_s)]
            for motion, each in zip(self._motions, (a, b), strict=True)
        ]
        return Moments(a.time_s, b.time_s, frames[0], frames[1], mean, joints, path.weight)

    def _joints(
        self, found: Differences, known: Array, path: Path, moments: Moments
    ) -> tuple[JointDifference, ...]:
        weights = known * path.weight[:, None]
        totals = weights.sum(axis=0)
        strays = np.max([spreads(each) for each in self._moments], axis=0)
        joints = []
        for column, name in enumerate(NAMES):
            degrees, weight = found.degrees[:, column], weights[:, column]
            seen = float((path.weight * (known[:, column] > 0)).sum() / path.weight.sum())
            mean = worst = when = None
            if totals[column] > 0:
                mean = float((degrees * weight).sum() / totals[column])
                worst, when = worst_of(moments, column)
            share = float(totals[column] / totals.sum()) if totals.sum() else 0.0
            joints.append(
                JointDifference(name, mean, worst, when, share, seen, float(strays[column]))
            )
        return tuple(joints)
