"""Counting repetitions: by an exercise, or by a movement's own period."""

from posemill.analysis.counting.automatic import AUTO, count_automatically
from posemill.analysis.counting.exercise import Exercise, parse_exercise
from posemill.analysis.counting.live import LiveCount, LiveCounter
from posemill.analysis.counting.repetitions import Count, Repetition, count

__all__ = [
    "AUTO",
    "Count",
    "Exercise",
    "LiveCount",
    "LiveCounter",
    "Repetition",
    "count",
    "count_automatically",
    "parse_exercise",
]
