"""Named angles: those of a figure whose angles are known, and what may be doubted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moving_figure import Camera, Look, Posture, body_m, filmed, pose_of
from posemill.analysis.angles import ANGLE_NAMES, GROUPS, Angles, angles, frame_angles, names_of
from posemill.analysis.joints import ALL_ANGLES, PICTURE_ANGLES, WORLD_ANGLES, landmarks_of
from posemill.analysis.live_angles import LiveAngles
from posemill.analysis.motion import Motion, motion_of
from posemill.errors import SettingError
from posemill.skeleton import LANDMARK_INDEX
from posemill.types import FramePoses

_TIMES_S = np.arange(90) / 30
_EVERY_YAW = (0.0, 30.0, 77.0, 90.0, 135.0, 180.0, 270.0)


def motion(frames: Sequence[FramePoses]) -> Motion:
    return motion_of([(frame, frame.people[0]) for frame in frames])


def still(posture: Posture, look: Look | None = None) -> Motion:
    return motion(filmed(lambda _: posture, _TIMES_S, look))


def value(posture: Posture, name: str) -> float:
    return float(WORLD_ANGLES[name](body_m(posture)[None])[0])


def sole(dorsiflexion: float) -> float:
    """Return how far the figure's sole points up: its heels are lower than its ankles and toes."""
    angle = np.radians(dorsiflexion)
    return float(np.degrees(np.arctan2(0.13 * np.sin(angle) + 0.04, 0.13 * np.cos(angle))))


sides = st.floats(0, 120)
postures = st.builds(
    Posture,
    yaw=st.floats(0, 360),
    pitch=st.floats(-60, 60),
    roll=st.floats(-30, 30),
    hip_flexion=st.tuples(st.floats(-30, 120), st.floats(-30, 120)),
    hip_abduction=st.tuples(st.floats(-20, 50), st.floats(-20, 50)),
    knee_flexion=st.tuples(sides, sides),
    ankle_dorsiflexion=st.tuples(st.floats(-40, 30), st.floats(-40, 30)),
    shoulder_flexion=st.tuples(st.floats(-50, 170), st.floats(-50, 170)),
    shoulder_abduction=st.just((0.0, 0.0)),
    elbow_flexion=st.tuples(sides, sides),
)


@given(postures)
def test_angles_in_space_are_the_figures_whatever_its_posture_and_the_view(
    posture: Posture,
) -> None:
    for number, side in enumerate(("left", "right")):
        for joint in ("hip_flexion", "hip_abduction", "knee_flexion", "shoulder_flexion",
                      "elbow_flexion"):  # fmt: skip
            wanted = getattr(posture, joint)[number]
            assert value(posture, f"{side}_{joint}") == pytest.approx(wanted, abs=0.01)
        ankle = sole(posture.ankle_dorsiflexion[number])
        assert value(posture, f"{side}_ankle_dorsiflexion") == pytest.approx(ankle, abs=0.01)
    assert value(posture, "trunk_rotation") == pytest.approx(0, abs=0.01)
    assert value(posture, "neck_flexion") == pytest.approx(0, abs=0.01)


@given(st.floats(0, 360), st.floats(-80, 175))
def test_an_arm_raised_sideways(yaw: float, raised: float) -> None:
    posture = Posture(yaw=yaw, shoulder_abduction=(raised, 0.0))
    assert value(posture, "left_shoulder_abduction") == pytest.approx(raised, abs=0.01)
    assert value(posture, "left_shoulder_elevation") == pytest.approx(abs(raised), abs=0.01)
    flexion = value(posture, "left_shoulder_flexion")
    assert np.isnan(flexion) == (abs(np.cos(np.radians(raised))) <= 0.5)
    if abs(raised) < 59:
        assert flexion == pytest.approx(0, abs=0.01)
    if 16 < raised < 164:
        assert value(posture, "left_shoulder_plane") == pytest.approx(0, abs=0.01)


def test_the_plane_of_an_arm() -> None:
    assert value(Posture(shoulder_flexion=(90, 0)), "left_shoulder_plane") == pytest.approx(83, 2)
    assert np.isnan(value(Posture(shoulder_abduction=(5, 5)), "left_shoulder_plane"))


@pytest.mark.parametrize("yaw", _EVERY_YAW)
def test_the_trunk_leans_the_same_from_everywhere(yaw: float) -> None:
    assert value(Posture(yaw=yaw, pitch=35), "trunk_lean") == pytest.approx(35, abs=0.01)
    assert value(Posture(yaw=yaw, roll=20), "trunk_tilt") == pytest.approx(20, abs=0.01)
    bent = Posture(yaw=yaw, trunk_flexion=25)
    assert value(bent, "trunk_lean") == pytest.approx(25, abs=0.01)
    assert value(bent, "trunk_inclination") == pytest.approx(25, abs=0.01)
    assert value(Posture(yaw=yaw, roll=15), "pelvis_obliquity") == pytest.approx(-15, abs=0.01)


