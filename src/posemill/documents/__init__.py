"""What an analysis of records says, as JSON: the same for the command, the service and its jobs."""

from posemill.documents.angles import Measured, angles_document, measured
from posemill.documents.behaviour import behaviour_document
from posemill.documents.comparing import (
    Mirror,
    chosen_person,
    comparison_document,
    pose_comparison_document,
)
from posemill.documents.counting import count_document, counted, people_in
from posemill.documents.scoring import score_document, template_of

__all__ = [
    "Measured",
    "Mirror",
    "angles_document",
    "behaviour_document",
    "chosen_person",
    "comparison_document",
    "count_document",
    "counted",
    "measured",
    "people_in",
    "pose_comparison_document",
    "score_document",
    "template_of",
]
