"""What is told of people while they move: in the pure class, in records, by detect."""

from dataclasses import replace
from time import process_time

import numpy as np
import pytest

from finished_jobs import clip_of
from movements import Move, again, squat
from moving_figure import Posture
from posemill.analysis.angles import GROUPS
from posemill.analysis.joints import ALL_ANGLES
from posemill.analysis.live import LiveAnalysis
from posemill.assemble import analysing, analysis_header
from posemill.config import TABLE, Settings, parse_stream
from posemill.config.analysing import ANGLES, EXERCISES
from posemill.config.analysing import GROUPS as GROUP_WORDS
from posemill.errors import SettingError
from posemill.exercises import exercise_names, load_exercise
from posemill.records import frame_record, parse_frame
from posemill.types import FramePoses, Pose

SQUATS = clip_of(again(squat()), 9)


def at(x_m: float, move: Move = lambda _: Posture()) -> Move:
    """Return a movement elsewhere."""
    return lambda time_s: replace(move(time_s), x_m=x_m)


def renamed(frame: FramePoses, number: int) -> FramePoses:
    return replace(frame, people=tuple(replace(pose, id=number) for pose in frame.people))


def counts(frames: list[FramePoses], analysis: LiveAnalysis) -> list[dict[int, int]]:
    return [
        {pose.id: pose.analysis["count"]["count"] for pose in analysis.update(frame).people}
        for frame in frames
    ]


def squatting() -> LiveAnalysis:
    return LiveAnalysis(load_exercise("squat"))


def test_counts_and_angles_are_those_of_the_frame() -> None:
    analysis = LiveAnalysis(load_exercise("squat"), ["left_knee_flexion", "trunk_lean"])
    told = [analysis.update(frame).people[0].analysis for frame in SQUATS]
    assert [each["count"]["count"] for each in told][-1] == 3
    assert max(each["count"]["progress"] for each in told) == pytest.approx(0.9, abs=0.1)
    knees = [each["angles"]["left_knee_flexion"] for each in told]
    assert (min(knees), max(knees)) == (pytest.approx(0, abs=3), pytest.approx(100, abs=6))
    assert list(told[0]["angles"]) == ["left_knee_flexion", "trunk_lean"]


def test_only_what_is_asked_for() -> None:
    assert "angles" not in squatting().update(SQUATS[0]).people[0].analysis
    assert list(LiveAnalysis(None, ["trunk_lean"]).update(SQUATS[0]).people[0].analysis) == [
        "angles"
    ]
    assert analysing(Settings())(SQUATS[0]) is SQUATS[0]
    assert analysis_header(Settings()) == {}


def test_the_frame_that_came_is_as_it_was() -> None:
    made = squatting().update(SQUATS[0])
    assert (made.index, made.time_s, made.size_px) == (0, 0.0, SQUATS[0].size_px)
    assert not SQUATS[0].people[0].analysis


def test_two_people_are_counted_each() -> None:
    frames = clip_of({0: at(-1, again(squat())), 1: at(1, again(squat(), 4.5))})
    assert counts(frames, squatting())[-1] == {0: 3, 1: 2}


def test_one_who_gets_another_id_goes_on() -> None:
    frames = [renamed(each, 0 if each.time_s < 4 else 5) for each in SQUATS]
    assert counts(frames, squatting())[-1] == {5: 3}


def test_one_who_was_always_alone_may_walk_out_and_back() -> None:
    back = [replace(renamed(each, 1), time_s=each.time_s + 29) for each in SQUATS]
    assert counts([*SQUATS, *back], squatting())[-1] == {1: 6}
    later = [replace(renamed(each, 1), time_s=each.time_s + 99) for each in SQUATS]
    assert counts([*SQUATS, *later], squatting())[-1] == {1: 3}


def test_among_several_a_newcomer_elsewhere_begins_at_none() -> None:
    pair = clip_of({0: at(-2.4, again(squat())), 1: at(1.5)})
    third = clip_of({1: at(1.5), 2: at(0)}, 1)
    third = [replace(each, time_s=each.time_s + 9.05) for each in third]
    assert counts([*pair, *third], squatting())[-1] == {1: 0, 2: 0}


