"""Falls, lying and the like, as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from posemill.analysis.behaviour import KINDS, Event, find_events
from posemill.errors import SettingError
from posemill.records import analysis_document
from posemill.types import FramePoses


def behaviour_document(
    header: Mapping[str, Any], frames: Iterable[FramePoses], kinds: Sequence[str] = KINDS
) -> dict[str, Any]:
    """Return what happened; ``kinds``: some of ``KINDS``. SettingError for another one."""
    return document_of_events(header, kinds, find_events(frames, known_kinds(kinds)))


def known_kinds(kinds: Sequence[str]) -> Sequence[str]:
    """Return kinds that are all known. SettingError for another one."""
    for kind in kinds:
        if kind not in KINDS:
            raise SettingError(f"kinds must be some of {','.join(KINDS)}; not {kind!r}.")
    return kinds


def document_of_events(
    header: Mapping[str, Any], kinds: Sequence[str], events: Iterable[Event]
) -> dict[str, Any]:
    """Return events that were looked for."""
    told = [each.to_dict() for each in events]
    return analysis_document("events", header, kinds=list(kinds), events=told)
