"""Filters over time, as functions from a state and a measurement to the next of both.

Sources: mediapipe/util/filtering/one_euro_filter.cc, low_pass_filter.cc and
mediapipe/calculators/util/landmarks_smoothing_calculator_utils.cc; the filter is that of
Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from posemill.blazepose.constants import (
    MIN_OBJECT_SCALE_PX,
    VISIBILITY_ALPHA,
    OneEuroConstants,
)
from posemill.native import load_kernels
from posemill.types import Floats

T = TypeVar("T", float, npt.NDArray[np.float64])


@dataclass(frozen=True, slots=True, eq=False)
class OneEuroState:
    """What a One-Euro filter remembers: the last measurement, its filtered value and speed."""

    raw: Floats
    value: Floats
    speed: Floats


def one_euro(
    state: OneEuroState | None,
    values: Floats,
    interval_s: float,
    constants: OneEuroConstants,
    scale: float = 1.0,
) -> OneEuroState:
    """Filter one measurement; the state returned holds the filtered ``value``.

    ``values``: float32, any shape, the same at each call. ``interval_s``: time since the
    last measurement, > 0. ``scale``: multiplies speeds, to make them free of the person's
    size. Without a state the measurement passes as it is.
    """
    values = np.ascontiguousarray(values, np.float32)
    if state is None:
        return OneEuroState(values, values, np.zeros_like(values))
    if values.shape != state.raw.shape:
        raise ValueError(f"a filter of {state.raw.shape} values can't take {values.shape}")
    kernels = load_kernels()
    if kernels is None:
        return _one_euro_numpy(state, values, interval_s, constants, scale)
    value, speed = np.empty_like(values), np.empty_like(values)
    kernels.posemill_one_euro(
        values.size,
        values.ctypes.data,
        state.raw.ctypes.data,
        state.value.ctypes.data,
        state.speed.ctypes.data,
        interval_s,
        scale / interval_s,
        constants.min_cutoff,
        constants.beta,
        _alpha(constants.derivate_cutoff, interval_s),
        value.ctypes.data,
        speed.ctypes.data,
    )
    return OneEuroState(values, value, speed)


def _one_euro_numpy(
    state: OneEuroState,
    values: Floats,
    interval_s: float,
    constants: OneEuroConstants,
    scale: float,
) -> OneEuroState:
    speed = (values - state.raw).astype(np.float64) * (scale / interval_s)
    speed = _low_pass(state.speed, speed, _alpha(constants.derivate_cutoff, interval_s))
    cutoff = constants.min_cutoff + constants.beta * np.abs(speed)
    value = _low_pass(state.value, values, _alpha(cutoff, interval_s))
    return OneEuroState(values, value.astype(np.float32), speed.astype(np.float32))


def one_euro_px(
    state: OneEuroState | None,
    values_px: Floats,
    interval_s: float,
    constants: OneEuroConstants,
    object_scale_px: float,
) -> OneEuroState | None:
    """As ``one_euro``, with speeds in person's sizes; None where the person has no size."""
    if object_scale_px < MIN_OBJECT_SCALE_PX:
        return None
    return one_euro(state, values_px, interval_s, constants, 1 / object_scale_px)


def smooth_visibility(state: Floats | None, visibility: Floats) -> Floats:
    """Low-pass visibilities, float32 (n,); the result is the next state too."""
    if state is None:
        return visibility
    return _low_pass(state, visibility, VISIBILITY_ALPHA).astype(np.float32)


def _low_pass(
    previous: Floats, value: npt.NDArray[np.floating], alpha: float | npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray(alpha * value + (1.0 - alpha) * previous.astype(np.float64), np.float64)


def _alpha(cutoff: T, interval_s: float) -> T:
    return 1.0 / (1.0 + 1.0 / (2 * np.pi * cutoff * interval_s))
