"""A Pillow picture of any mode to upright RGB."""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from posemill.types import Picture

_ORIENTATION: Final = 0x0112
_BITS_PER_SAMPLE: Final = 258
_PHOTOMETRIC: Final = 262
_WHITE_IS_ZERO: Final = 0
# EXIF orientation to the operation that makes the picture upright (EXIF 2.32, table 6).
_TO_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CLOCKWISE: Final = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def upright_rgb(image: Image.Image, orientation: int, rotate: int) -> Picture:
    """Return the pixels of a loaded ``image``, RGB uint8 (height, width, 3), read-only.

    ``orientation``: EXIF's, 1 to 8. ``rotate``: degrees clockwise on top of it. What is
    transparent shows white. More than 8 bits are scaled, not clipped. Embedded colour
    profiles are left alone, as OpenCV and MediaPipe leave them.
    """
    rgb = _to_rgb(image)
    if orientation in _TO_UPRIGHT:
        rgb = rgb.transpose(_TO_UPRIGHT[orientation])
    if rotate in _CLOCKWISE:
        rgb = rgb.transpose(_CLOCKWISE[rotate])
    return np.asarray(rgb)


def exif_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation of a loaded picture, 1 (upright) where it says nonsense."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError):
        return 1  # damaged EXIF: the picture itself is fine
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return _grey(_scale_16_bit(image))
    if image.mode == "I":
        return _grey(_stretch(np.asarray(image).astype(np.float64), (255.0, 65535.0)))
    if image.mode == "F":
        return _grey(_stretch(np.asarray(image).astype(np.float64), (1.0, 255.0, 65535.0)))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _grey(values: npt.NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.rint(values * 255.0).astype(np.uint8)).convert("RGB")


def _scale_16_bit(image: Image.Image) -> npt.NDArray[np.float64]:
    bits, white_is_zero = 16, False
    tags = getattr(image, "tag_v2", None)
    if tags is not None:  # a TIFF may hold 12 bits, or negatives
        bits = min(max(int(tags.get(_BITS_PER_SAMPLE, (16,))[0]), 9), 16)
        white_is_zero = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    values = np.asarray(image).astype(np.float64)
    scaled: npt.NDArray[np.float64] = np.clip(values / (2**bits - 1), 0.0, 1.0)
    return 1.0 - scaled if white_is_zero else scaled


def _stretch(values: npt.NDArray[np.float64], whites: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Return ``values`` as 0..1: by the first of ``whites`` that holds them, or by their range.

    Pictures of 32 bits and of floating point don't say what white is.
    """
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0.0:
        for white in whites:
            if high <= white:
                return values / white
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
