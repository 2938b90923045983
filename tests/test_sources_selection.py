"""Which frames are taken: start, end, every, fps."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.errors import SettingError
from posemill.sources import Selection
from posemill.sources.selection import Picker


def picked(selection: Selection, times: list[float]) -> list[float]:
    picker = Picker(selection)
    return [time_s for time_s in times if picker.wants(time_s)]


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("start", {"start_s": -1.0}),
        ("start", {"start_s": math.nan}),
        ("end", {"end_s": math.inf}),
        ("end", {"start_s": 2.0, "end_s": 2.0}),
        ("end", {"end_s": 0.0}),
        ("every", {"every": 0}),
        ("fps", {"fps": 0.0}),
        ("fps", {"fps": math.nan}),
        ("rotate", {"rotate": 45}),
        ("max_pixels", {"max_pixels": 0}),
    ],
)
def test_nonsense_is_refused_and_the_setting_named(setting: str, values: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=setting):
        Selection(**values)


def test_start_is_included_and_end_is_not() -> None:
    assert picked(Selection(start_s=1.0, end_s=3.0), [0.0, 1.0, 2.0, 3.0, 4.0]) == [1.0, 2.0]


def test_every_counts_from_the_first_frame_in_range() -> None:
    assert picked(Selection(start_s=1.0, every=2), [0.0, 1.0, 2.0, 3.0, 4.0]) == [1.0, 3.0]


def test_fps_of_the_source_itself_keeps_every_frame_though_milliseconds_are_rounded() -> None:
    times = [round(n / 30, 3) for n in range(300)]
    assert picked(Selection(fps=30), times) == times


def test_fps_below_the_source_takes_that_many_a_second() -> None:
    times = [n / 30 for n in range(300)]
    assert len(picked(Selection(fps=10), times)) == 100
    assert len(picked(Selection(fps=12.5), times)) == 125


def test_fps_above_the_source_repeats_nothing() -> None:
    times = [n / 5 for n in range(50)]
    assert picked(Selection(fps=60), times) == times


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=200),
    st.floats(0.1, 200.0),
    st.integers(1, 5),
)
def test_never_more_than_fps_and_always_in_order(
    steps_ms: list[int], fps: float, every: int
) -> None:
    times, now = [], Fraction(0)
    for step in steps_ms:
        times.append(float(now))
        now += Fraction(step, 1000)
    taken = picked(Selection(fps=fps, every=every), times)
    assert taken[0] == times[0]
    assert taken == sorted(set(taken))
    assert set(taken) <= set(times[::every])
    assert len(taken) <= times[-1] * fps + 1.5
