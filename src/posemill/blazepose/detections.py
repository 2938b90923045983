"""From the detector's tensors to the people it found.

Sources: mediapipe/calculators/tensor/tensors_to_detections_calculator.cc and
mediapipe/calculators/util/non_max_suppression_calculator.cc (WEIGHTED).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posemill.blazepose.anchors import anchor_centers
from posemill.blazepose.constants import DETECTOR_SIZE, SCORE_CLIP, SUPPRESSION_OVERLAP
from posemill.blazepose.landmarks import sigmoid
from posemill.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Candidates or people, in 0..1 of the detector's crop.

    ``scores``: float32 (n,), 0..1. ``boxes``: float32 (n, 4), the face as x0, y0, x1, y1.
    ``keypoints``: float32 (n, 4, 2): middle of the hips, alignment of the whole body, middle
    of the shoulders, alignment of the upper body.
    """

    scores: Floats
    boxes: Floats
    keypoints: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, which: npt.NDArray[np.intp]) -> "Detections":
        return Detections(self.scores[which], self.boxes[which], self.keypoints[which])


def decode(raw_boxes: Floats, raw_scores: Floats, min_score: float) -> Detections:
    """Return the candidates of at least ``min_score``, best first.

    ``raw_boxes``: float32 (2254, 12) in pixels of the crop: center x, y, width, height, four
    keypoints x, y, all from the anchor's center. ``raw_scores``: float32 (2254,) logits.
    """
    # Almost all of the 2254 are far below: a rough threshold on logits spares their e^x.
    rough = np.log(max(min_score, 1e-6) / max(1 - min_score, 1e-6)) - 0.01
    kept = np.flatnonzero(raw_scores >= rough) if min_score > 0 else np.arange(len(raw_scores))
    scores = sigmoid(raw_scores[kept].clip(-SCORE_CLIP, SCORE_CLIP))
    sure = scores >= min_score
    kept, scores = kept[sure], scores[sure]
    points = raw_boxes[kept].reshape(-1, 6, 2) / np.float32(DETECTOR_SIZE)
    center = anchor_centers()[kept]
    middle, half = points[:, 0] + center, points[:, 1] / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    found = Detections(scores, boxes, points[:, 2:] + center[:, None])
    whole = np.flatnonzero((half >= 0).all(axis=1) & np.isfinite(boxes).all(axis=1))
    return _best_first(found.take(whole))


def suppress(candidates: Detections) -> Detections:
    """Merge candidates that overlap into one person each, weighted by their scores.

    The best candidate takes in all that overlap it by more than 0.3 (intersection over
    union) and keeps its own score; then the best of the rest, and so on. The order of the
    input does not matter.
    """
    rest = _best_first(candidates)
    people = []
    while len(rest):
        overlapping = _overlap(rest.boxes[0], rest.boxes) > SUPPRESSION_OVERLAP
        overlapping[0] = True  # a box without area overlaps nothing, not even itself
        members = rest.take(np.flatnonzero(overlapping))
        weights = members.scores / members.scores.sum()
        people.append(
            Detections(
                rest.scores[:1],
                np.einsum("n,nk->k", weights, members.boxes)[None],
                np.einsum("n,nkd->kd", weights, members.keypoints)[None],
            )
        )
        rest = rest.take(np.flatnonzero(~overlapping))
    if not people:
        return rest
    return Detections(
        np.concatenate([person.scores for person in people]),
        np.concatenate([person.boxes for person in people]),
        np.concatenate([person.keypoints for person in people]),
    )


def _best_first(detections: Detections) -> Detections:
    keys = np.concatenate([detections.boxes, -detections.scores[:, None]], axis=1)
    return detections.take(np.lexsort(keys.T))


def _overlap(box: Floats, boxes: Floats) -> Floats:
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    area = (box[2:] - box[:2]).prod()
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union = area + areas - shared
    overlap: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap
