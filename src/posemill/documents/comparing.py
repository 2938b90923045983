"""How alike two clips or pictures are, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from posemill.analysis.comparing import Comparison, compare_motions, compare_poses
from posemill.analysis.motion import Motion
from posemill.errors import SettingError, UsageError
from posemill.records import ANALYSIS_SCHEMA
from posemill.types import Pose

Mirror = Literal["auto", "true", "false"]
_WAYS: Final[Mapping[str, tuple[bool, ...]]] = {
    "auto": (False, True),
    "true": (True,),
    "false": (False,),
}


def chosen_person(everyone: Sequence[Motion], who: int | None, what: str = "person") -> Motion:
    """Return the person of an id, or whoever is seen most and largest.

    SettingError for an id that nobody has, UsageError where nobody is seen.
    """
    if not everyone:
        raise UsageError("nobody is seen in it.")
    if who is None:
        return everyone[0]
    chosen = next((each for each in everyone if who in each.ids), None)
    if chosen is None:
        ids = ", ".join(str(number) for each in everyone for number in each.ids)
        raise SettingError(f"{what} must be an id that somebody in it has: {ids[:200]}; not {who}.")
    return chosen


def comparison_document(
    a: Motion, b: Motion, *, mirror: Mirror = "auto", find: bool | None = None
) -> dict[str, Any]:
    """Return how alike two movements are.

    ``mirror``: whether B is taken as in a mirror; ``auto``: whichever is more alike. ``find``: as
    ``compare_motions`` has it.
    """
    found = _best([compare_motions(a, b, mirror=way, find=find) for way in _WAYS[mirror]])
    return document_of_comparison(found, people=[list(a.ids), list(b.ids)])


def pose_comparison_document(a: Pose, b: Pose, *, mirror: Mirror = "auto") -> dict[str, Any]:
    """Return how alike two postures are."""
    found = _best([compare_poses(a, b, mirror=way) for way in _WAYS[mirror]])
    return document_of_comparison(found, people=[[a.id], [b.id]])


def _best(found: Sequence[Comparison]) -> Comparison:
    return max(found, key=lambda each: -1.0 if each.similarity is None else each.similarity)


def document_of_comparison(found: Comparison, **more: Any) -> dict[str, Any]:
    """Return a comparison with ``more`` of what was compared."""
    told = found.to_dict(moments=True)
    of = told.pop("kind")
    return {"schema": ANALYSIS_SCHEMA, "kind": "comparison", "of": of, **more, **told}
