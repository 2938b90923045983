"""`posemill events`: falls, lying, hands up and more in a video or in its records."""

import json as json_format
from collections.abc import Sequence

from posemill.analysis.behaviour import KINDS, Event, find_events
from posemill.cli.listing import put
from posemill.cli.outputs import analysis_outputs
from posemill.cli.report import one_line
from posemill.cli.skeletons import SkeletonReader
from posemill.config import Settings
from posemill.documents import document_of_events, known_kinds
from posemill.errors import UsageError
from posemill.sinks.aside import write_whole


def events_in(
    address: str, kinds: str | None, outs: Sequence[str], settings: Settings, *, json: bool
) -> int:
    """Look for events, and print them; SourceError, SettingError, UsageError."""
    wanted = _kinds(kinds)
    paths = analysis_outputs(outs, (".json",), [address])
    with SkeletonReader(settings) as reader:
        found = reader.read(address)
    if found.is_picture:
        raise UsageError(f"{address}: is a picture; events take a video.")
    events = find_events(found.frames, wanted)
    document = document_of_events(found.header, wanted, events)
    text = json_format.dumps(document, ensure_ascii=False)
    for path in paths:
        write_whole(path, text + "\n")
    put(text if json else "\n".join(_lines(address, events)))
    return 0


def _kinds(text: str | None) -> Sequence[str]:
    return KINDS if text is None else known_kinds([each.strip() for each in text.split(",")])


def _lines(address: str, events: Sequence[Event]) -> list[str]:
    source = one_line(address)
    if not events:
        return [f"{source}: nothing"]
    lines = [f"{source}: {len(events)} {'event' if len(events) == 1 else 'events'}"]
    for each in events:
        who = "" if each.person is None else f"  person {each.person}"
        facts = ", ".join(
            f"{name.replace('_', ' ')} {value}"
            for name, value in each.to_dict()["facts"].items()
            if name != "id" and isinstance(value, int | float | str)
        )
        sure = "" if each.is_confirmed else "  (the video ends before it is sure)"
        lines.append(f"{each.began_s:9.1f} to {each.ended_s:8.1f}  {each.kind}{who}  {facts}{sure}")
    return lines
