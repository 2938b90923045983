"""Small line charts as one SVG, which follow the reader's light or dark setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 300, 240, 46, 44, 14, 50
COLOURS = ("a", "b", "c")
STYLE = """
text { font: 11px system-ui, sans-serif; fill: #333 }
.title { font-size: 13px; font-weight: 600 }
.grid { stroke: #ddd } .axis { stroke: #888 }
.line { fill: none; stroke-width: 2 }
.a { stroke: #0969da; fill: #0969da } .b { stroke: #bf5700; fill: #bf5700 }
.c { stroke: #1a7f37; fill: #1a7f37 } .line.a, .line.b, .line.c { fill: none }
text.a, text.b, text.c { stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #ccc } .grid { stroke: #3a3a3a } .axis { stroke: #777 }
  .a { stroke: #58a6ff; fill: #58a6ff } .b { stroke: #f0883e; fill: #f0883e }
  .c { stroke: #56d364; fill: #56d364 }
}
"""


@dataclass(frozen=True)
class Chart:
    """``lines``: by name, a list of (x, y). Both axes begin at 0; ``ticks`` label the x axis."""

    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    ticks: Mapping[float, str]


def svg(charts: Sequence[Chart]) -> str:
    """Return the charts side by side."""
    width = WIDTH * len(charts)
    parts = [_panel(chart, WIDTH * number) for number, chart in enumerate(charts)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
        f'width="{width}" height="{HEIGHT}" role="img">\n<style>{STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(chart: Chart, shift: int) -> str:
    points = [point for line in chart.lines.values() for point in line]
    x_max = max(x for x, _ in points)
    step = _step(max(y for _, y in points))
    y_max = step * ceil(max(y for _, y in points) / step)
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + across * x / x_max, TOP + down * (1 - y / y_max)

    parts = [_text(LEFT, 16, chart.title, "title"), _text(LEFT - 36, TOP - 8, chart.y_label)]
    for number in range(round(y_max / step) + 1):
        _, y = place(0, number * step)
        kind = "grid" if number else "axis"
        parts.append(f'<path class="{kind}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{number * step:g}", anchor="end"))
    for value, label in chart.ticks.items():
        parts.append(_text(place(value, 0)[0], TOP + down + 16, label, anchor="middle"))
    parts.append(_text(LEFT + across / 2, HEIGHT - 16, chart.x_label, anchor="middle"))
    for number, (name, line) in enumerate(chart.lines.items()):
        colour = COLOURS[number]
        places = [place(*point) for point in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line {colour}" points="{path}"/>')
        parts += [f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        if len(chart.lines) > 1:
            parts.append(_text(LEFT + 10, TOP + 14 + 15 * number, name, colour))
    return f'<g transform="translate({shift})">' + "".join(parts) + "</g>"


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def _step(most: float) -> float:
    """Return a round distance between grid lines, for about four of them."""
    rough = most / 4
    unit = 10 ** floor(log10(rough))
    return float(next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= rough))
