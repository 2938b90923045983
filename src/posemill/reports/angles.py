"""The parts of a report that show angles: charts over time, tables, symmetry."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from posemill.analysis.angles import Angle, Angles
from posemill.analysis.joints import SIDES, SPREADS
from posemill.reports.angle_words import ANGLE_DOUBTS, SIDE_WORDS, angle_word, side_of
from posemill.reports.bars import bar_chart
from posemill.reports.charts import Moment, Span, line_chart
from posemill.reports.html import Html, Language
from posemill.reports.svg import Series
from posemill.reports.tables import Cell, notes, table

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "angle": "angle",
        "value": "value",
        "rom": "range",
        "min": "least",
        "max": "most",
        "mean": "mean",
        "speed": "fastest, °/s",
        "seen": "seen",
        "sure": "±",
        "doubts": "doubts",
        "units": "Degrees; spreads in hip widths. ± is the standard deviation of one value, by the "
        "errors of the landmarks; differences within a clip, as the range, are surer.",
        "symmetry": "Range of motion by side",
        "percent": "right against left",
        "meaning": "(right - left) / mean of both; 0 is the same on both sides, positive more on "
        "the right.",
        "hip widths": "hip widths",
    },
    "zh": {
        "angle": "角度",
        "value": "数值",
        "rom": "活动范围",
        "min": "最小",
        "max": "最大",
        "mean": "平均",
        "speed": "最快，°/秒",
        "seen": "可见",
        "sure": "±",
        "doubts": "疑点",
        "units": "单位为度，间距以髋宽计。± 为关键点误差造成的单个数值的标准差；"
        "同一片段内的差值（如活动范围）更可靠。",
        "symmetry": "左右两侧活动范围",
        "percent": "右侧相对左侧",
        "meaning": "（右-左）/ 两侧平均；0 表示相同，正值表示右侧更大。",
        "hip widths": "髋宽",
    },
}
_DOUBT_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {name: name for name in ANGLE_DOUBTS["en"]},
    "zh": {
        "hidden": "遮挡",
        "gaps": "间断",
        "oblique": "视角倾斜",
        "unsure": "不确定",
        "impossible": "不可能",
        "small": "过小",
        "outside": "出画",
        "slow": "帧率低",
    },
}


def angle_charts(
    found: Angles,
    names: Sequence[str],
    language: Language = "en",
    *,
    moments: Sequence[Moment] = (),
    spans: Sequence[Span] = (),
) -> Iterator[Html]:
    """Yield a chart for each angle, left and right in one."""
    for base, members in paired(names).items():
        series = [_series(side, found[name], language) for side, name in members.items()]
        unit = _TEXTS[language]["hip widths"] if base in SPREADS else "°"
        word = angle_word(base, language)
        yield line_chart(
            word[:1].upper() + word[1:],
            found.time_s,
            series,
            unit=unit,
            moments=moments,
            spans=spans,
            height=150,
            language=language,
        )


def angle_table(found: Angles, names: Sequence[str], language: Language = "en") -> Html:
    """Return the summaries of angles, a row each."""
    texts = _TEXTS[language]
    columns = ("angle", "rom", "min", "max", "mean", "speed", "seen", "sure", "doubts")
    rows = [dict(zip(columns, _row(found[name], language), strict=True)) for name in names]
    kept = list(columns)
    if len(found.time_s) == 1:  # a picture: least, most and mean are one
        rows = [{**row, "value": row["mean"]} for row in rows]
        kept = ["angle", "value", "sure", "doubts"]
    cells = [[row[each] for each in kept] for row in rows]
    return table([texts[each] for each in kept], cells, texts["units"])


def doubt_notes(found: Angles, names: Sequence[str], language: Language = "en") -> Html:
    """Return what the doubts in the table mean; nothing where there are none."""
    met = {doubt: None for name in names for doubt in found[name].doubts}
    if not met:
        return Html("")
    words, texts = _DOUBT_WORDS[language], ANGLE_DOUBTS[language]
    colon = "：" if language == "zh" else ": "
    return notes((("doubt", f"{words[each]}{colon}{texts[each]}") for each in met), language)


def symmetry_parts(found: Angles, language: Language = "en") -> list[Html]:
    """Return range of motion of both sides, where they may be compared."""
    texts = _TEXTS[language]
    values = found.symmetry()
    if not values:
        return []
    words = [angle_word(base, language) for base in values]
    sides = [
        Series(
            SIDE_WORDS[language][side],
            np.array([found[f"{side}_{base}"].range_of_motion or np.nan for base in values]),
        )
        for side in SIDES
    ]
    rows = [
        [word, f"{percent:+z.0f} %".replace("-", "\N{MINUS SIGN}")]
        for word, percent in zip(words, values.values(), strict=True)
    ]
    return [
        bar_chart(texts["symmetry"], words, sides, language=language),
        table([texts["angle"], texts["percent"]], rows, texts["meaning"]),
    ]


def paired(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return names by what they have in common without the side: side to name."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        side, base = side_of(name)
        found.setdefault(base, {})[side] = name
    return found


def _series(side: str, each: Angle, language: Language) -> Series:
    if side:  # with a band each, two would be hard to read
        return Series(SIDE_WORDS[language][side], each.values, colour=SIDES.index(side))
    low, high = each.values - each.uncertainty, each.values + each.uncertainty
    return Series(angle_word(each.name, language), each.values, low, high)


def _row(each: Angle, language: Language) -> list[Cell]:
    span, known = each.range, each.known
    digits = 2 if each.name in SPREADS else 0
    words = _DOUBT_WORDS[language]

    def number(value: float | None) -> Cell:
        if value is None or np.isnan(value):
            return None
        return f"{value:z.{digits}f}".replace("-", "\N{MINUS SIGN}")

    return [
        angle_word(each.name, language),
        number(each.range_of_motion),
        number(None if span is None else span[0]),
        number(None if span is None else span[1]),
        number(float(known.mean()) if len(known) else None),
        number(each.max_speed),
        f"{each.seen:.0%}",
        number(each.uncertainty),
        ("、" if language == "zh" else ", ").join(words[doubt] for doubt in each.doubts),
    ]
