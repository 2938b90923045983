"""One body turned onto another, so that the camera's view doesn't count: Procrustes on directions.

The best rotation of one set of directions onto another is Wahba's problem (1965), solved by a
singular value decomposition (Kabsch 1976; Markley 1988). Directions have no place and no length,
so place, scale and proportions are gone beforehand.

How somebody faces the camera may differ by any angle. But up is up: two cameras are seldom tilted
against each other by more than 45 degrees. A rotation that tilts the vertical further is taken for
a difference of the bodies, and less and less of it is taken away, nothing at 90 degrees: one who
lies is not one who stands, seen from above.
"""

from typing import Final, NamedTuple

import numpy as np

from posemill.analysis.comparing.features import ANGLES, DIRECTIONS, NAMES, Features
from posemill.analysis.vectors import Array, between

MAX_TILT_DEG: Final = 45.0
_UP: Final = np.array([0.0, -1.0, 0.0])
_TRUNK_COLUMN: Final = NAMES.index("trunk")
_DIRECTION_COLUMNS: Final = [NAMES.index(name) for name in DIRECTIONS]
_ANGLE_COLUMNS: Final = [NAMES.index(name) for name in ANGLES]


class Differences(NamedTuple):
    """Pairs of moments compared.

    ``degrees``: (p, len(NAMES)). ``known``: how well both are seen, 0 where unknown.
    ``rotation``: (p, 3, 3), what the second was turned by; ``turn``, ``tilt``: degrees (p,) of
    that about the vertical, and by which it tilts it.
    """

    degrees: Array
    known: Array
    rotation: Array
    turn: Array
    tilt: Array


def differences(a: Features, b: Features) -> Differences:
    """Return how far apart two bodies are at ``p`` moments of each, the view taken away."""
    known = np.sqrt(a.seen * b.seen)
    rotation, turn, tilt = _rotations(a, b, known)
    turned = np.einsum("pij,psj->psi", rotation, b.directions)
    degrees = np.zeros_like(known)
    degrees[:, _DIRECTION_COLUMNS] = np.nan_to_num(between(a.directions, turned))
    degrees[:, _ANGLE_COLUMNS] = np.abs(a.angles - b.angles)
    degrees[:, _TRUNK_COLUMN] = np.abs(a.inclination - b.inclination)
    return Differences(degrees, known, rotation, turn, tilt)


def _rotations(a: Features, b: Features, known: Array) -> tuple[Array, Array, Array]:
    """Return rotations (p, 3, 3) of ``b`` onto ``a``, and what they do to the vertical."""
    ours = np.concatenate([a.directions, a.frame], axis=1)
    theirs = np.concatenate([b.directions, b.frame], axis=1)
    # The trunk is there even where nobody sees it well: without it a pair may have no rotation.
    trunk = np.maximum(known[:, [_TRUNK_COLUMN]], 0.1)
    weights = np.concatenate([known[:, _DIRECTION_COLUMNS], np.repeat(trunk, 3, axis=1)], axis=1)
    together = np.einsum("ps,psi,psj->pij", weights, ours, theirs)
    u, _, v = np.linalg.svd(together)
    sign = np.where(np.linalg.det(u @ v) < 0, -1.0, 1.0)
    u[:, :, 2] *= sign[:, None]
    rotation = u @ v
    up = rotation @ _UP
    tilt = between(up, np.broadcast_to(_UP, up.shape))
    axis = np.cross(up, _UP)
    length = np.linalg.norm(axis, axis=-1, keepdims=True)
    axis = np.divide(axis, length, out=np.tile((1.0, 0.0, 0.0), (len(up), 1)), where=length > 1e-9)
    # About the axis that brings up back to up: all of the tilt gives the turn alone.
    upright = _about(axis, tilt) @ rotation
    turn = np.degrees(np.arctan2(upright[:, 0, 2], upright[:, 2, 2]))
    allowed = np.where(tilt <= MAX_TILT_DEG, tilt, np.maximum(2 * MAX_TILT_DEG - tilt, 0.0))
    return _about(axis, tilt - allowed) @ rotation, turn, tilt


def _about(axis: Array, degrees: Array) -> Array:
    """Return rotations about axes (p, 3) by angles (p,) (Rodrigues)."""
    angle = np.radians(degrees)[:, None, None]
    x, y, z = axis.T
    zero = np.zeros_like(x)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross))


def aligned_turn(turn: Array) -> float:
    """Return the usual turn of many, degrees -180..180, by the mean of directions."""
    angle = np.radians(turn)
    return float(np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())))
