"""What charts are made of: named numbers, a legend, lines and letters of an SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.reports.html import Html, Language, text

Array = npt.NDArray[np.float64]

# The drawing: its width, the margins beside a plot, and the rows above it.
WIDTH, LEFT, RIGHT = 720, 54, 14
TITLE, LEGEND, ABOVE = 22, 20, 8
_COLOURS: Final = 6
_CHAR: Final = 6.6  # about the width of a letter, in a legend

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {"from": "{name} from {low:.1f} to {high:.1f} {unit}", "none": "{name} unknown"},
    "zh": {"from": "{name}从 {low:.1f} 到 {high:.1f} {unit}", "none": "{name}未知"},
}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Numbers under one name; NaN where nothing is known, which leaves a gap.

    ``values``: (n,), one a moment or a bar. ``low``, ``high``: (n,), a band around a line, as how
    sure it is, or None. ``colour``: 0 to 5, its place among the series where it is None; by the
    skeletons' colours 0 is for the left side, 1 for the right one.
    """

    name: str
    values: Array
    low: Array | None = None
    high: Array | None = None
    colour: int | None = None


def svg(title: str, described: str, height: float, parts: Sequence[str]) -> Html:
    """Return a drawing with its title, and what it shows for those who don't see it."""
    return Html(
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
        f"<title>{text(title)}</title><desc>{text(described)}</desc>\n"
        + "\n".join(each for each in [text_at(4, 15, title, "title"), *parts] if each)
        + "</svg></figure>"
    )


def legend_of(series: Sequence[Series], *, bars: bool = False) -> tuple[int, list[str]]:
    """Return how many rows it takes, and what it is made of: samples of lines, or of bars."""
    parts, x, row = [], float(LEFT), 1
    for at, each in enumerate(series):
        width = 40 + sum(2 if ord(char) > 0x2E80 else 1 for char in each.name) * _CHAR
        if x > LEFT and x + width > WIDTH - RIGHT:
            x, row = float(LEFT), row + 1
        y = TITLE + LEGEND * row - 8
        kind = colour_of(each, at) if bars else f"line {colour_of(each, at)}"
        shape = f"M{x:.0f} {y - 5}h24v10h-24z" if bars else f"M{x:.0f} {y}h24"
        parts.append(f'<path class="{kind}" d="{shape}"/>')
        parts.append(text_at(x + 30, y + 4, each.name, ""))
        x += width + 12
    return row, parts


def colour_of(each: Series, at: int) -> str:
    """Return the class that colours a series, the one numbered ``at``."""
    return f"s{(at if each.colour is None else each.colour) % _COLOURS}"


def told(each: Series, unit: str, language: Language) -> str:
    """Return a series in words."""
    texts = _TEXTS[language]
    known = each.values[np.isfinite(each.values)]
    if not len(known):
        return texts["none"].format(name=each.name)
    low, high = float(known.min()), float(known.max())
    return texts["from"].format(name=each.name, low=low, high=high, unit=unit)


def sign(unit: str) -> str:
    """Return a unit that is written without a space."""
    return unit if unit in ("°", "%") else ""


def line(x0: float, y0: float, x1: float, y1: float, kind: str) -> str:
    """Return a straight line."""
    return f'<line class="{kind}" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>'


def text_at(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Return words at a place; nothing where there are none."""
    style = f' class="{kind}"' if kind else ""
    where = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{style}{where}>{text(words)}</text>' if words else ""
