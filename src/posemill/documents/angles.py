"""Joint angles, as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posemill.analysis.angles import Angles, angles, names_of
from posemill.analysis.cleaning import CUTOFF_HZ, MAX_GAP_S
from posemill.analysis.motion import Motion
from posemill.analysis.quality import Quality, quality
from posemill.documents.people import about, column, thinned
from posemill.records import analysis_document
from posemill.types import FramePoses


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The angles of one person, and how well they are seen."""

    motion: Motion
    angles: Angles
    quality: Quality


def measured(
    everyone: Iterable[Motion],
    frames: Sequence[FramePoses],
    names: Sequence[str],
    *,
    cutoff_hz: float | None = CUTOFF_HZ,
    max_gap_s: float = MAX_GAP_S,
) -> list[Measured]:
    """Return everyone's angles; as ``angles`` takes what is asked for. SettingError."""
    return [
        Measured(
            each,
            angles(each, names, cutoff_hz=cutoff_hz, max_gap_s=max_gap_s),
            quality(each, frames),
        )
        for each in everyone
    ]


def angles_document(
    header: Mapping[str, Any],
    everyone: Sequence[Motion],
    words: Sequence[str],
    points: int | None = None,
) -> dict[str, Any]:
    """Return everyone's angles over time; ``words``: as ``names_of`` takes them.

    ``points``: how many values there may be of each, every so-manyth of them then; without it all.
    SettingError for a name that is not known.
    """
    names = names_of(words)
    people = [_person(each, angles(each, names), points) for each in everyone]
    return analysis_document("angles", header, names=list(names), people=people)


def document_of_angles(
    header: Mapping[str, Any], people: Sequence[Measured], **asked: Any
) -> dict[str, Any]:
    """Return what ``measured`` found, with frame numbers, speeds and quality; ``asked``: of it."""
    return analysis_document(
        "angles", header, **asked, people=[_whole_person(each) for each in people]
    )


def _whole_person(each: Measured) -> dict[str, Any]:
    person = _person(each.motion, each.angles, None)
    for name, found in person["angles"].items():
        found["speed"] = column(each.angles[name].speed, 2)
    return {**person, "frame": each.motion.frame.tolist(), "quality": each.quality.to_dict()}


def _person(motion: Motion, found: Angles, points: int | None) -> dict[str, Any]:
    most = points or max(len(motion), 1)
    return {
        **about(motion),
        "time_s": column(thinned(found.time_s, most), 3),
        "symmetry": found.symmetry(),
        "angles": {
            name: {**each.to_dict(), "values": column(thinned(each.values, most), 2)}
            for name, each in found.by_name.items()
        },
    }
