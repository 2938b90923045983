"""How well a movement was done, as JSON, and templates made of clips."""

from collections.abc import Mapping, Sequence
from typing import Any

from posemill.analysis.counting import AUTO, count
from posemill.analysis.motion import Motion
from posemill.analysis.scoring import Score, Span, Template, make_template, score
from posemill.exercises import exercise_names, load_exercise
from posemill.exercises.advice import advice_rules
from posemill.records import analysis_document


def counted_by(given: str | None, name: str) -> str | None:
    """Return what to count by: what is asked for, else an exercise of that name, else nothing.

    ``auto``: nothing, so that the movement's own period is taken. SettingError.
    """
    if given == AUTO:
        return None
    if given is not None:
        load_exercise(given)
        return given
    known = name.strip().lower().replace(" ", "_").replace("-", "_")
    return known if known in exercise_names() else None


def spans_of(motion: Motion, exercise: str | None) -> list[Span] | None:
    """Return the repetitions of an exercise, None without one."""
    return None if exercise is None else [*count(motion, load_exercise(exercise)).repetitions]


def template_of(people: Sequence[Motion], name: str, exercise: str | None = None) -> Template:
    """Return a template of clips; ``exercise``: as ``counted_by`` takes it. UsageError."""
    by = counted_by(exercise, name)
    spans = [spans_of(each, by) or [] for each in people] if by is not None else None
    return make_template(people, name, spans, exercise=by)


def score_document(
    header: Mapping[str, Any], motion: Motion, template: Template, exercise: str | None = None
) -> dict[str, Any]:
    """Return how well a movement follows a template, with advice in all languages. UsageError."""
    spans = spans_of(motion, counted_by(exercise, template.exercise or ""))
    return document_of_score(header, motion, score(motion, template, spans, advice_rules()))


def document_of_score(header: Mapping[str, Any], motion: Motion, found: Score) -> dict[str, Any]:
    """Return a score, and whose it is."""
    return analysis_document("score", header, people=[list(motion.ids)], **found.to_dict())
