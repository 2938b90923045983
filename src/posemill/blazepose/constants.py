"""Every number of MediaPipe's pose graph, each with the file it comes from."""

from dataclasses import dataclass
from math import pi
from typing import Final

# mediapipe/modules/pose_detection/pose_detection_cpu.pbtxt
DETECTOR_SIZE: Final = 224
DETECTOR_STRIDES: Final = (8, 16, 32, 32, 32)
ANCHOR_OFFSET: Final = 0.5
ANCHORS_PER_STEP: Final = 2  # one of the aspect ratio and one interpolated scale
ANCHOR_COUNT: Final = 2254
DETECTOR_RANGE: Final = (-1.0, 1.0)
SCORE_CLIP: Final = 100.0
SUPPRESSION_OVERLAP: Final = 0.3

# Keypoints of a detection: middle of the hips, and the point that gives size and rotation.
KEYPOINT_CENTER: Final = 0
KEYPOINT_ALIGNMENT: Final = 1

# mediapipe/modules/pose_landmark/pose_detection_to_roi.pbtxt, pose_landmarks_to_roi.pbtxt
ROI_SCALE: Final = 1.25
ROI_TARGET_ANGLE: Final = pi / 2

# mediapipe/modules/pose_landmark/pose_landmark_by_roi_cpu.pbtxt
LANDMARK_SIZE: Final = 256
LANDMARK_RANGE: Final = (0.0, 1.0)

# mediapipe/modules/pose_landmark/tensors_to_pose_landmarks_and_segmentation.pbtxt
MODEL_LANDMARKS: Final = 39
AUXILIARY: Final = slice(33, 35)  # the landmarks that the next region is made from
HEATMAP_SIZE: Final = 64
# The graph's text says 7, but what MediaPipe 0.10.21 computes is 9, the default of
# refine_landmarks_from_heatmap_calculator.proto: with 9 landmarks agree to 0.001 % of the
# person's box, with 7 only to 0.1 %.
HEATMAP_KERNEL: Final = 9
HEATMAP_MIN_CONFIDENCE: Final = 0.5  # refine_landmarks_from_heatmap_calculator.proto

# mediapipe/modules/pose_landmark/pose_landmark_filtering.pbtxt
VISIBILITY_ALPHA: Final = 0.1
MIN_OBJECT_SCALE_PX: Final = 1e-6  # landmarks_smoothing_calculator.proto


@dataclass(frozen=True, slots=True)
class OneEuroConstants:
    """Constants of a One-Euro filter: cut-offs in Hz, ``beta`` in s / scaled unit."""

    min_cutoff: float
    beta: float
    derivate_cutoff: float = 1.0


LANDMARK_FILTER: Final = OneEuroConstants(min_cutoff=0.05, beta=80.0)
WORLD_FILTER: Final = OneEuroConstants(min_cutoff=0.1, beta=40.0)
AUXILIARY_FILTER: Final = OneEuroConstants(min_cutoff=0.01, beta=10.0)

# mediapipe/python/solution_base.py: the legacy Python API counts frames at this interval
NOMINAL_INTERVAL_S: Final = 1 / 30
SHORTEST_INTERVAL_S: Final = 1e-6  # MediaPipe's timestamps are whole microseconds

# mediapipe/modules/pose_landmark/pose_segmentation_filtering.pbtxt
MASK_PREVIOUS_RATIO: Final = 0.7
# mediapipe/calculators/image/segmentation_smoothing_calculator.cc: uncertainty of a mask
# value as a polynomial in (value - 0.5)^2
MASK_UNCERTAINTY: Final = (5.68842, -0.748699, -57.8051, 291.309, -624.717)
