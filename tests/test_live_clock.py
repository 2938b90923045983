"""Time of live frames: capture moments, even rates, key frames, pauses before trying again."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.sources.live.clock import Backoff, CaptureClock, Pace, Pacer


def captured(clock: CaptureClock, stamp_s: float | None, arrived_s: float) -> float:
    clock.note(stamp_s, arrived_s)
    return clock.rising(clock.moment(stamp_s, arrived_s))


JITTER = st.lists(st.floats(0, 0.2), min_size=2, max_size=60)


@given(JITTER, st.floats(-1e6, 1e6), st.floats(5, 60))
def test_captured_moments_rise_and_are_never_later_than_the_arrival(
    late: list[float], start: float, fps: float
) -> None:
    clock, last = CaptureClock(), -math.inf
    for number, each in enumerate(late):
        arrived = 1000 + number / fps + each
        moment = captured(clock, start + number / fps, arrived)
        assert moment > last
        assert moment <= arrived or moment == pytest.approx(last + 0.001)
        last = moment


def test_jitter_of_the_network_is_taken_out() -> None:
    clock = CaptureClock()
    late = [0.0, *([0.08, 0.01, 0.05, 0.0, 0.09] * 20)]
    moments = [captured(clock, n / 10, 50 + n / 10 + each) for n, each in enumerate(late)]
    steps = [b - a for a, b in pairwise(moments)]
    assert steps == pytest.approx([0.1] * len(steps), abs=1e-6)


def test_a_clock_that_drifts_is_followed() -> None:
    clock = CaptureClock()
    # The camera's clock is slow by one part in a hundred: five minutes of it are three seconds.
    for number in range(3000):
        arrived = number / 10
        lag = arrived - captured(clock, number / 10 * 0.99, arrived)
    assert lag < 0.65  # of what half a minute, or two, brings


def test_without_timestamps_the_arrival_counts() -> None:
    clock = CaptureClock()
    assert [captured(clock, None, each) for each in (3.0, 4.5)] == [3.0, 4.5]


@pytest.mark.parametrize("jump", [-5000.0, -5.0, 5.0, 5000.0])
def test_a_camera_whose_clock_is_set_goes_on(jump: float) -> None:
    clock = CaptureClock()
    for number in range(20):
        captured(clock, number / 10, 100 + number / 10)
    for number in range(20, 40):
        arrived = 100 + number / 10
        assert captured(clock, number / 10 + jump, arrived) == pytest.approx(arrived)


def test_a_burst_after_a_pause_keeps_its_own_times() -> None:
    clock = CaptureClock()
    for number in range(10):
        captured(clock, number / 10, 100 + number / 10)
    burst = [captured(clock, number / 10, 104.0) for number in range(10, 30)]
    assert burst == pytest.approx([100 + number / 10 for number in range(10, 30)])


@given(st.floats(1, 60), st.floats(1, 60), st.floats(0, 0.2))
def test_the_rate_is_kept_and_never_exceeded(source_fps: float, fps: float, jitter: float) -> None:
    pace, count = Pace(fps), 20 * math.ceil(max(source_fps, fps))
    times = [(n + jitter * (n % 3)) / source_fps for n in range(count)]
    taken = sum(pace.wants(time_s) for time_s in times)
    length_s = times[-1]
    assert taken <= length_s * fps + 2
    # Of the frames there are, as many as the rate allows.
    assert taken >= 0.8 * min(source_fps, fps) * length_s - 2


def test_frames_are_taken_evenly() -> None:
    pace = Pace(10)
    taken = [n for n in range(60) if pace.wants(n / 30)]
    assert taken == list(range(0, 60, 3))


def test_a_clock_set_back_does_not_stop_the_frames() -> None:
    pace = Pace(10)
    assert pace.wants(1000.0)
    assert pace.wants(5.0)
    assert not pace.wants(5.05)
    assert pace.wants(5.1)


def test_what_comes_too_fast_is_held_back_and_what_is_late_is_not_hurried() -> None:
    pacer = Pacer()
    assert [pacer.due(n / 10, 100.0) for n in range(4)] == pytest.approx(
        [100.0, 100.1, 100.2, 100.3]
    )
    assert pacer.due(0.4, 105.0) == 105.0
    assert pacer.due(0.5, 105.0) == pytest.approx(105.1)


def test_pauses_grow_to_a_minute_and_begin_anew() -> None:
    backoff = Backoff(lambda: 0.5)
    assert [backoff.pause_s() for _ in range(10)] == [1, 1, 1, 1, 1, 5, 10, 60, 60, 60]
    backoff.reset()
    assert backoff.pause_s() == 1


@given(st.floats(0, 1))
def test_pauses_differ_by_a_fifth_at_most(chance: float) -> None:
    assert 0.8 <= Backoff(lambda: chance).pause_s() <= 1.2
