"""The named angles: what each is between, its zero and its sign.

Joints follow the clinical terms of the International Society of Biomechanics (Wu et al. 2002 and
2005): zero in the upright standing body with hanging arms, flexion, abduction and dorsiflexion
positive. In space (``world``), hip and shoulder have their movement split within the pelvis or
the thorax (``body_axes``). In the picture (2D) an angle is what a protractor on the picture would
read: three landmarks, without a direction. So the names differ where the meaning does:
``hip_flexion`` in space, ``hip_angle`` in the picture.

Landmarks are not bone axes: a rotation about a segment's own axis (of thigh, shank, arm) can't be
told from them, and is left out rather than guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from posemill.analysis.body_axes import (
    SIDES,
    UP,
    hip,
    neck,
    obliquity,
    place,
    shoulder,
    spread,
    trunk,
    twist,
)
from posemill.analysis.vectors import Array, between
from posemill.skeleton import LANDMARK_INDEX

__all__ = [
    "ALL_ANGLES",
    "PICTURE_ANGLES",
    "SEGMENTS",
    "SIDES",
    "SPREADS",
    "WORLD_ANGLES",
    "WRAPPING",
    "inclination",
    "index",
    "landmarks_of",
    "limits",
    "picture_angle",
    "place",
    "triple",
]

# What each angle of a side lies between: the outer two landmarks around the middle one.
_TRIPLES: Final[Mapping[str, tuple[str, str, str]]] = {
    "shoulder": ("hip", "shoulder", "elbow"),
    "elbow": ("shoulder", "elbow", "wrist"),
    "wrist": ("elbow", "wrist", "index"),
    "hip": ("shoulder", "hip", "knee"),
    "knee": ("hip", "knee", "ankle"),
    "ankle": ("knee", "ankle", "foot_index"),
}
# The zero of the joint in its triple, and whether the angle falls as the joint flexes.
_ZERO: Final = {"shoulder": 0.0, "ankle": 90.0}
_STRAIGHT: Final = 180.0
_TORSO: Final = tuple(f"{side}_{part}" for part in ("shoulder", "hip") for side in SIDES)
_NECK: Final = tuple(f"{side}_{part}" for part in ("shoulder", "ear") for side in SIDES)

_Compute = Callable[[Array], Array]


def index(name: str) -> int:
    """Return the number of a landmark."""
    return LANDMARK_INDEX[name]


def triple(joint: str) -> tuple[str, str, str]:
    """Return the landmarks of a joint's angle, as of ``left_knee``: outer, middle, outer."""
    side, part = joint.split("_", 1)
    first, middle, last = (f"{side}_{each}" for each in _TRIPLES[part])
    return first, middle, last


def picture_angle(points: Array, joint: str) -> Array:
    """Return a joint's angle from its landmarks in any number of dimensions, degrees.

    ``joint``: as ``left_knee``. Zero in standing; a straight knee, elbow or wrist is 0, an arm
    that hangs is 0, a sole square to the shank is 0 and flexes to positive angles. The sole goes
    from heel to toes: the line from the ankle, which is above it, would be 20 degrees off.
    """
    first, middle, last = (points[..., LANDMARK_INDEX[name], :] for name in triple(joint))
    side, part = joint.split("_", 1)
    end = middle if part != "ankle" else points[..., LANDMARK_INDEX[f"{side}_heel"], :]
    angle = between(first - middle, last - end)
    if part == "shoulder":
        return angle
    return np.asarray(_ZERO.get(part, _STRAIGHT) - angle)


def inclination(points: Array, start: str, end: str) -> Array:
    """Return the angle of a segment against the vertical, degrees: 0 up, 180 down.

    ``points``: (n, 33, 2) in pixels or (n, 33, 3) in metres.
    """
    segment = place(points, end) - place(points, start)
    return between(segment, np.broadcast_to(UP[: points.shape[-1]], segment.shape))


def _joint(joint: str) -> _Compute:
    return lambda points: picture_angle(points, joint)


def _segment(start: str, end: str) -> _Compute:
    return lambda points: inclination(points, start, end)


def _hip(side: str, number: int) -> _Compute:
    return lambda world: hip(world, side)[number]


def _shoulder(side: str, name: str) -> _Compute:
    return lambda world: shoulder(world, side)[name]


