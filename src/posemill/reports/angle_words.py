"""Names of angles and segments, and what may be doubted of them, in two languages."""

from collections.abc import Mapping
from typing import Final

from posemill.reports.html import Language

# English is the name itself, with spaces.
_ZH: Final[Mapping[str, str]] = {
    "knee_flexion": "膝屈曲",
    "hip_flexion": "髋屈曲",
    "hip_abduction": "髋外展",
    "ankle_dorsiflexion": "踝背屈",
    "elbow_flexion": "肘屈曲",
    "shoulder_flexion": "肩前屈",
    "shoulder_abduction": "肩外展",
    "shoulder_elevation": "上臂抬高",
    "shoulder_plane": "上臂抬高平面",
    "trunk_lean": "躯干前倾",
    "trunk_tilt": "躯干侧倾",
    "trunk_rotation": "躯干旋转",
    "neck_flexion": "颈前屈",
    "neck_tilt": "颈侧屈",
    "pelvis_obliquity": "骨盆倾斜",
    "trunk_inclination": "躯干倾角",
    "neck_inclination": "颈部倾角",
    "thigh_inclination": "大腿倾角",
    "shank_inclination": "小腿倾角",
    "upper_arm_inclination": "上臂倾角",
    "forearm_inclination": "前臂倾角",
    "shoulder_angle": "肩角（平面）",
    "elbow_angle": "肘角（平面）",
    "wrist_angle": "腕角（平面）",
    "hip_angle": "髋角（平面）",
    "knee_angle": "膝角（平面）",
    "ankle_angle": "踝角（平面）",
    "trunk_inclination_angle": "躯干倾角（平面）",
    "knee_spread": "膝间距",
    "ankle_spread": "踝间距",
}
SIDE_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {"left": "left", "right": "right", "both": "both"},
    "zh": {"left": "左", "right": "右", "both": "双侧"},
}
ANGLE_DOUBTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "hidden": "its landmarks are hidden half of the time or more",
        "gaps": "its landmarks are hidden for a tenth of the time or more",
        "oblique": "seen obliquely: the picture changes this 2D angle by more than 10°",
        "unsure": "the errors of the landmarks make it unsure by 20° or more",
        "impossible": "at some time it is more than a body can do: landmarks are wrong there",
        "small": "the person is small in the picture, less than 96 px",
        "outside": "one of its landmarks is out of the picture for a tenth of the time or more",
        "slow": "too few frames a second to filter, and for the speed of fast movements",
    },
    "zh": {
        "hidden": "一半或更多的时间看不见相关关键点",
        "gaps": "十分之一或更多的时间看不见相关关键点",
        "oblique": "视角倾斜：画面使该平面角度改变超过 10°",
        "unsure": "关键点误差使其不确定度达到 20° 或以上",
        "impossible": "某些时刻超出人体可能的范围：该处关键点有误",
        "small": "人物在画面中过小，不足 96 像素",
        "outside": "十分之一或更多的时间有关键点在画面之外",
        "slow": "每秒帧数过少，无法滤波，快速动作的速度不可靠",
    },
}


def side_of(name: str) -> tuple[str, str]:
    """Return the side of an angle, or nothing, and its name without it."""
    for side in ("left", "right"):
        if name.startswith(f"{side}_"):
            return side, name.removeprefix(f"{side}_")
    return "", name


def angle_word(name: str, language: Language = "en") -> str:
    """Return the name of an angle in words, as ``left knee flexion``."""
    side, base = side_of(name)
    if language == "zh":
        return SIDE_WORDS["zh"].get(side, "") + _ZH[base]
    return name.replace("_angle", " angle (2D)").replace("_", " ")