def test_who_lies_on_a_side_leans_nowhere() -> None:
    assert np.isnan(value(Posture(roll=90), "trunk_lean"))
    assert np.isfinite(value(Posture(pitch=90), "trunk_lean"))
    assert value(Posture(roll=90), "trunk_inclination") == pytest.approx(90, abs=0.01)


@pytest.mark.parametrize("turned", [-30.0, 30.0])
def test_shoulders_turned_to_the_left(turned: float) -> None:
    world = body_m(Posture())
    sine, cosine = np.sin(np.radians(turned)), np.cos(np.radians(turned))
    turn = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    for part in ("shoulder", "elbow", "wrist", "ear"):
        for side in ("left", "right"):
            at = LANDMARK_INDEX[f"{side}_{part}"]
            world[at] = turn @ world[at]
    # Facing the camera, the left shoulder is at the right of the picture; turned, it goes away.
    assert (world[LANDMARK_INDEX["left_shoulder"], 2] > 0) == (turned > 0)
    found = float(WORLD_ANGLES["trunk_rotation"](world[None])[0])
    assert found == pytest.approx(turned, abs=0.01)


@pytest.mark.parametrize("yaw", [90.0, 270.0])
def test_angles_in_the_picture_are_the_figures_when_seen_square(yaw: float) -> None:
    # From afar, so that all of it is seen under the same angle.
    look = Look(camera=Camera(distance_m=40, focal_px=9000))
    posture = Posture(
        yaw=yaw, hip_flexion=(60, 60), knee_flexion=(80, 80), elbow_flexion=(70, 70),
        ankle_dorsiflexion=(10, 10), shoulder_abduction=(0, 0), shoulder_flexion=(20, 20),
    )  # fmt: skip
    found = angles(still(posture, look), ["2d"])
    for side in ("left", "right"):
        assert found[f"{side}_knee_angle"].known.mean() == pytest.approx(80, abs=0.5)
        assert found[f"{side}_hip_angle"].known.mean() == pytest.approx(60, abs=0.5)
        assert found[f"{side}_elbow_angle"].known.mean() == pytest.approx(70, abs=0.5)
        assert found[f"{side}_ankle_angle"].known.mean() == pytest.approx(sole(10), abs=0.5)
        assert "oblique" not in found[f"{side}_knee_angle"].doubts


def test_an_oblique_view_is_told_of_angles_in_the_picture_alone() -> None:
    posture = Posture(yaw=40, hip_flexion=(70, 70), knee_flexion=(90, 90))
    found = angles(still(posture), ["left_knee_angle", "left_knee_flexion"])
    flat, deep = found["left_knee_angle"], found["left_knee_flexion"]
    assert "oblique" in flat.doubts
    assert flat.distortion == pytest.approx(abs(flat.known.mean() - 90), abs=6)
    assert deep.distortion == 0
    assert "oblique" not in deep.doubts
    assert deep.known.mean() == pytest.approx(90, abs=0.5)


def squat(time_s: float) -> Posture:
    share = (1 - np.cos(2 * np.pi * time_s / 2)) / 2
    return Posture(
        yaw=20, hip_flexion=(100 * share,) * 2, knee_flexion=(110 * share,) * 2, pitch=20 * share
    )


def test_range_speed_and_symmetry_of_a_squat() -> None:
    found = angles(motion(filmed(squat, np.arange(180) / 30)), ["3d"])
    knee = found["left_knee_flexion"]
    assert knee.range == pytest.approx((0, 110), abs=0.5)
    assert knee.range_of_motion == pytest.approx(110, abs=0.7)
    assert knee.max_speed == pytest.approx(110 * np.pi / 2, rel=0.02)
    truth = [squat(float(time_s)).knee_flexion[0] for time_s in found.time_s]
    assert np.abs(knee.values - truth).max() < 0.5
    assert found.symmetry()["knee_flexion"] == pytest.approx(0, abs=0.5)
    assert "elbow_flexion" not in found.symmetry()


def test_symmetry_has_a_sign() -> None:
    def step(time_s: float) -> Posture:
        share = (1 - np.cos(2 * np.pi * time_s)) / 2
        return Posture(knee_flexion=(40 * share, 60 * share))

    found = angles(motion(filmed(step, _TIMES_S)), ["left_knee_flexion", "right_knee_flexion"])
    assert found.symmetry() == {"knee_flexion": pytest.approx(40, abs=1)}
    assert found.to_dict()["symmetry"] == found.symmetry()


