"""Reasons not to trust an angle, each a word."""

from typing import Final

import numpy as np

from posemill.analysis.cleaning import CUTOFF_HZ, Array, is_filtered
from posemill.analysis.joints import SPREADS, index, landmarks_of, limits
from posemill.analysis.motion import Motion

HIDDEN, GAPS = 0.5, 0.9  # of the time, that landmarks are seen
DISTORTED_DEG, UNSURE_DEG = 10.0, 20.0
SMALL_PX: Final = 96.0
OUTSIDE: Final = 0.1  # of the time, that one is out of the picture


def doubts_of(
    motion: Motion, name: str, values: Array, seen: float, flat: float, sure: float
) -> tuple[str, ...]:
    """Return why not to trust an angle: see ``Angle``.

    ``seen``: the share of frames; ``flat``: its distortion; ``sure``: its uncertainty.
    """
    low, high = limits(name)
    known = values[np.isfinite(values)]
    columns = [index(each) for each in landmarks_of(name)]
    places = motion.landmarks[:, columns, :2]
    outside = np.asarray(((places < 0) | (places > 1)).any(axis=(1, 2)))
    reasons = {
        "hidden": seen < HIDDEN,
        "gaps": HIDDEN <= seen < GAPS,
        "oblique": flat > DISTORTED_DEG,
        "unsure": name not in SPREADS and sure > UNSURE_DEG,
        "impossible": bool(((known < low) | (known > high)).any()),
        "outside": bool(len(outside)) and float(outside.mean()) > OUTSIDE,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def common_doubts(motion: Motion, points_px: Array, cutoff_hz: float | None) -> tuple[str, ...]:
    """Return the doubts that all angles of a motion share."""
    if not len(motion):
        return ()
    spans = (points_px.max(axis=1) - points_px.min(axis=1)).max(axis=1)
    reasons = {
        "small": float(np.median(spans)) < SMALL_PX,
        "slow": len(motion) > 1 and not is_filtered(motion.time_s, cutoff_hz or CUTOFF_HZ),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)
