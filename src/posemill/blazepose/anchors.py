"""The anchors of the detector.

Source: mediapipe/calculators/tflite/ssd_anchors_calculator.cc, ``GenerateAnchors``.
"""

from functools import cache
from itertools import groupby

import numpy as np

from posemill.blazepose.constants import (
    ANCHOR_OFFSET,
    ANCHORS_PER_STEP,
    DETECTOR_SIZE,
    DETECTOR_STRIDES,
)
from posemill.types import Floats


@cache
def anchor_centers() -> Floats:
    """Return the centers of all anchors, float32 (2254, 2), x and y in 0..1 of the crop.

    Every anchor is as large as the crop (``fixed_anchor_size``), so the center is all there
    is. Layers of one stride share a grid, whose cells then hold all their anchors in a row.
    """
    grids = []
    for stride, layers in groupby(DETECTOR_STRIDES):
        cells = -(-DETECTOR_SIZE // stride)
        steps = (np.arange(cells, dtype=np.float32) + np.float32(ANCHOR_OFFSET)) / cells
        x, y = np.meshgrid(steps, steps)
        repeats = ANCHORS_PER_STEP * len(list(layers))
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    centers = np.concatenate(grids).astype(np.float32)
    centers.flags.writeable = False
    return centers
