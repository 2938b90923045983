"""Pillow, kept to an allow-list of formats, to a size limit and to silence."""

import ctypes
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from typing import BinaryIO, Final

from PIL import Image, ImageFile, _imaging

from posemill.errors import BrokenSource, SourceTooLarge
from posemill.sources.selection import refuse_too_large

# Each format with the one module of Pillow that reads it: Pillow is never let search.
PLUGINS: Final = {
    "JPEG": "PIL.JpegImagePlugin",
    "PNG": "PIL.PngImagePlugin",
    "BMP": "PIL.BmpImagePlugin",
    "WEBP": "PIL.WebPImagePlugin",
    "AVIF": "PIL.AvifImagePlugin",
    "TIFF": "PIL.TiffImagePlugin",
    "GIF": "PIL.GifImagePlugin",
}
# What Pillow's decoders were seen to raise on damaged files, besides running out of memory.
FAILURES: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class _Quiet:
    """Hides Python's warnings while any thread decodes, without making threads wait.

    The standard library's own context manager loses filters when threads overlap in it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = warnings.catch_warnings()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._saved.__exit__(None, None, None)


quiet = _Quiet()


def open_header(
    file: BinaryIO, format_name: str, label: str, max_pixels: int
) -> ImageFile.ImageFile:
    """Read the header of the picture in ``file``, which is in one of PLUGINS' formats.

    Errors: SourceTooLarge, BrokenSource.
    """
    import_module(PLUGINS[format_name])
    if format_name == "TIFF":
        _hush_tiff()
    # Pillow's own limit is one for the process. It is only ever raised, and only where the
    # user asked for pictures beyond it; ours is checked below whatever Pillow's is.
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        image = Image.open(file, formats=(format_name,))
    except Image.DecompressionBombError as error:
        raise SourceTooLarge(too_large(label, max_pixels)) from error
    except (*FAILURES, MemoryError) as error:
        raise BrokenSource(
            f"{label}: the {format_name} picture is damaged or cut short."
        ) from error
    if image.width < 1 or image.height < 1:
        raise BrokenSource(f"{label}: the picture is {image.width} x {image.height} pixels, empty.")
    refuse_too_large(image.width, image.height, label, max_pixels)
    return image


@cache
def _hush_tiff() -> None:
    """Stop libtiff and Pillow from writing on stderr what they raise about damaged files.

    Pillow has no switch for libtiff; where that is not to be found, its line just appears.
    """
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with suppress(OSError, AttributeError, TypeError):
        set_handler = ctypes.CDLL(str(_imaging.__file__)).TIFFSetErrorHandler
        set_handler.argtypes = [ctypes.c_void_p]
        set_handler.restype = ctypes.c_void_p
        set_handler(None)


def too_large(label: str, max_pixels: int) -> str:
    """Return the sentence for a picture that Pillow finds beyond the limit."""
    limit = f"max_pixels = {max_pixels}"
    return f"{label}: the picture is beyond the limit {limit}, raise it to read this."
