"""The words of the report on a clip, in two languages."""

from collections.abc import Mapping
from typing import Final

from posemill.reports.html import Language

TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "title": "Movement report: {name}",
        "source": "Source",
        "size": "Picture",
        "length": "Length",
        "per_second": "frames/s",
        "people": "People",
        "model": "Model",
        "person": "Person {id}",
        "quality": "How well the person is seen",
        "pictures": "Pictures",
        "angles": "Angles",
        "symmetry": "Symmetry",
        "repetitions": "Repetitions",
        "charts": "Angles over time",
        "still": "No angle moves by 10° or more.",
        "turns": "Numbers above the charts are the turning points of the repetitions.",
        "limits": "What these numbers are",
        "say": "Angles come from landmarks that a model places in one camera's picture; it sees "
        "no bones. Zero is the upright standing body with hanging arms; flexion, abduction and "
        "dorsiflexion are positive. Depth is estimated, so an angle that opens towards the camera "
        "is less sure than one seen from the side. Against several calibrated cameras, main angles "
        "in space were 8 to 34° off on average in one hard clip, 5 to 25° where no limb was hidden "
        "or exchanged for the other one; ± says how much to expect here.\n"
        "Inclinations are against the vertical of the picture: a tilted camera tilts them. "
        "A dash is what is not known. This is no medical device, and nothing here is a diagnosis.",
        "plain": "The video or picture itself is not at hand, so the skeletons stand alone.",
        "moment": "{time} s",
        "first": "start",
        "middle": "middle",
        "last": "end",
        "most": "{angle} {value}°, the most",
        "least": "{angle} {value}°, the least",
    },
    "zh": {
        "title": "动作报告：{name}",
        "source": "来源",
        "size": "画面",
        "length": "时长",
        "per_second": "帧/秒",
        "people": "人数",
        "model": "模型",
        "person": "人物 {id}",
        "quality": "可见程度",
        "pictures": "画面",
        "angles": "角度",
        "symmetry": "对称性",
        "repetitions": "重复次数",
        "charts": "角度随时间变化",
        "still": "没有任何角度变化达到 10°。",
        "turns": "图上方的数字为各次重复的转折点。",
        "limits": "关于这些数字",
        "say": "角度由模型在单个摄像机画面中标出的关键点计算而来，模型看不到骨骼。零位为直立、"
        "双臂下垂的站姿；屈曲、外展和背屈为正。深度是估计值，因此朝向摄像机张开的角度不如侧面"
        "所见的可靠。与多台标定摄像机相比，在一段困难的视频中主要空间角度"
        "平均相差 8 至 34°，肢体未被遮挡或左右混淆时为 5 至 25°；± 表示此处预期的误差。\n"
        "倾角相对于画面的竖直方向：摄像机倾斜，倾角也随之倾斜。短横线表示未知。"
        "本软件不是医疗器械，报告内容不构成诊断。",
        "plain": "没有原视频或图片，因此只显示骨架。",
        "moment": "{time} 秒",
        "first": "开始",
        "middle": "中间",
        "last": "结束",
        "most": "{angle} {value}°，最大",
        "least": "{angle} {value}°，最小",
    },
}
