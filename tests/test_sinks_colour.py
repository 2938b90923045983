"""RGB becomes the YUV that the standards name, by kernel and by swscale alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.native import load_kernels
from posemill.sinks.colour import YuvConverter
from posemill.types import Picture


def plain(colour: tuple[int, int, int], width: int = 4, height: int = 4) -> Picture:
    return np.full((height, width, 3), colour, np.uint8)


def yuv_of(picture: Picture, *, is_sd: bool = False) -> tuple[int, int, int]:
    planes = YuvConverter(is_sd=is_sd).convert(picture).to_ndarray().ravel()
    luma = picture.shape[0] * picture.shape[1]
    return int(planes[0]), int(planes[luma]), int(planes[luma + luma // 4])


# Worked out from BT.709-6 and BT.601-7, limited range.
@pytest.mark.parametrize(
    ("colour", "is_sd", "expected"),
    [
        ((0, 0, 0), False, (16, 128, 128)),
        ((255, 255, 255), False, (235, 128, 128)),
        ((255, 0, 0), False, (63, 102, 240)),
        ((0, 255, 0), False, (173, 42, 26)),
        ((0, 0, 255), False, (32, 240, 118)),
        ((255, 0, 0), True, (81, 90, 240)),
        ((0, 0, 255), True, (41, 240, 110)),
    ],
)
def test_colours_of_the_standards(
    colour: tuple[int, int, int], is_sd: bool, expected: tuple[int, int, int]
) -> None:
    assert yuv_of(plain(colour), is_sd=is_sd) == pytest.approx(expected, abs=1)


@given(st.integers(1, 300), st.integers(1, 4), st.integers(0, 2**32 - 1), st.booleans())
def test_the_kernel_equals_the_formula(
    half_width: int, half_height: int, seed: int, is_sd: bool
) -> None:
    assert load_kernels() is not None
    width, height = 2 * half_width, 2 * half_height
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    planes = YuvConverter(is_sd=is_sd).convert(picture).to_ndarray().ravel()
    red, blue = (0.299, 0.114) if is_sd else (0.2126, 0.0722)
    r, g, b = np.moveaxis(picture.astype(float), 2, 0)
    luma = red * r + (1 - red - blue) * g + blue * b
    luma_bytes = planes[: width * height].reshape(height, width)
    np.testing.assert_allclose(luma_bytes, 16 + luma * 219 / 255, atol=0.6)
    for plane, (channel, weight) in enumerate(((b, blue), (r, red))):
        chroma = (channel - luma) / (2 * (1 - weight)) * 224 / 255
        means = chroma.reshape(half_height, 2, half_width, 2).mean(axis=(1, 3))
        start = width * height + plane * half_width * half_height
        found = planes[start : start + half_width * half_height].reshape(half_height, half_width)
        np.testing.assert_allclose(found, 128 + means, atol=0.6)


def test_swscale_steps_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posemill.sinks.colour.load_kernels", lambda: None)
    assert yuv_of(plain((255, 0, 0), 16, 16)) == pytest.approx((63, 102, 240), abs=2)
