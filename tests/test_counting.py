"""Repetitions of the jointed figure, whose number is known, and of real people."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from figure_exercises import MOVEMENTS, Session
from moving_figure import Camera, Look, Posture, filmed
from posemill.analysis.counting import Count, LiveCounter, count, count_automatically
from posemill.analysis.motion import motions
from posemill.errors import SettingError
from posemill.exercises import exercise_names, load_exercise
from posemill.types import FramePoses, Pose

ALTERNATING = ("lunge", "high_knees")


def _session(exercise: str, number: int = 5, **more: object) -> Session:
    quick = exercise in ("high_knees", "jumping_jack")
    period_s = 1.2 if quick else 4.0 if exercise == "burpee" else 2.0
    options = {"period_s": period_s, "alternates": exercise in ALTERNATING, **more}
    return Session(MOVEMENTS[exercise], number, **options)  # type: ignore[arg-type]


def _counted(exercise: str, frames: list[FramePoses]) -> Count:
    return count(motions(frames)[0], load_exercise(exercise))


@pytest.mark.parametrize("yaw", [0, 45, 90, 180])
@pytest.mark.parametrize("exercise", MOVEMENTS)
def test_every_exercise_from_every_side(exercise: str, yaw: float) -> None:
    session = _session(exercise, yaw=yaw)
    found = _counted(exercise, filmed(session.posture, session.times_s(30)))
    assert (found.count, found.partial, found.between) == (5, 0, (5, 5))


@pytest.mark.parametrize("exercise", MOVEMENTS)
def test_at_ten_frames_a_second_with_noise_pauses_and_dropouts(exercise: str) -> None:
    exact = 0
    for seed in range(4):
        random = np.random.default_rng(seed)
        session = _session(exercise, 4 + seed, yaw=30, seed=seed, pauses={2: 4.0})
        frames = filmed(session.posture, session.times_s(15), Look(noise_m=0.02, seed=seed))
        kept = [frame for frame in frames if random.random() > 0.1]
        # Nobody is seen for a while in the pause, and the id is another one after that.
        start_s = session.truth[1][2] + 0.5
        kept = [each for each in kept if not start_s < each.time_s < start_s + 2]
        exact += _counted(exercise, kept).count == 4 + seed
    assert exact == 4


def test_times_and_tempo_are_those_of_the_movement() -> None:
    session = _session("squat", 4, period_s=3.0)
    found = _counted("squat", filmed(session.posture, session.times_s(30)))
    for rep, (start_s, turn_s, end_s) in zip(found.repetitions, session.truth, strict=True):
        assert rep.turn_s == pytest.approx(turn_s, abs=0.1)
        # 10 % of the way there and of the way back are still rest.
        assert start_s < rep.start_s < start_s + 0.4
        assert end_s - 0.4 < rep.end_s < end_s
        length_s = rep.out_s + rep.hold_s + rep.back_s
        assert length_s == pytest.approx(rep.end_s - rep.start_s, abs=0.01)
        assert rep.depth == pytest.approx(1.0, abs=0.15)
    period_s = np.median(np.diff([turn_s for _, turn_s, _ in session.truth]))
    assert found.period_s == pytest.approx(period_s, abs=0.1)


def test_parts_of_repetitions_are_told_apart() -> None:
    session = _session("squat", 6, depths={2: 0.42, 4: 0.38})
    found = _counted("squat", filmed(session.posture, session.times_s(30)))
    assert [rep.is_full for rep in found.repetitions] == [True, True, False, True, False, True]
    assert (found.count, found.partial) == (4, 2)
    assert found.between[0] == 4


def test_who_never_goes_deep_is_counted_all_the_same() -> None:
    session = _session("squat", 5, depths=dict.fromkeys(range(5), 0.6))
    found = _counted("squat", filmed(session.posture, session.times_s(30)))
    assert found.count == 5
    assert max(rep.depth for rep in found.repetitions) < 0.7


def test_one_that_the_end_cuts_off_is_no_repetition_but_told() -> None:
    session = _session("squat", 3)
    frames = filmed(session.posture, session.times_s(30))
    cut = [each for each in frames if each.time_s < session.truth[2][1] + 0.05]
    found = _counted("squat", cut)
    assert found.count == 2
    assert found.unfinished == 1
    assert "unfinished" in found.doubts
    assert found.between == (2, 3)


def test_who_stands_does_nothing() -> None:
    frames = filmed(lambda _: Posture(), np.arange(0, 6, 1 / 30), Look(noise_m=0.02))
    motion = motions(frames)[0]
    for name in exercise_names():
        assert count(motion, load_exercise(name)).count == 0, name
    assert count_automatically(motion).count == 0


@pytest.mark.parametrize(
    ("done", "asked"),
    [
        ("biceps_curl", "push_up"),
        ("shoulder_press", "pull_up"),
        ("push_up", "squat"),
        ("sit_up", "squat"),
        ("squat", "sit_up"),
        ("jumping_jack", "squat"),
        ("biceps_curl", "squat"),
        ("squat", "biceps_curl"),
    ],
)
def test_another_exercise_is_not_counted(done: str, asked: str) -> None:
    session = _session(done, yaw=30)
    found = _counted(asked, filmed(session.posture, session.times_s(30)))
    assert found.count <= 1


def test_the_better_seen_side_is_taken() -> None:
    far = [f"right_{part}" for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")]
    session = _session("biceps_curl", yaw=-90)
    frames = filmed(session.posture, session.times_s(30), Look(noise_m=0.02, hidden=far))
    found = _counted("biceps_curl", frames)
    assert found.count == 5
    assert {rep.side for rep in found.repetitions} == {"left"}


def test_sides_in_turn_count_each_and_together_as_one() -> None:
    turns = _session("high_knees", 6)
    found = _counted("high_knees", filmed(turns.posture, turns.times_s(30)))
    assert found.to_dict()["sides"] == {"left": 3, "right": 3}
    both = _session("biceps_curl", 4)
    together = _counted("biceps_curl", filmed(both.posture, both.times_s(30)))
    assert together.count == 4
    assert {rep.side for rep in together.repetitions} == {"both"}


def test_each_person_has_an_own_count() -> None:
    squats, curls = _session("squat", 3), _session("squat", 5)
    frames = filmed(
        {
            4: lambda t: replace(squats.posture(t), x_m=-1.0),
            7: lambda t: replace(curls.posture(t), x_m=1.0),
        },
        squats.times_s(20),
    )
    found = {each.id: count(each, load_exercise("squat")).count for each in motions(frames)}
    assert found[4] == 3
    assert found[7] in (3, 4)  # who goes on after the end of the clip


def test_doubts_say_why() -> None:
    session = _session("squat")
    times_s = session.times_s(30)
    far = filmed(session.posture, times_s, Look(Camera(distance_m=30)))
    assert "small" in _counted("squat", far).doubts
    hidden = [f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "hip")]
    assert (
        "hidden" in _counted("squat", filmed(session.posture, times_s, Look(hidden=hidden))).doubts
    )
    jacks = _session("jumping_jack", yaw=90)
    aside = _counted("jumping_jack", filmed(jacks.posture, jacks.times_s(30)))
    assert "view" in aside.doubts
    rare = _session("jumping_jack")
    assert "slow" in _counted("jumping_jack", filmed(rare.posture, rare.times_s(5))).doubts


@pytest.mark.parametrize("exercise", [name for name in MOVEMENTS if name not in ALTERNATING])
def test_an_unnamed_movement_is_counted_by_its_period(exercise: str) -> None:
    session = _session(exercise, 5, yaw=20)
    frames = filmed(session.posture, session.times_s(25), Look(noise_m=0.01))
    found = count_automatically(motions(frames)[0])
    assert found.count == 5
    assert "aperiodic" not in found.doubts


def test_what_does_not_repeat_is_told() -> None:
    def reach(time_s: float) -> Posture:
        share = min(max(time_s - 2, 0), 1)
        return Posture(shoulder_flexion=(120 * share, 0), hip_flexion=(0, 40 * share))

    found = count_automatically(motions(filmed(reach, np.arange(0, 6, 1 / 30)))[0])
    assert found.count == 0
    assert "aperiodic" in found.doubts


@pytest.mark.parametrize("exercise", MOVEMENTS)
def test_live_counts_agree(exercise: str) -> None:
    session = _session(exercise, 6)
    counter = LiveCounter(load_exercise(exercise))
    told = 0
    for frame in filmed(session.posture, session.times_s(15), Look(noise_m=0.01)):
        found = counter.update(frame.people[0], frame.time_s)
        told += found.is_new
    assert found.count == told == 6


def test_live_forgets_what_a_gap_interrupts_and_keeps_the_count() -> None:
    session = _session("squat", 3)
    counter = LiveCounter(load_exercise("squat"))
    frames = filmed(session.posture, session.times_s(15))
    for frame in frames:
        found = counter.update(frame.people[0], frame.time_s)
    assert found.count == 3
    for frame in filmed(lambda _: MOVEMENTS["squat"](1.0), np.arange(60, 61, 0.1)):
        assert counter.update(frame.people[0], frame.time_s).count == 3
    assert counter.update(None, 62.0).progress is None


def test_counts_are_plain_numbers() -> None:
    session = _session("squat", 2)
    found = _counted("squat", filmed(session.posture, session.times_s(30))).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["count"] == 2
    assert len(found["repetitions"]) == 2


def test_exercises_are_data_with_names_in_both_languages(tmp_path: Path) -> None:
    for name in exercise_names():
        exercise = load_exercise(name)
        assert set(exercise.names) == {"en", "zh"}
        assert exercise.name == name
    own = tmp_path / "bow.toml"
    own.write_text(
        'names = { en = "Bow" }\nsignals = [{ feature = "trunk_inclination", rest = 5, turn = 70 }]'
    )
    assert load_exercise(str(own)).name == "bow"


_SIGNAL = "names = {}\n[[signals]]\nfeature = 'hip_height'\nrest = 0"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("names = {}", "'signals' is missing"),
        ("names = {}\nsignals = []", "needs a signal"),
        (
            'names = {}\nsignals = [{ feature = "nose", rest = 0, turn = 1 }]',
            "'nose' is not one of",
        ),
        (
            'names = {}\nsignals = [{ feature = "hip_height", rest = 1, turn = 1 }]',
            "rest and turn must differ",
        ),
        (
            'names = {}\nlegs = 2\nsignals = [{ feature = "hip_height", rest = 1, turn = 0 }]',
            "'legs' is not known",
        ),
        ("names = [", "is no exercise"),
        ("names = " + 20_000 * "[", "is no exercise"),
        (2**20 * "#" + "\n", "is too large"),
        (f"least = nan\n{_SIGNAL}\nturn = 1", "least must be a number from 0 to 1, not nan"),
        (f"least_s = -1\n{_SIGNAL}\nturn = 1", "least_s must be a number from 0"),
        (f"{_SIGNAL}\nturn = inf", "turn must be a number"),
        (f"{_SIGNAL}\nturn = true", "turn must be a number"),
        (f"{_SIGNAL}\nturn = 1e-320", "rest and turn must differ"),
        (f"{_SIGNAL}\nturn = 1\nweight = inf", "weight must be a number"),
        (f"{_SIGNAL}\nturn = 1\ncolour = 1", "a signal has feature, rest, turn and weight"),
        (f"{_SIGNAL}\nturn = 1\n[[gates]]\nfeature = 'hip_height'\nlow = nan", "low must be"),
    ],
)
def test_bad_exercises_are_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(SettingError, match=says):
        load_exercise(str(path))
    with pytest.raises(SettingError, match="exercise must be auto, one of bench_press"):
        load_exercise("swimming")


def test_an_exercise_is_read_from_files_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    for name, says in (("pipe", "a pipe"), ("none", "no such file"), ("folder", "is a folder")):
        with pytest.raises(SettingError, match=says):
            load_exercise(str(tmp_path / f"{name}.toml"))


def test_the_squats_of_a_real_person(shared_data: Path) -> None:
    from posemill.api import PoseTracker
    from posemill.sources import open_source

    tracker = PoseTracker()
    with open_source(shared_data / "tfjs_pose" / "pose_squats.mp4") as source:
        frames = [tracker.track(frame) for frame in source]
    truth = json.loads((shared_data / "ground_truth" / "reps.json").read_text())[0]["full_reps"]
    assert _counted("squat", frames).count == truth
    assert count_automatically(motions(frames)[0]).count == truth


@pytest.mark.parametrize(
    ("world", "times_s"),
    [
        (np.zeros((33, 3)), np.arange(60) / 30),
        (np.ones((33, 3)), np.arange(60) / 30),
        (None, np.arange(3) / 30),
        (None, np.arange(60) * 1e30),
        (None, np.arange(60) * 1e-9),
        (None, np.zeros(60)),
    ],
    ids=["a point", "another point", "three frames", "aeons", "an instant", "time stands still"],
)
def test_what_makes_no_sense_is_counted_without_a_fault(
    world: np.ndarray | None, times_s: np.ndarray
) -> None:
    random = np.random.default_rng(0)
    frames = []
    for index, time_s in enumerate(times_s):
        places = random.normal(size=(33, 3)) if world is None else world
        landmarks = random.random((33, 5)).astype(np.float32)
        pose = Pose(0, 0.9, landmarks, places.astype(np.float32), (640, 480))
        frames.append(FramePoses(index, float(time_s), (640, 480), (pose,)))
    (motion,) = motions(frames)
    json.dumps(count_automatically(motion).to_dict(), allow_nan=False)
    for name in exercise_names():
        json.dumps(count(motion, load_exercise(name)).to_dict(), allow_nan=False)


@pytest.mark.parametrize(("share", "counted"), [(0.6, 3), (0.98, 2)])
def test_one_under_way_at_the_start_counts_where_enough_of_it_is_seen(
    share: float, counted: int
) -> None:
    session = _session("squat", 3, period_s=3.0)
    start_s, turn_s, _ = session.truth[0]
    frames = filmed(session.posture, session.times_s(30))
    late = [each for each in frames if each.time_s >= start_s + share * (turn_s - start_s)]
    assert _counted("squat", late).count == counted


def test_live_counts_no_other_exercise() -> None:
    session = _session("biceps_curl", 5)
    counter = LiveCounter(load_exercise("push_up"))
    for frame in filmed(session.posture, session.times_s(15)):
        found = counter.update(frame.people[0], frame.time_s)
    assert found.count == 0
    assert found.progress is not None
