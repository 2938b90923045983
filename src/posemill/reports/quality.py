"""The part of a report that says how well somebody is seen."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from posemill.analysis.angle_doubts import SMALL_PX
from posemill.analysis.quality import Quality
from posemill.reports.bars import bar_chart
from posemill.reports.html import Html, Language
from posemill.reports.svg import Series
from posemill.reports.tables import Level, notes

_GOOD, _FAIR = 0.9, 0.5  # of the time
_RATE_HZ: Final = 20.0  # a filter of 6 Hz, and movements as fast as that, need about so many
_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "present": "In {share:.0%} of the frames ({frames}).",
        "front": "Seen from the front ({angle:.0f}° to the picture): what bends sideways is surer "
        "than what bends forward.",
        "back": "Seen from the back ({angle:.0f}° to the picture): left and right are told apart "
        "less surely, and what bends sideways is surer than what bends forward.",
        "side": "Seen from a side ({angle:.0f}° to the picture): what bends forward is surer than "
        "what bends sideways; the far side is partly hidden.",
        "oblique": "Seen obliquely ({angle:.0f}° to the picture): 2D angles are distorted.",
        "unknown": "From where is not known.",
        "size": "{size:.0f} px tall or wide in the picture.",
        "outside": "Partly out of the picture in {share:.0%} of the frames.",
        "inside": "Within the picture all of the time.",
        "rate": "{rate:.3g} frames a second: too few for fast movements and their speed.",
        "flag": "{name} in {share:.1%} of the frames.",
        "outside_flag": "Landmarks out of the picture",
        "bone_jump": "A bone changes its length from one frame to the next",
        "swapped": "Left and right changed places and were put back",
        "parts": "How much of the time all joints are seen",
        "torso": "torso",
        "left_arm": "left arm",
        "right_arm": "right arm",
        "left_leg": "left leg",
        "right_leg": "right leg",
        "left_foot": "left foot",
        "right_foot": "right foot",
    },
    "zh": {
        "present": "出现在 {share:.0%} 的帧中（{frames} 帧）。",
        "front": "正面拍摄（与画面成 {angle:.0f}°）：侧向动作比前后动作可靠。",
        "back": "背面拍摄（与画面成 {angle:.0f}°）：左右区分较不可靠，侧向动作比前后动作可靠。",
        "side": "侧面拍摄（与画面成 {angle:.0f}°）：前后动作比侧向动作可靠，远侧部分被遮挡。",
        "oblique": "斜向拍摄（与画面成 {angle:.0f}°）：平面角度会失真。",
        "unknown": "拍摄方向未知。",
        "size": "画面中大小为 {size:.0f} 像素。",
        "outside": "{share:.0%} 的帧中部分身体在画面之外。",
        "inside": "始终在画面之内。",
        "rate": "每秒 {rate:.3g} 帧：对快速动作及其速度而言过少。",
        "flag": "{share:.1%} 的帧中：{name}。",
        "outside_flag": "关键点在画面之外",
        "bone_jump": "骨骼长度在相邻帧之间突变",
        "swapped": "左右互换，已更正",
        "parts": "各部位全部关节可见的时间比例",
        "torso": "躯干",
        "left_arm": "左臂",
        "right_arm": "右臂",
        "left_leg": "左腿",
        "right_leg": "右腿",
        "left_foot": "左脚",
        "right_foot": "右脚",
    },
}


def quality_parts(found: Quality, language: Language = "en") -> list[Html]:
    """Return remarks on how well somebody is seen, and bars for the parts of the body."""
    texts = _TEXTS[language]
    shares = np.array([100 * share for share in found.parts.values()])
    bars = bar_chart(
        texts["parts"],
        [texts[name] for name in found.parts],
        [Series("", shares, colour=0)],
        unit="%",
        range_of=(0, 100),
        language=language,
    )
    return [notes(_remarks(found, texts), language), bars]


def _remarks(found: Quality, texts: Mapping[str, str]) -> Iterator[tuple[Level, str]]:
    share = found.present
    yield _level(share), texts["present"].format(share=share, frames=found.frames)
    angle = found.facing_deg if found.facing_deg is not None else float("nan")
    level: Level = "note" if found.view in ("front", "side") else "doubt"
    yield level, texts[found.view].format(angle=angle)
    size: Level = "bad" if found.size_px < SMALL_PX else "good"
    yield size, texts["size"].format(size=found.size_px)
    if found.outside:
        yield _level(1 - found.outside), texts["outside"].format(share=found.outside)
    else:
        yield "good", texts["inside"]
    if found.rate_hz is not None and found.rate_hz < _RATE_HZ:
        yield "doubt", texts["rate"].format(rate=found.rate_hz)
    for flag, part in found.flags.items():
        if flag in ("bone_jump", "swapped"):  # outside is told already
            yield "doubt", texts["flag"].format(name=texts[flag], share=part)


def _level(share: float) -> Level:
    return "good" if share >= _GOOD else "doubt" if share >= _FAIR else "bad"
