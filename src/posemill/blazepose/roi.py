"""Regions of interest: the rotated squares that the models look at.

Sources: mediapipe/calculators/util/alignment_points_to_rects_calculator.cc,
rect_transformation_calculator.cc, mediapipe/calculators/tensor/image_to_tensor_utils.cc.
"""

from dataclasses import dataclass
from math import atan2, cos, floor, hypot, isfinite, pi, sin

import numpy as np

from posemill.blazepose.constants import ROI_SCALE, ROI_TARGET_ANGLE
from posemill.types import Floats
from posemill.warp import Matrix


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the picture: center and side in pixels, rotation in radians, clockwise."""

    x_px: float
    y_px: float
    side_px: float
    rotation: float = 0.0

    @property
    def usable(self) -> bool:
        """Whether a crop can be taken: finite, and neither empty nor absurdly large."""
        return all(map(isfinite, (self.x_px, self.y_px, self.rotation))) and 1 <= self.side_px < 1e6


def whole_picture(size_px: tuple[int, int]) -> Region:
    """Return the smallest upright square that holds a picture of (width, height)."""
    width, height = size_px
    return Region(width / 2, height / 2, float(max(width, height)))


def aligned_region(center_px: Floats, alignment_px: Floats) -> Region:
    """Return the square around one point that just reaches another, which it turns upwards.

    Both points are float (2,), x and y in pixels.
    """
    (x, y), (x_end, y_end) = center_px.tolist(), alignment_px.tolist()
    angle = ROI_TARGET_ANGLE - atan2(-(y_end - y), x_end - x)
    angle -= 2 * pi * floor((angle + pi) / (2 * pi))
    return Region(x, y, 2 * hypot(x_end - x, y_end - y), angle)


def widened(region: Region) -> Region:
    """Return the region with the margin that the landmark model was trained with."""
    return Region(region.x_px, region.y_px, region.side_px * ROI_SCALE, region.rotation)


def crop_matrix(region: Region, size: int) -> Matrix:
    """Return the map from a pixel of a crop of ``size`` to a pixel of the picture.

    float64 (2, 3). Pixels are counted by their corner, as OpenCV's ``boxPoints`` and
    ``getPerspectiveTransform`` do in MediaPipe, so that (0, 0) of the crop is the corner.
    """
    half = region.side_px / 2
    along_x, along_y = cos(region.rotation) * half, sin(region.rotation) * half
    step = np.array([[along_x, -along_y], [along_y, along_x]]) * (2 / size)
    corner = (region.x_px - along_x + along_y, region.y_px - along_y - along_x)
    return np.column_stack([step, corner])


def to_picture(points: Floats, region: Region) -> Floats:
    """Project points from 0..1 of a region's crop to pixels of the picture.

    ``points``: float32 (..., 2) -> float32 (..., 2). Source:
    mediapipe/calculators/util/landmark_projection_calculator.cc.
    """
    side = region.side_px
    c, s = cos(region.rotation) * side, sin(region.rotation) * side
    origin = [region.x_px - (c - s) / 2, region.y_px - (s + c) / 2]
    turn = np.array([[c, s], [-s, c]], np.float32)
    return np.asarray(points @ turn + np.array(origin, np.float32), np.float32)


def to_region(points_px: Floats, region: Region) -> Floats:
    """Project pixels of the picture to 0..1 of a region's crop: ``to_picture`` undone."""
    center = np.array([region.x_px, region.y_px], np.float32)
    turned = (points_px - center) @ _rotation(region)
    return np.asarray(turned / np.float32(region.side_px) + np.float32(0.5), np.float32)


def rotated(world: Floats, region: Region) -> Floats:
    """Turn world landmarks, float32 (n, 3), from the crop's axes to the picture's.

    Source: mediapipe/calculators/util/world_landmark_projection_calculator.cc.
    """
    result = world.copy()
    result[:, :2] = world[:, :2] @ _rotation(region).T
    return result


def _rotation(region: Region) -> Floats:
    c, s = cos(region.rotation), sin(region.rotation)
    return np.array([[c, -s], [s, c]], np.float32)
