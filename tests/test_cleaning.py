"""Series made fit: outliers out, short gaps filled, noise filtered without a delay."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.analysis.cleaning import (
    clean,
    fill_gaps,
    hampel,
    is_filtered,
    lowpass,
    rate,
    stretches,
    unwrap,
)

_TIME_S = np.arange(300) / 30
_SLOW = 45 + 40 * np.sin(2 * np.pi * 0.5 * _TIME_S)


@given(st.lists(st.integers(5, 290), max_size=8, unique=True), st.floats(60, 200))
def test_outliers_go_and_nothing_else(places: list[int], height: float) -> None:
    values = _SLOW.copy()
    apart = sorted(places)[:: max(1, len(places) // 3)]
    apart = [a for a, b in pairwise([*apart, 10**6]) if b - a > 9]
    values[apart] += height
    found = hampel(_TIME_S, values, floor=15)
    assert sorted(np.flatnonzero(np.isnan(found))) == sorted(apart)


@pytest.mark.parametrize("fps", [30, 60, 120])
def test_a_punch_is_no_outlier(fps: int) -> None:
    """An elbow that opens by 90 degrees and closes again within 0.3 s, amid rest."""
    time_s = np.arange(3 * fps) / fps
    punch = 90 * np.clip(1 - np.abs(time_s - 1.5) / 0.15, 0, None)
    assert np.isfinite(hampel(time_s, punch, floor=15)).all()
    assert clean(time_s, punch, floor=15).max() > 60


def test_a_burst_of_wrong_frames_goes() -> None:
    values = _SLOW.copy()
    values[100:103] += 90
    found = hampel(_TIME_S, values, floor=15)
    assert np.isnan(found[100:103]).all()
    assert np.isnan(found).sum() == 3


def test_at_few_frames_a_second_nothing_is_an_outlier() -> None:
    time_s = np.arange(50) / 5
    values = np.zeros(50)
    values[20] = 90
    assert np.isfinite(hampel(time_s, values)).all()


def test_outliers_beside_gaps_and_ends() -> None:
    values = _SLOW.copy()
    values[50:60] = np.nan
    values[[2, 62]] += 100
    found = hampel(_TIME_S, values, floor=15)
    assert np.isnan(found[[2, 62]]).all()
    assert np.isnan(found).sum() == 12


@given(st.integers(1, 28), st.floats(0.1, 1.2))
def test_gaps_are_filled_up_to_a_length(frames: int, limit_s: float) -> None:
    values = 3 * _TIME_S
    values[100 : 100 + frames] = np.nan
    found = fill_gaps(_TIME_S, values, limit_s)
    if _TIME_S[100 + frames] - _TIME_S[99] <= limit_s:
        assert found == pytest.approx(3 * _TIME_S)
    else:
        assert np.isnan(found[100 : 100 + frames]).all()


def test_ends_are_not_filled() -> None:
    values = _SLOW.copy()
    values[:3] = values[-3:] = np.nan
    assert np.isnan(fill_gaps(_TIME_S, values)).sum() == 6
    lone = np.full(5, np.nan)
    lone[2] = 1
    assert np.isnan(fill_gaps(np.arange(5.0), lone)).sum() == 4


@pytest.mark.parametrize(("hz", "kept"), [(0.5, 1.0), (2.0, 0.99), (6.0, 0.71), (12.0, 0.09)])
def test_the_filter_halves_the_power_at_its_cutoff_and_delays_nothing(
    hz: float, kept: float
) -> None:
    time_s = np.arange(600) / 60
    wave = np.sin(2 * np.pi * hz * time_s)
    found = lowpass(time_s, wave, 6.0)[150:450]
    middle = wave[150:450]
    assert np.dot(found, middle) / np.dot(middle, middle) == pytest.approx(kept, abs=0.02)
    aside = np.cos(2 * np.pi * hz * time_s)[150:450]
    assert abs(np.dot(found, aside)) / np.dot(aside, aside) < 0.01


def test_the_filter_keeps_lines_up_to_their_ends() -> None:
    line = 5 + 20 * _TIME_S
    assert lowpass(_TIME_S, line) == pytest.approx(line, abs=1e-4)
    short = line[:8]
    assert lowpass(_TIME_S[:8], short) == pytest.approx(short, abs=1e-3)


def test_uneven_frames() -> None:
    random = np.random.default_rng(0)
    time_s = np.sort(_TIME_S + random.uniform(-0.01, 0.01, 300))
    truth = 45 + 40 * np.sin(2 * np.pi * 0.5 * time_s)
    found = lowpass(time_s, truth + random.normal(size=300))
    assert np.abs(found - truth).std() < 0.6


def test_columns_are_filtered_one_by_one() -> None:
    both = np.stack([_SLOW, 2 * _SLOW], axis=1)
    both[100:150, 1] = np.nan
    found = lowpass(_TIME_S, both)
    assert found[:, 0] == pytest.approx(lowpass(_TIME_S, _SLOW))
    assert np.isnan(found[100:150, 1]).all()
    assert np.isfinite(found[:, 0]).all()


def test_a_rate_too_low_leaves_series_alone() -> None:
    time_s = np.arange(50) / 5
    values = np.sin(time_s)
    assert (lowpass(time_s, values) == values).all()
    assert not is_filtered(time_s)
    assert is_filtered(_TIME_S)
    assert not is_filtered(np.empty(0))


def test_stretches_end_at_gaps_and_leaps_of_time() -> None:
    time_s = np.array([0, 1, 2, 3, 10, 11, 12.0]) / 10
    values = np.array([1, np.nan, 1, 1, 1, 1, np.nan])
    assert list(stretches(time_s, values, 0.5)) == [slice(0, 1), slice(2, 4), slice(4, 6)]
    assert not list(stretches(time_s, values * np.nan))
    assert not list(stretches(time_s[:0], values[:0]))


def test_rates_know_no_gaps() -> None:
    values = 7 * _TIME_S
    values[100:200] = np.nan
    found = rate(_TIME_S, values)
    assert found[:100] == pytest.approx(7)
    assert np.isnan(found[100:200]).all()
    assert np.isnan(rate(_TIME_S[:1], values[:1])).all()


@given(st.floats(-1000, 1000), st.floats(-300, 300))
def test_unwrapped_angles_don_t_leap(start: float, speed: float) -> None:
    truth = start + speed * _TIME_S
    values = (truth + 180) % 360 - 180
    values[50:60] = np.nan
    found = unwrap(values)
    known = np.isfinite(found)
    assert np.abs(np.diff(found[known])).max() < 180
    assert np.diff(found - truth)[known[1:] & known[:-1]] == pytest.approx(0, abs=1e-6)
    assert abs(np.median(found[known])) <= 180 + 1e-6


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_anything_can_be_cleaned(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    time_s = np.cumsum(random.uniform(0.001, 0.3, count))
    values = random.normal(size=count) * 100
    values[random.random(count) < 0.3] = np.nan
    found = clean(time_s, values)
    assert found.shape == values.shape
    assert np.isfinite(found).sum() <= np.isfinite(fill_gaps(time_s, values)).sum() + count
