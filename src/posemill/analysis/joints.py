"""The named angles: what each is between, its zero and its sign.

Joints follow the clinical terms of the International Society of Biomechanics (Wu et al. 2002 and
2005): zero in the upright standing body with hanging arms, flexion, abduction and dorsiflexion
positive. In space (``world``), hip and shoulder have their movement split into a sagittal and a
frontal part within the pelvis or the thorax. In the picture (2D) an angle is what a protractor on
the picture would read: three landmarks, without a direction. So the names differ where the
meaning does: ``hip_flexion`` in space, ``hip_angle`` in the picture.

Landmarks are not bone axes: a rotation about a segment's own axis (of thigh, shank, arm) can't be
told from them, and is left out rather than guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from posemill.analysis.vectors import Array, between, dot, unit, without
from posemill.skeleton import LANDMARK_INDEX

SIDES: Final = ("left", "right")
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
_UP: Final = np.array([0.0, -1.0, 0.0])

_Compute = Callable[[Array], Array]


def index(name: str) -> int:
    """Return the number of a landmark."""
    return LANDMARK_INDEX[name]


def place(points: Array, name: str) -> Array:
    """Return one landmark of ``points`` (n, 33, k), or the middle of the two of a pair.

    ``name``: as ``left_knee``; ``hips``, ``shoulders``, ``ankles``, ``wrists``, ``knees``,
    ``elbows``, ``ears`` for pairs.
    """
    if name in LANDMARK_INDEX:
        return points[..., LANDMARK_INDEX[name], :]
    single = name.removesuffix("s")
    left, right = (points[..., LANDMARK_INDEX[f"{side}_{single}"], :] for side in SIDES)
    return np.asarray((left + right) / 2)


def triple(joint: str) -> tuple[str, str, str]:
    """Return the landmarks of a joint's angle, as of ``left_knee``: outer, middle, outer."""
    side, part = joint.split("_", 1)
    first, middle, last = (f"{side}_{each}" for each in _TRIPLES[part])
    return first, middle, last


def picture_angle(points: Array, joint: str) -> Array:
    """Return a joint's angle from three landmarks in any number of dimensions, degrees.

    ``joint``: as ``left_knee``. Zero in standing; a straight knee, elbow or wrist is 0, an arm
    that hangs is 0, a foot square to the shank is 0 and flexes to positive angles.
    """
    first, middle, last = (points[..., LANDMARK_INDEX[name], :] for name in triple(joint))
    angle = between(first - middle, last - middle)
    part = joint.split("_", 1)[1]
    if part == "shoulder":
        return angle
    return np.asarray(_ZERO.get(part, _STRAIGHT) - angle)


def pelvis(world: Array) -> tuple[Array, Array, Array]:
    """Return forward, up and left of the pelvis, (n, 3) each, of length 1.

    Left from hip to hip; up along the trunk, square to it.
    """
    return _axes(world, "hip")


def thorax(world: Array) -> tuple[Array, Array, Array]:
    """Return forward, up and left of the thorax: left from shoulder to shoulder."""
    return _axes(world, "shoulder")


def _axes(world: Array, pair: str) -> tuple[Array, Array, Array]:
    left = unit(place(world, f"left_{pair}") - place(world, f"right_{pair}"))
    trunk = place(world, "shoulders") - place(world, "hips")
    up = unit(without(trunk, left))
    return np.cross(left, up), up, left


def _split(world: Array, side: str, part: str) -> tuple[Array, Array]:
    """Return flexion and abduction of thigh or upper arm within pelvis or thorax, degrees."""
    near, far, axes = {"hip": ("hip", "knee", pelvis), "shoulder": ("shoulder", "elbow", thorax)}[
        part
    ]
    forward, up, left = axes(world)
    limb = unit(place(world, f"{side}_{far}") - place(world, f"{side}_{near}"))
    outer = left if side == "left" else -left
    flexion = np.arctan2(dot(limb, forward), -dot(limb, up))
    abduction = np.arctan2(dot(limb, outer), np.hypot(dot(limb, forward), dot(limb, up)))
    return np.degrees(flexion), np.degrees(abduction)


