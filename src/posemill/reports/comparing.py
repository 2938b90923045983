"""The report of a comparison: the number, what it means, when and where the two differ."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from posemill.analysis.comparing import NAMES, Comparison
from posemill.analysis.comparing.similarity import similarity
from posemill.reports.bars import bar_chart
from posemill.reports.charts import line_chart
from posemill.reports.document import document
from posemill.reports.html import Html, Language, paragraph, section
from posemill.reports.pictures import figure
from posemill.reports.svg import Series
from posemill.reports.tables import Level, facts, notes, table
from posemill.reports.words import DOUBTS, JOINTS
from posemill.types import Picture

_CHARTED: Final = 4  # joints that differ most
_POINTS: Final = 2000

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "title": "Comparison of {a} and {b}",
        "similarity": "Similarity",
        "unknown": "too little is seen in both",
        "of": "{value:.0f} of 100 ({low:.0f} to {high:.0f})",
        "posture": "Posture",
        "movement": "Movement",
        "difference": "Mean difference",
        "matched": "Matched",
        "times": "{a0:.2f} to {a1:.2f} s of A is {b0:.2f} to {b1:.2f} s of B, tempo {tempo:.2f}",
        "mirror": "B was compared as in a mirror.",
        "view": "Other view",
        "views": "B is turned by {turn:.0f}° and tilted by {tilt:.0f}°",
        "meaning": "100 is the same, 50 is limbs that are 25° off on the average; up to 10° it "
        "stays above 94, since so much two cameras differ that see the same moment. Of movements "
        "it is the geometric mean of posture and movement: how much of what changes is shared.",
        "over": "Over time",
        "chart": "Mean difference",
        "joints_chart": "Joints that differ most",
        "joints": "Joint by joint",
        "columns": "Joint|Difference, °|Worst, °|at, s (A)|at, s (B)|Weight, %|Seen, %",
        "moments": "Where they differ most",
        "caption": "A at {a:.2f} s, B at {b:.2f} s: {off:.0f}° apart",
        "places": "Places found",
        "place_columns": "From, s|To, s|Similarity",
        "pose": "The two postures",
    },
    "zh": {
        "title": "{a} 与 {b} 的比较",
        "similarity": "相似度",
        "unknown": "两者中可见的部分太少",
        "of": "{value:.0f}/100（{low:.0f} 至 {high:.0f}）",
        "posture": "姿态",
        "movement": "动作",
        "difference": "平均差异",
        "matched": "对齐",
        "times": "A 的 {a0:.2f} 至 {a1:.2f} 秒对应 B 的 {b0:.2f} 至 {b1:.2f} 秒，速度 {tempo:.2f}",
        "mirror": "B 按镜像比较。",
        "view": "视角差异",
        "views": "B 转动了 {turn:.0f}°，倾斜了 {tilt:.0f}°",
        "meaning": "100 为相同，50 为肢体平均相差 25°；相差 10° 以内时仍高于 94，因为两台相机"
        "拍摄同一瞬间也会有这么大的差异。对动作而言，它是姿态与动作（共有的变化）的几何平均。",
        "over": "随时间变化",
        "chart": "平均差异",
        "joints_chart": "差异最大的关节",
        "joints": "各关节",
        "columns": "关节|差异，°|最大，°|时刻，秒（A）|时刻，秒（B）|权重，%|可见，%",
        "moments": "差异最大的时刻",
        "caption": "A 在 {a:.2f} 秒，B 在 {b:.2f} 秒：相差 {off:.0f}°",
        "places": "找到的位置",
        "place_columns": "起，秒|止，秒|相似度",
        "pose": "两个姿态",
    },
}


def comparison_report(
    found: Comparison,
    names: tuple[str, str],
    pictures: Sequence[tuple[int, Picture]],
    language: Language = "en",
    *,
    doubts: Sequence[str] | None = None,
) -> str:
    """Return the whole HTML document.

    ``names``: of A and B. ``pictures``: of aligned pairs, by their places. ``doubts``: those of
    the comparison, where the caller knows no more.
    """
    texts = _TEXTS[language]
    title = texts["title"].format(a=names[0], b=names[1])
    parts: list[Html] = [facts(_facts(found, texts)), paragraph(texts["meaning"])]
    remarks: list[tuple[Level, str]] = [
        ("doubt", DOUBTS[language][each]) for each in (found.doubts if doubts is None else doubts)
    ]
    if found.mirrored:
        remarks.insert(0, ("note", texts["mirror"]))
    if remarks:
        parts.append(notes(remarks, language))
    if found.kind == "clips":
        parts.append(section(texts["over"], *_charts(found, texts, language)))
    parts.append(section(texts["joints"], *_joints(found, texts, language)))
    if found.places:
        rows = [list(each) for each in found.places]
        parts.append(section(texts["places"], table(texts["place_columns"].split("|"), rows)))
    if pictures:
        name = texts["moments"] if found.kind == "clips" else texts["pose"]
        parts.append(section(name, *(_picture(found, *each, texts) for each in pictures)))
    return document(title, parts, language, "posemill")


def _facts(found: Comparison, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    span = found.similarity_range
    if found.similarity is None or span is None or found.difference_deg is None:
        return [(texts["similarity"], texts["unknown"])]
    value = texts["of"].format(value=found.similarity, low=span[0], high=span[1])
    pairs = [(texts["similarity"], value)]
    if found.movement is not None and found.posture is not None:
        pairs.append((texts["posture"], f"{found.posture:.0f}"))
        pairs.append((texts["movement"], f"{found.movement:.0f}"))
    off = f"{found.difference_deg:.1f}° ± {found.uncertainty_deg:.1f}°"
    pairs.append((texts["difference"], off))
    if found.kind == "clips":
        (a0, a1), (b0, b1) = found.a_span_s, found.b_span_s
        times = texts["times"].format(a0=a0, a1=a1, b0=b0, b1=b1, tempo=found.tempo)
        pairs.append((texts["matched"], times))
    views = texts["views"].format(turn=found.turn_deg, tilt=found.tilt_deg)
    return [*pairs, (texts["view"], views)]


def _charts(found: Comparison, texts: Mapping[str, str], language: Language) -> list[Html]:
    moments = found.moments
    step = max(len(moments) // _POINTS, 1)
    # One pair for each time of A: where B waits, or A, pairs share a time.
    times, first = np.unique(moments.a_s[::step], return_index=True)
    mean = Series("", moments.difference_deg[::step][first])
    alike = Series("", similarity(mean.values))
    worst = sorted(found.joints, key=lambda each: -(each.difference_deg or 0.0))[:_CHARTED]
    lines = [
        Series(
            JOINTS[language][each.name],
            moments.joints_deg[::step, NAMES.index(each.name)][first],
        )
        for each in worst
        if each.difference_deg is not None
    ]
    return [
        line_chart(
            texts["similarity"], times, [alike], unit="", range_of=(0, 100), language=language
        ),
        line_chart(texts["chart"], times, [mean], range_of=(0, 40), language=language),
        line_chart(texts["joints_chart"], times, lines, range_of=(0, 40), language=language),
    ]


def _joints(found: Comparison, texts: Mapping[str, str], language: Language) -> list[Html]:
    ordered = sorted(found.joints, key=lambda each: -(each.difference_deg or 0.0))
    names = [JOINTS[language][each.name] for each in ordered]
    off = [np.nan if each.difference_deg is None else each.difference_deg for each in ordered]
    chart = bar_chart(
        texts["difference"], names, [Series("", np.array(off))], range_of=(0, 40), language=language
    )
    rows = [
        [
            name,
            each.difference_deg,
            each.worst_deg,
            None if each.worst_s is None else each.worst_s[0],
            None if each.worst_s is None else each.worst_s[1],
            100 * each.weight,
            100 * each.seen,
        ]
        for name, each in zip(names, ordered, strict=True)
    ]
    return [chart, table(texts["columns"].split("|"), rows)]


def _picture(found: Comparison, place: int, picture: Picture, texts: Mapping[str, str]) -> Html:
    moments = found.moments
    caption = ""
    if found.kind == "clips":
        caption = texts["caption"].format(
            a=moments.a_s[place], b=moments.b_s[place], off=moments.difference_deg[place]
        )
    return figure(picture, caption, alt=caption or texts["pose"])
