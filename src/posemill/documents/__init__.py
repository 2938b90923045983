"""What an analysis of records says, as JSON: the same for the command, the service and its jobs."""

from posemill.documents.angles import Measured, angles_document, document_of_angles, measured
from posemill.documents.behaviour import behaviour_document, document_of_events, known_kinds
from posemill.documents.comparing import (
    Mirror,
    chosen_person,
    comparison_document,
    document_of_comparison,
    pose_comparison_document,
)
from posemill.documents.counting import count_document, counted, document_of_counts, people_in
from posemill.documents.scoring import document_of_score, score_document, template_of

__all__ = [
    "Measured",
    "Mirror",
    "angles_document",
    "behaviour_document",
    "chosen_person",
    "comparison_document",
    "count_document",
    "counted",
    "document_of_angles",
    "document_of_comparison",
    "document_of_counts",
    "document_of_events",
    "document_of_score",
    "known_kinds",
    "measured",
    "people_in",
    "pose_comparison_document",
    "score_document",
    "template_of",
]
