"""How somebody is placed in a frame: upright or not, near the ground or not, lying or not."""

import math
from dataclasses import dataclass
from typing import Final

from posemill.analysis.behaviour.body import TRUNK_M
from posemill.analysis.behaviour.following import Person

# Hips of one who sits on a chair are 0.43 to 0.5 m over the ankles (the shank is 0.246 of a
# stature, 0.42 m); of one who lies or sits on the ground hardly over them.
LOW_M: Final = 0.35
# Thighs are 0.42 m long: if knees are less than half of that under the hips, they are nearer to the
# horizontal than to the vertical.
_FLAT_M: Final = 0.2
# Bending, stooping and sitting close the hip; lying opens it or has the hips near the ground.
_OPEN_DEG: Final = 110.0
# On straight arms, hands are an arm's length (0.56 m with the hand) under the shoulders, and under
# the hips: in a push-up, on hands and knees, crawling.
_ARM_M, _UNDER_HIPS_M = 0.35, 0.15
UPRIGHT_DEG: Final = 40.0


@dataclass(frozen=True, slots=True)
class Posture:
    """``inclination``: of the trunk against the vertical, degrees, 0 upright.

    ``hip_height_m``: hips over ankles, None where these aren't seen. ``is_low``: hips near the
    ground, a bed, or wherever the feet are; None where that isn't seen. ``is_open``: thighs are
    flat and continue the trunk. ``is_on_arms``: the trunk rests on straight arms.
    """

    inclination: float
    hip_height_m: float | None
    is_low: bool | None
    is_open: bool
    is_on_arms: bool

    def is_lying(self, from_deg: float) -> bool:
        """Whether somebody lies, with the trunk inclined so much: seen to, not only unseen."""
        is_down = self.is_low or self.is_open
        return self.inclination >= from_deg and is_down and not self.is_on_arms


def posture_of(person: Person) -> Posture:
    """Return how somebody is placed.

    The trunk's inclination comes from how much of its height is left in the picture, so that it is
    the same to all sides, towards the camera too. It is what a level camera sees: from above, all
    people seem to lie.
    """
    body = person.body
    left_m = person.metres(body.hips[1] - body.shoulders[1])
    inclination = math.degrees(math.acos(max(-1.0, min(1.0, left_m / TRUNK_M))))
    hip_height_m = None if body.ankles_y is None else person.metres(body.ankles_y - body.hips[1])
    thighs_m = None if body.knees_y is None else person.metres(body.knees_y - body.hips[1])
    is_flat = thighs_m is not None and abs(thighs_m) <= _FLAT_M
    return Posture(
        inclination=inclination,
        hip_height_m=hip_height_m,
        is_low=None if hip_height_m is None else hip_height_m <= LOW_M,
        is_open=is_flat and body.hip_angle is not None and body.hip_angle >= _OPEN_DEG,
        is_on_arms=_is_on_arms(person),
    )


def _is_on_arms(person: Person) -> bool:
    """By the picture or by ``world``: one is wrong in perspective, the other in odd postures."""
    body = person.body
    if body.wrists_y is None or body.wrists_m is None:
        return False
    seen_m = (
        person.metres(body.wrists_y - body.shoulders[1]),
        person.metres(body.wrists_y - body.hips[1]),
    )
    return any(
        under_shoulders >= _ARM_M and under_hips >= _UNDER_HIPS_M
        for under_shoulders, under_hips in (seen_m, body.wrists_m)
    )
