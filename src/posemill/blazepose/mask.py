"""The segmentation mask: from the model's tensor to the picture, smoothed over time.

Sources: mediapipe/calculators/tensor/tensors_to_segmentation_converter_opencv.cc,
image/warp_affine_calculator.cc, image/segmentation_smoothing_calculator.cc.
"""

import numpy as np

from posemill.blazepose.constants import LANDMARK_SIZE, MASK_PREVIOUS_RATIO, MASK_UNCERTAINTY
from posemill.blazepose.landmarks import sigmoid
from posemill.blazepose.roi import Region, crop_matrix
from posemill.types import Floats
from posemill.warp import warp_plane


def project_mask(raw: Floats, region: Region, size_px: tuple[int, int]) -> Floats:
    """Return the mask at the size of the picture: float32 (height, width), 0..1.

    ``raw``: float32 (256, 256) logits in the region's crop. Outside of the region it is 0.
    """
    to_picture = np.vstack([crop_matrix(region, LANDMARK_SIZE), [0, 0, 1]])
    to_crop = np.linalg.inv(to_picture)[:2].astype(np.float32)  # MediaPipe's is float too
    return warp_plane(sigmoid(raw), to_crop.astype(np.float64), size_px)


def smooth_mask(previous: Floats | None, mask: Floats) -> Floats:
    """Blend an uncertain mask with the previous one, which may be None; both float32."""
    if previous is None or previous.shape != mask.shape:
        return mask
    squared = np.square(mask - np.float32(0.5))
    certainty = np.zeros_like(squared)
    for coefficient in reversed(MASK_UNCERTAINTY):
        certainty = (certainty + np.float32(coefficient)) * squared
    uncertainty = 1 - np.minimum(certainty, 1)
    blended: Floats = mask + (previous - mask) * (uncertainty * np.float32(MASK_PREVIOUS_RATIO))
    return blended
