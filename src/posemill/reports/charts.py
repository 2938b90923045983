"""Lines over time, as SVG within the page.

Charts take their colours from the page (see ``document``), so they follow light, dark and print.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.reports.axes import labels, ticks, time_labels, time_ticks
from posemill.reports.html import Html, Language
from posemill.reports.svg import (
    ABOVE,
    LEFT,
    LEGEND,
    RIGHT,
    TITLE,
    WIDTH,
    Array,
    Series,
    colour_of,
    legend_of,
    line,
    sign,
    svg,
    text_at,
    told,
)

_BELOW: Final = 40  # the plot: times and their name
_COLUMNS: Final = 700  # more points than that can't be told apart
_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "time": "time, s",
        "long_time": "time, min:s",
        "unknown": "nothing is known",
        "line": "Line chart over {length:.1f} s of: {names}.",
    },
    "zh": {
        "time": "时间，秒",
        "long_time": "时间，分:秒",
        "unknown": "没有已知数据",
        "line": "折线图，共 {length:.1f} 秒：{names}。",
    },
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that is marked by a line, with a short word."""

    time_s: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that is shaded, with a short word."""

    start_s: float
    end_s: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where data lies on the drawing."""

    x0: float
    x1: float
    y0: float
    y1: float
    top: float
    height: float

    def x(self, time_s: Array | float) -> Array:
        share = (np.asarray(time_s) - self.x0) / (self.x1 - self.x0)
        return np.asarray(LEFT + (WIDTH - LEFT - RIGHT) * share)

    def y(self, value: Array | float) -> Array:
        share = (np.asarray(value) - self.y0) / (self.y1 - self.y0)
        return np.asarray(self.top + self.height * (1 - share))


def line_chart(
    title: str,
    time_s: Array,
    series: Sequence[Series],
    *,
    unit: str = "°",
    moments: Sequence[Moment] = (),
    spans: Sequence[Span] = (),
    limits: Sequence[float] = (),
    range_of: tuple[float, float] | None = None,
    height: int = 190,
    language: Language = "en",
) -> Html:
    """Return lines over time.

    ``time_s``: (n,), seconds, rising. ``unit``: of all series. ``limits``: values that a line
    across marks. ``range_of``: what the axis shows at least. ``height``: of the plot, in 720ths
    of the width.
    """
    texts = _TEXTS[language]
    names = [each.name for each in series if each.name]
    rows, legend = legend_of(series) if len(names) > 1 else (0, [])
    worded = any(each.word for each in moments) or any(each.word for each in spans)
    top = TITLE + LEGEND * rows + ABOVE + (12 if worded else 0)
    plot = _plot(time_s, series, limits, range_of, top, height)
    described = texts["line"].format(
        length=plot.x1 - plot.x0, names="; ".join(told(each, unit, language) for each in series)
    )
    body = [
        *_spans(plot, spans),
        *_axes(plot, time_s, unit, texts),
        *_marks(plot, moments, limits),
        *(part for at, each in enumerate(series) for part in _drawn(plot, time_s, each, at)),
    ]
    if not any(np.isfinite(each.values).any() for each in series):
        middle = plot.top + plot.height / 2
        body.append(text_at(WIDTH / 2, middle, texts["unknown"], "soft", "middle"))
    named = title if sign(unit) or not unit else f"{title}, {unit}"
    return svg(named, described, top + height + _BELOW, [*legend, *body])


def _plot(
    time_s: Array,
    series: Sequence[Series],
    limits: Sequence[float],
    range_of: tuple[float, float] | None,
    top: float,
    height: float,
) -> _Plot:
    every = [np.asarray(limits, float), np.asarray(range_of or (), float)]
    for each in series:
        every += [band for band in (each.values, each.low, each.high) if band is not None]
    known = np.concatenate(every) if every else np.empty(0)
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    low, high = low - room, high + room
    x0, x1 = (float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 1.0)
    return _Plot(x0, x1 if x1 > x0 else x0 + 1.0, low, high, top, height)


