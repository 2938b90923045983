"""What 0 to 100 means: how far limbs are off, in degrees, as one number.

    similarity = 100 * 2 ** -(difference / 25) ** 3

The difference is a weighted mean over all that is compared and over time. 100 is the same; 50 is
limbs that are 25 degrees off on the average. Up to 10 degrees the curve is flat (94 and more),
since so much two cameras differ that see the same moment; from 35 degrees on (15) it is another
posture.
"""

from typing import Final

import numpy as np

from posemill.analysis.vectors import Array

HALF_DEG: Final = 25.0
_POWER: Final = 3


def similarity(degrees: Array) -> Array:
    """Return 0..100 for differences in degrees; NaN stays NaN."""
    return np.asarray(100 * 2.0 ** -((np.asarray(degrees, float) / HALF_DEG) ** _POWER))


def whole(posture: float | None, movement: float | None) -> float | None:
    """Return the similarity of two movements: the geometric mean, so that both must be high."""
    if posture is None or movement is None:
        return posture
    return float(np.sqrt(posture * movement))
