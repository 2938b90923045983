"""Words of the analysis in two languages: joints, phases, and reasons for doubt."""

from collections.abc import Mapping
from typing import Final

from posemill.reports.html import Language

JOINTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "left_shoulder": "left shoulder",
        "left_elbow": "left elbow",
        "left_forearm": "left forearm",
        "left_hip": "left hip",
        "left_knee": "left knee",
        "left_shank": "left shank",
        "right_shoulder": "right shoulder",
        "right_elbow": "right elbow",
        "right_forearm": "right forearm",
        "right_hip": "right hip",
        "right_knee": "right knee",
        "right_shank": "right shank",
        "trunk": "trunk",
        "head": "head",
    },
    "zh": {
        "left_shoulder": "左肩",
        "left_elbow": "左肘",
        "left_forearm": "左前臂",
        "left_hip": "左髋",
        "left_knee": "左膝",
        "left_shank": "左小腿",
        "right_shoulder": "右肩",
        "right_elbow": "右肘",
        "right_forearm": "右前臂",
        "right_hip": "右髋",
        "right_knee": "右膝",
        "right_shank": "右小腿",
        "trunk": "躯干",
        "head": "头部",
    },
}
PHASES: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "descent": "descent",
        "ascent": "ascent",
        "raising": "raising",
        "lowering": "lowering",
        "out": "way there",
        "back": "way back",
    },
    "zh": {
        "descent": "下降",
        "ascent": "上升",
        "raising": "抬起",
        "lowering": "放下",
        "out": "去程",
        "back": "回程",
    },
}
DOUBTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "hidden": "Less than half of the body is seen.",
        "outside": "Somebody is partly out of the picture.",
        "small": "Somebody is small in the picture.",
        "view": "It is seen from another side, which the model doesn't see alike.",
        "tilt": "One of the cameras, or bodies, is tilted against the other one.",
        "still": "Neither of them moves.",
        "part": "The shorter one is more like a part of the longer one.",
        "several": "There are several people; those seen most were taken.",
        "no_repetition": "The movement of the template isn't in it.",
    },
    "zh": {
        "hidden": "身体可见部分不足一半。",
        "outside": "有人部分在画面之外。",
        "small": "有人在画面中很小。",
        "view": "拍摄角度不同，模型的结果会有差异。",
        "tilt": "其中一台相机或身体相对另一方倾斜。",
        "still": "两者都没有动作。",
        "part": "较短的一段更像较长一段中的一部分。",
        "several": "画面中有多个人；采用了出现最多的人。",
        "no_repetition": "其中没有标准动作的动作。",
    },
}
