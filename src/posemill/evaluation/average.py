"""Average precision and recall over OKS 0.50 to 0.95, as COCO computes them."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any, Final

from posemill.evaluation.annotations import AnnotatedPhoto
from posemill.evaluation.similarity import COCO_NAMES, Array

# One photo, COCO's keypoints (n, 17, 2) of the people found in it, and their scores.
Outcome = tuple[AnnotatedPhoto, Array, Sequence[float]]
_AP, _AP_50, _AP_75, _AR = 0, 1, 2, 5  # where COCOeval.stats has them


def averages(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Return ap, ap_50, ap_75 and ar, None where nobody is annotated.

    Precision is taken over the photos in which everybody is annotated, those with nobody
    included; recall over all. At most the 20 best people of a photo count, as in COCO.
    Source: pycocotools.
    """
    complete = _stats([outcome for outcome in outcomes if outcome[0].full])
    everything = _stats(outcomes)
    found = {
        "ap": complete[_AP],
        "ap_50": complete[_AP_50],
        "ap_75": complete[_AP_75],
        "ar": everything[_AR],
    }
    return {name: None if value < 0 else float(value) for name, value in found.items()}


_NOTHING: Final = [-1.0] * 10


def _stats(outcomes: Sequence[Outcome]) -> Sequence[float]:
    from pycocotools.coco import COCO  # noqa: PLC0415 - only here
    from pycocotools.cocoeval import COCOeval  # noqa: PLC0415

    truth, results = _truth(outcomes), _results(outcomes)
    if not any(each["num_keypoints"] and not each["iscrowd"] for each in truth["annotations"]):
        return _NOTHING
    if not results:  # pycocotools takes no empty list
        return [0.0] * 10
    with redirect_stdout(io.StringIO()):
        annotated = COCO()
        annotated.dataset = truth
        annotated.createIndex()
        evaluation = COCOeval(annotated, annotated.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return list(evaluation.stats)


def _truth(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image_id, (photo, _, _) in enumerate(outcomes):
        for person in photo.people:
            keypoints = [
                number
                for (x, y), labelled in zip(person.points_px, person.labelled, strict=True)
                for number in (float(x), float(y), 2 * int(labelled))
            ]
            annotations.append(
                {
                    "id": len(annotations) + 1,  # 0 would count as not matched
                    "image_id": image_id,
                    "category_id": 1,
                    "keypoints": keypoints,
                    "num_keypoints": int(person.labelled.sum()),
                    "area": person.area,
                    "bbox": person.box.tolist(),
                    "iscrowd": int(person.crowd),
                }
            )
    return {
        "images": [{"id": image_id} for image_id in range(len(outcomes))],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO_NAMES)}],
    }


def _results(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": image_id,
            "category_id": 1,
            "keypoints": [number for x, y in body.tolist() for number in (x, y, 1.0)],
            "score": float(score),
        }
        for image_id, (_, found, scores) in enumerate(outcomes)
        for body, score in zip(found, scores, strict=True)
    ]
