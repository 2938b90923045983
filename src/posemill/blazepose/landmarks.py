"""From the landmark model's tensors to landmarks in its crop.

Sources: mediapipe/calculators/tensor/tensors_to_landmarks_calculator.cc and
mediapipe/calculators/util/refine_landmarks_from_heatmap_calculator.cc.
"""

from dataclasses import dataclass

import numpy as np

from posemill.blazepose.constants import (
    HEATMAP_KERNEL,
    HEATMAP_MIN_CONFIDENCE,
    HEATMAP_SIZE,
    LANDMARK_SIZE,
    MODEL_LANDMARKS,
)
from posemill.native import load_kernels
from posemill.types import Floats

_REACH = np.arange(HEATMAP_KERNEL) - HEATMAP_KERNEL // 2


def decode_landmarks(raw: Floats) -> Floats:
    """Return 39 landmarks: x, y in 0..1 of the crop, z in its scale, visibility, presence.

    ``raw``: float32 (195,): x, y, z in pixels of the crop, visibility and presence as
    logits. Returns float32 (39, 5).
    """
    kernels = load_kernels()
    if kernels is None:
        return _decode_numpy(raw)
    raw = np.ascontiguousarray(raw, np.float32)
    if raw.size != 5 * MODEL_LANDMARKS:
        raise ValueError(f"{raw.size} numbers are not {MODEL_LANDMARKS} landmarks")
    landmarks = np.empty((MODEL_LANDMARKS, 5), np.float32)
    kernels.posemill_decode(
        raw.ctypes.data, MODEL_LANDMARKS, float(LANDMARK_SIZE), landmarks.ctypes.data
    )
    return landmarks


def _decode_numpy(raw: Floats) -> Floats:
    landmarks = raw.reshape(MODEL_LANDMARKS, 5).copy()
    landmarks[:, :3] /= np.float32(LANDMARK_SIZE)
    landmarks[:, 3:] = sigmoid(landmarks[:, 3:])
    return landmarks


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapHead:
    """The model's last layer: what turns features into heatmaps, a 1x1 convolution.

    ``weights``: float32 (39, channels). ``bias``: float32 (39,). Channels are a multiple of 4.
    """

    weights: Floats
    bias: Floats


def refine(landmarks: Floats, features: Floats, head: HeatmapHead) -> Floats:
    """Move each landmark to the center of mass of its heatmap around it.

    ``landmarks``: float32 (39, 5). ``features``: float32 (64, 64, channels). A landmark
    outside of the crop, or whose surroundings never reach 0.5, stays where it is. Of the
    64x64 places of a heatmap only the 9x9 around the landmark are ever computed.
    """
    kernels = load_kernels()
    if kernels is None:
        return _refine_numpy(landmarks, features, head)
    refined = np.ascontiguousarray(landmarks, np.float32).copy()
    status = kernels.posemill_refine(
        np.ascontiguousarray(features, np.float32).ctypes.data,
        features.shape[0],
        features.shape[2],
        head.weights.ctypes.data,
        head.bias.ctypes.data,
        refined.ctypes.data,
        refined.shape[0],
        refined.shape[1],
        HEATMAP_KERNEL,
        HEATMAP_MIN_CONFIDENCE,
    )
    if status:
        raise ValueError(f"features of shape {features.shape} can't be refined with")
    return refined


def _refine_numpy(landmarks: Floats, features: Floats, head: HeatmapHead) -> Floats:
    center = (landmarks[:, :2] * np.float32(HEATMAP_SIZE)).clip(-1e6, 1e6).astype(np.int64)
    inside = ((center >= 0) & (center < HEATMAP_SIZE)).all(axis=1)
    window = center[:, :, None] + _REACH  # (39, 2, 9)
    valid = (window >= 0) & (window < HEATMAP_SIZE)
    columns, rows = window.clip(0, HEATMAP_SIZE - 1).transpose(1, 0, 2)
    around = features[rows[:, :, None], columns[:, None, :]]  # (39, 9, 9, channels)
    logits = np.einsum("kvuc,kc->kvu", around, head.weights) + head.bias[:, None, None]
    confidence = sigmoid(logits) * (valid[:, 1, :, None] & valid[:, 0, None, :])
    weight = confidence.sum(axis=(1, 2))
    moved = inside & (confidence.max(axis=(1, 2)) >= HEATMAP_MIN_CONFIDENCE)
    x = (confidence.sum(axis=1) * columns).sum(axis=1)
    y = (confidence.sum(axis=2) * rows).sum(axis=1)
    refined = landmarks.copy()
    means = np.stack([x, y], axis=1)[moved] / weight[moved, None] / np.float32(HEATMAP_SIZE)
    refined[moved, :2] = means
    return refined


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + e^-x), without overflow."""
    return np.asarray(1 / (1 + np.exp(-logits.clip(-80, 80))), np.float32)