def test_days_of_passers_by_fill_no_memory() -> None:
    analysis = squatting()
    pair = clip_of({0: at(-1), 1: at(1)}, 0.1)
    first, second = pair[0].people
    for number in range(2000):
        people = (replace(first, id=2 * number), replace(second, id=2 * number + 1))
        analysis.update(FramePoses(number, 7.0 * number, pair[0].size_px, people))
    assert len(analysis._people) <= 20
    crowd = tuple(replace(first, id=number) for number in range(200))
    analysis.update(FramePoses(1, 1e6, pair[0].size_px, crowd))
    assert len(analysis._people) <= 64


def test_masks_are_not_kept() -> None:
    analysis = squatting()
    mask = np.zeros((720, 1280), np.float32)
    pose = replace(SQUATS[0].people[0], mask=mask)
    made = analysis.update(replace(SQUATS[0], people=(pose,)))
    assert made.people[0].mask is mask
    assert all(each.pose.mask is None for each in analysis._people.values())


def test_it_costs_little() -> None:
    frames = clip_of(again(squat()), 15)
    analysis = LiveAnalysis(load_exercise("squat"), ["left_knee_flexion"])
    began = process_time()
    for frame in frames:
        analysis.update(frame)
    assert (process_time() - began) / len(frames) < 0.002  # a fifth of it on a quiet machine


def test_records_hold_it_and_readers_pass_over_it() -> None:
    frame = squatting().update(SQUATS[0])
    record = frame_record(frame)
    assert list(record["people"][0]["analysis"]["count"]) == ["count", "progress"]
    header = {"width": frame.size_px[0], "height": frame.size_px[1]}
    (person,) = parse_frame(record, header).people
    assert isinstance(person, Pose)
    assert not person.analysis
    assert "analysis" not in frame_record(SQUATS[0])["people"][0]


def test_the_names_in_the_settings_are_those_of_the_analysis() -> None:
    assert set(ANGLES) == set(ALL_ANGLES)
    assert set(GROUP_WORDS) == set(GROUPS)
    assert exercise_names() == EXERCISES


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("exercise", "squat", "squat"),
        ("exercise", "", None),
        ("angles", "trunk_lean, left_knee_flexion,trunk_lean", "trunk_lean,left_knee_flexion"),
        ("angles", ["main", "2d"], "main,2d"),
        ("angles", "", None),
    ],
)
def test_settings(name: str, raw: object, value: str | None) -> None:
    assert TABLE[name].parse(raw, "a test") == value


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("exercise", "flying", "push_up"),
        ("exercise", "auto", "push_up"),
        ("exercise", "squat,push_up", "push_up"),
        ("exercise", "/etc/mine.toml", "push_up"),
        ("exercise", 3, "push_up"),
        ("angles", "left_tail", "left_knee_flexion"),
        ("angles", [3], "left_knee_flexion"),
        ("angles", {"a": 1}, "left_knee_flexion"),
    ],
)
def test_settings_that_make_no_sense(name: str, raw: object, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        TABLE[name].parse(raw, "a test")


def test_a_stream_has_its_own() -> None:
    raw = {"name": "gym", "url": "rtsp://host/gym", "exercise": "squat", "angles": ["main"]}
    settings = parse_stream(raw, Settings(exercise="push_up"), "a test").settings
    assert (settings.exercise, settings.angles) == ("squat", "main")
    for wrong in ({"exercise": "auto"}, {"exercise": "my.toml"}, {"angles": "tail"}):
        with pytest.raises(SettingError, match="from a test"):
            parse_stream({**raw, **wrong}, Settings(), "a test")


def test_the_header_says_what_is_in_the_records() -> None:
    told = analysis_header(Settings(exercise="squat", angles="trunk_lean"))["analysis"]
    assert told == {
        "schema": "posemill.analysis/1",
        "exercise": "squat",
        "angles": ["trunk_lean"],
    }
    assert "left_knee_flexion" in analysis_header(Settings(angles="main"))["analysis"]["angles"]
