"""posemill/1 records: what is written can be read again, and nothing else can."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from posemill.errors import BrokenSource, SettingError
from posemill.records import dumps, frame_record, header, loads, parse_frame, parse_header
from posemill.skeleton import LANDMARK_NAMES
from posemill.types import Floats, FramePoses, Pose, SourceInfo

INFO = SourceInfo("clip.mp4", "video", 1280, 720, 29.97)
HEADER = header(INFO, model="full", engine="openvino", precision="f32")


def pose(identity: int = 0, shift: float = 0.0) -> Pose:
    landmarks = np.linspace(0.1, 0.9, 165, dtype=np.float32).reshape(33, 5) + np.float32(shift)
    world = np.linspace(-0.9, 0.9, 99, dtype=np.float32).reshape(33, 3)
    return Pose(identity, 0.98, np.clip(landmarks, 0, 1), world, (1280, 720))


def poses(*people: Pose) -> FramePoses:
    return FramePoses(7, 0.233333333, (1280, 720), people)


def numbers(columns: int, low: float, high: float) -> st.SearchStrategy[Floats]:
    return arrays.arrays(
        np.float32, (33, columns), elements=st.floats(low, high, width=32), fill=st.nothing()
    )


@st.composite
def any_pose(pick: st.DrawFn) -> Pose:
    marks = np.hstack([pick(numbers(3, -1000, 1000)), pick(numbers(2, 0, 1))])
    score = pick(st.floats(0, 1))
    return Pose(pick(st.integers(0, 2**53)), score, marks, pick(numbers(3, -4, 4)), (1280, 720))


def test_the_header_has_the_documented_keys_in_order() -> None:
    record = header(INFO, model="full", engine="openvino", precision="f32", started="now")
    assert list(record)[:2] == ["schema", "source"]
    assert record["schema"] == "posemill/1"
    assert record["source"] == "clip.mp4"
    assert (record["width"], record["height"], record["fps"]) == (1280, 720, 29.97)
    assert record["landmark_names"] == list(LANDMARK_NAMES)
    assert record["columns"] == ["x", "y", "z", "visibility", "presence"]
    assert (record["model"], record["engine"], record["precision"]) == ("full", "openvino", "f32")
    assert record["started"] == "now"
    assert parse_header(loads(dumps(record))) == record


def test_a_frame_record_says_what_the_pose_says() -> None:
    person = pose(3)
    record = frame_record(poses(person))
    assert (record["frame"], record["time_s"]) == (7, 0.233333)
    (found,) = record["people"]
    assert list(found) == ["id", "score", "box", "landmarks", "world", "flags"]
    assert found["box"] == pytest.approx(person.box_px, abs=0.01)
    assert np.abs(np.array(found["landmarks"]) - person.landmarks).max() < 1e-6
    assert np.abs(np.array(found["world"]) - person.world).max() < 1e-6


def test_nobody_is_an_empty_list() -> None:
    assert dumps(frame_record(poses())) == '{"frame":7,"time_s":0.233333,"people":[]}'


def test_numbers_are_short_and_zero_has_no_sign() -> None:
    person = pose()
    person.landmarks[0] = [-0.0, 0.1, -1e-9, 1 / 3, 1]
    assert frame_record(poses(person))["people"][0]["landmarks"][0] == [0, 0.1, 0, 0.333333, 1]
    assert "-0.0," not in dumps(frame_record(poses(person)))


@given(st.lists(any_pose(), max_size=3), st.integers(0, 2**53), st.floats(0, 1e6))
def test_reading_and_writing_again_changes_nothing(
    people: list[Pose], index: int, time_s: float
) -> None:
    line = dumps(frame_record(FramePoses(index, time_s, (1280, 720), tuple(people))))
    again = parse_frame(loads(line), HEADER)
    assert dumps(frame_record(again)) == line
    assert (again.index, again.size_px) == (index, (1280, 720))
    assert again.time_s == pytest.approx(time_s, abs=1e-6)
    for before, after in zip(people, again.people, strict=True):
        assert after.id == before.id
        assert after.landmarks.dtype == np.float32
        assert np.allclose(after.landmarks, before.landmarks, rtol=1e-6, atol=1e-6)
        assert np.allclose(after.world, before.world, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_only_finite_numbers_are_written(value: float) -> None:
    person = pose()
    person.world[5, 1] = value
    with pytest.raises(SettingError, match="finite"):
        frame_record(poses(person))
    with pytest.raises(SettingError, match="finite"):
        dumps({"fps": value})


def test_a_name_that_is_not_unicode_survives() -> None:
    name = b"caf\xe9 \xf0\x9f\x98\x80.mp4".decode("utf-8", "surrogateescape")
    line = dumps({"source": name})
    assert line.isascii()
    assert loads(line)["source"] == name


@pytest.mark.parametrize(
    "line", ["", "{", "[]", "3", "null", '"x"', '{"a":NaN}', '{"a":-Infinity}', "[" * 100_000]
)
def test_what_is_not_a_record_is_refused(line: str) -> None:
    with pytest.raises(BrokenSource):
        loads(line)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "posemill/2"),
        ("schema", None),
        ("source", 3),
        ("kind", "sculpture"),
        ("width", 0),
        ("width", True),
        ("width", 1e9),
        ("height", "720"),
        ("height", 10**400),
        ("fps", -1),
        ("fps", 0),
        ("fps", "25"),
        ("fps", float("nan")),
        ("landmark_names", list(LANDMARK_NAMES[:17])),
        ("landmark_names", None),
        ("columns", ["x", "y"]),
        ("model", None),
        ("precision", ["f32"]),
    ],
)
def test_a_header_with_nonsense_is_refused(key: str, value: object) -> None:
    assert parse_header(HEADER) == HEADER
    with pytest.raises(BrokenSource, match=key):
        parse_header({**HEADER, key: value})


def test_a_header_may_have_keys_of_later_versions_and_a_picture_no_rate() -> None:
    assert parse_header({**HEADER, "fps": None, "weather": "fine"})["weather"] == "fine"


@pytest.mark.parametrize("record", [None, 3, [], "x", True])
def test_a_record_must_be_an_object(record: object) -> None:
    with pytest.raises(BrokenSource):
        parse_header(record)
    with pytest.raises(BrokenSource):
        parse_frame(record, HEADER)


def changed(**changes: Any) -> dict[str, Any]:
    record = json.loads(dumps(frame_record(poses(pose()))))
    for place, value in changes.items():
        target: Any = record
        *path, last = [int(part) if part.isdigit() else part for part in place.split("__")]
        for part in path:
            target = target[part]
        target[last] = value
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize(
    "changes",
    [
        {"frame": -1},
        {"frame": 1.5},
        {"frame": True},
        {"frame": 10**400},
        {"time_s": "0"},
        {"time_s": None},
        {"time_s": float("inf")},
        {"time_s": 10**400},
        {"people": None},
        {"people": {}},
        {"people": [None]},
        {"people__0__id": -1},
        {"people__0__id": "a"},
        {"people__0__score": 2},
        {"people__0__score": False},
        {"people__0__landmarks": []},
        {"people__0__landmarks": "x" * 33},
        {"people__0__landmarks__4": [0, 0, 0, 0]},
        {"people__0__landmarks__4": "01234"},
        {"people__0__landmarks__4__0": "0"},
        {"people__0__landmarks__4__0": [0]},
        {"people__0__landmarks__4__0": 1e300},
        {"people__0__landmarks__4__0": float("nan")},
        {"people__0__landmarks__4__3": 1.01},
        {"people__0__landmarks__4__4": -0.01},
        {"people__0__world": None},
        {"people__0__world__32__2": True},
    ],
)
def test_a_frame_with_nonsense_is_refused(changes: dict[str, Any]) -> None:
    assert parse_frame(changed(), HEADER).people[0].id == 0
    with pytest.raises(BrokenSource) as error:
        parse_frame(changed(**changes), HEADER)
    assert len(str(error.value)) < 200


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["frame", "time_s", "people", "id", "score", "landmarks"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_json_is_a_frame_or_refused(record: object) -> None:
    try:
        found = parse_frame(record, HEADER)
    except BrokenSource:
        return
    assert parse_frame(frame_record(found), HEADER).index == found.index
