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
_ORDER, _BOTH_WAYS = 2, (2**0.5 - 1) ** 0.25
_SHARPEST: Final = 0.9  # of half the rate, that a cut-off may be
# Hampel: a median absolute deviation of normal noise is 0.6745 of its standard deviation.
_HAMPEL_S, _HAMPEL_SIGMAS, _MAD = 0.35, 3.0, 0.6745
_HAMPEL_LEAST: Final = 2  # frames on either side


def hampel(time_s: Array, values: Array, *, floor: float = 0.0) -> Array:
    """Return ``values`` with NaN for outliers (Hampel 1974; Pearson 2002).

    An outlier is further from the median of the frames around it (0.35 s to either side) than
    three standard deviations by their median absolute deviation, and than ``floor``.
    """
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    if not step_s:
        return values.copy()
    reach = max(_HAMPEL_LEAST, round(_HAMPEL_S / step_s))
    if len(values) <= 2 * reach:
        return values.copy()
    rows = values.reshape(len(values), -1)
    padded = np.pad(rows, ((reach, reach), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    middle = _nanmedian(windows)
    spread = _nanmedian(np.abs(windows - middle[..., None])) / _MAD
    is_out = np.abs(rows - middle) > np.maximum(_HAMPEL_SIGMAS * spread, floor)
    found = np.where(is_out & np.isfinite(middle), np.nan, rows)
    return found.reshape(values.shape)


def fill_gaps(time_s: Array, values: Array, max_gap_s: float = MAX_GAP_S) -> Array:
    """Return ``values`` with gaps up to ``max_gap_s`` filled by straight lines.

    A longer gap stays one: what happened then is not known.
    """
    found = values.copy()
    for column in found.reshape(len(found), -1).T:
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
    rows = found.reshape(len(found), -1)
    for column in rows.T:
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
    share = cutoff_hz / _BOTH_WAYS / (rate_hz / 2)
    if share >= _SHARPEST:
        return values
    grid_s = np.linspace(time_s[0], time_s[-1], count)
    sections = butter(_ORDER, share, output="sos")
    # Long enough for the filter to settle: three of its time constants.
    pad = min(count - 1, max(6, round(3 / (np.pi * share))))
    smooth = sosfiltfilt(sections, np.interp(grid_s, time_s, values), padlen=pad)
    return np.asarray(np.interp(time_s, grid_s, smooth))


def _nanmedian(values: Array) -> Array:
    """Return medians along the last axis, NaN without a warning where all is NaN."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(axis=-1)
    low = np.maximum(count - 1, 0) // 2
    high = np.minimum(np.maximum(count, 1) // 2, ordered.shape[-1] - 1)
    take = np.take_along_axis
    middle = (take(ordered, low[..., None], -1) + take(ordered, high[..., None], -1))[..., 0] / 2
    return np.where(count > 0, middle, np.nan)
