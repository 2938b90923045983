"""One person over time: who is whom, and the parts of a motion."""

import numpy as np
import pytest

from moving_figure import Camera, Look, Posture, filmed
from posemill.analysis.motion import motion_of, motions
from posemill.analysis.quality import quality

_TIMES_S = np.arange(60) / 30


def test_nobody() -> None:
    assert motions([]) == ()
    assert motions(filmed(lambda _: None, _TIMES_S)) == ()
    empty = motion_of([])
    assert len(empty) == 0
    assert (empty.duration_s, empty.interval_s) == (0.0, 0.0)
    found = quality(empty, filmed(lambda _: None, _TIMES_S))
    assert (found.present, found.view, found.facing_deg) == (0.0, "unknown", None)
    found.to_dict()


def test_the_largest_and_longest_seen_comes_first() -> None:
    moves = {
        1: lambda _: Posture(z_m=8.0),
        2: lambda _: Posture(x_m=1.0),
        3: lambda time_s: Posture(x_m=-1.0) if time_s < 0.5 else None,
    }
    found = motions(filmed(moves, _TIMES_S))
    assert found[0].id == 2
    assert {each.id for each in found} == {1, 2, 3}


def test_one_who_comes_back_near_is_the_same() -> None:
    moves = {
        1: lambda time_s: Posture() if time_s < 0.5 else None,
        4: lambda time_s: Posture() if time_s > 1.0 else None,
        2: lambda _: Posture(x_m=2.0),
    }
    found = motions(filmed(moves, _TIMES_S))
    assert sorted(each.ids for each in found) == [(1, 4), (2,)]


def test_times_that_don_t_go_on_are_left_out() -> None:
    frames = filmed(lambda _: Posture(), [0.0, 0.1, 0.1, 0.05, 0.2])
    found = motion_of([(frame, frame.people[0]) for frame in frames])
    assert found.time_s.tolist() == [0.0, 0.1, 0.2]
    assert found.frame.tolist() == [0, 1, 4]


def test_parts_of_a_motion() -> None:
    (whole,) = motions(filmed(lambda _: Posture(), _TIMES_S))
    part = whole.between(0.5, 1.0)
    assert part.time_s[0] == pytest.approx(0.5)
    assert part.time_s[-1] == pytest.approx(1.0)
    assert part.world.shape == (16, 33, 3)
    assert whole.interval_s == pytest.approx(1 / 30)


def test_quality() -> None:
    look = Look(Camera(), hidden=["left_wrist"])
    frames = filmed(lambda time_s: Posture(yaw=90) if time_s < 1.5 else None, _TIMES_S, look)
    (motion,) = motions(frames)
    found = quality(motion, frames)
    assert found.present == pytest.approx(0.75)
    assert found.view == "side"
    assert found.facing_deg == pytest.approx(90, abs=1)
    assert found.parts["left_arm"] == 0
    assert found.parts["right_arm"] == 1
    assert found.outside == 0
    assert found.rate_hz == pytest.approx(30)
    assert 200 < found.size_px < 720
    beside = filmed(lambda _: Posture(x_m=2.8), _TIMES_S)
    assert quality(motions(beside)[0], beside).outside == 1
