"""The two looks of a skeleton: MediaPipe's own, and one that tells the limbs apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.drawing.strokes import Colour, Ints, Layer, Strokes, paint, touch
from posemill.skeleton import BONES, CONNECTIONS, LANDMARK_COUNT, Limb
from posemill.types import Floats, Picture, Pose

# mediapipe/python/solutions/drawing_utils.py: WHITE_COLOR and RED_COLOR.
_WHITE: Final[Colour] = (224, 224, 224)
_RED: Final[Colour] = (255, 0, 0)
_DARK: Final[Colour] = (16, 16, 16)
_LIGHT: Final[Colour] = (255, 255, 255)

# Okabe and Ito's palette for every kind of colour vision: cool is left, warm is right.
LIMB_COLOURS: Final[dict[Limb, Colour]] = {
    "face": (240, 228, 66),
    "torso": (230, 230, 230),
    "left_arm": (86, 180, 233),
    "right_arm": (230, 159, 0),
    "left_leg": (0, 158, 115),
    "right_leg": (213, 94, 0),
}
# What others who draw the same go by.
COLOURS: Final[dict[str, Colour]] = {
    **{str(limb): colour for limb, colour in LIMB_COLOURS.items()},
    "line": _WHITE,
    "point": _RED,
}

# At unit 1, a picture of 480 rows like those that MediaPipe's sizes were made for, in px.
_LINE: Final = 1.0
_POINT: Final = 2.5
_RING: Final = 1.1
_BONE: Final = 1.7
_RIM: Final = 1.1
_RIM_OPACITY: Final = 0.65
_JOINT: Final = 2.6
_CORE: Final = 1.2
_FINE: Final = 0.6
_UNIT_SIDE_PX: Final = 480
_UNIT_PERSON_PX: Final = 360
_MIN_UNIT: Final = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Joints:
    """The landmarks of one person on a canvas.

    ``points``: float32 (33, 2), x, y, pixel centres at whole numbers; only those ``shown``
    mean anything. ``depth`` (33,): larger is farther. ``unit``: 1 for a picture of 480 rows.
    """

    points: Floats
    shown: npt.NDArray[np.bool_]
    depth: Floats
    visibility: Floats
    unit: float


def joints_of(person: Pose, canvas: Picture, min_visibility: float) -> Joints:
    """Return where ``person`` is on ``canvas``; what is outside of it, or unsure, is hidden."""
    height, width = canvas.shape[:2]
    marks = person.landmarks
    place = marks[:, :2]
    is_sure = (marks[:, 3] >= min_visibility) & (marks[:, 4] >= min_visibility)
    is_inside = (place.min(axis=1) >= 0) & (place.max(axis=1) <= 1)
    shown: npt.NDArray[np.bool_] = is_sure & is_inside
    points = np.zeros((LANDMARK_COUNT, 2), np.float32)
    points[shown] = place[shown] * np.array((width, height), np.float32) - np.float32(0.5)
    unit = min(width, height) / _UNIT_SIDE_PX
    if shown.any():
        extent = float(np.hypot(*np.ptp(points[shown], axis=0)))
        unit = min(unit, extent / _UNIT_PERSON_PX)
    return Joints(points, shown, marks[:, 2], marks[:, 3], max(unit, _MIN_UNIT))


def draw_plain(canvas: Picture, joints: Joints) -> None:
    """Draw as MediaPipe does: light lines, and red points in light rings."""
    unit, shown = joints.unit, np.flatnonzero(joints.shown)
    lines = touch(_bones(joints, _CONNECTIONS, unit * _LINE), 0, _size_px(canvas))
    paint(canvas, lines, [Layer(_WHITE)])
    points = touch(_discs(joints, shown, unit * _POINT), unit * _RING, _size_px(canvas))
    paint(canvas, points, [Layer(_WHITE, unit * _RING), Layer(_RED)])


def draw_limbs(canvas: Picture, joints: Joints) -> None:
    """Draw each limb in its colour, the farthest first, on a dark rim that any ground shows."""
    rim = joints.unit * _RIM
    limbs = sorted(LIMB_COLOURS, key=lambda limb: -_depth(joints, limb))
    # All bones at once, and all joints, because numpy's price is per call.
    bones = [_bones(joints, _LIMB_BONES[limb], _thick(joints, limb, _BONE)) for limb in limbs]
    discs = [_discs(joints, _shown(joints, limb), _thick(joints, limb, _JOINT)) for limb in limbs]
    bone_pixels = touch(_joined(bones), rim, _size_px(canvas))
    disc_pixels = touch(_joined(discs), rim, _size_px(canvas))
    bone, disc = 0, 0
    for limb, limb_bones, limb_discs in zip(limbs, bones, discs, strict=True):
        next_bone, next_disc = bone + len(limb_bones.start), disc + len(limb_discs.start)
        pixels = bone_pixels.of(bone, next_bone).and_(disc_pixels.of(disc, next_disc))
        paint(canvas, pixels, [Layer(_DARK, rim, _RIM_OPACITY), Layer(LIMB_COLOURS[limb])])
        bone, disc = next_bone, next_disc
    cores = [_discs(joints, _shown(joints, limb), _thick(joints, limb, _CORE)) for limb in limbs]
    paint(canvas, touch(_joined(cores), 0, _size_px(canvas)), [Layer(_LIGHT)])


def _bones(joints: Joints, bones: Ints, radius_px: float) -> Strokes:
    bones = bones[joints.shown[bones].all(axis=1)]
    start, end = joints.points[bones[:, 0]], joints.points[bones[:, 1]]
    return Strokes(start, end, np.full(len(bones), radius_px, np.float32))


def _discs(joints: Joints, which: Ints, radius_px: float) -> Strokes:
    points = joints.points[which]
    return Strokes(points, points, np.full(len(which), radius_px, np.float32))


def _joined(parts: Sequence[Strokes]) -> Strokes:
    return Strokes(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _shown(joints: Joints, limb: Limb) -> Ints:
    which = _LIMB_JOINTS[limb]
    return which[joints.shown[which]]


def _thick(joints: Joints, limb: Limb, radius: float) -> float:
    return joints.unit * radius * (_FINE if limb == "face" else 1)


def _size_px(canvas: Picture) -> tuple[int, int]:
    return canvas.shape[1], canvas.shape[0]


def _depth(joints: Joints, limb: Limb) -> float:
    ends = _LIMB_JOINTS[limb]
    depth = float(joints.depth[ends].mean())
    return depth if np.isfinite(depth) else 0.0


def _limb_joints(limb: Limb) -> Ints:
    # Not np.unique: it loads numpy.ma, which takes longer than a photo.
    return np.array(sorted({joint for bone in BONES[limb] for joint in bone}), np.intp)


_CONNECTIONS: Final = np.array(CONNECTIONS, np.intp)
_LIMB_BONES: Final = {limb: np.array(bones, np.intp) for limb, bones in BONES.items()}
_LIMB_JOINTS: Final = {limb: _limb_joints(limb) for limb in BONES}
