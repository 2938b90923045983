"""The part of a report that shows repetitions."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from posemill.analysis.counting import Count
from posemill.reports.angle_words import SIDE_WORDS
from posemill.reports.charts import Moment, Span, line_chart
from posemill.reports.html import Html, Language, paragraph
from posemill.reports.svg import Series
from posemill.reports.tables import notes, table

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "count": "{count} repetitions",
        "of": " of {exercise}",
        "between": "; between {low} and {high}, were the doubtful ones left out or counted",
        "partial": "; {partial} more not gone to the end, not counted",
        "columns": "#|start, s|turn, s|end, s|there, s|hold, s|back, s|depth|side",
        "chart": "Way from rest (0) to the turning point (1)",
        "period": " One takes {period:.1f} s.",
        "hidden": "The joints are often hidden or out of the picture.",
        "view": "This exercise is told better from another side.",
        "small": "The person is small in the picture.",
        "slow": "There are few frames in a repetition.",
        "unfinished": "A repetition is cut off by the start or the end.",
        "irregular": "The repetitions come irregularly.",
        "other_movement": "Much of it is some other movement.",
        "aperiodic": "Hardly anything repeats.",
    },
    "zh": {
        "count": "{count} 次重复",
        "of": "（{exercise}）",
        "between": "；若去掉或计入存疑的，则在 {low} 与 {high} 之间",
        "partial": "；另有 {partial} 次未做完，不计入",
        "columns": "序号|开始，秒|转折，秒|结束，秒|去程，秒|停留，秒|回程，秒|幅度|侧",
        "chart": "从静止（0）到转折点（1）的进程",
        "period": "每次用时 {period:.1f} 秒。",
        "hidden": "关节经常被遮挡或在画面之外。",
        "view": "换一个方向拍摄更容易判断该动作。",
        "small": "人物在画面中过小。",
        "slow": "每次重复的帧数很少。",
        "unfinished": "有一次重复被开头或结尾截断。",
        "irregular": "重复间隔不规则。",
        "other_movement": "大部分是其他动作。",
        "aperiodic": "几乎没有重复的动作。",
    },
}


def repetition_parts(found: Count, exercise: str = "", language: Language = "en") -> list[Html]:
    """Return how many there are, a chart, and one row each; ``exercise``: its name in words."""
    texts = _TEXTS[language]
    words = texts["count"].format(count=found.count)
    words += texts["of"].format(exercise=exercise) if exercise else ""
    low, high = found.between
    words += texts["between"].format(low=low, high=high) if low != high else ""
    words += texts["partial"].format(partial=found.partial) if found.partial else ""
    words += "。" if language == "zh" else "."
    if found.period_s is not None:
        words += texts["period"].format(period=found.period_s)
    parts = [paragraph(words)]
    if found.doubts:
        parts.append(notes([("doubt", texts.get(each, each)) for each in found.doubts], language))
    if found.signal:
        parts.append(_chart(found, texts, language))
    if found.repetitions:
        parts.append(table(texts["columns"].split("|"), _rows(found, language), digits=2))
    return parts


def _chart(found: Count, texts: Mapping[str, str], language: Language) -> Html:
    time_s = np.asarray(found.time_s, float)
    series = [
        Series(SIDE_WORDS[language].get(side, side), np.asarray(values, float))
        for side, values in found.signal.items()
    ]
    full = [each for each in found.repetitions if each.is_full]
    return line_chart(
        texts["chart"],
        time_s,
        series,
        unit="",
        moments=[Moment(each.turn_s, str(at)) for at, each in enumerate(full, start=1)],
        spans=[Span(each.start_s, each.end_s) for each in full],
        language=language,
    )


def _rows(found: Count, language: Language) -> list[list[str | float | None]]:
    rows: list[list[str | float | None]] = []
    number = 0
    for each in found.repetitions:
        number += each.is_full
        times = [each.start_s, each.turn_s, each.end_s, each.out_s, each.hold_s, each.back_s]
        side = SIDE_WORDS[language].get(each.side, each.side)
        rows.append([str(number) if each.is_full else "-", *times, each.depth, side])
    return rows
