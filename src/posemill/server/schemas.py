"""What answers look like: the schemas of /openapi.json, and an example of each."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from posemill.jobs import STATES
from posemill.records import COLUMNS, SCHEMA, WORLD_COLUMNS, header
from posemill.server.problem_texts import PROBLEMS
from posemill.skeleton import LANDMARK_COUNT, LANDMARK_NAMES
from posemill.types import FramePoses, Pose, SourceInfo

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "number"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_FREE: Final[Schema] = {"type": "object"}


def ref(name: str) -> Schema:
    """Return what stands for a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(about: str, **properties: Schema) -> Schema:
    """Return the schema of an object that has all of these; there may be more."""
    return {
        "type": "object",
        "description": about,
        "required": list(properties),
        "properties": properties,
    }


def _some(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema, length: int | None = None) -> Schema:
    bounds = {} if length is None else {"minItems": length, "maxItems": length}
    return {"type": "array", "items": schema, **bounds}


_HEADER: Final[Mapping[str, Schema]] = {
    "schema": {"type": "string", "const": SCHEMA},
    "source": _TEXT,
    "kind": {"type": "string", "enum": ["picture", "video"]},
    "width": _COUNT,
    "height": _COUNT,
    "fps": _some(_NUMBER),
    "landmark_names": _list(_TEXT, LANDMARK_COUNT),
    "columns": _list(_TEXT, len(COLUMNS)),
    "model": _TEXT,
    "engine": _TEXT,
    "precision": _TEXT,
}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "Problem": _object(
        "Problem details (RFC 9457); `code` is stable, the sentences are for people.",
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        code={"type": "string", "enum": sorted(PROBLEMS)},
        detail=_TEXT,
        advice=_TEXT,
    ),
    "Person": _object(
        "`x`, `y` are 0..1 of the upright picture, `z` is in the scale of `x`; `world` is in "
        "metres from the middle of the hips, `box` in pixels: x, y, width, height.",
        id=_COUNT,
        score=_SHARE,
        box=_list(_NUMBER, 4),
        landmarks=_list(_list(_NUMBER, len(COLUMNS)), LANDMARK_COUNT),
        world=_list(_list(_NUMBER, len(WORLD_COLUMNS)), LANDMARK_COUNT),
        flags={"type": "object", "additionalProperties": _list(_COUNT)},
    ),
    "FrameRecord": _object(
        "The people in one frame.",
        frame=_COUNT,
        time_s=_NUMBER,
        people=_list(ref("Person")),
    ),
    "Header": _object("What the records of a source begin with.", **_HEADER),
    "Document": _object(
        "A picture's posemill/1 document.", **_HEADER, frames=_list(ref("FrameRecord"))
    ),
    "Refused": _object(
        "A picture among several that has no result.", source=_TEXT, problem=ref("Problem")
    ),
    "Several": _object(
        "Several pictures, in order.",
        results=_list({"anyOf": [ref("Document"), ref("Refused")]}),
    ),
    "Job": _object(
        "Times are seconds since 1970, `rate` is frames a second, `progress` 0 to 1.",
        id=_TEXT,
        name=_TEXT,
        state={"type": "string", "enum": list(STATES)},
        kind=_some({"type": "string", "enum": ["video", "pictures"]}),
        created_s=_NUMBER,
        started_s=_some(_NUMBER),
        finished_s=_some(_NUMBER),
        bytes=_COUNT,
        progress=_some(_SHARE),
        frames=_COUNT,
        frames_total=_some(_COUNT),
        rate=_some(_NUMBER),
        time_left_s=_some(_NUMBER),
        problem=_some(ref("Problem")),
        results=_list(_TEXT),
        options=_FREE,
    ),
    "Jobs": _object(
        "A page of the jobs.", jobs=_list(ref("Job")), total=_COUNT, limit=_COUNT, offset=_COUNT
    ),
    "Skeleton": _object(
        "Names by number, bones between numbers, and colours: of limbs, and of the plain look.",
        landmark_names=_list(_TEXT, LANDMARK_COUNT),
        bones=_list(_object("A bone.", **{"from": _COUNT, "to": _COUNT, "limb": _TEXT})),
        colours={"type": "object", "additionalProperties": _TEXT},
    ),
    "Word": _object("How it is, in a word.", status=_TEXT),
    "Status": _object(
        "What runs, its load and its limits.",
        version=_TEXT,
        model=_TEXT,
        engine=_TEXT,
        precision=_TEXT,
        confined=_TEXT,
        cores=_COUNT,
        ready={"type": "boolean"},
        waiting=_COUNT,
        live_sessions=_COUNT,
        jobs={"type": "object", "additionalProperties": _COUNT},
        restarts=_COUNT,
        limits=_FREE,
    ),
}


# With enable_segmentation, in answers about pictures: a grey PNG of the picture's size, in Base64.
SCHEMAS["Person"]["properties"]["mask"] = _TEXT


def _document() -> dict[str, Any]:
    rows = np.arange(LANDMARK_COUNT, dtype=np.float32)[:, None]
    side = np.where(rows % 2, 0.05, -0.05)
    landmarks = np.hstack([0.5 + side, 0.1 + 0.025 * rows, 0 * rows, 1 - 0 * rows, 1 - 0 * rows])
    world = np.hstack([side, 0.05 * rows - 0.8, 0 * rows])
    person = Pose(0, 0.98, landmarks, world, (1280, 720))
    info = SourceInfo("photo.jpg", "picture", 1280, 720)
    first = header(info, model="full", engine="openvino", precision="f32")
    return {**first, "frames": [FramePoses(0, 0.0, (1280, 720), (person,)).to_dict()]}


_JOB: Final[Mapping[str, Any]] = {
    "id": "q0JmT5n1nZ2oYxV3hS8u0A",
    "name": "clip.mp4",
    "state": "running",
    "kind": "video",
    "created_s": 1764000000.0,
    "started_s": 1764000000.5,
    "finished_s": None,
    "bytes": 1843200,
    "progress": 0.4,
    "frames": 120,
    "frames_total": 300,
    "rate": 60.0,
    "time_left_s": 3.0,
    "problem": None,
    "results": [],
    "options": {"max_people": 1, "results": ["records", "csv", "annotated"]},
}

EXAMPLES: Final[Mapping[str, Any]] = {
    "Document": _document(),
    "Job": _JOB,
    "Jobs": {"jobs": [_JOB], "total": 1, "limit": 20, "offset": 0},
    "Skeleton": {
        "landmark_names": list(LANDMARK_NAMES),
        "bones": [{"from": 11, "to": 13, "limb": "left_arm"}],
        "colours": {"left_arm": "#56b4e9", "line": "#e0e0e0", "point": "#ff0000"},
    },
    "Word": {"status": "ready"},
    "Status": {
        **{"version": "0.1.0", "model": "full", "engine": "openvino", "precision": "f32"},
        **{"confined": "seccomp", "cores": 4, "ready": True, "waiting": 0, "live_sessions": 1},
        **{"jobs": {"queued": 0, "running": 1, "succeeded": 12}, "restarts": 0},
        "limits": {"max_content_length": 16777216, "max_fps": 15.0},
    },
}
