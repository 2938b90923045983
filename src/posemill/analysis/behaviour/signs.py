"""What one person shows in a single frame: that they are there, that they call, a joint's angle."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from posemill.analysis.behaviour.body import MIN_VISIBILITY
from posemill.analysis.behaviour.held import Facts
from posemill.analysis.behaviour.zones import rounded
from posemill.analysis.joints import WORLD_ANGLES, landmarks_of
from posemill.skeleton import LANDMARK_INDEX
from posemill.types import FramePoses, Pose

Condition = Callable[[FramePoses], Facts | None]
Sign = Callable[[Pose], Facts | None]  # what one person shows

_SIDES: Final = ("left", "right")
_ARM: Final = ("shoulder", "elbow", "wrist")
_HEAD: Final = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


def people(sign: Sign, least: int) -> Condition:
    """Return the condition that at least so many people show a sign."""

    def holds(poses: FramePoses) -> Facts | None:
        shown = [(person.id, sign(person)) for person in poses.people]
        found = [{"id": number, **facts} for number, facts in shown if facts is not None]
        return {"people": found} if len(found) >= least else None

    return holds


def nobody(poses: FramePoses) -> Facts | None:
    """The condition that nobody is there."""
    return None if poses.people else {"people": []}


def present(person: Pose) -> Facts:
    """Somebody is there."""
    return {"score": round(person.score, 3)}


def hands_up(person: Pose) -> Facts | None:
    """Both wrists above nose, eyes and ears, both elbows above the shoulders."""
    sides = [[person[f"{side}_{part}"] for part in _ARM] for side in _SIDES]
    head = [person[name] for name in _HEAD]
    seen = [each.y for each in head if each.visibility >= MIN_VISIBILITY]
    if not seen or min(each.visibility for side in sides for each in side) < MIN_VISIBILITY:
        return None
    wrists = [min(seen) - wrist.y for _, _, wrist in sides]
    elbows = [shoulder.y - elbow.y for shoulder, elbow, _ in sides]
    if min(*wrists, *elbows) <= 0:
        return None
    return {"wrists_over_head": rounded(wrists), "elbows_over_shoulders": rounded(elbows)}


def angle_sign(angle: str, above: float | None, below: float | None) -> Sign:
    """Return the sign that a joint's angle is above and below limits, degrees.

    ``angle``: one of ``WORLD_ANGLES``, as ``left_knee_flexion``. Where its landmarks aren't seen
    it is no sign.
    """
    return partial(_angle, angle, above, below)


def _angle(angle: str, above: float | None, below: float | None, person: Pose) -> Facts | None:
    used = [LANDMARK_INDEX[name] for name in landmarks_of(angle)]
    if float(person.landmarks[used, 3].min()) < MIN_VISIBILITY:
        return None
    value = float(np.asarray(WORLD_ANGLES[angle](person.world[None].astype(float)))[0])
    is_above = above is None or value > above
    is_below = below is None or value < below
    if not np.isfinite(value) or not (is_above and is_below):
        return None
    return {"angle": angle, "degrees": round(value, 1)}