def _tilts(world: Array) -> tuple[Array, Array]:
    """Return how far the trunk leans forward and to the left, against the vertical, degrees."""
    trunk = unit(place(world, "shoulders") - place(world, "hips"))
    left = unit(
        without(
            np.asarray(
                place(world, "left_hip")
                - place(world, "right_hip")
                + place(world, "left_shoulder")
                - place(world, "right_shoulder")
            ),
            _UP,
        )
    )
    forward = np.cross(left, np.broadcast_to(_UP, left.shape))
    up = dot(trunk, np.broadcast_to(_UP, trunk.shape))
    lean = np.degrees(np.arctan2(dot(trunk, forward), up))
    side = np.degrees(np.arctan2(dot(trunk, left), np.hypot(dot(trunk, forward), up)))
    return lean, side


def _spread(world: Array, pair: str) -> Array:
    """Return how far two landmarks of a pair are apart along the hips, in hip widths."""
    across = place(world, "left_hip") - place(world, "right_hip")
    apart = place(world, f"left_{pair}") - place(world, f"right_{pair}")
    width = np.linalg.norm(across, axis=-1)
    return np.asarray(dot(apart, unit(across)) / np.where(width > 0, width, np.nan))


def _of_sides() -> dict[str, _Compute]:
    found: dict[str, _Compute] = {}
    for side in SIDES:
        for part, name in (
            ("knee", "knee_flexion"),
            ("elbow", "elbow_flexion"),
            ("ankle", "ankle_dorsiflexion"),
        ):
            found[f"{side}_{name}"] = _angle(f"{side}_{part}")
        for part in ("hip", "shoulder"):
            for number, way in enumerate(("flexion", "abduction")):
                found[f"{side}_{part}_{way}"] = _part(side, part, number)
        found[f"{side}_shoulder_elevation"] = _angle(f"{side}_shoulder")
    return found


def _angle(joint: str) -> _Compute:
    return lambda world: picture_angle(world, joint)


def _part(side: str, part: str, number: int) -> _Compute:
    return lambda world: _split(world, side, part)[number]


def inclination(points: Array, start: str, end: str) -> Array:
    """Return the angle of a segment against the vertical, degrees: 0 up, 180 down.

    ``points``: (n, 33, 2) in pixels or (n, 33, 3) in metres.
    """
    segment = place(points, end) - place(points, start)
    return between(segment, np.broadcast_to(_UP[: points.shape[-1]], segment.shape))


# Angles in space, by name, from world landmarks (n, 33, 3); degrees but for the spreads.
WORLD_ANGLES: Final[Mapping[str, _Compute]] = {
    **_of_sides(),
    "trunk_lean": lambda world: _tilts(world)[0],
    "trunk_tilt": lambda world: _tilts(world)[1],
    "trunk_inclination": lambda world: inclination(world, "hips", "shoulders"),
}
# Angles in the picture plane, by name, from points in pixels (n, 33, 2).
PICTURE_ANGLES: Final[Mapping[str, _Compute]] = {
    **{f"{side}_{part}_angle": _angle(f"{side}_{part}") for side in SIDES for part in _TRIPLES},
    "trunk_inclination_angle": lambda points: inclination(points, "hips", "shoulders"),
}
# In hip widths: knees that come inward stay behind ankles and hips.
SPREADS: Final[Mapping[str, _Compute]] = {
    "knee_spread": lambda world: _spread(world, "knee"),
    "ankle_spread": lambda world: _spread(world, "ankle"),
}
# Segments whose inclination against the vertical is told: from, to.
SEGMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "trunk": ("hips", "shoulders"),
    "neck": ("shoulders", "ears"),
    **{f"{side}_thigh": (f"{side}_knee", f"{side}_hip") for side in SIDES},
    **{f"{side}_shank": (f"{side}_ankle", f"{side}_knee") for side in SIDES},
    **{f"{side}_upper_arm": (f"{side}_elbow", f"{side}_shoulder") for side in SIDES},
    **{f"{side}_forearm": (f"{side}_wrist", f"{side}_elbow") for side in SIDES},
}


def landmarks_of(name: str) -> Sequence[str]:
    """Return the landmarks that an angle depends on most: those whose visibility counts."""
    side, _, rest = name.partition("_")
    if side in SIDES:
        return triple(f"{side}_{rest.split('_', 1)[0]}")
    if name.startswith("trunk"):
        return tuple(f"{side}_{part}" for part in ("shoulder", "hip") for side in SIDES)
    return tuple(f"{side}_{name.split('_', 1)[0]}" for side in SIDES)
