"""Skeletons drawn on a copy of the picture they were found in, or on none."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from posemill.drawing.figures import COLOURS, draw_limbs, draw_plain, joints_of
from posemill.errors import SettingError
from posemill.types import Frame, FramePoses, Picture

__all__ = ["COLOURS", "DrawingStyle", "draw"]

StyleName = Literal["plain", "limbs"]


@dataclass(frozen=True, slots=True)
class DrawingStyle:
    """How to draw.

    ``style``: ``plain`` is MediaPipe's look; ``limbs`` colours arms, legs, torso and face
    apart. ``min_visibility``: joints less visible or less present, 0..1, are hidden with
    their bones. ``background``: how much of the picture shows, 0 for black. ``transparent``:
    the skeleton alone, as RGBA. ``names``, ``values``: write the name and the visibility of
    each joint. ``box``: the box around each person. ``mask``: tint each person's mask.
    Errors: SettingError, naming the setting.
    """

    style: StyleName = "plain"
    min_visibility: float = 0.6
    background: float = 1.0
    transparent: bool = False
    names: bool = False
    values: bool = False
    box: bool = False
    mask: bool = False

    def __post_init__(self) -> None:
        if self.style not in get_args(StyleName):
            known = " or ".join(get_args(StyleName))
            raise SettingError(f"style must be {known}, not {self.style!r}.")
        for name in ("min_visibility", "background"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise SettingError(f"{name} must be a number from 0 to 1, not {value}.")


_PLAIN = DrawingStyle()


def draw(picture: Frame | Picture, poses: FramePoses, style: DrawingStyle = _PLAIN) -> Picture:
    """Return a new picture with the people of ``poses`` drawn in.

    ``picture``: a frame, or RGB uint8 (height, width, 3), of any size. Returns RGB, or RGBA
    (height, width, 4) when ``style.transparent``.
    """
    pixels = picture.pixels if isinstance(picture, Frame) else picture
    canvas = _canvas(pixels, style)
    if style.mask:
        from posemill.drawing.masks import tint_mask  # noqa: PLC0415 - loads Pillow

        for person in poses.people:
            tint_mask(canvas, person)
    for person in poses.people:
        joints = joints_of(person, canvas, style.min_visibility)
        if style.style == "limbs":
            draw_limbs(canvas, joints)
        else:
            draw_plain(canvas, joints)
    if style.box or style.names or style.values:
        from posemill.drawing.labels import draw_boxes, draw_labels  # noqa: PLC0415 - Pillow

        written = draw_boxes(canvas, poses.people) if style.box else []
        if style.names or style.values:
            found = [joints_of(person, canvas, style.min_visibility) for person in poses.people]
            draw_labels(canvas, found, names=style.names, values=style.values, keep_free=written)
    return canvas


def _canvas(pixels: Picture, style: DrawingStyle) -> Picture:
    height, width = pixels.shape[:2]
    if style.transparent:
        return np.zeros((height, width, 4), np.uint8)
    if style.background == 0:
        return np.zeros((height, width, 3), np.uint8)
    if style.background == 1:
        return np.array(pixels, order="C")
    # In whole numbers: four times as fast as in floats.
    faded = np.multiply(pixels, round(style.background * 256), dtype=np.uint16)
    faded >>= 8
    return faded.astype(np.uint8)
