"""What answers look like: the schemas of /openapi.json, and an example of each."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from posemill.doctor import Result
from posemill.jobs import STATES
from posemill.records import COLUMNS, SCHEMA, WORLD_COLUMNS, header
from posemill.server.analysis_examples import ANALYSIS_EXAMPLES
from posemill.server.analysis_schemas import ANALYSIS_SCHEMAS, COMPARISON_SCHEMAS
from posemill.server.problem_texts import PROBLEMS
from posemill.server.schema_parts import (
    COUNT,
    FREE,
    NUMBER,
    SHARE,
    TEXT,
    YES,
    Schema,
    listed,
    obj,
    ref,
    some,
)
from posemill.server.stream_schemas import STREAM_EXAMPLES, STREAM_SCHEMAS
from posemill.skeleton import LANDMARK_COUNT, LANDMARK_NAMES
from posemill.types import FramePoses, Pose, SourceInfo

_RESULT: Final[Schema] = {"type": "string", "enum": [str(each) for each in Result]}
_HEADER: Final[Mapping[str, Schema]] = {
    "schema": {"type": "string", "const": SCHEMA},
    "source": TEXT,
    "kind": {"type": "string", "enum": ["picture", "video"]},
    "width": COUNT,
    "height": COUNT,
    "fps": some(NUMBER),
    "landmark_names": listed(TEXT, LANDMARK_COUNT),
    "columns": listed(TEXT, len(COLUMNS)),
    "model": TEXT,
    "engine": TEXT,
    "precision": TEXT,
}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "Problem": obj(
        "Problem details (RFC 9457); `code` is stable, the sentences are for people.",
        type=TEXT,
        title=TEXT,
        status={"type": "integer"},
        code={"type": "string", "enum": sorted(PROBLEMS)},
        detail=TEXT,
        advice=TEXT,
    ),
    "Person": obj(
        "`x`, `y` are 0..1 of the upright picture, `z` is in the scale of `x`; `world` is in "
        "metres from the middle of the hips, `box` in pixels: x, y, width, height.",
        id=COUNT,
        score=SHARE,
        box=listed(NUMBER, 4),
        landmarks=listed(listed(NUMBER, len(COLUMNS)), LANDMARK_COUNT),
        world=listed(listed(NUMBER, len(WORLD_COLUMNS)), LANDMARK_COUNT),
        flags={"type": "object", "additionalProperties": listed(COUNT)},
    ),
    "FrameRecord": obj(
        "The people in one frame.",
        frame=COUNT,
        time_s=NUMBER,
        people=listed(ref("Person")),
    ),
    "Header": obj("What the records of a source begin with.", **_HEADER),
    "Document": obj(
        "A picture's posemill/1 document.", **_HEADER, frames=listed(ref("FrameRecord"))
    ),
    "Refused": obj(
        "A picture among several that has no result.", source=TEXT, problem=ref("Problem")
    ),
    "Several": obj(
        "Several pictures, in order.",
        results=listed({"anyOf": [ref("Document"), ref("Refused")]}),
    ),
    "Job": obj(
        "Times are seconds since 1970, `rate` is frames a second, `progress` 0 to 1.",
        id=TEXT,
        name=TEXT,
        state={"type": "string", "enum": list(STATES)},
        kind=some({"type": "string", "enum": ["video", "pictures"]}),
        created_s=NUMBER,
        started_s=some(NUMBER),
        finished_s=some(NUMBER),
        bytes=COUNT,
        progress=some(SHARE),
        frames=COUNT,
        frames_total=some(COUNT),
        rate=some(NUMBER),
        time_left_s=some(NUMBER),
        problem=some(ref("Problem")),
        results=listed(TEXT),
        options=FREE,
    ),
    "Jobs": obj(
        "A page of the jobs.", jobs=listed(ref("Job")), total=COUNT, limit=COUNT, offset=COUNT
    ),
    "Skeleton": obj(
        "Names by number, bones between numbers, and colours: of limbs, and of the plain look.",
        landmark_names=listed(TEXT, LANDMARK_COUNT),
        bones=listed(obj("A bone.", **{"from": COUNT, "to": COUNT, "limb": TEXT})),
        colours={"type": "object", "additionalProperties": TEXT},
    ),
    **STREAM_SCHEMAS,
    **ANALYSIS_SCHEMAS,
    **COMPARISON_SCHEMAS,
    "Word": obj("How it is, in a word.", status=TEXT),
    "CheckFinding": obj(
        "One thing that a check found; `fix` says what to do, where something is.",
        code=TEXT,
        result=_RESULT,
        evidence=TEXT,
        fix=some(TEXT),
    ),
    "Check": obj(
        "A check of `posemill doctor`; `pitfall`: the number of the failure it guards against.",
        name=TEXT,
        title=TEXT,
        result=_RESULT,
        pitfall=some(COUNT),
        findings=listed(ref("CheckFinding")),
    ),
    "Examination": obj(
        "What the checks found `at` that time, in seconds since 1970; `ok`: nothing would fail.",
        at=NUMBER,
        ok=YES,
        checks=listed(ref("Check")),
    ),
    "Status": obj(
        "What runs, its load and its limits.",
        ("examination",),
        examination=ref("Examination"),
        version=TEXT,
        model=TEXT,
        engine=TEXT,
        precision=TEXT,
        confined=TEXT,
        cores=COUNT,
        ready=YES,
        waiting=COUNT,
        live_sessions=COUNT,
        jobs={"type": "object", "additionalProperties": COUNT},
        streams={"type": "object", "additionalProperties": COUNT},
        restarts=COUNT,
        limits=FREE,
    ),
}


# With enable_segmentation, in answers about pictures: a grey PNG of the picture's size, in Base64.
SCHEMAS["Person"]["properties"]["mask"] = TEXT


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
    **STREAM_EXAMPLES,
    **ANALYSIS_EXAMPLES,
    "PictureComparison": {
        **ANALYSIS_EXAMPLES["ComparisonDocument"],
        **{"of": "pictures", "a": _document(), "b": _document()},
    },
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
        "streams": {"live": 2, "failed": 1},
        "limits": {"max_content_length": 16777216, "max_fps": 15.0},
    },
}
