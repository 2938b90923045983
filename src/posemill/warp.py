"""Bilinear warps of pictures and masks, by a compiled kernel or by numpy.

Both ways give the same numbers, to the bit. Matrices are float64 (2, 3) and map a pixel of
the target to a pixel of the source.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.native import load_kernels
from posemill.types import Floats, Picture

Matrix = npt.NDArray[np.float64]

_FRACTIONS: Final = 32  # of a pixel, as OpenCV's INTER_TAB_SIZE
_COORDINATE_LIMIT: Final = 1.0e6


def crop(
    picture: Picture, matrix: Matrix, out: Floats, *, replicate: bool, scale: float, offset: float
) -> None:
    """Fill ``out`` with the part of ``picture`` that ``matrix`` points at.

    ``picture``: RGB uint8 (height, width, 3). ``out``: float32 (size, size, 3), contiguous,
    gets ``byte * scale + offset``. Outside of the picture its edge is repeated, or black
    without ``replicate``. Source: OpenCV 3.4 ``warpPerspective``, as MediaPipe's
    ``image_to_tensor_converter_opencv.cc`` calls it.
    """
    # The kernel may read a pixel beyond the end of a row, which is the next row's start.
    if picture.strides[1:] != (3, 1) or picture.strides[0] < 3 * picture.shape[1]:
        picture = np.ascontiguousarray(picture)
    matrix = np.ascontiguousarray(matrix, np.float64)
    if out.dtype != np.float32 or not out.flags.c_contiguous or out.shape[0] != out.shape[1]:
        raise ValueError("a crop needs a contiguous float32 array (size, size, 3) to go to")
    library = load_kernels()
    if library is None:
        _crop_numpy(picture, matrix, out, replicate, scale, offset)
        return
    status = library.posemill_crop(
        picture.ctypes.data,
        picture.shape[0],
        picture.shape[1],
        picture.strides[0],
        matrix.ctypes.data,
        out.ctypes.data,
        out.shape[0],
        int(replicate),
        scale,
        offset,
    )
    if status:
        raise ValueError(f"a crop of {out.shape} from {picture.shape} is not possible")


def warp_plane(plane: Floats, matrix: Matrix, size_px: tuple[int, int]) -> Floats:
    """Return ``plane`` warped to ``size_px`` (width, height), zero outside of it.

    ``plane``: float32 (height, width). Source: MediaPipe ``warp_affine_calculator.cc``.
    """
    plane = np.ascontiguousarray(plane, np.float32)
    matrix = np.ascontiguousarray(matrix, np.float64)
    width, height = size_px
    library = load_kernels()
    if library is None:
        return _warp_plane_numpy(plane, matrix, size_px)
    target = np.empty((height, width), np.float32)
    library.posemill_warp_plane(
        plane.ctypes.data,
        plane.shape[0],
        plane.shape[1],
        matrix.ctypes.data,
        target.ctypes.data,
        height,
        width,
    )
    return target


def _source_coordinates(
    matrix: Matrix, size_px: tuple[int, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the source coordinates of every target pixel, in 1/32 pixel."""
    width, height = size_px
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    x_origin, y_origin = matrix[:, 1:2] * y + matrix[:, 2:3]
    limit = _COORDINATE_LIMIT
    xs = np.clip(matrix[0, 0] * x + x_origin[:, None], -limit, limit) * _FRACTIONS
    ys = np.clip(matrix[1, 0] * x + y_origin[:, None], -limit, limit) * _FRACTIONS
    return np.rint(xs).astype(np.int64), np.rint(ys).astype(np.int64)


def _crop_numpy(
    picture: Picture, matrix: Matrix, out: Floats, replicate: bool, scale: float, offset: float
) -> None:
    height, width = picture.shape[:2]
    xs, ys = _source_coordinates(matrix, (out.shape[1], out.shape[0]))
    x, y = xs // _FRACTIONS, ys // _FRACTIONS
    fx, fy = xs % _FRACTIONS, ys % _FRACTIONS
    total = np.full(out.shape, 512, np.int64)
    for dy, weight_y in ((0, _FRACTIONS - fy), (1, fy)):
        for dx, weight_x in ((0, _FRACTIONS - fx), (1, fx)):
            column, row = x + dx, y + dy
            weight = weight_x * weight_y
            if not replicate:
                weight = weight * ((column >= 0) & (column < width) & (row >= 0) & (row < height))
            pixels = picture[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
            total += weight[..., None] * pixels
    out[...] = (total >> 10).astype(np.float32) * np.float32(scale) + np.float32(offset)


def _warp_plane_numpy(plane: Floats, matrix: Matrix, size_px: tuple[int, int]) -> Floats:
    height, width = plane.shape
    xs, ys = _source_coordinates(matrix, size_px)
    x, y = xs // _FRACTIONS, ys // _FRACTIONS
    fx = (xs % _FRACTIONS).astype(np.float32) / np.float32(_FRACTIONS)
    fy = (ys % _FRACTIONS).astype(np.float32) / np.float32(_FRACTIONS)
    one = np.float32(1)
    total = np.zeros(xs.shape, np.float32)
    for dy, weight_y in ((0, one - fy), (1, fy)):
        for dx, weight_x in ((0, one - fx), (1, fx)):
            column, row = x + dx, y + dy
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            values = plane[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
            total += np.where(inside, values * weight_x * weight_y, np.float32(0))
    return total