def _axes(plot: _Plot, time_s: Array, unit: str, texts: Mapping[str, str]) -> list[str]:
    parts = []
    bottom, right = plot.top + plot.height, WIDTH - RIGHT
    marks = ticks(plot.y0, plot.y1)
    for value, label in zip(marks, labels(marks), strict=True):
        y = float(plot.y(value))
        parts.append(line(LEFT, y, right, y, "grid"))
        parts.append(text_at(LEFT - 7, y + 4, f"{label}{sign(unit)}", "soft", "end"))
    times = time_ticks(plot.x0, plot.x1)
    shown = time_labels(times, plot.x1)
    for value, label in zip(times, shown, strict=True):
        x = float(plot.x(value))
        parts.append(line(x, bottom, x, bottom + 4, "axis"))
        parts.append(text_at(x, bottom + 17, label, "soft", "middle"))
    parts.append(line(LEFT, bottom, right, bottom, "axis"))
    name = texts["long_time"] if any(":" in label for label in shown) else texts["time"]
    parts.append(text_at(right, bottom + 33, name, "soft", "end"))
    return parts


def _drawn(plot: _Plot, time_s: Array, each: Series, at: int) -> list[str]:
    colour = colour_of(each, at)
    parts = []
    if each.low is not None and each.high is not None:
        parts += _band(plot, time_s, each.low, each.high, colour)
    path = "".join(
        f"M{_path(plot.x(time_s[part]), plot.y(each.values[part]))}" for part in _kept(each.values)
    )
    if path:
        parts.append(f'<path class="line {colour}" d="{path}"/>')
    return parts


def _band(plot: _Plot, time_s: Array, low: Array, high: Array, colour: str) -> list[str]:
    paths = []
    for part in _kept(np.asarray(low + high)):
        over = _path(plot.x(time_s[part]), plot.y(high[part]))
        under = _path(plot.x(time_s[part[::-1]]), plot.y(low[part[::-1]]))
        paths.append(f"M{over}L{under}Z")
    return [f'<path class="band {colour}" d="{"".join(paths)}"/>'] if paths else []


def _kept(values: Array) -> list[npt.NDArray[np.int64]]:
    """Return for each stretch without a gap which points to draw.

    Of very many the first, lowest, highest and last of each column, so that no peak is lost.
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return []
    parts = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    per_column = len(values) / _COLUMNS
    if per_column <= 4:
        return parts
    return [_thinned(values, part, per_column) for part in parts]


def _thinned(
    values: Array, part: npt.NDArray[np.int64], per_column: float
) -> npt.NDArray[np.int64]:
    cuts = np.flatnonzero(np.diff((part / per_column).astype(int))) + 1
    kept = [
        np.array([at[0], at[values[at].argmin()], at[values[at].argmax()], at[-1]])
        for at in np.split(part, cuts)
    ]
    return np.unique(np.concatenate(kept))


def _path(x: Array, y: Array) -> str:
    points = [f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    # A point alone is a dot: round ends make one of a line without a length.
    return "L".join(points if len(points) > 1 else points * 2)


def _spans(plot: _Plot, spans: Sequence[Span]) -> list[str]:
    parts = []
    for span in spans:
        x0, x1 = (float(plot.x(np.clip(t, plot.x0, plot.x1))) for t in (span.start_s, span.end_s))
        parts.append(
            f'<rect class="span" x="{x0:.1f}" y="{plot.top:.1f}" '
            f'width="{max(x1 - x0, 1):.1f}" height="{plot.height:.1f}"/>'
        )
        parts.append(text_at((x0 + x1) / 2, plot.top - 4, span.word, "soft", "middle"))
    return parts


def _marks(plot: _Plot, moments: Sequence[Moment], limits: Sequence[float]) -> list[str]:
    parts = []
    for each in moments:
        if plot.x0 <= each.time_s <= plot.x1:
            x = float(plot.x(each.time_s))
            parts.append(line(x, plot.top, x, plot.top + plot.height, "moment"))
            parts.append(text_at(x, plot.top - 4, each.word, "soft", "middle"))
    for limit in limits:
        y = float(plot.y(limit))
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "limit"))
    return parts
