"""Counting repetitions: by an exercise, or by a movement's own period."""

from posemill.analysis.counting.exercise import Exercise, parse_exercise
from posemill.analysis.counting.repetitions import Count, Repetition, count

__all__ = ["Count", "Exercise", "Repetition", "count", "parse_exercise"]
