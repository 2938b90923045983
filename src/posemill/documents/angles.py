"""Joint angles, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from posemill.analysis.angles import angles, names_of
from posemill.analysis.motion import Motion
from posemill.documents.people import about, column
from posemill.records import analysis_document


def angles_document(
    header: Mapping[str, Any], everyone: Sequence[Motion], words: Sequence[str]
) -> dict[str, Any]:
    """Return everyone's angles in each of their frames; ``words``: as ``names_of`` takes them.

    SettingError for a name that is not known.
    """
    names = names_of(words)
    return analysis_document(
        "angles", header, names=list(names), people=[_person(each, names) for each in everyone]
    )


def _person(motion: Motion, names: Sequence[str]) -> dict[str, Any]:
    found = angles(motion, names)
    return {
        **about(motion),
        "time_s": column(found.time_s, 3),
        "symmetry": found.symmetry(),
        "angles": {
            name: {**each.to_dict(), "values": column(each.values, 2)}
            for name, each in found.by_name.items()
        },
    }
