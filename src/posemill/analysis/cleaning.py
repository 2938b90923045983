"""Series over time made fit for analysis: outliers out, short gaps filled, noise filtered.

Series are float64 (n,) or (n, k) at rising times (n,); NaN where nothing is known.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

MAX_GAP_S: Final = 0.5
# Winter, Biomechanics and Motor Control of Human Movement, section 3.4: human movement is below
# 6 Hz; a second-order filter run both ways is of fourth order, its cut-off lower by this factor.
CUTOFF_HZ: Final = 6.0
_ORDER: Final = 2
_BOTH_WAYS: Final[float] = (2**0.5 - 1) ** 0.25
_SHARPEST: Final = 0.9  # of half the rate, that a cut-off may be
# Hampel: a median absolute deviation of normal noise is 0.6745 of its standard deviation.
# Movements end within half a period of 6 Hz at the earliest, 0.08 s, and landmarks that jump stay
# away for a frame or two: so a window that is longer takes fast movements for outliers.
_HAMPEL_S, _HAMPEL_SIGMAS, _MAD = 0.12, 3.0, 0.6745
_HAMPEL_LEAST: Final = 2  # frames on either side; with fewer, an outlier and a movement look alike


def hampel(time_s: Array, values: Array, *, floor: float = 0.0) -> Array:
    """Return ``values`` with NaN for outliers (Hampel 1974; Pearson 2002).

    An outlier is further from the median of the frames around it (0.12 s to either side) than
    three standard deviations by their median absolute deviation, and than ``floor``. Where frames
    are further apart than 0.08 s, there are none: they couldn't be told from fast movements.
    """
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    reach = round(_HAMPEL_S / step_s) if step_s else 0
    if reach < _HAMPEL_LEAST or len(values) <= 2 * reach:
        return values.copy()
    found = values.copy()
    for column in _columns(found):
        column[_outliers(column, reach, floor)] = np.nan
    return found


def _outliers(values: Array, reach: int, floor: float) -> Array:
    padded = np.pad(values, reach, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    away = np.abs(values - _nanmedian(windows))
    # Most frames are nearer than the floor: only of the others the spread is needed.
    suspects = np.flatnonzero(away > floor)
    near = windows[suspects]
    spread = _nanmedian(np.abs(near - _nanmedian(near)[:, None])) / _MAD
    return np.asarray(suspects[away[suspects] > _HAMPEL_SIGMAS * spread])


def fill_gaps(time_s: Array, values: Array, max_gap_s: float = MAX_GAP_S) -> Array:
    """Return ``values`` with gaps up to ``max_gap_s`` filled by straight lines.

    A longer gap stays one: what happened then is not known.
    """
    found = values.copy()
    for column in _columns(found):
        known = np.flatnonzero(np.isfinite(column))
        if len(known) < 2:
            continue
        gaps = np.flatnonzero(np.diff(known) > 1)
        for before, after in zip(known[gaps], known[gaps + 1], strict=True):
            if time_s[after] - time_s[before] <= max_gap_s:
                inside = slice(before + 1, after)
                column[inside] = np.interp(
                    time_s[inside], time_s[[before, after]], column[[before, after]]
                )
    return found


def lowpass(
    time_s: Array, values: Array, cutoff_hz: float = CUTOFF_HZ, max_gap_s: float = MAX_GAP_S
) -> Array:
    """Return ``values`` through a zero-phase Butterworth filter of fourth order.

    Each stretch without a gap is filtered by itself, on an even grid of its mean rate. One too
    short, or of a rate too low for the cut-off, stays as it is.
    """
    found = values.copy()
    for column in _columns(found):
        for stretch in stretches(time_s, column, max_gap_s):
            column[stretch] = _filtered(time_s[stretch], column[stretch], cutoff_hz)
    return found


def stretches(time_s: Array, values: Array, max_gap_s: float = MAX_GAP_S) -> Iterator[slice]:
    """Yield the slices of ``values`` (n,) within which nothing lacks and time makes no leap."""
    known = np.isfinite(values)
    if not known.any():
        return
    breaks = np.flatnonzero(~known[1:] | ~known[:-1] | (np.diff(time_s) > max_gap_s)) + 1
    for part in np.split(np.arange(len(values)), breaks):
        if known[part[0]]:
            yield slice(int(part[0]), int(part[-1]) + 1)


def unwrap(values: Array) -> Array:
    """Return angles (n,) in degrees that go on past 180, where they would leap to -180.

    Gaps are bridged; the middle of what is known stays within half a turn of zero. A wrong leap
    adds a turn to all that follows: only for filters, and to be wrapped again.
    """
    found = values.copy()
    known = np.isfinite(found)
    if known.any():
        found[known] = np.unwrap(found[known], period=360.0)
        found -= 360.0 * np.round(np.median(found[known]) / 360.0)
    return found


def rate(time_s: Array, values: Array, max_gap_s: float = MAX_GAP_S) -> Array:
    """Return how fast ``values`` (n,) change, a second; NaN where a stretch has one frame."""
    found = np.full_like(values, np.nan)
    for stretch in stretches(time_s, values, max_gap_s):
        if stretch.stop - stretch.start >= 2:
            found[stretch] = np.gradient(values[stretch], time_s[stretch])
    return found


def is_filtered(time_s: Array, cutoff_hz: float = CUTOFF_HZ) -> bool:
    """Return whether frames come fast enough for a filter of that cut-off."""
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    return step_s > 0 and _share(cutoff_hz, 1 / step_s) < _SHARPEST


def clean(
    time_s: Array,
    values: Array,
    *,
    cutoff_hz: float = CUTOFF_HZ,
    max_gap_s: float = MAX_GAP_S,
    floor: float = 0.0,
) -> Array:
    """Return ``values`` without outliers, short gaps and noise; long gaps stay NaN."""
    whole = fill_gaps(time_s, hampel(time_s, values, floor=floor), max_gap_s)
    return lowpass(time_s, whole, cutoff_hz, max_gap_s)


def _filtered(time_s: Array, values: Array, cutoff_hz: float) -> Array:
    from scipy.signal import butter, sosfiltfilt  # noqa: PLC0415 - slow to import

    count = len(values)
    if count < 6 or time_s[-1] <= time_s[0]:
        return values
    rate_hz = (count - 1) / (time_s[-1] - time_s[0])
    share = _share(cutoff_hz, rate_hz)
    if share >= _SHARPEST:
        return values
    grid_s = np.linspace(time_s[0], time_s[-1], count)
    sections = butter(_ORDER, share, output="sos")
    # Long enough for the filter to settle.
    pad = min(count - 1, max(12, round(6 / (np.pi * share))))
    smooth = sosfiltfilt(sections, np.interp(grid_s, time_s, values), padlen=pad)
    return np.asarray(np.interp(time_s, grid_s, smooth))


def _columns(values: Array) -> Array:
    """Return the series in ``values``, (n,) or (n, k), as rows that are written through."""
    return values[None] if values.ndim == 1 else values.T


def _share(cutoff_hz: float, rate_hz: float) -> float:
    """Return the cut-off of each way, as a part of half the rate."""
    return cutoff_hz / _BOTH_WAYS / (rate_hz / 2)


def _nanmedian(values: Array) -> Array:
    """Return medians along the last axis, NaN without a warning where all is NaN."""
    if not len(values):
        return np.empty(0)
    whole = np.isfinite(values).all(axis=-1)
    found = np.full(len(values), np.nan)
    if whole.any():
        found[whole] = np.median(values[whole], axis=-1)
    ordered = np.sort(values[~whole], axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(axis=-1)
    rows = np.arange(len(ordered))
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    high = np.minimum(high, ordered.shape[-1] - 1)
    found[~whole] = np.where(count > 0, (ordered[rows, low] + ordered[rows, high]) / 2, np.nan)
    return found
