"""Falls of a jointed figure and of real people are found, and what only looks like one is not."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from everyday_moves import FALLS, LOOKALIKES, ON_BACK, SIT_BED, STAND, Move, keyed
from moving_figure import Camera, Look, Posture, filmed
from posemill import PoseTracker
from posemill.analysis.behaviour import Event, Fall, Options, find_events
from posemill.skeleton import LANDMARK_INDEX
from posemill.sources import open_source
from posemill.types import FramePoses

DATA = Path(__file__).parents[2] / "shared" / "data"
CAMERAS = {
    "level": Camera(),
    "far": Camera(distance_m=7),
    "high": Camera(height_m=2.2, tilt=20, distance_m=4.5),
}


def film(
    move: Move, *, seconds: float, fps: float = 10, yaw: float = 60, look: Look | None = None
) -> list[FramePoses]:
    turned = _turned(move, yaw)
    return filmed(turned, np.arange(0, seconds, 1 / fps), look or Look(noise_m=0.02))


def _turned(move: Move, yaw: float) -> Move:
    return lambda time_s: replace(move(time_s), yaw=move(time_s).yaw + yaw)


def falls(frames: Iterable[FramePoses], **options: Any) -> tuple[Event, ...]:
    return find_events(frames, ("fall",), {"fall": Options(**options)})


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("name", FALLS)
def test_falls_are_found_from_all_around(name: str, camera: str) -> None:
    for yaw in (0, 135):
        look = Look(camera=CAMERAS[camera], noise_m=0.02)
        (event,) = falls(film(FALLS[name], seconds=5, yaw=yaw, look=look))
        assert event.is_confirmed
        assert event.facts["kind"] in ("lying", "sitting")


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("name", LOOKALIKES)
def test_what_only_looks_like_a_fall_is_none(name: str, camera: str) -> None:
    for yaw in (0, 135):
        look = Look(camera=CAMERAS[camera], noise_m=0.02)
        assert falls(film(LOOKALIKES[name], seconds=11, yaw=yaw, look=look)) == ()


@pytest.mark.parametrize("fps", [5, 8, 25, 60])
def test_whatever_the_rate_of_frames(fps: float) -> None:
    (event,) = falls(film(FALLS["sideways"], seconds=4, fps=fps))
    assert event.began_s == pytest.approx(1.2, abs=0.35)
    assert falls(film(LOOKALIKES["lying_down_in_3_s"], seconds=8, fps=fps)) == ()


def test_a_fall_is_told_once_promptly_with_what_decided_until_they_get_up() -> None:
    up = [(5.0, ON_BACK), (6.5, SIT_BED), (7.5, STAND), (9.0, STAND)]
    keys = [(0.0, STAND), (1.0, STAND), (1.9, ON_BACK), *up]
    fall = Fall(confirm_s=1.0)
    told = [(f.time_s, fall(f)) for f in film(keyed(*keys, falls=True), seconds=9)]
    holds = [time_s for time_s, facts in told if facts is not None]
    assert 2.6 <= holds[0] <= 3.0  # it lies from 1.8 s on
    assert 5.0 < holds[-1] < 6.5
    assert holds == pytest.approx(np.arange(holds[0], holds[-1] + 0.05, 0.1))  # without a break
    (person,) = next(facts for _, facts in told if facts is not None)["people"]
    assert person["id"] == 0
    assert person["kind"] == "lying"
    assert person["descent_mps"] > 0.7
    assert person["drop_m"] > 0.9
    assert person["inclination_deg"] > 70
    assert person["down_s"] == pytest.approx(1.0, abs=0.11)


def test_confirm_s_is_how_long_they_must_stay() -> None:
    frames = film(FALLS["backward"], seconds=8)
    soon, late = (
        next(f.time_s for f in frames if fall(f) is not None) for fall in (Fall(0.5), Fall(3.0))
    )
    assert late - soon == pytest.approx(2.5, abs=0.15)


def test_who_gets_up_at_once_has_not_fallen() -> None:
    up = [(2.3, ON_BACK), (2.9, SIT_BED), (3.4, STAND), (6, STAND)]
    keys = [(0.0, STAND), (1.0, STAND), (1.9, ON_BACK), *up]
    assert falls(film(keyed(*keys, falls=True), seconds=6)) == ()


def test_a_clip_that_ends_too_soon_says_so() -> None:
    (event,) = falls(film(FALLS["forward"], seconds=2.4))
    assert not event.is_confirmed
    assert event.to_dict()["confirmed"] is False
    assert falls(film(FALLS["forward"], seconds=1.5)) == ()  # still falling


# --- trackers lose people who fall


def without(frames: Sequence[FramePoses], start_s: float, end_s: float) -> list[FramePoses]:
    return [replace(f, people=()) if start_s <= f.time_s < end_s else f for f in frames]


def renamed(frames: Sequence[FramePoses], from_s: float) -> list[FramePoses]:
    return [
        replace(f, people=tuple(replace(p, id=p.id + 5) for p in f.people))
        if f.time_s >= from_s
        else f
        for f in frames
    ]


@pytest.mark.parametrize("lost", [(1.3, 1.7), (1.5, 2.2), (1.2, 2.1), (2.0, 2.9)])
@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_fall_goes_on_over_a_loss_and_a_new_id(
    lost: tuple[float, float], is_renamed: bool
) -> None:
    frames = without(film(FALLS["backward"], seconds=5), *lost)
    (event,) = falls(renamed(frames, lost[1]) if is_renamed else frames)
    # It is theirs who had it first; before it begins, that of the first frame in which it holds.
    assert event.person == (5 if is_renamed and lost[1] < 2.8 else 0)


def test_who_vanishes_while_falling_lies_there() -> None:
    frames = without(film(FALLS["sideways"], seconds=5), 1.75, 9)
    (event,) = falls(frames)
    assert event.facts["kind"] == "lost"


def test_who_vanishes_while_standing_or_leaves_does_not() -> None:
    assert falls(without(film(FALLS["sideways"], seconds=5), 1.2, 9)) == ()
    aside = _moved(FALLS["sideways"], x_m=2.75)  # half out of the picture
    assert falls(without(film(aside, seconds=5), 1.75, 9)) == ()


def _moved(move: Move, **where: float) -> Callable[[float], Posture]:
    return lambda time_s: replace(move(time_s), **where)  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [0.6, 0.75, 0.9, 1.0])
@pytest.mark.parametrize("tilt", [0, 20, 45])
def test_who_comes_to_a_raised_camera_and_out_below_it_does_not_fall(
    tilt: float, cut: float
) -> None:
    def at(time_s: float) -> Posture:
        return Posture(z_m=2 - 1.7 * time_s)

    camera = Camera(height_m=1.0 + tilt / 25, tilt=tilt, distance_m=4.5)
    frames = filmed(at, np.arange(0, 3.2, 0.1), Look(camera=camera, noise_m=0.01))
    hips = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
    out_s = next(
        (f.time_s for f in frames if f.people[0].landmarks[hips, 1].mean() > cut), frames[-1].time_s
    )
    after = [FramePoses(40 + n, 3.2 + n / 10, (1280, 720)) for n in range(30)]
    assert falls([*without(frames, out_s, 99), *after]) == ()


def _forward(distance_m: float, unseen_s: float) -> list[FramePoses]:
    """Return somebody who falls towards the camera, hands first, and is lost near the ground."""
    reaching = Posture(shoulder_flexion=(95, 95))
    down = Posture(pitch=85, shoulder_flexion=(95, 95), hip_flexion=(5, 5), z_m=-0.8)

    def move(time_s: float) -> Posture | None:
        share = max(time_s - 1.5, 0.0) / 1.3
        return None if share > 0.9 else reaching.towards(down, share**1.5)

    camera = Camera(640, 480, focal_px=600, distance_m=distance_m)
    return filmed(move, np.arange(0, 2.67 + unseen_s, 1 / 30), Look(camera))


@pytest.mark.parametrize("distance_m", [2.5, 3.0, 4.0])
def test_who_falls_towards_the_camera_hands_first_and_is_lost(distance_m: float) -> None:
    (event,) = find_events(_forward(distance_m, 2.0), ("fall",))
    assert (event.facts["kind"], event.is_confirmed) == ("lost", True)
    (event,) = find_events(_forward(distance_m, 0.45), ("fall",))
    assert (event.facts["kind"], event.is_confirmed) == ("lost", False)


def test_one_of_several_falls() -> None:
    moves = {
        3: _turned(_moved(FALLS["backward"], x_m=-1.0), 90),
        4: _turned(_moved(LOOKALIKES["squats"], x_m=1.2), 0),
    }
    (event,) = falls(filmed(moves, np.arange(0, 5, 0.1), Look(noise_m=0.02)))
    assert event.person == 3


@pytest.mark.parametrize("jump_s", [100.0, -100.0])
def test_a_gap_of_time_begins_anew(jump_s: float) -> None:
    frames = film(FALLS["backward"], seconds=5)
    torn = [f if f.time_s < 1.75 else replace(f, time_s=f.time_s + jump_s) for f in frames]
    fall = Fall()
    assert all(fall(frame) is None for frame in torn)


def test_hidden_legs_are_no_obstacle() -> None:
    legs = [f"{s}_{p}" for s in ("left", "right") for p in ("knee", "ankle", "heel", "foot_index")]
    look = Look(noise_m=0.02, hidden=legs)
    assert len(falls(film(FALLS["backward"], seconds=5, look=look))) == 1
    assert falls(film(LOOKALIKES["picking_up"], seconds=6, look=look)) == ()


# --- real people


def tracked(name: str, fps: float) -> list[FramePoses]:
    if not (DATA / name).exists():
        pytest.skip(f"needs {DATA / name}")
    tracker, frames, last_s = PoseTracker(), [], -1.0
    with open_source(DATA / name) as source:
        for frame in source:
            if frame.time_s - last_s >= 1 / fps - 1e-3:
                last_s = frame.time_s
                frames.append(tracker.track(frame))
    return frames


@pytest.mark.parametrize(
    ("name", "began_s"),
    [("s1_fall_13", 0.4), ("s1_fall_15", 1.8), ("s2_fall_13", 2.5), ("s2_fall_14", 3.4)],
)
def test_people_who_fall(name: str, began_s: float) -> None:
    (event,) = falls(tracked(f"gmdcsa24/{name}.mp4", fps=10))
    assert event.is_confirmed
    assert event.began_s == pytest.approx(began_s, abs=0.5)


@pytest.mark.parametrize(
    "name", ["gmdcsa24/s1_adl_16.mp4", "gmdcsa24/s2_adl_23.mp4", "tfjs_pose/pose_squats.mp4"]
)
def test_people_who_don_t(name: str) -> None:
    assert falls(tracked(name, fps=10)) == ()
