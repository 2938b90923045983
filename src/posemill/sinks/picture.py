"""An annotated picture: JPEG, PNG or WebP."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from posemill.errors import SinkError, UsageError
from posemill.sinks.aside import Aside
from posemill.types import FramePoses, Picture, SourceInfo

# Format, its longest side, and options. 4:4:4: thin red lines smear in half-size colour.
_JPEG: Final = ("JPEG", 65_500, {"quality": 92, "subsampling": 0})
_FORMATS: Final[Mapping[str, tuple[str, int, Mapping[str, Any]]]] = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": ("PNG", 2**31 - 1, {"compress_level": 4}),
    ".webp": ("WEBP", 16_383, {"quality": 90, "method": 3}),
}


class PictureSink:
    """One picture, RGB or RGBA, without the source's EXIF: its pixels are upright already.

    JPEG has no transparency and gets a black ground.
    """

    wants_picture = True
    problem: str | None = None

    def __init__(self, path: Path, info: SourceInfo, header: Mapping[str, Any]) -> None:
        self.path = path
        self._is_empty = True
        self._aside = Aside(path)

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Refuse: UsageError."""
        raise UsageError(f"{self.path}: holds one source only; name a folder instead.")

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Encode the picture. UsageError for a second one."""
        if not self._is_empty:
            raise UsageError(f"{self.path}: holds one picture only; name an .mp4 instead.")
        assert picture is not None
        self._aside.write(encoded(picture, self.path.suffix, str(self.path)))
        self._is_empty = False

    def finish(self) -> None:
        """Complete the file. SinkError when it never got its picture."""
        if self._is_empty:
            self.discard()
            raise SinkError(f"{self.path}: there was no picture to write.")
        self._aside.commit()

    def discard(self) -> None:
        """Remove the file."""
        self._aside.discard()


def encoded(picture: Picture, suffix: str, name: str) -> memoryview:
    """Return the file that holds a picture, RGB or RGBA; ``suffix``: .jpg, .png or .webp.

    SinkError, about ``name``, where the format can't hold so many pixels.
    """
    format_name, max_side_px, options = _FORMATS[suffix.lower()]
    image = Image.fromarray(np.ascontiguousarray(picture))
    if image.mode == "RGBA" and format_name == "JPEG":
        ground = Image.new("RGB", image.size)
        ground.paste(image, mask=image)
        image = ground
    if max(image.size) > max_side_px:
        raise SinkError(
            f"{name}: {format_name} can't hold {image.width}x{image.height} pixels, "
            f"only {max_side_px} a side; choose .png instead."
        )
    file = BytesIO()  # Pillow loses the reason when a file can't be written
    image.save(file, format_name, **options)
    return file.getbuffer()
