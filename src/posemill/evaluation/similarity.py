"""How well found keypoints agree with annotated ones: COCO's similarity, and PCK."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.skeleton import LANDMARK_INDEX
from posemill.types import FramePoses

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COCO_NAMES: Final = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
LEFT_SHOULDER: Final = COCO_NAMES.index("left_shoulder")
RIGHT_HIP: Final = COCO_NAMES.index("right_hip")
# All 17 are among our 33, under the same names.
_LANDMARKS: Final = [LANDMARK_INDEX[name] for name in COCO_NAMES]
# How far annotators differ. Source: COCO keypoint evaluation, cocodataset.org/#keypoints-eval.
_SIGMAS: Final = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], np.float64
) / np.float64(1000)
_PCK_SHARE: Final = 0.2


def coco_keypoints(poses: FramePoses) -> Array:
    """Return COCO's keypoints of everybody found, float64 (people, 17, 2), in pixels."""
    points = [person.points_px[_LANDMARKS] for person in poses.people]
    return np.array(points, np.float64).reshape(-1, len(COCO_NAMES), 2)


def oks(found: Array, truth: Array, labelled: Flags, area: Array) -> Array:
    """Return COCO's object keypoint similarity of each body found with each one annotated.

    ``found``: (n, 17, 2) pixels. ``truth``: (m, 17, 2) pixels. ``labelled``: (m, 17), which
    of them are annotated. ``area``: (m,), of the people, in square pixels. Gives (n, m), 0..1;
    0 for somebody without any labelled keypoint.
    Source: COCO keypoint evaluation, pycocotools/cocoeval.py (computeOks).
    """
    squared_px = ((found[:, None] - truth[None]) ** 2).sum(axis=-1)
    scale = 2 * (2 * _SIGMAS) ** 2 * (area[:, None] + np.spacing(1))
    alike = np.exp(-squared_px / scale) * labelled
    return np.asarray(alike.sum(axis=-1) / np.maximum(labelled.sum(axis=-1), 1))


def match(similarity: Array) -> list[tuple[int, int]]:
    """Pair rows with columns one to one, the best pair first; never where it is 0."""
    pairs: list[tuple[int, int]] = []
    rows: set[int] = set()
    columns: set[int] = set()
    order = np.argsort(-similarity, axis=None, kind="stable")
    for flat in order[similarity.ravel()[order] > 0].tolist():
        row, column = divmod(flat, similarity.shape[1])
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def reach_px(truth: Array, labelled: Flags, box: Array) -> tuple[float, bool]:
    """Return how near a keypoint must be to count for PCK@0.2, in pixels.

    A fifth of the torso, from the left shoulder to the right hip; where one of them is not
    annotated, of the longer side of the box (x, y, width, height), and then True with it.
    """
    if labelled[LEFT_SHOULDER] and labelled[RIGHT_HIP]:
        torso_px = float(np.linalg.norm(truth[LEFT_SHOULDER] - truth[RIGHT_HIP]))
        return _PCK_SHARE * torso_px, False
    return _PCK_SHARE * float(max(box[2:])), True


def within(found: Array, truth: Array, labelled: Flags, reach: float) -> int:
    """Return how many labelled keypoints of one person were found within ``reach`` pixels."""
    distance_px = np.linalg.norm(found - truth, axis=-1)
    return int(((distance_px <= reach) & labelled).sum())
