"""How alike postures and movements are: what must not matter, and what must."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movements import JACK, KICK, WAVE, again, clip, squat
from moving_figure import Camera, Look, Posture, pose_of
from posemill.analysis.comparing import (
    NAMES,
    Comparison,
    compare_motions,
    compare_poses,
    mirrored,
    similarity,
)
from posemill.analysis.motion import Motion, motions
from posemill.errors import UsageError
from posemill.skeleton import LANDMARK_NAMES
from posemill.sources.recordings import Recording

SQUATS = clip(again(squat()))
JACKS = clip(again(JACK))
ONE_ARM = clip(again(WAVE))


def like(found: Comparison) -> float:
    assert found.similarity is not None
    return found.similarity


@pytest.mark.parametrize("motion", [SQUATS, JACKS, ONE_ARM], ids=["squats", "jacks", "wave"])
def test_a_movement_is_like_itself(motion: Motion) -> None:
    found = compare_motions(motion, motion)
    assert like(found) == pytest.approx(100, abs=0.01)
    assert found.difference_deg == pytest.approx(0, abs=0.01)
    assert found.doubts == ()
    assert np.array_equal(found.moments.a_frame, found.moments.b_frame)


@pytest.mark.parametrize(
    "pair",
    [(SQUATS, JACKS), (SQUATS, ONE_ARM), (JACKS, ONE_ARM), (JACKS, clip(again(KICK)))],
    ids=["squats-jacks", "squats-wave", "jacks-wave", "jacks-kick"],
)
def test_another_movement_is_not_like_it(pair: tuple[Motion, Motion]) -> None:
    found = compare_motions(*pair)
    assert like(found) < 50
    assert like(compare_motions(*pair[::-1])) == pytest.approx(like(found), abs=3)


def test_tempo_place_size_and_a_second_camera_do_not_matter() -> None:
    slow = replace(SQUATS, time_s=SQUATS.time_s * 2)
    far = clip(again(squat()), look=Look(Camera(distance_m=8.0, focal_px=600.0)))
    turned = clip(again(squat(yaw=70)))
    for other, least in ((slow, 99), (far, 99), (turned, 95)):
        assert like(compare_motions(SQUATS, other)) > least
    found = compare_motions(SQUATS, slow)
    assert found.tempo == pytest.approx(0.5, rel=0.02)
    assert (found.moments.b_s == pytest.approx(2 * found.moments.a_s, abs=0.1)) is True
    assert "view" in compare_motions(SQUATS, turned).doubts


def test_noise_costs_little() -> None:
    noisy = clip(again(squat()), look=Look(noise_m=0.01, seed=1))
    assert like(compare_motions(SQUATS, noisy)) > 95


def test_an_uneven_tempo_is_followed() -> None:
    even = again(JACK)
    uneven = clip(lambda time_s: even(time_s + 0.25 * np.sin(time_s)))
    found = compare_motions(JACKS, uneven)
    assert like(found) > 97
    off = found.moments.a_s - (found.moments.b_s + 0.25 * np.sin(found.moments.b_s))
    assert np.abs(off).mean() < 0.06


def test_a_mirror_only_where_it_is_asked_for() -> None:
    other = mirrored(ONE_ARM)
    assert like(compare_motions(ONE_ARM, other)) < 40
    found = compare_motions(ONE_ARM, other, mirror=True)
    assert like(found) == pytest.approx(100, abs=0.01)
    assert found.mirrored


def test_mirroring_twice_changes_nothing() -> None:
    twice = mirrored(mirrored(SQUATS))
    assert np.allclose(twice.world, SQUATS.world)
    assert np.allclose(twice.landmarks, SQUATS.landmarks)
    left = LANDMARK_NAMES.index("left_wrist")
    right = LANDMARK_NAMES.index("right_wrist")
    assert np.allclose(mirrored(SQUATS).world[:, left, 1], SQUATS.world[:, right, 1])


def test_what_was_cut_from_a_clip_is_found_in_it_by_itself() -> None:
    kinds = [again(each) for each in (squat(), JACK, WAVE, KICK)]
    long = clip(lambda time_s: kinds[int(time_s // 6) % 4](time_s), 24.0)
    found = compare_motions(long, long.between(6.0, 12.0))
    assert (found.way, found.found_in) == ("part", "a")
    assert like(found) > 99
    assert found.a_span_s == pytest.approx((6.0, 12.0), abs=0.2)
    assert found.b_share == pytest.approx(1.0, abs=0.01)
    assert compare_motions(long, long.between(6.0, 12.0), find=False).way == "whole"


def test_a_short_movement_is_found_wherever_it_is() -> None:
    kinds = [again(each) for each in (JACK, KICK, JACK, WAVE)]
    long = clip(lambda time_s: kinds[int(time_s // 3) % 4](time_s), 12.0)
    one = clip(again(JACK, 2.0), 2.0)  # faster than those in the long one
    found = compare_motions(one, long, find=True)
    likely = sorted((start, end) for start, end, value in found.places if value > 85)
    assert found.found_in == "b"
    assert [round(start) for start, _ in likely] == [0, 6]
    assert all(end - start == pytest.approx(3, abs=0.7) for start, end in likely)


def test_joints_and_moments_say_where_it_differs() -> None:
    rest = again(JACK)
    bent = clip(lambda time_s: replace(rest(time_s), elbow_flexion=(65.0, 5.0)))
    found = compare_motions(JACKS, bent)
    worst = max(found.joints, key=lambda each: each.difference_deg or 0)
    assert worst.name == "left_elbow"
    assert worst.difference_deg == pytest.approx(60, abs=2)
    assert found.joint("right_elbow").difference_deg == pytest.approx(0, abs=1)
    column = NAMES.index("left_elbow")
    assert np.allclose(found.moments.joints_deg[:, column], 60, atol=2)


def test_what_is_hidden_is_left_out_and_told() -> None:
    legs = [f"{s}_{p}" for s in ("left", "right") for p in ("knee", "ankle")]
    hidden = clip(again(JACK), look=Look(hidden=legs, noise_m=0.002))
    found = compare_motions(JACKS, hidden)
    assert found.joint("left_knee").difference_deg is None
    assert found.joint("left_knee").seen == 0
    assert like(found) > 90
    everything = clip(again(JACK), look=Look(hidden=LANDMARK_NAMES))
    nothing = compare_motions(JACKS, everything)
    assert nothing.similarity is None
    assert nothing.similarity_range is None
    assert "hidden" in nothing.doubts
    json.dumps(nothing.to_dict(), allow_nan=False)


def test_uncertainty_grows_with_the_angle_between_the_views() -> None:
    off = [
        compare_motions(SQUATS, clip(again(squat(yaw=yaw)))).uncertainty_deg for yaw in (0, 45, 90)
    ]
    assert off == sorted(off)
    found = compare_motions(SQUATS, JACKS)
    span = found.similarity_range
    assert span is not None
    assert span[0] < like(found) < span[1]


def test_two_who_stand_are_alike_and_that_is_doubted() -> None:
    still = clip(lambda _: Posture())
    found = compare_motions(still, still)
    assert like(found) == pytest.approx(100, abs=0.01)
    assert "still" in found.doubts
    assert like(compare_motions(still, SQUATS)) < 55


def test_a_gap_is_not_bridged() -> None:
    kept = (SQUATS.time_s < 3) | (SQUATS.time_s > 5)
    found = compare_motions(SQUATS.at(kept), SQUATS)
    inside = (found.moments.a_s > 3.1) & (found.moments.a_s < 4.9)
    assert np.isnan(found.moments.difference_deg[inside]).all()
    assert like(found) > 95


def test_nobody_can_not_be_compared() -> None:
    with pytest.raises(UsageError, match="nobody"):
        compare_motions(SQUATS, SQUATS.at(np.zeros(len(SQUATS), bool)))


def test_pictures() -> None:
    deep, upright = pose_of(squat()), pose_of(Posture())
    assert like(compare_poses(deep, pose_of(squat(yaw=80)))) > 99
    assert like(compare_poses(deep, upright)) < 35
    left, right = (
        pose_of(WAVE),
        pose_of(Posture(shoulder_abduction=(120, 8), elbow_flexion=(80, 5))),
    )
    assert like(compare_poses(left, right)) < 80
    assert like(compare_poses(left, right, mirror=True)) > 99


def test_who_lies_is_not_like_who_stands_though_all_joints_are_alike() -> None:
    upright, lying = pose_of(Posture()), pose_of(Posture(pitch=-90))
    assert like(compare_poses(upright, lying)) < 10
    tilted = pose_of(Posture(pitch=-25))  # as a camera may be
    assert like(compare_poses(upright, tilted)) > 95


@given(st.floats(0, 90), st.floats(0, 90))
def test_similarity_falls_with_the_difference(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= float(similarity(np.array(high))) <= float(similarity(np.array(low))) <= 100


@settings(max_examples=15)
@given(st.floats(-180, 180), st.floats(-12, 12), st.floats(4.0, 12.0), st.booleans())
def test_a_posture_is_the_same_from_anywhere(
    yaw: float, tilt: float, distance_m: float, mirror: bool
) -> None:
    seen = pose_of(replace(squat(0.7), yaw=yaw), Look(Camera(distance_m=distance_m, tilt=tilt)))
    assert like(compare_poses(pose_of(squat(0.7)), seen, mirror=mirror)) > 99


def test_pairs_go_on_and_are_json() -> None:
    found = compare_motions(SQUATS, clip(again(squat(0.6))))
    for times in (found.moments.a_s, found.moments.b_s):
        assert all(after >= before for before, after in pairwise(times.tolist()))
    raw = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(raw["moments"]["a_s"]) == len(raw["moments"]["joints_deg"]["trunk"])
    assert "moments" not in found.to_dict(moments=False)
    assert sum(each["weight"] for each in raw["joints"]) == pytest.approx(1, abs=0.01)


def test_five_minutes_are_compared_in_three_seconds() -> None:
    postures = [again(each) for each in (squat(), JACK, WAVE, KICK)]
    one = clip(lambda time_s: postures[int(time_s // 3) % 4](time_s), 12.0, 30.0)
    times = np.arange(9000) / 30
    places = np.arange(9000) % len(one)
    random = np.random.default_rng(0)
    pair = []
    for _ in range(2):
        motion = one.at(places)
        world = motion.world + random.normal(0, 0.005, motion.world.shape)
        pair.append(replace(motion, time_s=times, frame=np.arange(9000), world=world))
    began = process_time()
    found = compare_motions(*pair)
    assert like(found) > 95
    assert process_time() - began < 6  # of processor time; three seconds on two free cores


def test_real_clips(shared_data: Path, tmp_path: Path) -> None:
    from posemill.cli import main

    clips = {}
    for name in ("pose_1", "pose_squats"):
        video = shared_data / "tfjs_pose" / f"{name}.mp4"
        out = tmp_path / f"{name}.jsonl"
        assert main(["detect", str(video), "--out", str(out), "--model-complexity", "0"]) == 0
        clips[name] = motions(Recording(out))[0]
    dance, squats = clips["pose_1"], clips["pose_squats"]
    assert like(compare_motions(dance, squats)) < 40
    for motion in (dance, squats):
        assert like(compare_motions(motion, motion)) == pytest.approx(100, abs=0.1)
        assert like(compare_motions(motion, replace(motion, time_s=motion.time_s * 2))) > 98
        quarter = len(motion) // 4
        assert like(compare_motions(motion, motion.at(slice(quarter, 3 * quarter)))) > 95
