"""Two people next to each other, with what differs marked, and lines of text below."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posemill.drawing.figures import joints_of
from posemill.drawing.strokes import Colour, Layer, Strokes, paint, touch
from posemill.types import Floats, Picture, Pose

_MARK: Final[Colour] = (255, 40, 90)
_RIM: Final[Colour] = (255, 255, 255)
_LINE, _DISC, _AROUND = 3.2, 6.0, 1.6  # at unit 1, as in figures.py
_GAP_PX: Final = 4
_WIDEST: Final = 8.0  # width by height: a strip is shown less wide than it is
_INK, _SOFT, _STRIP = (240, 240, 240), (170, 176, 184), (22, 25, 29)


def mark(canvas: Picture, person: Pose, parts: Sequence[Sequence[int]], shown: float = 0.5) -> None:
    """Mark joints (three landmarks, a disc on the middle one) and segments (two: a line).

    Of four landmarks the middles of both pairs are the ends of a line. ``shown``: the least
    visibility, as in ``DrawingStyle``.
    """
    joints = joints_of(person, canvas, shown)
    starts, ends, radii = [], [], []
    for part in parts:
        if not joints.shown[list(part)].all():
            continue
        start, end = _ends(joints.points, part)
        starts.append(start)
        ends.append(end)
        radii.append(joints.unit * (_DISC if len(part) == 3 else _LINE))
    if not starts:
        return
    strokes = Strokes(
        np.array(starts, np.float32), np.array(ends, np.float32), np.array(radii, np.float32)
    )
    around = joints.unit * _AROUND
    touched = touch(strokes, around, (canvas.shape[1], canvas.shape[0]))
    paint(canvas, touched, [Layer(_RIM, around, 0.9), Layer(_MARK, 0, 0.9)])


def _ends(points: Floats, part: Sequence[int]) -> tuple[Floats, Floats]:
    if len(part) == 4:
        return points[list(part[:2])].mean(axis=0), points[list(part[2:])].mean(axis=0)
    if len(part) == 3:
        return points[part[1]], points[part[1]]
    return points[part[0]], points[part[1]]


def beside(left: Picture, right: Picture, height: int, lines: Sequence[str]) -> Picture:
    """Return two pictures at one height next to each other, and lines of text below them.

    A line with a tab has one part at the left and one at the right.
    """
    both = [_scaled(each, height) for each in (left, right)]
    gap = np.full((height, _GAP_PX, 3), _STRIP, np.uint8)
    row = np.concatenate([both[0], gap, both[1]], axis=1)
    if not lines:
        return row
    return np.concatenate([row, _text(lines, row.shape[1], max(12, height // 26))], axis=0)


def _scaled(picture: Picture, height: int) -> Picture:
    from PIL import Image  # noqa: PLC0415 - slow to import

    width = max(2, round(height * min(picture.shape[1] / picture.shape[0], _WIDEST)))
    image = Image.fromarray(np.ascontiguousarray(picture[:, :, :3]))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _text(lines: Sequence[str], width: int, font_px: int) -> Picture:
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

    step = round(font_px * 1.45)
    image = Image.new("RGB", (width, step * len(lines) + font_px // 2), _STRIP)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(font_px)
    for number, line in enumerate(lines):
        left, _, right = line.partition("\t")
        y = font_px // 4 + number * step
        draw.text((font_px // 2, y), left, _SOFT if number else _INK, font)
        if right:
            draw.text((width - font_px // 2, y), right, _SOFT, font, anchor="ra")
    return np.asarray(image)
