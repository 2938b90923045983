"""The kernel and numpy give the same bits, and both the numbers that a warp must give."""

import ctypes
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill import native, warp
from posemill.types import Floats, Picture

RNG = np.random.default_rng(1)
coordinate = st.floats(-3000, 3000, allow_nan=False)
factor = st.floats(-8, 8, allow_nan=False)
matrices = st.tuples(factor, factor, coordinate, factor, factor, coordinate).map(
    lambda values: np.array(values).reshape(2, 3)
)


def cropped(picture: Picture, matrix: warp.Matrix, size: int, *, replicate: bool = True) -> Floats:
    out = np.full((size, size, 3), np.nan, np.float32)
    warp.crop(picture, matrix, out, replicate=replicate, scale=1.0, offset=0.0)
    return out


def test_this_platform_has_its_kernel() -> None:
    assert native.kernel_path().is_file(), "build the package: make setup"
    assert native.load_kernels() is not None


@given(
    matrix=matrices,
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    size=st.integers(1, 24),
    replicate=st.booleans(),
)
def test_kernel_equals_numpy(
    matrix: warp.Matrix, height: int, width: int, size: int, replicate: bool
) -> None:
    picture = RNG.integers(0, 256, (height, width, 3), np.uint8)
    expected = np.empty((size, size, 3), np.float32)
    warp._crop_numpy(picture, matrix, expected, replicate, 1 / 127.5, -1.0)
    out = np.empty_like(expected)
    warp.crop(picture, matrix, out, replicate=replicate, scale=1 / 127.5, offset=-1.0)
    np.testing.assert_array_equal(out, expected)


@given(matrix=matrices, height=st.integers(1, 20), width=st.integers(1, 20))
def test_plane_kernel_equals_numpy(matrix: warp.Matrix, height: int, width: int) -> None:
    plane = RNG.random((height, width), np.float32)
    expected = warp._warp_plane_numpy(plane, matrix, (17, 11))
    np.testing.assert_allclose(warp.warp_plane(plane, matrix, (17, 11)), expected, atol=1e-6)


def test_identity_returns_the_picture() -> None:
    picture = RNG.integers(0, 256, (9, 9, 3), np.uint8)
    np.testing.assert_array_equal(cropped(picture, np.eye(2, 3), 9), picture)


def test_half_a_pixel_is_the_mean_rounded_up() -> None:
    picture = np.zeros((1, 2, 3), np.uint8)
    picture[0, 1] = (1, 2, 255)
    matrix = np.array([[1.0, 0, 0.5], [0, 1, 0]])
    np.testing.assert_array_equal(cropped(picture, matrix, 1)[0, 0], (1, 1, 128))


def test_outside_repeats_the_edge_or_is_black() -> None:
    picture = np.full((4, 4, 3), 200, np.uint8)
    far = np.array([[1.0, 0, 50], [0, 1, -50]])
    assert (cropped(picture, far, 5) == 200).all()
    assert (cropped(picture, far, 5, replicate=False) == 0).all()


def test_a_view_of_a_picture_is_read_by_its_strides() -> None:
    picture = RNG.integers(0, 256, (20, 30, 3), np.uint8)
    matrix = np.array([[0.7, 0.2, 1], [-0.2, 0.7, 4]])
    for view in (picture[3:15, 5:25], picture[:, :, ::-1], picture[::-1], picture[::2, ::2]):
        np.testing.assert_array_equal(
            cropped(view, matrix, 12), cropped(np.ascontiguousarray(view), matrix, 12)
        )


def test_a_row_repeated_by_its_strides_is_read_rightly() -> None:
    row = RNG.integers(0, 256, (1, 9, 3), np.uint8)
    tall = np.broadcast_to(row, (12, 9, 3))
    matrix = np.array([[0.9, 0, 0.5], [0, 0.9, 2]])
    np.testing.assert_array_equal(cropped(tall, matrix, 9), cropped(tall.copy(), matrix, 9))


@pytest.mark.skipif(sys.platform != "linux", reason="guard pages are made as Linux makes them")
@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 5), (16, 16), (1, 8), (8, 1)])
def test_nothing_beyond_a_picture_is_read(height: int, width: int) -> None:
    """The picture ends where a page begins that may not be touched: reading it would kill us."""
    page, size = mmap.PAGESIZE, height * width * 3
    memory = mmap.mmap(-1, 2 * page)
    address = np.frombuffer(memory, np.uint8).ctypes.data
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address + page), page, 0) == 0
    picture = np.frombuffer(memory, np.uint8, size, page - size).reshape(height, width, 3)
    for scale in (0.05, 0.3, 1.0, 3.0):
        for replicate in (True, False):
            matrix = np.array([[scale, 0, 0], [0, scale, 0]])
            assert np.isfinite(cropped(picture, matrix, 24, replicate=replicate)).all()


@pytest.mark.parametrize("value", [1e300, -1e300, np.inf, np.nan])
def test_absurd_matrices_stay_inside_memory(value: float) -> None:
    picture = RNG.integers(0, 256, (8, 8, 3), np.uint8)
    assert np.isfinite(cropped(picture, np.array([[value, 0, 0], [0, 1, value]]), 6)).all()


def test_without_a_kernel_numpy_steps_in(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = RNG.integers(0, 256, (20, 20, 3), np.uint8)
    matrix = np.array([[0.5, 0.1, 2], [-0.1, 0.5, 3]])
    by_kernel = cropped(picture, matrix, 16), warp.warp_plane(by_plane(), matrix, (9, 9))
    monkeypatch.setattr(native, "kernel_path", lambda: Path("missing.so"))
    native.load_kernels.cache_clear()
    try:
        assert native.load_kernels() is None
        np.testing.assert_array_equal(cropped(picture, matrix, 16), by_kernel[0])
        np.testing.assert_allclose(warp.warp_plane(by_plane(), matrix, (9, 9)), by_kernel[1])
    finally:
        native.load_kernels.cache_clear()


def by_plane() -> Floats:
    return np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
