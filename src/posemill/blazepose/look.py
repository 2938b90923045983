"""The two models on one frame: the detector on a square, the landmark model on regions.

Source: mediapipe/modules/pose_detection/pose_detection_cpu.pbtxt and
mediapipe/modules/pose_landmark/pose_landmark_by_roi_cpu.pbtxt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite

from posemill.blazepose.constants import (
    AUXILIARY,
    DETECTOR_RANGE,
    DETECTOR_SIZE,
    KEYPOINT_ALIGNMENT,
    KEYPOINT_CENTER,
    LANDMARK_RANGE,
    LANDMARK_SIZE,
)
from posemill.blazepose.detections import Detections, decode, suppress
from posemill.blazepose.landmarks import decode_landmarks, refine
from posemill.blazepose.mask import project_mask
from posemill.blazepose.models import Model, Models
from posemill.blazepose.roi import (
    Region,
    aligned_region,
    crop_matrix,
    rotated,
    to_picture,
    widened,
)
from posemill.options import PoseOptions
from posemill.skeleton import LANDMARK_COUNT
from posemill.types import Floats, Frame, Picture
from posemill.warp import crop


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where the detector sees a person, and how sure it is, 0..1.

    ``turned``: it saw nobody before the picture was turned.
    """

    region: Region
    score: float
    turned: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What the landmark model sees in one region, before any smoothing.

    ``landmarks``: float32 (33, 5), x, y, z in pixels. ``auxiliary``: the same, (2, 5).
    ``world``: float32 (33, 3), metres. ``mask``: float32 (height, width) or None.
    """

    score: float
    landmarks: Floats
    auxiliary: Floats
    world: Floats
    mask: Floats | None

    @property
    def extent(self) -> Region:
        """The square just around the body, turned as it stands."""
        return region_between(self.auxiliary)


def detect_in(
    pixels: Picture, square: Region, detector: Model, least: float, hint: float = 1.0
) -> list[Candidate]:
    """Return the people that the detector sees in one square of a picture, the surest first.

    ``least``: the lowest score of those who count and of those who are merged with them. Where
    nobody has it, those with a score of ``hint`` or more are returned.
    """
    low, high = DETECTOR_RANGE
    matrix = crop_matrix(square, DETECTOR_SIZE)

    def fill(tensor: Floats) -> None:
        scale = (high - low) / 255
        crop(pixels, matrix, tensor, replicate=False, scale=scale, offset=low)

    def read(boxes: Floats, scores: Floats) -> Detections:
        found = decode(boxes, scores, least)
        return suppress(found if len(found) else decode(boxes, scores, min(hint, least)))

    people = detector.run(fill, read)
    regions = [
        widened(aligned_region(points[KEYPOINT_CENTER], points[KEYPOINT_ALIGNMENT]))
        for points in to_picture(people.keypoints, square)
    ]
    return [
        Candidate(region, float(score))
        for region, score in zip(regions, people.scores, strict=True)
        if region.usable
    ]


def look(
    frame: Frame, regions: Sequence[Region], models: Models, options: PoseOptions
) -> list[Body | None]:
    """Return the body that the landmark model sees in each region, None where there is none."""
    jobs = [
        (_filling(frame, region), partial(_read, frame, region, models, options))
        for region in regions
    ]
    return models.landmark.run_all(jobs) if jobs else []


def region_between(auxiliary_px: Floats) -> Region:
    """Return the square that two auxiliary landmarks, (2, 2 or more), span."""
    return aligned_region(auxiliary_px[0, :2], auxiliary_px[1, :2])


def _filling(frame: Frame, region: Region) -> Callable[[Floats], None]:
    low, high = LANDMARK_RANGE
    matrix = crop_matrix(region, LANDMARK_SIZE)

    def fill(tensor: Floats) -> None:
        scale = (high - low) / 255
        crop(frame.pixels, matrix, tensor, replicate=True, scale=scale, offset=low)

    return fill


def _read(
    frame: Frame,
    region: Region,
    models: Models,
    options: PoseOptions,
    raw: Floats,
    score: Floats,
    features: Floats,
    world: Floats,
    mask: Floats | None = None,
) -> Body | None:
    if not score[0] > options.min_tracking_confidence:
        return None
    landmarks = refine(decode_landmarks(raw), features, models.head)
    if not isfinite(float(landmarks.sum()) + float(world.sum())):
        return None  # a damaged model, or a processor that computes wrongly
    landmarks[:, :2] = to_picture(landmarks[:, :2], region)
    landmarks[:, 2] *= region.side_px
    return Body(
        float(score[0]),
        landmarks[:LANDMARK_COUNT],
        landmarks[AUXILIARY],
        rotated(world.reshape(-1, 3)[:LANDMARK_COUNT], region),
        None if mask is None else project_mask(mask, region, (frame.width, frame.height)),
    )
