"""People to posemill/1 records and back: plain lists, dicts and finite numbers.

A source is one header, then one record a frame:

    {"schema":"posemill/1","source":"clip.mp4","kind":"video","width":1280,"height":720, ...}
    {"frame":0,"time_s":0.0,"people":[{"id":0,"score":0.98,"box":[...],"landmarks":[...], ...}]}

Units are those of ``Pose``; ``box`` is x, y, width, height in pixels. Masks are not recorded.
Reading trusts nothing: whatever is not a record is a BrokenSource that says what is wrong.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import numpy as np

from posemill.errors import BrokenSource, SettingError
from posemill.skeleton import LANDMARK_COUNT, LANDMARK_NAMES
from posemill.types import Floats, FramePoses, Pose, SourceInfo

SCHEMA: Final = "posemill/1"
ANALYSIS_SCHEMA: Final = "posemill.analysis/1"
COLUMNS: Final = ("x", "y", "z", "visibility", "presence")
WORLD_COLUMNS: Final = ("x", "y", "z")

# Beyond what a model can give.
_FLOAT32_MAX: Final = float(np.finfo(np.float32).max)
_MAX_SIDE_PX: Final = 1_000_000
_KINDS: Final = ("picture", "video")
_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def header(
    info: SourceInfo, *, model: str, engine: str, precision: str, **more: Any
) -> dict[str, Any]:
    """Return the header of a source; ``more`` adds keys of its own after the known ones."""
    return {
        "schema": SCHEMA,
        "source": readable(info.name),
        "kind": info.kind,
        "width": info.width,
        "height": info.height,
        "fps": None if info.fps is None else round(info.fps, 6),
        "landmark_names": list(LANDMARK_NAMES),
        "columns": list(COLUMNS),
        "model": model,
        "engine": engine,
        "precision": precision,
        **more,
    }


def analysis_document(kind: str, header: Mapping[str, Any], **found: Any) -> dict[str, Any]:
    """Return the document of an analysis: its kind, what was analysed, and what was found."""
    keys = ("source", "width", "height", "fps", "model", "engine", "precision")
    about = {key: header.get(key) for key in keys}
    return {"schema": ANALYSIS_SCHEMA, "kind": kind, **about, **found}


def readable(name: str) -> str:
    """Return ``name`` as text that any program can read; what is no Unicode is escaped."""
    return name.encode(errors="backslashreplace").decode()


def frame_record(poses: FramePoses) -> dict[str, Any]:
    """Return the record of one frame; what ``parse_frame`` makes of it gives it again.

    SettingError for a number that is not finite.
    """
    if not all(np.isfinite(p.landmarks).all() and np.isfinite(p.world).all() for p in poses.people):
        raise SettingError("a record can only hold finite numbers.")
    return poses.to_dict()


def dumps(record: Mapping[str, Any]) -> str:
    """Return ``record`` as one line of JSON. SettingError for a number that is not finite."""
    try:
        return _ENCODER.encode(record)
    except ValueError as error:
        raise SettingError(f"a record can only hold finite numbers: {error}.") from error


def loads(line: str | bytes) -> dict[str, Any]:
    """Return the record in one line of JSON, its content not checked yet. BrokenSource."""
    try:
        record = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenSource(f"a record is not readable JSON: {error}.") from error
    return _mapping(record, "a record")


def parse_header(record: object) -> dict[str, Any]:
    """Return ``record`` as a checked header. BrokenSource for anything else."""
    found = _mapping(record, "the header")
    if found.get("schema") != SCHEMA:
        raise BrokenSource(
            f"the header's schema must be {SCHEMA!r}, not {_shown(found, 'schema')}."
        )
    for name in ("source", "model", "engine", "precision"):
        if not isinstance(found.get(name), str):
            raise BrokenSource(f"the header's {name} must be a text, not {_shown(found, name)}.")
    if found.get("kind", "video") not in _KINDS:
        raise BrokenSource(
            f"the header's kind must be picture or video, not {_shown(found, 'kind')}."
        )
    _size_px(found)
    fps = found.get("fps")
    if fps is not None and not 0 < _number(fps, "the header's fps") <= _MAX_SIDE_PX:
        raise BrokenSource(f"the header's fps must be null or above 0, not {fps}.")
    for name, expected in (("landmark_names", LANDMARK_NAMES), ("columns", COLUMNS)):
        if found.get(name) != list(expected):
            raise BrokenSource(f"the header's {name} must be those of {SCHEMA}.")
    return {**found, "source": readable(found["source"])}


def parse_frame(record: object, header: Mapping[str, Any]) -> FramePoses:
    """Return the people in ``record``, a frame of the source that ``header`` describes.

    ``header``: as ``parse_header`` returns it. Keys that are not known are passed over, and
    the box follows from the landmarks. BrokenSource for anything that is not a frame.
    """
    found = _mapping(record, "a frame")
    size_px = _size_px(header)
    index = _count(found.get("frame"), "frame")
    time_s = _number(found.get("time_s"), "time_s")
    people = found.get("people")
    if not isinstance(people, list):
        raise BrokenSource("people must be a list.")
    return FramePoses(index, time_s, size_px, tuple(_person(person, size_px) for person in people))


def _person(record: object, size_px: tuple[int, int]) -> Pose:
    found = _mapping(record, "a person")
    landmarks = _table(found.get("landmarks"), "landmarks", COLUMNS)
    shares = landmarks[:, 3:]
    if shares.min() < 0 or shares.max() > 1:
        raise BrokenSource("visibility and presence must be from 0 to 1.")
    score = _number(found.get("score"), "score")
    if not 0 <= score <= 1:
        raise BrokenSource(f"score must be from 0 to 1, not {score}.")
    world = _table(found.get("world"), "world", WORLD_COLUMNS)
    flags = _flags(found.get("flags", {}))
    return Pose(_count(found.get("id"), "id"), score, landmarks, world, size_px, flags=flags)


def _flags(record: object) -> dict[str, tuple[int, ...]]:
    flags = {}
    for name, landmarks in _mapping(record, "flags").items():
        if not isinstance(landmarks, list) or len(landmarks) > LANDMARK_COUNT:
            raise BrokenSource("a flag must be a list of landmarks.")
        flags[name] = tuple(_count(landmark, "a landmark of a flag") for landmark in landmarks)
        if max(flags[name], default=0) >= LANDMARK_COUNT:
            raise BrokenSource(f"a landmark of a flag must be below {LANDMARK_COUNT}.")
    return flags


def _table(rows: object, name: str, columns: Sequence[str]) -> Floats:
    if not isinstance(rows, list) or len(rows) != LANDMARK_COUNT:
        raise BrokenSource(f"{name} must be a list of {LANDMARK_COUNT} rows.")
    for row in rows:
        if not isinstance(row, list) or len(row) != len(columns):
            raise BrokenSource(f"every row of {name} must be a list of {', '.join(columns)}.")
        for value in row:
            _number(value, name)
    return np.array(rows, np.float32)


def _number(value: object, name: str) -> float:
    if type(value) is float or type(value) is int:
        if -_FLOAT32_MAX <= value <= _FLOAT32_MAX:  # False for a NaN
            return float(value)
        raise BrokenSource(f"{name} must be a finite number.")
    raise BrokenSource(f"{name} must be a number, not {type(value).__name__}.")


def _count(value: object, name: str) -> int:
    if type(value) is int and 0 <= value <= 2**53:  # what every reader of JSON holds exactly
        return value
    raise BrokenSource(f"{name} must be a whole number from 0 up.")


def _size_px(header: Mapping[str, Any]) -> tuple[int, int]:
    for name in ("width", "height"):
        value = header.get(name)
        if type(value) is not int or not 1 <= value <= _MAX_SIDE_PX:
            raise BrokenSource(f"the header's {name} must be a number of pixels from 1 up.")
    return header["width"], header["height"]


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BrokenSource(f"{name} must be a JSON object, not {type(value).__name__}.")
    return value


def _shown(record: Mapping[str, Any], name: str) -> str:
    return repr(record.get(name))[:60]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a finite number")
