"""How far a comparison may be off, and why one had better look oneself."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posemill.analysis.comparing.comparison import JointDifference
from posemill.analysis.motion import Motion

# The mean difference between two cameras that see the same moment of the same person is an error
# of the model: measured on the four cameras of pose2sim (docs/en/comparing.md).
_SAME_VIEW_DEG: Final = 3.0
_ACROSS_DEG: Final = 16.0
_TURNED_DEG: Final = 45.0
_TILTED_DEG: Final = 20.0
_SMALL_PX: Final = 100.0
_LEAST_SEEN: Final = 0.5
_STILL_DEG: Final = 5.0


def uncertainty(turn: float, known_share: float) -> float:
    """Return by how many degrees the mean difference may be wrong.

    It grows with the angle between the views, and with what isn't seen in both.
    """
    across = float(np.sin(np.radians(min(abs(turn), 90.0))))
    seen = max(known_share, 0.1)
    return (_SAME_VIEW_DEG + (_ACROSS_DEG - _SAME_VIEW_DEG) * across) / float(np.sqrt(seen))


def doubts(
    motions: Sequence[Motion],
    known_share: float,
    turn: float,
    tilt: float,
    kind: str,
    joints: Sequence[JointDifference],
) -> tuple[str, ...]:
    """Return the reasons for doubt, in words that stay the same.

    ``hidden``: less than half of what counts is seen in both. ``outside``: more than a quarter of
    the landmarks is out of the picture. ``small``: somebody is less than 100 pixels tall.
    ``view``: seen from sides more than 45 degrees apart. ``tilt``: one camera, or body, is tilted
    by more than 20 degrees against the other one. ``still``: neither moves. ``part`` comes where
    the shorter one is much more like a part of the longer one than like all of it.
    """
    found = []
    if known_share < _LEAST_SEEN:
        found.append("hidden")
    if any(_outside(motion) > 0.25 for motion in motions):
        found.append("outside")
    if any(_size_px(motion) < _SMALL_PX for motion in motions):
        found.append("small")
    if abs(turn) > _TURNED_DEG:
        found.append("view")
    if tilt > _TILTED_DEG:
        found.append("tilt")
    if kind == "clips" and max(joint.moves_deg for joint in joints) < _STILL_DEG:
        found.append("still")
    return tuple(found)


def _outside(motion: Motion) -> float:
    place = motion.landmarks[:, :, :2]
    return float(((place < 0) | (place > 1)).any(axis=2).mean())


def _size_px(motion: Motion) -> float:
    points = motion.points_px
    spans = points.max(axis=1) - points.min(axis=1)
    return float(np.median(spans.max(axis=1)))
