"""Whether there is a person at all: what the detector says, seen twice by the landmark model.

The detector takes a tripod for a person now and then, the closer it looks the more often, and
the landmark model tends to agree. But a second look, from the landmarks of the first, shows a
person as they are, and of a tripod something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final

from posemill.blazepose.look import Body, Candidate, look
from posemill.blazepose.models import Models
from posemill.blazepose.roi import widened
from posemill.blazepose.similarity import oks
from posemill.options import PoseOptions
from posemill.types import Frame

# A logistic regression over 10,600 regions of 310 photos (COCO's, with other sources for
# pictures without people): the logits of the detector's and of the second look's score, and
# the OKS between the two looks.
DETECTION_WEIGHT: Final = 1.1
PRESENCE_WEIGHT: Final = 0.4
STEADINESS_WEIGHT: Final = 4.1
OFFSET: Final = -6.1
LARGEST_LOGIT: Final = 9.2
# On those photos, and looking closer: two thirds of the false people of 0.5, and all the true.
CREDIBLE: Final = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Impression:
    """A body that was looked at twice, and the belief, 0..1, that it is a person's."""

    candidate: Candidate
    body: Body
    belief: float


def examine(
    frame: Frame, candidates: Sequence[Candidate], models: Models, options: PoseOptions
) -> list[Impression]:
    """Return what two looks at each candidate show; those who vanish are left out."""
    first = look(frame, [each.region for each in candidates], models, options)
    seen = [
        (candidate, body)
        for candidate, body in zip(candidates, first, strict=True)
        if body is not None and widened(body.extent).usable
    ]
    second = look(frame, [widened(body.extent) for _, body in seen], models, options)
    return [
        Impression(candidate, again, belief(candidate.score, body, again))
        for (candidate, body), again in zip(seen, second, strict=True)
        if again is not None
    ]


def needs_no_belief(candidates: Sequence[Candidate], options: PoseOptions) -> bool:
    """Whether the models' own thresholds are all that counts, as in MediaPipe.

    That is where one person is wanted, and MediaPipe would see them too.
    """
    return options.max_people == 1 and not any(each.turned for each in candidates)


def belief(detected: float, first: Body, second: Body) -> float:
    """Return how likely a body is a person's, 0..1, from the detector's score and two looks."""
    total = (
        OFFSET
        + DETECTION_WEIGHT * _logit(detected)
        + PRESENCE_WEIGHT * _logit(second.score)
        + STEADINESS_WEIGHT * float(oks(first, [second])[0])
    )
    return 1 / (1 + exp(-total))


def _logit(share: float) -> float:
    odds = max(share, 1e-9) / max(1 - share, 1e-9)
    return min(max(log(odds), -LARGEST_LOGIT), LARGEST_LOGIT)
