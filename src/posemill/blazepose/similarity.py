"""How much two bodies are alike, and who is who: OKS and the optimal assignment.

Source of OKS (object keypoint similarity) and of the spreads of COCO's 17 keypoints: the COCO
keypoint evaluation, cocodataset.org. The other landmarks have the spread of their neighbours.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.blazepose.look import Body
from posemill.types import Floats

_FACE, _EAR, _MOUTH = 0.025, 0.035, 0.026
_SHOULDER, _ELBOW, _WRIST = 0.079, 0.072, 0.062
_HIP, _KNEE, _ANKLE = 0.107, 0.087, 0.089
SPREADS: Final = np.array(
    [0.026, *[_FACE] * 6, _EAR, _EAR, _MOUTH, _MOUTH]
    + [_SHOULDER] * 2
    + [_ELBOW] * 2
    + [_WRIST] * 8
    + [_HIP] * 2
    + [_KNEE] * 2
    + [_ANKLE] * 6,
    np.float32,
)
# OKS measures by the root of a person's area, which is about 0.2 of the square around them.
AREA_OF_SQUARE: Final = 0.2
SAME_BODY: Final = 0.6
# Faces as near as this, in parts of the larger square, are one face: a head is about 0.15.
SAME_FACE: Final = 0.06
_FACES: Final = slice(0, 11)


def oks(one: Body, others: Sequence[Body]) -> Floats:
    """Return how much each of ``others`` is like ``one``, 0..1, at the scale of the larger."""
    if not others:
        return np.zeros(0, np.float32)
    points = np.stack([other.landmarks[:, :2] for other in others])
    sides = np.array([max(one.extent.side_px, other.extent.side_px) for other in others])
    distance2 = ((points - one.landmarks[:, :2]) ** 2).sum(axis=2)
    variance = (2 * SPREADS) ** 2 * (AREA_OF_SQUARE * sides[:, None] ** 2) * 2
    return np.asarray(np.exp(-distance2 / np.maximum(variance, 1e-9)).mean(axis=1), np.float32)


def same_body(one: Body, others: Sequence[Body]) -> npt.NDArray[np.bool_]:
    """Return which of ``others`` show the body that ``one`` shows, or the same face."""
    if not others:
        return np.zeros(0, np.bool_)
    faces = np.stack([other.landmarks[_FACES, :2] for other in others])
    apart = np.linalg.norm(faces - one.landmarks[_FACES, :2], axis=2).mean(axis=1)
    sides = np.array([max(one.extent.side_px, other.extent.side_px) for other in others])
    return np.asarray((oks(one, others) > SAME_BODY) | (apart < SAME_FACE * sides))


def assign(likeness: Floats, least: float) -> list[tuple[int, int]]:
    """Return the pairs (row, column) that are most alike together, none below ``least``.

    ``likeness``: float32 (rows, columns). Source: ``scipy.optimize.linear_sum_assignment``.
    """
    if not likeness.size:
        return []
    if likeness.shape == (1, 1):
        rows: npt.NDArray[np.intp] = np.zeros(1, np.intp)
        columns = rows
    else:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to import

        rows, columns = linear_sum_assignment(likeness, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in pairs if likeness[row, column] >= least]
