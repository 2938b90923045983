"""The axes of pelvis and thorax, and how limbs, trunk and head stand to them, in degrees.

World landmarks have x right, y down, z away from the camera; so the vertical is that of the
picture, and a camera that is tilted tilts what is measured against it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.analysis.vectors import Array, cross, dot, norm, unit, without
from posemill.skeleton import LANDMARK_INDEX

Mask = npt.NDArray[np.bool_]

SIDES: Final = ("left", "right")
UP: Final = np.array([0.0, -1.0, 0.0])
# Of a limb's length: less of it in a plane, and its angle there says nothing (30 degrees).
_SHADOW: Final = 0.5
# Of the trunk: nearer than that to lying on a side, forward and sideways can't be told apart.
_ASIDE: Final = 0.3
# Where angles begin that go round: where no hip, and no arm, ever is.
_HIP_FROM, _ARM_FROM, _PLANE_FROM = -150.0, -90.0, -135.0
_NEAR_POLE: Final = 0.26  # 15 degrees: the plane of an arm that hangs, or is straight up


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


def pelvis(world: Array) -> tuple[Array, Array, Array]:
    """Return forward, up and left of the pelvis, (n, 3) each, of length 1.

    Left from hip to hip; up along the trunk, square to it.
    """
    return _axes(world, "hip")


def thorax(world: Array) -> tuple[Array, Array, Array]:
    """Return forward, up and left of the thorax: left from shoulder to shoulder."""
    return _axes(world, "shoulder")


def hip(world: Array, side: str) -> tuple[Array, Array]:
    """Return flexion and abduction of a thigh within the pelvis (Grood and Suntay 1983).

    Flexion about the axis from hip to hip, then abduction about the one square to that and to
    the thigh.
    """
    ahead, up, out = _within(pelvis(world), world, side, "hip", "knee")
    abduction = np.arctan2(out, np.hypot(ahead, up))
    flexion = _turned(np.arctan2(ahead, -up), _HIP_FROM)
    return _where(np.hypot(ahead, up) > _NEAR_POLE, flexion), np.degrees(abduction)


def shoulder(world: Array, side: str) -> dict[str, Array]:
    """Return where an upper arm points within the thorax.

    ``elevation``: from hanging (0) to overhead (180). ``plane`` of it: 0 sideways, 90 forward,
    unknown of an arm that hangs or is overhead. ``flexion`` and ``abduction``: what a goniometer
    reads from the side and from the front, -90 to 270; unknown where little of the arm is seen
    from there, as the flexion of an arm straight out to the side.
    """
    ahead, up, out = _within(thorax(world), world, side, "shoulder", "elbow")
    return {
        "elevation": np.degrees(np.arctan2(np.hypot(ahead, out), -up)),
        "plane": _where(
            np.hypot(ahead, out) > _NEAR_POLE, _turned(np.arctan2(ahead, out), _PLANE_FROM)
        ),
        "flexion": _goniometer(ahead, up),
        "abduction": _goniometer(out, up),
    }


def trunk(world: Array) -> tuple[Array, Array]:
    """Return how far the trunk leans forward and to the left, against the vertical.

    Left is the mean of hips and shoulders. Unknown of somebody who lies on a side.
    """
    part = unit(place(world, "shoulders") - place(world, "hips"))
    across = [
        place(world, f"left_{pair}") - place(world, f"right_{pair}") for pair in ("hip", "shoulder")
    ]
    level = without(unit(across[0] + across[1]), UP)
    left, up = unit(level), np.broadcast_to(UP, level.shape)
    forward = cross(left, up)
    return _lean(part, forward, up, left, norm(level) > _ASIDE)


def neck(world: Array) -> tuple[Array, Array]:
    """Return how far the neck bends forward and to the left, within the thorax."""
    forward, up, left = thorax(world)
    part = unit(place(world, "ears") - place(world, "shoulders"))
    return _lean(part, forward, up, left, np.ones(part.shape[:-1], bool))


def twist(world: Array) -> Array:
    """Return how far the shoulders are turned to the left of the hips, about the trunk."""
    up = unit(place(world, "shoulders") - place(world, "hips"))
    hips, shoulders = (
        unit(without(place(world, f"left_{pair}") - place(world, f"right_{pair}"), up))
        for pair in ("hip", "shoulder")
    )
    return np.degrees(np.arctan2(dot(cross(hips, shoulders), up), dot(hips, shoulders)))


def obliquity(world: Array) -> Array:
    """Return how far the left hip is above the right one, against the horizontal."""
    across = place(world, "left_hip") - place(world, "right_hip")
    return np.degrees(np.arctan2(-across[..., 1], np.hypot(across[..., 0], across[..., 2])))


def spread(world: Array, pair: str) -> Array:
    """Return how far two landmarks of a pair are apart along the hips, in hip widths."""
    across = place(world, "left_hip") - place(world, "right_hip")
    apart = place(world, f"left_{pair}") - place(world, f"right_{pair}")
    width = norm(across)
    return np.asarray(dot(apart, unit(across)) / np.where(width > 0, width, np.nan))


def _axes(world: Array, pair: str) -> tuple[Array, Array, Array]:
    left = unit(place(world, f"left_{pair}") - place(world, f"right_{pair}"))
    trunk = place(world, "shoulders") - place(world, "hips")
    up = unit(without(trunk, left))
    return cross(left, up), up, left


def _within(
    axes: tuple[Array, Array, Array], world: Array, side: str, near: str, far: str
) -> tuple[Array, Array, Array]:
    """Return how much of a limb points forward, up and outward, parts of its length."""
    forward, up, left = axes
    limb = unit(place(world, f"{side}_{far}") - place(world, f"{side}_{near}"))
    return dot(limb, forward), dot(limb, up), dot(limb, left if side == "left" else -left)


def _goniometer(across: Array, up: Array) -> Array:
    return _where(np.hypot(across, up) > _SHADOW, _turned(np.arctan2(across, -up), _ARM_FROM))


def _turned(angle_rad: Array, least: float) -> Array:
    """Return angles in degrees from ``least`` to a whole turn more."""
    return np.asarray((np.degrees(angle_rad) - least) % 360 + least)


def _lean(part: Array, forward: Array, up: Array, left: Array, known: Mask) -> tuple[Array, Array]:
    ahead, high, aside = dot(part, forward), dot(part, up), dot(part, left)
    lean = _where(known & (np.hypot(ahead, high) > _NEAR_POLE), np.arctan2(ahead, high))
    return np.degrees(lean), np.degrees(_where(known, np.arctan2(aside, np.hypot(ahead, high))))


def _where(known: Mask, values: Array) -> Array:
    return np.where(known, values, np.nan)
