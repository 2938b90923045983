"""Axes of charts: round numbers to mark, and what is written beside them."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Final

# What seconds are marked by once there are many of them.
_TIME_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_LONG_S: Final = 90.0  # from here on minutes are easier to read


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most ``most`` round numbers from ``low`` to ``high``, 1, 2 or 5 apart."""
    if not high > low:
        return [low]
    return _multiples(low, high, _round_step((high - low) / max(most - 1, 1)))


def time_ticks(start_s: float, end_s: float, most: int = 9) -> list[float]:
    """Return round times from ``start_s`` to ``end_s``."""
    length_s = end_s - start_s
    steps = [step for step in _TIME_STEPS_S if length_s / step <= most - 1]
    if length_s <= 2 * (most - 1) or not steps:
        return ticks(start_s, end_s, most)
    return _multiples(start_s, end_s, steps[0])


def labels(values: Sequence[float]) -> list[str]:
    """Return numbers as text, all with as many digits as the step between them needs."""
    step = values[1] - values[0] if len(values) > 1 else abs(values[0]) or 1.0
    digits = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 0
    return [_signed(value, digits) for value in values]


def time_labels(values: Sequence[float], end_s: float) -> list[str]:
    """Return times as text: seconds, or minutes and seconds where there are many."""
    if end_s < _LONG_S:
        return labels(values)
    return [clock(value) for value in values]


def clock(time_s: float) -> str:
    """Return a time as m:ss, or h:mm:ss."""
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _multiples(low: float, high: float, step: float) -> list[float]:
    slack = 1e-9 * step
    first, last = ceil((low - slack) / step), floor((high + slack) / step)
    return [number * step for number in range(first, last + 1)]


def _round_step(least: float) -> float:
    power: float = 10.0 ** floor(log10(least))
    return next(
        (each * power for each in (1, 2, 5) if each * power >= least * (1 - 1e-9)), 10 * power
    )


def _signed(value: float, digits: int) -> str:
    return f"{value:z.{digits}f}".replace("-", "\N{MINUS SIGN}")
