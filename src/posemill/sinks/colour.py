"""RGB to the colours of video: YUV 4:2:0, limited range, by BT.601 or BT.709.

By a compiled kernel or, where none fits, by FFmpeg's swscale, which takes two to three times
as long. The kernel's chroma is the mean of four pixels. Matrices: ITU-R BT.601-7 and BT.709-6.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from posemill.native import load_kernels
from posemill.types import Picture

_FORMAT: Final = "yuv420p"
_LUMA_SPAN, _CHROMA_SPAN = 219 / 255, 224 / 255


def _matrix(red: float, blue: float) -> npt.NDArray[np.int16]:
    """Return Y, U, V rows of R, G, B in 1/32768, from the weights of red and blue in luma."""
    luma = np.array([red, 1 - red - blue, blue])
    u = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    v = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    rows = np.array([luma * _LUMA_SPAN, u * _CHROMA_SPAN, v * _CHROMA_SPAN])
    return np.asarray(np.rint(rows * 2**15), np.int16)


_BT601: Final = _matrix(0.299, 0.114)
_BT709: Final = _matrix(0.2126, 0.0722)


class YuvConverter:
    """Makes video frames of pictures of one stream; ``is_sd`` chooses BT.601."""

    def __init__(self, *, is_sd: bool) -> None:
        self._is_sd = is_sd
        self._scaler = VideoReformatter()

    def convert(self, picture: Picture) -> VideoFrame:
        """Return ``picture``, RGB uint8 (height, width, 3) of even size, as a yuv420p frame."""
        kernels = load_kernels()
        if kernels is None:
            return self._by_swscale(picture)
        picture = np.ascontiguousarray(picture)
        height, width = picture.shape[:2]
        frame = VideoFrame(width, height, _FORMAT)
        matrix = _BT601 if self._is_sd else _BT709
        planes = [part for plane in frame.planes for part in (plane.buffer_ptr, plane.line_size)]
        status = kernels.posemill_yuv420(
            picture.ctypes.data, picture.strides[0], width, height, matrix.ctypes.data, *planes
        )
        if status:
            raise ValueError(f"a picture of {width}x{height} has no even size")
        return frame

    def _by_swscale(self, picture: Picture) -> VideoFrame:
        return self._scaler.reformat(
            VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), format="rgb24"),
            format=_FORMAT,
            dst_colorspace=Colorspace.ITU601 if self._is_sd else Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
