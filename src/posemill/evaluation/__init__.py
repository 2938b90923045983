"""How accurate the engine is on photos that people annotated with COCO's 17 keypoints."""

from posemill.evaluation.annotations import AnnotatedPhoto, Person, read_annotations
from posemill.evaluation.figures import evaluate
from posemill.evaluation.similarity import oks

__all__ = ["AnnotatedPhoto", "Person", "evaluate", "oks", "read_annotations"]
