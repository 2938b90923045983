"""Repetitions, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from posemill.analysis.counting import AUTO, Count, count, count_automatically
from posemill.analysis.motion import Motion
from posemill.documents.people import about, column, thinned
from posemill.exercises import load_exercise
from posemill.records import analysis_document

_LEAST_S: Final = 1.0  # of a person's motion, to be counted at all
MOST_POINTS: Final = 2000  # of a signal: more than a chart has columns


def people_in(everyone: Sequence[Motion]) -> Sequence[Motion]:
    """Return those who are there for a while, or at least the one who is seen most."""
    return [each for each in everyone if each.duration_s >= _LEAST_S] or everyone[:1]


def counted(everyone: Sequence[Motion], exercise: str) -> list[tuple[Motion, Count]]:
    """Return the repetitions of everyone who is there for a while.

    ``exercise``: ``auto``, or as ``load_exercise`` takes it. SettingError.
    """
    people = people_in(everyone)
    if exercise == AUTO:
        return [(each, count_automatically(each)) for each in people]
    chosen = load_exercise(exercise)
    return [(each, count(each, chosen)) for each in people]


def count_document(
    header: Mapping[str, Any], everyone: Sequence[Motion], exercise: str
) -> dict[str, Any]:
    """Return everyone's repetitions, and by what signals they were counted. SettingError."""
    return document_of_counts(header, counted(everyone, exercise), exercise)


def document_of_counts(
    header: Mapping[str, Any], counts: Sequence[tuple[Motion, Count]], exercise: str
) -> dict[str, Any]:
    """Return what ``counted`` found."""
    people = [{**about(motion), **found.to_dict(), **_signal(found)} for motion, found in counts]
    return analysis_document("count", header, exercise=exercise, people=people)


def _signal(found: Count) -> dict[str, Any]:
    return {
        "time_s": column(thinned(found.time_s, MOST_POINTS), 3) if found.signal else [],
        "signal": {
            side: column(thinned(values, MOST_POINTS), 3) for side, values in found.signal.items()
        },
    }
