"""Text at joints and boxes around people: always inside of the picture, never on other text."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from posemill.drawing.figures import Joints
from posemill.drawing.masks import person_colour
from posemill.drawing.strokes import Colour, Layer, Strokes, blended, paint, touch
from posemill.skeleton import LANDMARK_NAMES
from posemill.types import Floats, Picture, Pose

Box = tuple[float, float, float, float]  # left, top, right, bottom in px

_INK: Final[Colour] = (255, 255, 255)
_DARK: Final[Colour] = (16, 16, 16)
_MIN_FONT_PX: Final = 11
_FONT_SHARE: Final = 1 / 58  # of the picture's shorter side
_RIM_SHARE: Final = 1 / 8  # of the font's size
_MAX_RIM_PX: Final = 3
_LEADER_PX: Final = 0.6
# Joints of the trunk and the limbs choose first, then hands and feet, then the crowded face.
_ORDER: Final = np.array(
    (*range(11, 17), *range(23, 29), *range(17, 23), *range(29, 33), *range(11))
)
# Where a label may go: in 16 directions, at these distances in its own heights.
_DISTANCES: Final = (0.35, 0.75, 1.25, 1.8, 2.4, 3.1, 3.9)
_ANGLES: Final = np.arange(16) * (np.pi / 8)
_WRONG_SIDE: Final = 1.6
# In sizes of the picture: far outside of it, but not beyond what whole numbers hold.
_FAR: Final = 100.0


class _Text(NamedTuple):
    ink: Floats
    rim: Floats


def draw_labels(
    canvas: Picture,
    people: Sequence[Joints],
    *,
    names: bool,
    values: bool,
    keep_free: Sequence[Box] = (),
) -> None:
    """Write name and visibility next to every joint shown, with a line where it is far.

    ``keep_free``: where there is text already. A label for which there is no free place near
    its joint is left out.
    """
    font_px = _font_px(canvas)
    joints = [joint.points[joint.shown] for joint in people]
    points = np.concatenate([*joints, _NO_POINTS]).tolist()
    taken: list[Box] = [*keep_free, *((x - 2, y - 2, x + 2, y + 2) for x, y in points)]
    placed: list[tuple[_Text, tuple[int, int]]] = []
    leaders: list[tuple[Floats, Floats]] = []
    for person in people:
        middle = float(person.points[person.shown, 0].mean()) if person.shown.any() else 0.0
        for which in _ORDER[person.shown[_ORDER]].tolist():
            text = _text(_words(person, which, names=names, values=values), font_px)
            point = person.points[which]
            found = _place(text, point, point[0] - middle, np.array(taken), canvas)
            if found is None:
                continue
            x, y = found
            height, width = text.ink.shape
            taken.append((x, y, x + width, y + height))
            placed.append((text, found))
            nearest = np.clip(point, (x, y), (x + width - 1, y + height - 1))
            if np.hypot(*(point - nearest)) > font_px:
                leaders.append((point, nearest.astype(np.float32)))
    _draw_leaders(canvas, leaders, max(_LEADER_PX, font_px / 24))
    for text, (x, y) in placed:
        _write(canvas, text, x, y)


def draw_boxes(canvas: Picture, people: Sequence[Pose]) -> list[Box]:
    """Draw the box around all landmarks of each person; return where id and score stand."""
    written: list[Box] = []
    height, width = canvas.shape[:2]
    font_px = _font_px(canvas)
    line = max(1, round(min(width, height) / 400))
    for person in people:
        place = np.clip(np.nan_to_num(person.landmarks[:, :2]), -_FAR, _FAR) * (width, height)
        corners = (*place.min(axis=0), *place.max(axis=0))
        left, top, right, bottom = np.round(corners).astype(int)
        colour = person_colour(person)
        for rows, columns in (
            ((top, top + line), (left, right + line)),
            ((bottom, bottom + line), (left, right + line)),
            ((top, bottom + line), (left, left + line)),
            ((top, bottom + line), (right, right + line)),
        ):
            (y0, y1), (x0, x1) = np.clip(rows, 0, height), np.clip(columns, 0, width)
            canvas[y0:y1, x0:x1, :3] = colour
            canvas[y0:y1, x0:x1, 3:] = 255
        text = _text(f"{person.id}  {person.score:.2f}", font_px)
        text_height, text_width = text.ink.shape
        if text_width <= width and text_height <= height:
            above = top - text_height
            y = int(np.clip(above if above >= 0 else top + line, 0, height - text_height))
            x = int(np.clip(left, 0, width - text_width))
            _write(canvas, text, x, y)
            written.append((x, y, x + text_width, y + text_height))
    return written


_NO_POINTS: Final = np.empty((0, 2), np.float32)


def _words(person: Joints, which: int, *, names: bool, values: bool) -> str:
    words = [LANDMARK_NAMES[which]] if names else []
    if values:
        words.append(f"{float(person.visibility[which]):.2f}")
    return "  ".join(words).replace("_", "  ")  # Pillow's font has narrow spaces


def _font_px(canvas: Picture) -> int:
    height, width = canvas.shape[:2]
    return max(_MIN_FONT_PX, int(min(height, width) * _FONT_SHARE))


@lru_cache(maxsize=1024)
def _text(words: str, font_px: int) -> _Text:
    font = ImageFont.load_default(font_px)
    rim_px = min(_MAX_RIM_PX, max(1, round(font_px * _RIM_SHARE)))
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (11, 0)
    size = (int(np.ceil(font.getlength(words))) + 2 * rim_px, ascent + descent + 2 * rim_px)
    shapes = []
    for stroke_px in (0, rim_px):
        image = Image.new("L", size)
        ImageDraw.Draw(image).text((rim_px, rim_px), words, 255, font, stroke_width=stroke_px)
        shapes.append((np.asarray(image) / np.float32(255)).astype(np.float32))
    return _Text(*shapes)


def _place(
    text: _Text,
    point: Floats,
    side: float,
    taken: npt.NDArray[np.float64],
    canvas: Picture,
) -> tuple[int, int] | None:
    """Return the left top of the nearest free place for ``text``.

    ``side``: below 0 where left is away from the body. ``taken``: (n, 4) boxes.
    """
    height, width = text.ink.shape
    reach = np.repeat(np.array(_DISTANCES) * height, len(_ANGLES))
    angles = np.tile(_ANGLES, len(_DISTANCES))
    across, down = np.cos(angles), np.sin(angles)
    # The edge, not the middle, of the text is that far away.
    x = (point[0] + across * reach + (across - 1) / 2 * width).round()
    y = (point[1] + down * reach + (down - 1) / 2 * height).round()
    free = (x >= 0) & (y >= 0) & (x + width <= canvas.shape[1]) & (y + height <= canvas.shape[0])
    left, top, right, bottom = taken.T[..., None]
    free &= ~((x < right) & (left < x + width) & (y < bottom) & (top < y + height)).any(axis=0)
    if not free.any():
        return None
    is_outward = across > 0 if side >= 0 else across < 0
    cost = reach * np.where(is_outward, 1.0, _WRONG_SIDE) * (1 + 0.2 * np.abs(down))
    best = int(np.argmin(np.where(free, cost, np.inf)))
    return int(x[best]), int(y[best])


def _draw_leaders(
    canvas: Picture, leaders: Sequence[tuple[Floats, Floats]], radius_px: float
) -> None:
    if not leaders:
        return
    start = np.array([leader[0] for leader in leaders], np.float32)
    end = np.array([leader[1] for leader in leaders], np.float32)
    lines = Strokes(start, end, np.full(len(leaders), radius_px, np.float32))
    pixels = touch(lines, 1, (canvas.shape[1], canvas.shape[0]))
    paint(canvas, pixels, [Layer(_DARK, 1, 0.4), Layer(_INK, 0, 0.8)])


def _write(canvas: Picture, text: _Text, x: int, y: int) -> None:
    height, width = text.ink.shape
    region = canvas[y : y + height, x : x + width]
    pixels = blended(region.astype(np.float32), _DARK, text.rim * np.float32(0.8))
    region[:] = (blended(pixels, _INK, text.ink) + np.float32(0.5)).astype(np.uint8)
