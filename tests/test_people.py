"""The pure parts of following several people: likeness, assignment, doubts, belief, search."""

from dataclasses import replace
from math import pi
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from posemill.blazepose.association import (
    Person,
    Sighting,
    confused,
    distinct_sightings,
    met,
    who_is_it,
    who_returns,
)
from posemill.blazepose.belief import belief, needs_no_belief
from posemill.blazepose.doubts import (
    MIRROR,
    SWAP_PATIENCE_S,
    Memory,
    doubt,
    outside,
)
from posemill.blazepose.filtering import Filters
from posemill.blazepose.look import Body, Candidate
from posemill.blazepose.models import Model
from posemill.blazepose.roi import Region
from posemill.blazepose.search import distinct_places, search, tiles_of
from posemill.blazepose.similarity import assign, oks, same_body
from posemill.options import PoseOptions
from posemill.skeleton import LANDMARK_INDEX, LANDMARK_NAMES
from posemill.types import Floats, Frame

FRAME_S = 1 / 30
# A person from the front, in parts of the height: x to our right, left side on our right.
FRONT = {
    **dict.fromkeys(LANDMARK_NAMES, (0.0, 0.06)),
    **{f"{side}_eye{part}": (sign * 0.02, 0.05)
       for side, sign in (("left", 1), ("right", -1)) for part in ("", "_inner", "_outer")},
    **{f"{side}_{part}": (sign * x, y)
       for side, sign in (("left", 1), ("right", -1))
       for part, x, y in (
           ("ear", 0.04, 0.06), ("shoulder", 0.12, 0.18), ("elbow", 0.16, 0.33),
           ("wrist", 0.18, 0.47), ("pinky", 0.19, 0.5), ("index", 0.18, 0.51),
           ("thumb", 0.17, 0.5), ("hip", 0.07, 0.5), ("knee", 0.08, 0.73),
           ("ankle", 0.08, 0.94), ("heel", 0.08, 0.97), ("foot_index", 0.1, 1.0),
       )},
    "mouth_left": (0.015, 0.08),
    "mouth_right": (-0.015, 0.08),
}  # fmt: skip
SHAPE = np.array([FRONT[name] for name in LANDMARK_NAMES], np.float32)


def body(x: float = 0.0, y: float = 0.0, height: float = 200.0, score: float = 1.0) -> Body:
    """Return a person whose hips are at (x, y), ``height`` pixels tall, 1.7 m in the world."""
    landmarks = np.full((33, 5), 0.9, np.float32)
    landmarks[:, :2] = (SHAPE - (0, 0.5)) * height + (x, y)
    landmarks[:, 2] = 0
    auxiliary = np.full((2, 5), 0.9, np.float32)
    auxiliary[:, :2] = (x, y), (x, y - height / 2)
    world = np.zeros((33, 3), np.float32)
    world[:, :2] = (SHAPE - (0, 0.5)) * 1.7
    return Body(score, landmarks, auxiliary, world, None)


def person(
    identity: int | None, seen: Body, velocity: tuple[float, float] = (0, 0), lost_s: float = 0.0
) -> Person:
    moving = np.array(velocity, np.float32)
    return Person(seen.extent, seen, Filters(), id=identity, lost_s=lost_s, velocity_px_s=moving)


def owned(seen: Body, *owners: int) -> Sighting:
    return Sighting(seen, frozenset(owners))


# Likeness


def test_oks_is_one_for_the_same_and_falls_with_the_distance() -> None:
    likeness = oks(body(), [body(), body(5), body(20), body(200)])
    assert likeness[0] == 1
    assert (np.diff(likeness) < 0).all()
    assert likeness[3] < 0.01


def test_oks_follows_its_definition() -> None:
    # One landmark, 10 pixels off: exp(-d^2 / (2 s^2 (2 sigma)^2)), s^2 a fifth of the square.
    moved = body()
    wrist = LANDMARK_INDEX["left_wrist"]
    moved.landmarks[wrist, 0] += 10
    area = 0.2 * 200**2
    expected = (32 + np.exp(-100 / (2 * area * (2 * 0.062) ** 2))) / 33
    assert oks(body(), [moved])[0] == pytest.approx(expected, abs=1e-5)


