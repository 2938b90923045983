"""What answers about streams and alerts look like, and an example of each."""

from collections.abc import Mapping
from typing import Any, Final

from posemill.server.schema_parts import (
    COUNT,
    FREE,
    NUMBER,
    TEXT,
    YES,
    Schema,
    listed,
    obj,
    ref,
    some,
)

_ZONES: Final[Schema] = {
    "type": "object",
    "additionalProperties": listed(listed(NUMBER, 2)),
}

STREAM_SCHEMAS: Final[Mapping[str, Schema]] = {
    "Stream": obj(
        "`url` is without user, password and query; `since` is in seconds since 1970; ages are "
        "from a frame's capture to its result; `fps` and ages are of the last 5 seconds.",
        ("settings",),
        name=TEXT,
        url=TEXT,
        state={"type": "string", "enum": ["connecting", "live", "stalled", "failed", "ended"]},
        reason=TEXT,
        since=NUMBER,
        codec=TEXT,
        model=TEXT,
        width=some(COUNT),
        height=some(COUNT),
        max_fps=NUMBER,
        fps=NUMBER,
        age_p50_ms=some(NUMBER),
        age_p95_ms=some(NUMBER),
        people=COUNT,
        received=COUNT,
        skipped=COUNT,
        dropped=COUNT,
        broken=COUNT,
        processed=COUNT,
        connections=COUNT,
        unwritten=COUNT,
        looking=COUNT,
        added=YES,
        zones=_ZONES,
        settings=FREE,
    ),
    "StreamBody": obj(
        "A stream, with whatever settings of `[[streams]]` it has of its own.",
        ("name", "url", "zones"),
        name=TEXT,
        url=TEXT,
        zones=_ZONES,
    ),
    "StreamTest": obj(
        "Whether there is a stream, with a picture as a data URL, or the reason why not.",
        ("width", "height", "codec", "picture", "reason"),
        ok=YES,
        width=COUNT,
        height=COUNT,
        codec=TEXT,
        picture=TEXT,
        reason=TEXT,
    ),
    "Rule": obj(
        "A rule that alerts are raised by; without streams it is for all.",
        name=TEXT,
        rule=TEXT,
        streams=listed(TEXT),
        zone=some(TEXT),
    ),
    "Streams": obj(
        "All streams; `may_change`: whether streams can be added.",
        streams=listed(ref("Stream")),
        may_change=YES,
        alerts=listed(ref("Rule")),
    ),
    "Alert": obj(
        "Times are seconds since 1970; `ended` is null while it goes on.",
        ("schema",),
        schema=TEXT,
        id=TEXT,
        name=TEXT,
        rule=TEXT,
        stream=TEXT,
        began=NUMBER,
        seen=NUMBER,
        ended=some(NUMBER),
        occurrences=COUNT,
        facts=FREE,
        people=listed(COUNT),
        snapshot=YES,
        clip=YES,
        acknowledged=some(NUMBER),
        test=YES,
    ),
    "AlertTest": obj("Which rule to try.", name=TEXT),
    "Alerts": obj("Alerts, the newest first.", alerts=listed(ref("Alert"))),
}

_STREAM: Final[Mapping[str, Any]] = {
    **{"name": "door", "url": "rtsp://192.168.1.20/stream1", "state": "live", "reason": ""},
    **{"since": 1764000000.0, "codec": "h264", "model": "full", "width": 1280, "height": 720},
    **{"max_fps": 10.0, "fps": 10.0, "age_p50_ms": 21.0, "age_p95_ms": 34.0, "people": 1},
    **{"received": 9000, "skipped": 6000, "dropped": 2, "broken": 0, "processed": 2998},
    **{"connections": 1, "unwritten": 0, "looking": 0, "added": False, "zones": {}},
}
_ALERT: Final[Mapping[str, Any]] = {
    **{"id": "0193f0c2a4e87c10", "name": "help", "rule": "hands_up", "stream": "door"},
    **{"began": 1764000000.0, "seen": 1764000004.0, "ended": None, "occurrences": 1},
    **{"facts": {"people": [0]}, "people": [0], "snapshot": True, "clip": False},
    **{"acknowledged": None, "test": False},
}

STREAM_EXAMPLES: Final[Mapping[str, Any]] = {
    "Stream": _STREAM,
    "Streams": {
        "streams": [_STREAM],
        "may_change": True,
        "alerts": [{"name": "help", "rule": "hands_up", "streams": [], "zone": None}],
    },
    "StreamBody": {"name": "door", "url": "rtsp://user:password@192.168.1.20/stream1"},
    "StreamTest": {"ok": False, "reason": "connection refused"},
    "Alert": _ALERT,
    "AlertTest": {"name": "help"},
    "Alerts": {"alerts": [_ALERT]},
}
