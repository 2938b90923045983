"""Bars across, as SVG within the page."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from posemill.reports.html import Html, Language
from posemill.reports.svg import (
    ABOVE,
    LEGEND,
    TITLE,
    WIDTH,
    Series,
    colour_of,
    legend_of,
    line,
    sign,
    svg,
    text_at,
    told,
)
from posemill.reports.tables import UNKNOWN

_BAR, _GROUP = 15, 12
_NAMES, _VALUES = 190, 74  # left and right of the bars
_TEXTS: Final[Mapping[Language, str]] = {"en": "Bar chart of: {names}.", "zh": "条形图：{names}。"}


def bar_chart(
    title: str,
    names: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "°",
    digits: int = 0,
    range_of: tuple[float, float] | None = None,
    language: Language = "en",
) -> Html:
    """Return bars across, a group for each name with one bar a series; values at their ends."""
    texts = _TEXTS[language]
    rows, legend = legend_of(series, bars=True) if len(series) > 1 else (0, [])
    top = TITLE + LEGEND * rows + ABOVE
    known = [float(each) for one in series for each in one.values if np.isfinite(each)]
    low, high = min([0.0, *known, *(range_of or ())]), max([0.0, *known, *(range_of or ())])
    scale = (WIDTH - _NAMES - _VALUES) / ((high - low) or 1.0)
    zero = _NAMES - low * scale
    body = []
    group = _BAR * len(series) + _GROUP
    for row, name in enumerate(names):
        y = top + row * group
        body.append(text_at(_NAMES - 10, y + _BAR * len(series) / 2 + 4, name, "", "end"))
        for at, each in enumerate(series):
            value = float(each.values[row])
            body += _bar(zero, y + at * _BAR, value, scale, _shown(value, digits, unit), each, at)
    end = top + len(names) * group
    body.append(line(zero, top - 4, zero, end - _GROUP + 4, "axis"))
    described = texts.format(names="; ".join(told(each, unit, language) for each in series))
    return svg(title, described, end + 4, [*legend, *body])


def _bar(
    zero: float, y: float, value: float, scale: float, shown: str, each: Series, at: int
) -> list[str]:
    if not np.isfinite(value):
        return [text_at(zero + 6, y + _BAR - 3, UNKNOWN, "soft")]
    width = abs(value) * scale
    x = zero if value >= 0 else zero - width
    word = text_at(zero + 6 + max(value, 0) * scale, y + _BAR - 3, shown, "")
    return [
        f'<rect class="{colour_of(each, at)}" x="{x:.1f}" y="{y:.1f}" '
        f'width="{max(width, 0.5):.1f}" height="{_BAR - 3}"/>',
        word,
    ]


def _shown(value: float, digits: int, unit: str) -> str:
    return f"{value:z.{digits}f}{sign(unit) or f' {unit}'}".replace("-", "\N{MINUS SIGN}").rstrip()