def _of_side(side: str) -> dict[str, _Compute]:
    return {
        f"{side}_knee_flexion": _joint(f"{side}_knee"),
        f"{side}_hip_flexion": _hip(side, 0),
        f"{side}_hip_abduction": _hip(side, 1),
        f"{side}_ankle_dorsiflexion": _joint(f"{side}_ankle"),
        f"{side}_elbow_flexion": _joint(f"{side}_elbow"),
        **{
            f"{side}_shoulder_{name}": _shoulder(side, name)
            for name in ("flexion", "abduction", "elevation", "plane")
        },
    }


# Segments whose inclination against the vertical is told: from, to. 0 is as in standing.
SEGMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "trunk": ("hips", "shoulders"),
    "neck": ("shoulders", "ears"),
    **{f"{side}_thigh": (f"{side}_knee", f"{side}_hip") for side in SIDES},
    **{f"{side}_shank": (f"{side}_ankle", f"{side}_knee") for side in SIDES},
    **{f"{side}_upper_arm": (f"{side}_elbow", f"{side}_shoulder") for side in SIDES},
    **{f"{side}_forearm": (f"{side}_wrist", f"{side}_elbow") for side in SIDES},
}
# Angles in space, by name, from world landmarks (n, 33, 3); degrees.
WORLD_ANGLES: Final[Mapping[str, _Compute]] = {
    **_of_side("left"),
    **_of_side("right"),
    "trunk_lean": lambda world: trunk(world)[0],
    "trunk_tilt": lambda world: trunk(world)[1],
    "trunk_rotation": twist,
    "neck_flexion": lambda world: neck(world)[0],
    "neck_tilt": lambda world: neck(world)[1],
    "pelvis_obliquity": obliquity,
    **{f"{name}_inclination": _segment(*ends) for name, ends in SEGMENTS.items()},
}
# Angles in the picture plane, by name, from points in pixels (n, 33, 2).
PICTURE_ANGLES: Final[Mapping[str, _Compute]] = {
    **{f"{side}_{part}_angle": _joint(f"{side}_{part}") for side in SIDES for part in _TRIPLES},
    "trunk_inclination_angle": _segment("hips", "shoulders"),
}
# In hip widths: knees that come inward stay behind ankles and hips.
SPREADS: Final[Mapping[str, _Compute]] = {
    "knee_spread": lambda world: spread(world, "knee"),
    "ankle_spread": lambda world: spread(world, "ankle"),
}
ALL_ANGLES: Final[Mapping[str, _Compute]] = {**WORLD_ANGLES, **PICTURE_ANGLES, **SPREADS}
# Those that may go all the way round, as in a somersault: from 180 on at -180.
WRAPPING: Final = frozenset({"trunk_lean"})


# What joints can do at the very most, dancers included; beyond it, landmarks are wrong.
_LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "knee_flexion": (-10, 165),
    "elbow_flexion": (-10, 165),
    "hip_flexion": (-60, 160),
    "hip_abduction": (-60, 100),
    "ankle_dorsiflexion": (-80, 55),
    "trunk_rotation": (-90, 90),
    "neck_flexion": (-85, 95),
    "neck_tilt": (-75, 75),
}


def limits(name: str) -> tuple[float, float]:
    """Return the least and the most that an angle of a living body can be, degrees."""
    base = name.removeprefix("left_").removeprefix("right_")
    return _LIMITS.get(base, (-float("inf"), float("inf")))


def landmarks_of(name: str) -> Sequence[str]:
    """Return the landmarks that an angle depends on most: those whose visibility counts."""
    base = name.removesuffix("_angle").removesuffix("_inclination")
    if base in SEGMENTS:
        return tuple(each for end in SEGMENTS[base] for each in _single(end))
    side, _, rest = name.partition("_")
    if side in SIDES:
        part = rest.split("_", 1)[0]
        more = (f"{side}_heel",) if part == "ankle" else ()
        return (*triple(f"{side}_{part}"), *more)
    if name.startswith("trunk"):
        return _TORSO
    if name.startswith("neck"):
        return _NECK
    part = name.split("_", 1)[0].replace("pelvis", "hip")
    return tuple(f"{side}_{part}" for side in SIDES)


def _single(name: str) -> tuple[str, ...]:
    if name in LANDMARK_INDEX:
        return (name,)
    return tuple(f"{side}_{name.removesuffix('s')}" for side in SIDES)