def test_a_head_taken_for_a_person_is_the_same_body() -> None:
    whole = body(0, 0, 200)
    head = body(0, -75, 50)  # its face is where the face of the whole one is
    head.landmarks[:11, :2] = whole.landmarks[:11, :2]
    beside = body(90)
    assert same_body(whole, [head, beside, whole]).tolist() == [True, False, True]
    assert same_body(whole, []).tolist() == []


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_assignment_is_optimal_and_one_to_one(rows: int, columns: int, seed: int) -> None:
    likeness = np.random.default_rng(seed).random((rows, columns)).astype(np.float32)
    pairs = assign(likeness, 0.0)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    best = likeness[linear_sum_assignment(likeness, maximize=True)].sum()
    assert sum(likeness[pair] for pair in pairs) == pytest.approx(best)
    assert all(likeness[pair] >= 0.5 for pair in assign(likeness, 0.5))


# Association


def test_two_regions_on_one_body_are_one_sighting_of_both() -> None:
    (merged,) = distinct_sightings([owned(body(0, score=0.8), 0), owned(body(3, score=0.9), 1)])
    assert merged.owners == {0, 1}
    assert merged.body.score == 0.9


def test_a_region_that_holds_its_own_stands_for_what_the_detector_found() -> None:
    own, found = body(0, score=0.6), body(3, score=1.0)
    (merged,) = distinct_sightings([Sighting(found, belief=0.9), owned(own, 0)])
    assert merged.body is own
    assert merged.belief == 0.9


def test_the_larger_of_two_that_share_a_face_stands() -> None:
    whole, head = body(0, 0, 200), body(0, -75, 50)
    head.landmarks[:11, :2] = whole.landmarks[:11, :2]
    (merged,) = distinct_sightings([owned(head, 0), Sighting(whole, belief=0.9)])
    assert merged.body is whole
    assert merged.owners == {0}


def test_bodies_seen_in_each_others_region_change_owners() -> None:
    people = [person(0, body(0)), person(1, body(300))]
    exchanged = [owned(body(300), 0), owned(body(0), 1)]
    assert who_is_it(people, exchanged, FRAME_S) == {0: 1, 1: 0}
    moved = [owned(body(60), 0), owned(body(360), 1)]
    assert who_is_it(people, moved, FRAME_S) == {0: 0, 1: 1}


def test_a_shared_body_goes_to_whose_way_leads_there() -> None:
    standing, walking = person(0, body(100)), person(1, body(80), (600, 0))
    meeting = [owned(body(100 + 12), 0, 1)]
    assert who_is_it([standing, walking], meeting, 1 / 20) == {1: 0}


def test_the_lost_return_within_reach_and_patience() -> None:
    lost = [person(7, body(0), lost_s=0.5), person(8, body(900), lost_s=0.5)]
    seen = [Sighting(body(930)), Sighting(body(60))]
    assert who_returns(lost, seen, 2.0) == {0: 1, 1: 0}
    assert who_returns(lost, [Sighting(body(450))], 2.0) == {}
    assert who_returns(lost, seen, 0.4) == {}
    assert who_returns(lost, [Sighting(body(0, height=20))], 2.0) == {}


def test_who_met_and_left_in_each_others_place_is_noticed() -> None:
    standing, walking = person(0, body(500)), person(1, body(450), (300, 0))
    meeting = met(walking, [standing])
    assert meeting is not None
    stayed = replace(walking, body=body(500), meeting=replace(meeting, ago_s=1.0))
    lost = replace(standing, lost_s=1.0)
    assert confused(stayed, lost, body(760))
    assert not confused(replace(stayed, body=body(760)), lost, body(500))
    assert not confused(stayed, replace(lost, id=5), body(760))
    assert met(walking, []) is None


# Doubts


