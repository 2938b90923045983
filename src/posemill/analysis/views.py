"""From where a person is seen: what is in depth is only estimated, so it is less sure."""

import numpy as np

from posemill.analysis.joints import place
from posemill.analysis.motion import Motion

_FRONT, _SIDE = 30.0, 60.0


def facing(motion: Motion) -> float:
    """Return the usual angle between shoulders and hips, and the picture, degrees.

    0: seen from the front or the back; 90: from a side.
    """
    if not len(motion):
        return float("nan")
    across = sum(
        place(motion.world, f"left_{pair}") - place(motion.world, f"right_{pair}")
        for pair in ("shoulder", "hip")
    )
    assert isinstance(across, np.ndarray)
    return float(np.median(np.degrees(np.arctan2(np.abs(across[:, 2]), np.abs(across[:, 0])))))


def view_of(motion: Motion) -> str:
    """Return ``front``, ``back``, ``side`` or ``oblique``; ``unknown`` of nobody."""
    angle = facing(motion)
    if np.isnan(angle):
        return "unknown"
    if angle > _SIDE:
        return "side"
    if angle > _FRONT:
        return "oblique"
    left = place(motion.world, "left_shoulder")[:, 0]
    right = place(motion.world, "right_shoulder")[:, 0]
    return "front" if float(np.median(left - right)) > 0 else "back"
