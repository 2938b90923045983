"""What repetitions are counted by: one number a frame and side, from world landmarks.

Heights are against the vertical of the picture and parts of the limb that they are measured by, so
they depend neither on the person's size nor on how far away the camera is.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from posemill.analysis.joints import inclination, picture_angle, place
from posemill.analysis.vectors import Array, norm

_Compute = Callable[[Array, str], Array]


class Feature(NamedTuple):
    """How to compute a number of world landmarks (n, 33, 3), and whose visibility counts.

    ``parts``: landmarks of the side. ``has_sides``: False where both sides are one movement.
    """

    compute: _Compute
    parts: Sequence[str]
    has_sides: bool = True


def _angle(part: str) -> _Compute:
    return lambda world, side: picture_angle(world, f"{side}_{part}")


def _rise(world: Array, *chain: str) -> Array:
    """Return how far the end of a chain of landmarks is above its start, by its length: -1..1."""
    places = [place(world, name) for name in chain]
    links = [after - before for before, after in pairwise(places)]
    length = np.asarray(sum(norm(link) for link in links))
    lift = -(places[-1] - places[0])[..., 1]
    return _ratio(lift, length)


def _apart(world: Array, pair: str) -> Array:
    """Return how far a pair is apart, in lengths of the legs."""
    legs = [
        norm(place(world, f"{side}_hip") - place(world, f"{side}_knee"))
        + norm(place(world, f"{side}_knee") - place(world, f"{side}_ankle"))
        for side in ("left", "right")
    ]
    apart = norm(place(world, f"left_{pair}") - place(world, f"right_{pair}"))
    length = np.asarray(sum(legs)) / 2
    return _ratio(apart, length)


def _ratio(part: Array, whole: Array) -> Array:
    found = np.full_like(part, np.nan)
    np.divide(part, whole, out=found, where=whole > 1e-9)
    return found


FEATURES: Final[Mapping[str, Feature]] = {
    # Degrees: 0 is straight, or an arm that hangs.
    "knee_flexion": Feature(_angle("knee"), ("hip", "knee", "ankle")),
    "hip_flexion": Feature(_angle("hip"), ("shoulder", "hip", "knee")),
    "elbow_flexion": Feature(_angle("elbow"), ("shoulder", "elbow", "wrist")),
    "arm_elevation": Feature(_angle("shoulder"), ("hip", "shoulder", "elbow")),
    # Degrees against the vertical: 0 upright, 90 lying.
    "trunk_inclination": Feature(
        lambda world, side: inclination(world, f"{side}_hip", f"{side}_shoulder"),
        ("shoulder", "hip"),
    ),
    # Parts of a limb: 1 straight up, 0 level, -1 straight down.
    "hip_height": Feature(
        lambda world, side: _rise(world, f"{side}_ankle", f"{side}_knee", f"{side}_hip"),
        ("hip", "knee", "ankle"),
    ),
    "shoulder_height": Feature(
        lambda world, side: _rise(
            world, f"{side}_ankle", f"{side}_knee", f"{side}_hip", f"{side}_shoulder"
        ),
        ("shoulder", "hip", "ankle"),
    ),
    "knee_height": Feature(
        lambda world, side: _rise(world, f"{side}_hip", f"{side}_knee"), ("hip", "knee")
    ),
    "foot_height": Feature(
        lambda world, side: _rise(world, f"{side}_hip", f"{side}_knee", f"{side}_ankle"),
        ("hip", "knee", "ankle"),
    ),
    "wrist_height": Feature(
        lambda world, side: _rise(world, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"),
        ("shoulder", "elbow", "wrist"),
    ),
    # In lengths of the legs.
    "feet_apart": Feature(lambda world, _: _apart(world, "ankle"), ("ankle",), has_sides=False),
}
