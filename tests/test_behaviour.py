"""What holds in a frame, and what has held for a while."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.analysis import CONDITIONS, Edge, Held, condition
from posemill.analysis.behaviour import END_S, FLICKER_S, Point, is_inside
from posemill.config.watching import RULES
from posemill.errors import SettingError
from posemill.skeleton import LANDMARK_COUNT, LANDMARK_INDEX
from posemill.types import FramePoses, Pose

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
STANDING = {
    **dict.fromkeys(("nose", "left_eye", "right_eye", "left_ear", "right_ear"), (0.5, 0.2)),
    **{"left_shoulder": (0.55, 0.3), "right_shoulder": (0.45, 0.3)},
    **{"left_elbow": (0.56, 0.4), "right_elbow": (0.44, 0.4)},
    **{"left_wrist": (0.56, 0.5), "right_wrist": (0.44, 0.5)},
    **{"left_hip": (0.53, 0.5), "right_hip": (0.47, 0.5)},
    **{f"left_{part}": (0.53, 0.9) for part in ("ankle", "heel", "foot_index")},
    **{f"right_{part}": (0.47, 0.9) for part in ("ankle", "heel", "foot_index")},
}
RAISED = {
    **{"left_elbow": (0.6, 0.2), "right_elbow": (0.4, 0.2)},
    **{"left_wrist": (0.6, 0.05), "right_wrist": (0.4, 0.05)},
}
FEET = [f"{s}_{p}" for s in ("left", "right") for p in ("ankle", "heel", "foot_index")]


def person(
    moved: dict[str, Point] | None = None, hidden: Sequence[str] = (), number: int = 0
) -> Pose:
    landmarks = np.full((LANDMARK_COUNT, 5), 0.5, np.float32)
    landmarks[:, 3:] = 0.9
    for name, place in (STANDING | (moved or {})).items():
        landmarks[LANDMARK_INDEX[name], :2] = place
    for name in hidden:
        landmarks[LANDMARK_INDEX[name], 3] = 0.49
    world = np.zeros((LANDMARK_COUNT, 3), np.float32)
    return Pose(number, 0.9, landmarks, world, (640, 480))


def poses(*people: Pose, time_s: float = 0.0) -> FramePoses:
    return FramePoses(0, time_s, (640, 480), people)


def facts_of(found: Any) -> Any:
    assert found is not None
    return found["people"]


# --- rules


def test_there_is_a_condition_for_each_rule_and_no_other() -> None:
    assert tuple(CONDITIONS) == RULES
    with pytest.raises(SettingError, match="person or nobody"):
        condition("dancing")


def test_people_are_counted_and_named() -> None:
    two = condition("person", least=2)
    assert two(poses()) is None
    assert two(poses(person(number=3))) is None
    found = facts_of(two(poses(person(number=3), person(number=7))))
    assert [each["id"] for each in found] == [3, 7]


def test_nobody_is_when_there_are_no_people() -> None:
    nobody = condition("nobody")
    assert nobody(poses()) == {"people": []}
    assert nobody(poses(person())) is None


def test_somebody_is_in_a_zone_by_the_feet() -> None:
    zone = condition("zone", points=((0.4, 0.8), (0.6, 0.8), (0.6, 1.0), (0.4, 1.0)))
    assert facts_of(zone(poses(person()))) == [{"id": 0, "ground": [0.5, 0.9], "of": "feet"}]
    # Not by the hips, nor by feet that are elsewhere.
    assert condition("zone", points=SQUARE)(poses(person())) is None
    away: dict[str, Point] = dict.fromkeys(FEET, (0.9, 0.9))
    assert zone(poses(person(away))) is None


def test_one_foot_that_is_seen_is_enough_and_each_counts_the_same() -> None:
    zone = condition("zone", points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    left_only = person(hidden=[name for name in FEET if name.startswith("right")])
    assert facts_of(zone(poses(left_only)))[0]["ground"] == [0.53, 0.9]
    one_of_right = person(hidden=["right_heel", "right_foot_index"])
    assert facts_of(zone(poses(one_of_right)))[0]["ground"] == [0.5, 0.9]


@pytest.mark.parametrize("below", [False, True])
def test_without_feet_in_the_picture_hips_say_where_somebody_is(below: bool) -> None:
    moved: dict[str, Point] = dict.fromkeys(FEET, (0.5, 1.2)) if below else {}
    upper = person(moved, hidden=() if below else FEET)
    found = facts_of(condition("zone", points=SQUARE)(poses(upper)))
    assert found == [{"id": 0, "ground": [0.5, 0.5], "of": "hips"}]


def test_a_zone_takes_so_many_people_and_one_without_corners_takes_none() -> None:
    ground = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
    both = poses(person(), person(number=1))
    assert len(facts_of(condition("zone", points=ground, least=2)(both))) == 2
    assert condition("zone", points=ground, least=3)(both) is None
    assert condition("zone")(both) is None


def test_both_hands_over_the_head_call_for_help() -> None:
    call = condition("hands_up")
    assert call(poses(person())) is None
    found = facts_of(call(poses(person(), person(RAISED, number=4))))
    assert found == [
        {"id": 4, "wrists_over_head": [0.15, 0.15], "elbows_over_shoulders": [0.1, 0.1]}
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"left_wrist": (0.6, 0.5)},  # one arm: somebody waves
        {"right_wrist": (0.4, 0.21)},  # at the chin
        {"left_elbow": (0.6, 0.31)},  # the elbow below the shoulder
        {"left_ear": (0.5, 0.01)},  # the head is higher
    ],
)
def test_less_than_that_is_no_call(change: dict[str, Point]) -> None:
    assert condition("hands_up")(poses(person(RAISED | change))) is None


@pytest.mark.parametrize("name", ["left_wrist", "right_elbow", "left_shoulder"])
def test_arms_that_are_not_seen_are_not_up(name: str) -> None:
    assert condition("hands_up")(poses(person(RAISED, hidden=[name]))) is None


def test_a_head_seen_from_behind_is_a_head_and_one_that_isn_t_seen_is_none() -> None:
    face = ["nose", "left_eye", "right_eye"]
    call = condition("hands_up")
    assert call(poses(person(RAISED, hidden=face))) is not None
    assert call(poses(person(RAISED, hidden=[*face, "left_ear", "right_ear"]))) is None


# --- polygons

shares = st.floats(0, 1).map(lambda value: round(value, 4))
corners = st.tuples(shares, shares)
polygons = st.lists(corners, min_size=3, max_size=8)


@given(corners, polygons, st.integers(0, 7))
def test_where_the_corners_begin_and_which_way_they_go_makes_no_difference(
    point: Point, polygon: list[Point], first: int
) -> None:
    found = is_inside(point, polygon)
    turned = polygon[first % len(polygon) :] + polygon[: first % len(polygon)]
    assert is_inside(point, turned) == is_inside(point, polygon[::-1]) == found


@given(polygons, st.floats(0, 1), st.integers(0, 7))
def test_corners_and_edges_are_inside(polygon: list[Point], part: float, number: int) -> None:
    (ax, ay), (bx, by) = (polygon[(number + i) % len(polygon)] for i in (0, 1))
    assert is_inside((ax, ay), polygon)
    assert is_inside((ax + part * (bx - ax), ay + part * (by - ay)), polygon)


@given(polygons, st.floats(0, 2 * math.pi))
def test_far_away_is_outside(polygon: list[Point], angle: float) -> None:
    assert not is_inside((0.5 + 2 * math.cos(angle), 0.5 + 2 * math.sin(angle)), polygon)


@given(corners, corners, corners, corners)
def test_a_triangle_is_what_lies_on_one_side_of_all_its_edges(
    point: Point, a: Point, b: Point, c: Point
) -> None:
    def side(p: Point, q: Point) -> float:
        return (q[0] - p[0]) * (point[1] - p[1]) - (q[1] - p[1]) * (point[0] - p[0])

    sides = [side(a, b), side(b, c), side(c, a)]
    if min(abs(each) for each in sides) > 1e-6:
        assert is_inside(point, (a, b, c)) == (min(sides) > 0 or max(sides) < 0)


@given(corners, polygons)
def test_a_doubled_corner_changes_nothing(point: Point, polygon: list[Point]) -> None:
    assert is_inside(point, [polygon[0], *polygon]) == is_inside(point, polygon)


# --- for a while


def run(held: Held, *parts: tuple[float, bool], start_s: float = 0.0) -> list[tuple[float, Edge]]:
    """Feed frames of 0.1 s, so many seconds of each; return the edges and when they were."""
    edges, number = [], 0
    for length_s, holds in parts:
        for _ in range(round(length_s * 10)):
            time_s = start_s + number / 10
            edge = held.update(time_s, {"frame": number} if holds else None)
            edges += [] if edge is None else [(round(time_s, 3), edge)]
            number += 1
    return edges


def test_it_begins_when_it_has_held_for_long_enough_and_ends_when_it_hasn_t() -> None:
    held = Held(1.0)
    assert run(held, (3, True), (3, False)) == [
        (1.0, Edge("began", 1.0)),
        (4.0, Edge("ended", 1.0)),
    ]
    assert (held.is_on, held.facts) == (False, {"frame": 29})


def test_at_once_means_with_the_first_frame() -> None:
    assert run(Held(0.0), (0.1, True)) == [(0.0, Edge("began", 0.0))]


def test_what_is_too_short_never_begins() -> None:
    assert run(Held(1.0), (0.9, True), (0.6, False), (0.9, True), (2, False)) == []


def test_short_flickers_are_bridged_and_longer_ones_begin_anew() -> None:
    assert run(Held(1.0), (0.6, True), (0.4, False), (0.6, True)) == [(1.0, Edge("began", 1.0))]
    assert run(Held(1.0), (0.6, True), (0.5, False), (1.2, True)) == [(2.1, Edge("began", 1.0))]


def test_what_is_on_lasts_over_less_than_a_second() -> None:
    assert len(run(Held(1.0), (2, True), (1.0, False), (2, True), (0.9, False), (1, True))) == 1


def test_it_may_hold_from_the_start() -> None:
    assert run(Held(5.0, is_on=True), (1, True)) == []
    assert run(Held(5.0, is_on=True), (2, False)) == [(1.0, Edge("ended", 1.0))]


def test_a_gap_neither_begins_nor_ends_anything() -> None:
    held = Held(1.0)
    assert run(held, (0.5, True)) == []
    assert run(held, (0.5, True), start_s=3600) == []
    assert run(held, (0.3, True), start_s=7200) == [(7200.2, Edge("began", 1.0))]
    assert run(held, (0.5, False), start_s=9000) == []
    assert run(held, (0.4, False), start_s=9900) == []
    assert held.is_on


def test_a_clock_that_is_set_back_or_stands_still_neither() -> None:
    held = Held(1.0)
    assert run(held, (0.8, True), start_s=1000) == []
    assert run(held, (0.2, True), start_s=10) == []
    assert [held.update(10.1, {}) for _ in range(20)] == [None] * 20
    assert run(held, (0.5, True), start_s=10.2)[0][1].word == "began"


def test_with_few_frames_a_second_long_steps_are_none() -> None:
    slow = Held(10.0, gap_s=12.5)
    assert [slow.update(5.0 * number, {}) for number in range(3)] == [None, None, ("began", 10.0)]
    assert [slow.update(15.0 + 5.0 * number, None) for number in range(2)] == [None, ("ended", 5.0)]


steps = st.sampled_from((0.05, 0.1, 0.3, 1.0, 5.0, 100.0, 0.0, -1.0, -1e6))
History = list[tuple[float, bool]]  # seconds by a clock that stands still in gaps, and whether held


def lacked_s(history: History) -> float:
    """For how long it has not held, up to now."""
    since = next((i for i in range(len(history), 0, -1) if history[i - 1][1]), 0)
    return history[-1][0] - history[since][0] if since < len(history) else 0.0


def streak_s(history: History) -> float:
    """For how long it has held, but for flickers, up to now, when it holds."""
    began = ends = history[-1][0]
    for moment, holds in reversed(history):
        if not holds and ends - moment >= FLICKER_S - 1e-6:
            break
        if holds:
            began = ends = moment
    return history[-1][0] - began


@given(
    st.lists(st.tuples(steps, st.booleans()), max_size=80),
    st.sampled_from((0.0, 0.3, 1.0, 4.0)),
    st.booleans(),
)
def test_whatever_comes_it_begins_and_ends_when_the_past_says_so(
    frames: list[tuple[float, bool]], for_s: float, is_on: bool
) -> None:
    held, time_s, history = Held(for_s, is_on=is_on), 0.0, History()
    for step_s, holds in frames:
        time_s += step_s
        before = history[-1][0] if history else 0.0
        history.append((before + (step_s if history and 0 < step_s <= 2.0 else 0.0), holds))
        edge = held.update(time_s, {} if holds else None)
        if is_on:
            expected = "ended" if not holds and lacked_s(history) >= END_S - 1e-6 else None
        else:
            expected = "began" if holds and streak_s(history) >= for_s - 1e-6 else None
        assert (edge and edge.word) == expected
        is_on = is_on != (edge is not None)
        assert held.is_on == is_on