def test_noise_is_filtered() -> None:
    frames = filmed(squat, np.arange(300) / 30, Look(noise_m=0.01))
    truth = np.array([squat(frame.time_s).knee_flexion[0] for frame in frames])
    raw = angles(motion(frames), ["left_knee_flexion"], cutoff_hz=None)["left_knee_flexion"]
    smooth = angles(motion(frames), ["left_knee_flexion"])["left_knee_flexion"]
    # Not near straight legs, where noise can only bend them.
    bent = truth > 20
    errors = [np.std((each.values - truth)[bent]) for each in (raw, smooth)]
    assert errors[1] < 0.75 * errors[0]


def test_what_is_hidden_is_not_known() -> None:
    look = Look(hidden=["left_ankle"])
    found = angles(still(Posture(), look), ["left_knee_flexion", "right_knee_flexion"])
    hidden = found["left_knee_flexion"]
    assert not len(hidden.known)
    assert hidden.doubts == ("hidden",)
    told = hidden.to_dict()
    assert (
        told["min"] is told["range_of_motion"] is told["max_speed"] is told["uncertainty"] is None
    )
    assert found.symmetry() == {}
    assert "hidden" not in found["right_knee_flexion"].doubts


def test_gaps_are_filled_up_to_their_limit() -> None:
    frames = filmed(squat, np.arange(180) / 30)
    seen = motion(frames)
    visibility = seen.landmarks.copy()
    knee = LANDMARK_INDEX["left_knee"]
    visibility[30:40, knee, 3] = 0.1  # 0.37 s from the last to the next
    visibility[100:130, knee, 3] = 0.1
    found = angles(replace(seen, landmarks=visibility), ["left_knee_flexion"])["left_knee_flexion"]
    assert np.isfinite(found.values[30:40]).all()
    assert np.isnan(found.values[100:130]).all()
    assert np.isnan(found.speed[100:130]).all()
    assert "gaps" in found.doubts
    tight = angles(replace(seen, landmarks=visibility), ["left_knee_flexion"], max_gap_s=0.2)
    assert np.isnan(tight["left_knee_flexion"].values[30:40]).all()


def test_frames_without_the_person_make_no_speed() -> None:
    seen = motion([*filmed(squat, np.arange(60) / 30), *filmed(squat, 4.9 + np.arange(60) / 30)])
    knee = angles(seen, ["left_knee_flexion"])["left_knee_flexion"]
    assert knee.max_speed is not None
    assert knee.max_speed < 200


@given(st.floats(0.002, 0.02), st.sampled_from([0.0, 45.0, 90.0]))
def test_more_noise_is_no_more_uncertainty_but_less_visibility_is(noise: float, yaw: float) -> None:
    posture = Posture(yaw=yaw, knee_flexion=(60, 60), hip_flexion=(40, 40))
    name = "left_knee_flexion"
    sure = angles(still(posture), [name])[name]
    noisy = angles(still(posture, Look(noise_m=noise)), [name])[name]
    assert noisy.uncertainty == pytest.approx(sure.uncertainty, rel=0.4)
    seen = still(posture)
    landmarks = seen.landmarks.copy()
    landmarks[..., 3] = 0.55
    doubtful = angles(replace(seen, landmarks=landmarks), [name])[name]
    assert doubtful.uncertainty > 1.3 * sure.uncertainty


def test_a_limb_that_bends_in_depth_is_less_sure() -> None:
    posture = Posture(knee_flexion=(60, 60), hip_flexion=(40, 40))
    name = "left_knee_flexion"
    front, side = (
        angles(still(replace(posture, yaw=yaw)), [name])[name].uncertainty for yaw in (0.0, 90.0)
    )
    assert front > 1.3 * side


def test_small_slow_and_outside() -> None:
    far = Look(camera=Camera(distance_m=40))
    assert (
        "small" in angles(still(Posture(), far), ["left_knee_flexion"])["left_knee_flexion"].doubts
    )
    slow = angles(motion(filmed(squat, np.arange(10) / 5)), ["left_knee_flexion"])
    assert "slow" in slow["left_knee_flexion"].doubts
    beside = angles(still(Posture(x_m=2.75)), ["left_elbow_angle", "right_elbow_angle"])
    assert "outside" in beside["left_elbow_angle"].doubts


def test_a_somersault_has_no_leap() -> None:
    frames = filmed(lambda time_s: Posture(pitch=120 * time_s, height_m=1.0), _TIMES_S)
    lean = angles(motion(frames), ["trunk_lean"])["trunk_lean"]
    truth = (120 * _TIMES_S + 180) % 360 - 180
    assert np.abs((lean.values - truth + 180) % 360 - 180).max() < 1
    assert lean.max_speed == pytest.approx(120, rel=0.05)