def watch(
    bodies: list[Body], *, repair: bool = False, interval_s: float = FRAME_S
) -> list[tuple[Body, dict[str, tuple[int, ...]]]]:
    memory: Memory | None = None
    seen = []
    for each in bodies:
        memory, result, flags = doubt(memory, each, interval_s, repair=repair)
        seen.append((result, flags))
    return seen


def mirrored(original: Body, which: Floats | None = None) -> Body:
    order = MIRROR.copy()
    if which is not None:
        order = np.where(which > 0, order, np.arange(33))
    return replace(original, landmarks=original.landmarks[order], world=original.world[order])


def test_left_and_right_have_each_others_names() -> None:
    for index, other in enumerate(MIRROR.tolist()):
        assert MIRROR[other] == index
        name = LANDMARK_NAMES[index].replace("left", "?").replace("right", "left")
        assert LANDMARK_NAMES[other] == name.replace("?", "right")


@pytest.mark.parametrize("repair", [False, True])
def test_a_swap_is_flagged_and_repaired_on_request(repair: bool) -> None:
    frames = [body(0), body(2), mirrored(body(4)), body(6)]
    seen = watch(frames, repair=repair)
    assert [("swapped" in flags) for _, flags in seen] == [False, False, True, False]
    assert {11, 12, 27, 28} <= set(seen[2][1]["swapped"])
    expected = body(4) if repair else mirrored(body(4))
    np.testing.assert_array_equal(seen[2][0].landmarks, expected.landmarks)
    np.testing.assert_array_equal(seen[2][0].world, expected.world)


def test_legs_swap_by_themselves() -> None:
    legs = (np.arange(33) >= 23).astype(np.float32)
    (_, flags) = watch([body(0), mirrored(body(1), legs)], repair=True)[1]
    assert min(flags["swapped"]) == 23
    assert len(flags["swapped"]) == 10


def test_a_swap_that_lasts_is_how_the_person_stands() -> None:
    frames = [body(0), *[mirrored(body(0))] * 90]
    flagged = ["swapped" in flags for _, flags in watch(frames)]
    assert flagged[1]
    assert sum(flagged) == pytest.approx(SWAP_PATIENCE_S / FRAME_S, abs=2)
    assert not any(flagged[-20:])


def test_slow_sampling_is_no_swap() -> None:
    seen = watch([body(0), mirrored(body(0))], interval_s=0.4)
    assert not any("swapped" in flags for _, flags in seen)


@given(st.floats(-8, 8), st.floats(-8, 8), st.floats(0.97, 1.03))
def test_moving_is_no_doubt(dx: float, dy: float, growth: float) -> None:
    seen = watch([body(0), body(dx, dy, 200 * growth)])
    assert all(flags == {} for _, flags in seen)


def test_a_bone_that_leaps_is_flagged_at_both_ends() -> None:
    long = body(0)
    elbow, wrist = LANDMARK_INDEX["left_elbow"], LANDMARK_INDEX["left_wrist"]
    long.world[wrist] += (long.world[wrist] - long.world[elbow]) * 0.8
    seen = watch([body(0), body(0), long, body(0)])
    assert [flags.get("bone_jump") for _, flags in seen] == [None, None, (elbow, wrist), None]


def test_outside_names_the_landmarks_beyond_the_picture() -> None:
    landmarks = np.full((33, 5), 0.5, np.float32)
    assert outside(landmarks) == {}
    landmarks[3, 0], landmarks[7, 1], landmarks[9, 1] = -0.01, 1.01, 1.0
    assert outside(landmarks) == {"outside": (3, 7)}


# Belief and search


def test_belief_rises_with_each_of_its_signs() -> None:
    steady, drifting = belief(0.7, body(), body()), belief(0.7, body(), body(40))
    assert drifting < steady
    assert belief(0.6, body(), body()) < steady
    assert belief(0.7, body(), body(score=0.9)) < steady
    assert 0 < belief(1e-12, body(), body(900, score=0.0)) < 0.01
    assert 0.99 < belief(1.0, body(), body()) < 1


