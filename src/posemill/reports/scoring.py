"""The report of a score: the total, what to do better, each repetition, phase and joint."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from posemill.analysis.scoring import Score, Template
from posemill.reports.bars import bar_chart
from posemill.reports.charts import line_chart
from posemill.reports.document import document
from posemill.reports.html import Html, Language, paragraph, section
from posemill.reports.svg import Series
from posemill.reports.tables import Cell, Level, facts, notes, table
from posemill.reports.words import DOUBTS, JOINTS, PHASES

_CHARTED: Final = 6
_MOVES_DEG: Final = 20.0

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "title": "{source}, scored against {template}",
        "total": "Total",
        "of": "{value:.0f} of 100 ({low:.0f} to {high:.0f})",
        "none": "no repetition could be scored",
        "repetitions": "Repetitions",
        "template": "Template",
        "made": "{repetitions} repetitions from {clips} clip(s)",
        "meaning": "100 is within what good repetitions differ by; 50 is limbs that are 12° "
        "beyond that on the average.",
        "advice": "What to do better",
        "well": "Nothing that a rule would complain of.",
        "columns": "#|From, s|To, s|Score|Tempo",
        "joints": "Joint by joint",
        "joint_columns": "Joint|Score|Off, °|Beyond tolerance, °|Worst in",
        "score": "Score",
        "curves": "Angles over a repetition",
        "mean": "template and its tolerance",
        "yours": "mean of the repetitions",
        "across": "Over a usual repetition of the template; the turning point is in the middle.",
        "unsure": "{text} (hard to tell from this side)",
        "in": "{text} Repetitions: {numbers}.",
    },
    "zh": {
        "title": "{source}：按 {template} 评分",
        "total": "总分",
        "of": "{value:.0f}/100（{low:.0f} 至 {high:.0f}）",
        "none": "没有可评分的重复",
        "repetitions": "重复次数",
        "template": "标准动作",
        "made": "{clips} 段视频，{repetitions} 次重复",
        "meaning": "100 表示在良好重复之间的差异以内；50 表示肢体平均超出 12°。",
        "advice": "改进建议",
        "well": "没有发现规则所指的问题。",
        "columns": "#|起，秒|止，秒|得分|速度",
        "joints": "各关节",
        "joint_columns": "关节|得分|差异，°|超出容差，°|最差阶段",
        "score": "得分",
        "curves": "一次重复中的角度",
        "mean": "标准动作及其容差",
        "yours": "各次重复的平均",
        "across": "按标准动作的一次典型重复；中间为转折点。",
        "unsure": "{text}（从这个角度难以判断）",
        "in": "{text}重复：{numbers}。",
    },
}


def score_report(found: Score, template: Template, source: str, language: Language = "en") -> str:
    """Return the whole HTML document."""
    texts = _TEXTS[language]
    parts: list[Html] = [
        facts(_facts(found, template, texts)),
        paragraph(texts["meaning"]),
    ]
    if found.doubts:
        remarks: list[tuple[Level, str]] = [
            ("doubt", DOUBTS[language][each]) for each in found.doubts
        ]
        parts.append(notes(remarks, language))
    if found.repetitions:
        parts.append(section(texts["advice"], _advice(found, texts, language)))
        parts.append(section(texts["repetitions"], _repetitions(found, texts, language)))
        parts.append(section(texts["joints"], *_joints(found, texts, language)))
        parts.append(section(texts["curves"], *_curves(found, template, texts, language)))
    title = texts["title"].format(source=source, template=template.name)
    return document(title, parts, language, "posemill")


def _facts(found: Score, template: Template, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    span = found.total_range
    total = texts["none"]
    if found.total is not None and span is not None:
        total = texts["of"].format(value=found.total, low=span[0], high=span[1])
    made = texts["made"].format(clips=template.clips, repetitions=template.repetitions)
    return [
        (texts["total"], total),
        (texts["repetitions"], str(len(found.repetitions))),
        (texts["template"], f"{template.name}: {made}"),
    ]


def _advice(found: Score, texts: Mapping[str, str], language: Language) -> Html:
    items: list[tuple[Level, str]] = []
    for each in found.advice:
        numbers = ", ".join(map(str, each.repetitions))
        text = texts["in"].format(text=_spaced(each.texts[language], language), numbers=numbers)
        if each.doubts:
            items.append(("doubt", texts["unsure"].format(text=text)))
        else:
            items.append(("bad", text))
    return notes(items or [("good", texts["well"])], language)


def _spaced(text: str, language: Language) -> str:
    return text if language == "en" else text.rstrip()


def _repetitions(found: Score, texts: Mapping[str, str], language: Language) -> Html:
    phases = list(found.phases)
    columns = [*texts["columns"].split("|"), *(PHASES[language][name] for name in phases)]
    rows: list[Sequence[Cell]] = [
        [
            str(number),
            each.start_s,
            each.end_s,
            each.score,
            each.tempo,
            *(each.phases[name] for name in phases),
        ]
        for number, each in enumerate(found.repetitions, start=1)
    ]
    return table(columns, rows)


def _joints(found: Score, texts: Mapping[str, str], language: Language) -> list[Html]:
    names = [JOINTS[language][each.name] for each in found.joints]
    scores = [np.nan if each.score is None else each.score for each in found.joints]
    rows: list[Sequence[Cell]] = [
        [
            name,
            each.score,
            each.difference_deg,
            each.beyond_deg,
            None if each.worst_phase is None else PHASES[language][each.worst_phase],
        ]
        for name, each in zip(names, found.joints, strict=True)
    ]
    chart = bar_chart(
        texts["score"],
        names,
        [Series("", np.array(scores))],
        unit="",
        range_of=(0, 100),
        language=language,
    )
    return [chart, table(texts["joint_columns"].split("|"), rows)]


def _curves(
    found: Score, template: Template, texts: Mapping[str, str], language: Language
) -> list[Html]:
    moving = [
        name
        for name in template.named
        if not name.endswith(("_difference", "_spread", "_inclination"))
        and template.moves(name) >= _MOVES_DEG
    ]
    moving = sorted(moving, key=lambda name: -template.moves(name))[:_CHARTED]
    charts = [paragraph(texts["across"])]
    for name in moving:
        curve, values = template.named[name], found.curves[name]
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known.any(axis=0), np.where(known, values, 0).sum(axis=0) / count, np.nan)
        low, high = curve.mean - curve.tolerance, curve.mean + curve.tolerance
        charts.append(
            line_chart(
                name.replace("_", " "),
                np.linspace(0.0, template.duration_s[0], len(mean)),
                [Series(texts["mean"], curve.mean, low, high), Series(texts["yours"], mean)],
                language=language,
            )
        )
    return charts
