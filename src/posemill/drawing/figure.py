"""A drawn person, for measuring and checking where no photo is at hand.

The models take it for a person with full confidence. All lengths are parts of the picture.
"""

from math import sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from posemill.types import Picture

_SKIN, _SHADE, _HAIR = (222, 176, 146), (203, 156, 128), (60, 40, 28)
_SHIRT, _TROUSERS, _SHOE = (40, 84, 150), (48, 48, 58), (30, 30, 30)
_WALL, _FLOOR, _LIP, _WHITE = (168, 176, 182), (120, 104, 88), (150, 60, 60), (250, 250, 250)


# Of a figure's height in tenths: what its arms reach to either side, and where its feet are.
_REACH, _FEET = 2.1, 7.8


def draw_figure(width: int = 1280, height: int = 720, time_s: float = 0.0) -> Picture:
    """Return a standing person, from the front, who sways and moves the arms with time.

    RGB uint8 (height, width, 3); sharp enough from about 100 pixels of height.
    """
    return draw_figures(1, width, height, time_s)


def draw_figures(count: int, width: int = 1280, height: int = 720, time_s: float = 0.0) -> Picture:
    """Return ``count`` such people side by side, each in a time of their own.

    They are smaller where they would touch. RGB uint8 (height, width, 3).
    """
    picture = Image.new("RGB", (width, height), _WALL)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height * 0.8, width, height), fill=_FLOOR)
    tallest = unit = height / 10
    if count > 1:
        unit = min(tallest, width / count / (2 * _REACH))
    for number in range(count):
        own_s = time_s + number
        x = width * (number + 0.5) / count + sin(own_s) * unit * 0.6 / count
        y = tallest + _FEET * (tallest - unit)
        _body(pen, x, y, unit, sin(own_s * 1.3) * 0.4)
        _head(pen, x, y, unit)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(height / 600)))


def _body(pen: ImageDraw.ImageDraw, x: float, y: float, unit: float, swing: float) -> None:
    shoulder, hip, knee, foot = (y + unit * part for part in (1.75, 4.1, 6.0, 7.8))
    for side in (-unit, unit):
        ankle = (x + side * 0.6, foot)
        _limb(pen, [(x + side * 0.45, hip), (x + side * 0.55, knee), ankle], unit * 0.62, _TROUSERS)
        _limb(pen, [ankle, (x + side * 0.85, foot + unit * 0.12)], unit * 0.3, _SHOE)
        elbow = (x + side * (1.35 + swing * 0.3), shoulder + unit * 1.2)
        wrist = (x + side * (1.5 + swing), shoulder + unit * 2.4)
        _limb(pen, [(x + side * 0.85, shoulder + unit * 0.1), elbow], unit * 0.48, _SHIRT)
        _limb(pen, [elbow, wrist], unit * 0.34, _SKIN)
        _oval(pen, wrist[0], wrist[1] + unit * 0.22, unit * 0.22, unit * 0.28, _SKIN)
    top, bottom = shoulder - unit * 0.1, hip + unit * 0.2
    corners = [(-0.95, top), (0.95, top), (0.72, bottom), (-0.72, bottom)]
    pen.polygon([(x + unit * part, level) for part, level in corners], fill=_SHIRT)


def _head(pen: ImageDraw.ImageDraw, x: float, y: float, unit: float) -> None:
    pen.rectangle((x - unit * 0.2, y + unit * 1.2, x + unit * 0.2, y + unit * 1.8), fill=_SHADE)
    _oval(pen, x, y + unit * 0.63, unit * 0.55, unit * 0.72, _HAIR)
    _oval(pen, x, y + unit * 0.77, unit * 0.48, unit * 0.65, _SKIN)
    for side in (-unit, unit):
        eye = x + side * 0.19
        _oval(pen, eye, y + unit * 0.71, unit * 0.09, unit * 0.06, _WHITE)
        _oval(pen, eye, y + unit * 0.715, unit * 0.05, unit * 0.055, _HAIR)
        brow = [(x + side * 0.08, y + unit * 0.56), (x + side * 0.3, y + unit * 0.53)]
        pen.line(brow, fill=_HAIR, width=max(1, round(unit * 0.06)))
        _oval(pen, x + side * 0.5, y + unit * 0.8, unit * 0.09, unit * 0.15, _SHADE)
    nose = [(0, 0.72), (0.1, 0.98), (-0.1, 0.98)]
    pen.polygon([(x + unit * dx, y + unit * dy) for dx, dy in nose], fill=_SHADE)
    mouth = (x - unit * 0.2, y + unit * 0.95, x + unit * 0.2, y + unit * 1.2)
    pen.arc(mouth, 20, 160, fill=_LIP, width=max(2, round(unit * 0.06)))


def _limb(
    pen: ImageDraw.ImageDraw,
    points: list[tuple[float, float]],
    width: float,
    fill: tuple[int, int, int],
) -> None:
    pen.line(points, fill=fill, width=round(width), joint="curve")
    for x, y in points:
        _oval(pen, x, y, width / 2, width / 2, fill)


def _oval(
    pen: ImageDraw.ImageDraw, x: float, y: float, rx: float, ry: float, fill: tuple[int, int, int]
) -> None:
    pen.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)