def test_no_joint_turns_round_and_round() -> None:
    """Wrong frames, many of them, must not add up."""
    random = np.random.default_rng(0)
    seen = still(Posture(hip_flexion=(30, 30), shoulder_flexion=(170, 170)), Look(noise_m=0.15))
    seen = replace(seen, world=seen.world * random.choice([-1, 1], (len(seen), 1, 3)))
    for each in angles(seen, ["all"]).by_name.values():
        if each.range is not None:
            assert -181 <= each.range[0] <= each.range[1] <= 271


def test_what_no_body_can_do_is_told() -> None:
    name = "left_hip_flexion"
    assert "impossible" in angles(still(Posture(hip_flexion=(-100, 0))), [name])[name].doubts
    assert "impossible" not in angles(still(Posture(hip_flexion=(130, 0))), [name])[name].doubts


def test_live_angles_follow_without_jitter() -> None:
    frames = filmed(squat, np.arange(300) / 30, Look(noise_m=0.01))
    live = LiveAngles(["left_knee_flexion"])
    told = [live.update(frame.time_s, frame.people[0])["left_knee_flexion"] for frame in frames]
    truth = np.array([squat(frame.time_s).knee_flexion[0] for frame in frames])
    raw = [frame_angles(frame.people[0], ["left_knee_flexion"]) for frame in frames]
    values = np.array([each["left_knee_flexion"] for each in raw], float)
    smooth = np.array(told, float)
    bent = truth > 20
    assert np.std((smooth - truth)[bent]) < 6
    assert np.std(np.diff(smooth - truth)[bent[1:]]) < 0.7 * np.std(
        np.diff(values - truth)[bent[1:]]
    )


def test_live_angles_begin_anew_after_a_gap() -> None:
    live = LiveAngles(["left_knee_flexion"])
    straight, bent = pose_of(Posture()), pose_of(Posture(knee_flexion=(90, 90)))
    hidden = pose_of(Posture(), Look(hidden=["left_knee"]))
    live.update(0.0, straight)
    assert live.update(0.1, hidden) == {"left_knee_flexion": None}
    soon = live.update(0.2, bent)["left_knee_flexion"]
    assert soon is not None
    assert soon < 89
    assert live.update(5.0, straight) == {"left_knee_flexion": pytest.approx(0, abs=0.1)}
    # The same moment again, as after a seek, and one before: nothing is divided by zero.
    assert live.update(5.0, bent)["left_knee_flexion"] is not None
    assert live.update(1.0, bent) == {"left_knee_flexion": pytest.approx(90, abs=0.1)}
    with pytest.raises(SettingError):
        LiveAngles(["left_nose"])


def test_one_frame_alone() -> None:
    found = frame_angles(pose_of(Posture(knee_flexion=(45, 0))), ["left_knee_flexion", "2d"])
    assert found["left_knee_flexion"] == pytest.approx(45, abs=0.1)
    hidden = frame_angles(pose_of(Posture(), Look(hidden=["left_hip"])), ["left_knee_flexion"])
    assert hidden == {"left_knee_flexion": None}
    with pytest.raises(SettingError, match="not 'left_nose'"):
        frame_angles(pose_of(Posture()), ["left_nose"])


def test_names_and_groups() -> None:
    assert names_of(["left_knee_angle", "2d", "left_knee_angle"])[0] == "left_knee_angle"
    assert len(names_of(["left_knee_angle", "2d"])) == len(PICTURE_ANGLES)
    assert set(names_of(["all"])) == set(ANGLE_NAMES) == set(ALL_ANGLES)
    parts = [
        name for group, names in GROUPS.items() if group not in ("all", "main") for name in names
    ]
    assert sorted(parts) == sorted(ANGLE_NAMES)
    with pytest.raises(SettingError, match="angle must be main, all"):
        angles(still(Posture()), ["knee"])


@pytest.mark.parametrize("name", ANGLE_NAMES)
def test_every_angle_of_every_motion(name: str) -> None:
    assert set(landmarks_of(name)) <= set(LANDMARK_INDEX)
    empty = motion_of([])
    one = still(Posture()).at(slice(0, 1))
    # All landmarks at one place: directions without a length.
    nowhere = replace(
        one, world=np.zeros_like(one.world), landmarks=one.landmarks * [0, 0, 0, 1, 1]
    )
    for each in (empty, one, nowhere, still(Posture(yaw=33), Look(noise_m=0.02))):
        found = angles(each, [name])
        assert isinstance(found, Angles)
        assert found[name].values.shape == (len(each),)
        assert found[name].speed.shape == (len(each),)
        found.to_dict()
