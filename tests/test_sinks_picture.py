"""Annotated pictures: what was drawn is what is in the file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posemill.errors import SinkError, UsageError
from posemill.sinks import open_sink
from posemill.types import FramePoses, Picture, SourceInfo

NOBODY = FramePoses(0, 0.0, (1, 1))


def save(path: Path, picture: Picture) -> None:
    info = SourceInfo("a.jpg", "picture", picture.shape[1], picture.shape[0])
    sink = open_sink(path, info, {})
    assert sink.wants_picture
    try:
        sink.write(NOBODY, picture)
        sink.finish()
    finally:
        sink.discard()


def gradient(height: int = 90, width: int = 160) -> Picture:
    y, x = np.mgrid[:height, :width]
    picture: Picture = np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], 2).astype(
        np.uint8
    )
    return picture


@pytest.mark.parametrize(
    ("name", "kind", "tolerance"),
    [
        ("a.png", "PNG", 0),
        ("a.jpg", "JPEG", 2),
        ("a.JPEG", "JPEG", 2),
        ("a.webp", "WEBP", 3),
    ],
)
def test_pixels_and_format(tmp_path: Path, name: str, kind: str, tolerance: int) -> None:
    picture = gradient()
    save(tmp_path / name, picture)
    with Image.open(tmp_path / name) as image:
        assert (image.format, image.mode, image.size) == (kind, "RGB", (160, 90))
        assert not image.getexif()
        error = np.abs(np.asarray(image).astype(int) - picture)
    assert error.mean() <= tolerance


def test_thin_red_lines_stay_red_in_jpeg(tmp_path: Path) -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    picture[20] = 255, 0, 0
    save(tmp_path / "a.jpg", picture)
    with Image.open(tmp_path / "a.jpg") as image:
        red = np.asarray(image)[20].astype(int)
    assert np.abs(red - (255, 0, 0)).mean() < 12  # 40 with colours at half the size


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_transparency_is_kept(tmp_path: Path, name: str) -> None:
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[8:24, 8:24] = 255, 0, 0, 255
    save(tmp_path / name, picture)
    with Image.open(tmp_path / name) as image:
        pixels = np.asarray(image.convert("RGBA"))
    assert (pixels[..., 3] == picture[..., 3]).all()
    assert np.abs(pixels[16, 16].astype(int) - (255, 0, 0, 255)).max() <= 4


def test_jpeg_has_a_black_ground_instead(tmp_path: Path) -> None:
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[..., :3] = 255
    picture[:, 16:, 3] = 255
    save(tmp_path / "a.jpg", picture)
    with Image.open(tmp_path / "a.jpg") as image:
        pixels = np.asarray(image)
    assert pixels[:, :15].max() < 10
    assert pixels[:, 17:].min() > 245


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 16_383, 3), (16_383, 1, 3)])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_smallest_and_longest_pictures(
    tmp_path: Path, suffix: str, shape: tuple[int, int, int]
) -> None:
    save(tmp_path / f"a{suffix}", np.zeros(shape, np.uint8))
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.size == (shape[1], shape[0])


@pytest.mark.parametrize(("suffix", "side"), [(".jpg", 65_501), (".webp", 16_384)])
def test_pictures_beyond_the_format_are_refused(
    tmp_path: Path, suffix: str, side: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SinkError, match=f"can't hold {side}x1 pixels.*choose .png"):
        save(tmp_path / f"a{suffix}", np.zeros((1, side, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_a_picture_that_is_not_contiguous(tmp_path: Path) -> None:
    save(tmp_path / "a.png", gradient()[:, ::-1])
    with Image.open(tmp_path / "a.png") as image:
        assert (np.asarray(image) == gradient()[:, ::-1]).all()


def test_only_one_picture_fits(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "a.png", SourceInfo("a.mp4", "video", 160, 90), {})
    sink.write(NOBODY, gradient())
    with pytest.raises(UsageError, match="one picture only"):
        sink.write(NOBODY, gradient())
    sink.discard()
