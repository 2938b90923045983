"""What people see of a stream: frames with the skeletons in them, as JPEG, while somebody looks."""

from dataclasses import replace
from io import BytesIO
from threading import Lock
from typing import Final

import numpy as np
from PIL import Image

from posemill.drawing import DrawingStyle, draw
from posemill.types import Frame, FramePoses, Picture

WIDTHS_PX: Final = (160, 3840)
_QUALITY: Final = 80


class Lookers:
    """Who looks at a stream, and how wide they want it."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._lock = Lock()

    def look(self, who: str, width: int | None) -> None:
        """Have ``who`` look at pictures ``width`` pixels wide, 0 for none of them, None to end."""
        with self._lock:
            if width is None:
                self._widths.pop(who, None)
            else:
                low, high = WIDTHS_PX
                self._widths[who] = min(max(width, low), high) if width else 0

    @property
    def width_px(self) -> int:
        """The largest width that is wanted; 0 where nobody looks."""
        with self._lock:
            return max(self._widths.values(), default=0)

    def __len__(self) -> int:
        return len(self._widths)


def rendered(frame: Frame, poses: FramePoses, style: DrawingStyle, width_px: int) -> bytes:
    """Return a frame with its people drawn in, ``width_px`` wide at most, as JPEG."""
    if width_px < frame.width:
        small = np.asarray(_within(frame.pixels, width_px))
        frame = Frame(small, frame.index, frame.time_s)
        size = frame.width, frame.height
        # Landmarks are parts of the picture; masks are not, and are left out.
        people = tuple(replace(each, size_px=size, mask=None) for each in poses.people)
        poses = FramePoses(poses.index, poses.time_s, size, people)
    return jpeg(draw(frame, poses, style))


def jpeg(picture: Picture) -> bytes:
    """Return a picture as JPEG, small rather than perfect."""
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[:, :, :3])).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def jpeg_within(picture: Picture, width_px: int) -> bytes:
    """Return a picture as JPEG, ``width_px`` wide at most."""
    return jpeg(np.asarray(_within(picture, width_px)))


def _within(picture: Picture, width_px: int) -> Image.Image:
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    if width <= width_px:
        return image
    size = (width_px, max(1, round(height * width_px / width)))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