def test_only_whom_mediapipe_would_see_too_needs_no_belief() -> None:
    upright, turned = Candidate(Region(1, 1, 1), 0.9), Candidate(Region(1, 1, 1), 0.9, turned=True)
    one, several = PoseOptions(), PoseOptions(max_people=2)
    assert needs_no_belief([upright], one)
    assert not needs_no_belief([turned], one)
    assert not needs_no_belief([upright], several)


@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([0.8, 0.57, 0.4]))
def test_tiles_cover_the_picture_and_overlap(width: int, height: int, share: float) -> None:
    side = share * min(width, height)
    tiles = list(tiles_of((width, height), side))
    assert len(tiles) <= 32
    assert tiles[0].side_px >= side
    side = tiles[0].side_px
    xs, ys = sorted({t.x_px for t in tiles}), sorted({t.y_px for t in tiles})
    assert len(tiles) == len(xs) * len(ys)
    for centers, length in ((xs, width), (ys, height)):
        assert centers[0] - side / 2 <= 1e-6
        assert centers[-1] + side / 2 >= length - 1e-6
        assert all(np.diff(centers) <= 0.75 * side + 1e-6)


@pytest.mark.parametrize("size_px", [(1, 5000), (1_000_000, 3), (200, 20_000), (1, 1)])
def test_long_and_thin_pictures_have_few_tiles(size_px: tuple[int, int]) -> None:
    tiles = list(tiles_of(size_px, 0.4 * min(size_px)))
    assert 1 <= len(tiles) <= 32


@pytest.mark.parametrize(
    ("scores", "lies", "rotations", "asked", "turned"),
    [
        ((0.9, 0.9, 0.9, 0.9), 0, None, [0], [False]),  # who is upright ends the search
        ((0.3, 0, 0.9, 0), pi / 2, None, [0, 1, 2, 3], [True]),
        ((0.3, 0, 0.9, 0), -pi, None, [0, 1, 2, 3], [True]),
        ((0.3, 0, 0.9, 0), pi / 2, "off", [0], []),
        ((0.3, 0, 0.3, 0), pi / 2, "auto", [0, 1, 2, 3], []),
        ((0.3, 0, 0.9, 0), 0.2, "auto", [0], []),  # who lies is hinted at as lying
        ((0.05, 0, 0.9, 0), pi / 2, "auto", [0], []),
    ],
)
def test_a_picture_is_turned_only_where_somebody_who_lies_is_hinted_at(
    monkeypatch: pytest.MonkeyPatch,
    scores: tuple[float, ...],
    lies: float,
    rotations: str | None,
    asked: list[int],
    turned: list[bool],
) -> None:
    quarters: list[int] = []

    def detect_in(
        _: object, square: Region, __: object, least: float, hint: float = 1.0
    ) -> list[Candidate]:
        quarters.append(round(square.rotation / (pi / 2)))
        score = scores[quarters[-1]]
        seen = Candidate(Region(20, 20, 30, rotation=lies), score)
        return [seen] if score >= min(least, hint) else []

    monkeypatch.setattr("posemill.blazepose.search.detect_in", detect_in)
    frame = Frame(np.zeros((40, 40, 3), np.uint8))
    options = PoseOptions(detect_rotations=rotations)
    found = search(frame, cast(Model, None), options, still=True)
    assert quarters == asked
    assert [each.turned for each in found] == turned
    quarters.clear()
    search(frame, cast(Model, None), options, still=False)  # off in videos, unless asked for
    assert quarters == (asked if rotations == "auto" else [0])


def test_each_place_is_kept_once_by_its_surest_candidate() -> None:
    near = [Candidate(Region(100, 100, 50), 0.6), Candidate(Region(103, 101, 52), 0.9)]
    far = Candidate(Region(140, 100, 50), 0.7)
    small = Candidate(Region(100, 100, 20), 0.5)
    assert distinct_places([*near, far, small]) == [near[1], far, small]
