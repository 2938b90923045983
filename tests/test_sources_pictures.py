"""Pictures of every format and mode, upright and in the right colours, and broken ones."""

import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from posemill.errors import BrokenSource, SourceError, SourceTooLarge, UnsupportedSource
from posemill.sources import Selection, open_source
from posemill.types import Frame, Picture

WIDTH, HEIGHT = 48, 32


def scene() -> Picture:
    """Four flat quarters: red, green / blue, yellow; nothing of it looks the same turned."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:16, :24] = (255, 0, 0)
    pixels[:16, 24:] = (0, 255, 0)
    pixels[16:, :24] = (0, 0, 255)
    pixels[16:, 24:] = (255, 255, 0)
    return pixels


def only_frame(path: Path, selection: Selection | None = None) -> Frame:
    with open_source(path, selection or Selection()) as source:
        (frame,) = source
        assert source.damage is None
        assert source.info.kind == "picture"
        assert (source.info.width, source.info.height) == (frame.width, frame.height)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert (frame.index, frame.time_s) == (0, 0.0)
    return frame


def assert_scene(pixels: Picture, tolerance: int = 12) -> None:
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    for y, x in ((8, 12), (8, 36), (24, 12), (24, 36)):
        difference = np.abs(pixels[y, x].astype(int) - scene()[y, x])
        assert difference.max() <= tolerance, (y, x, pixels[y, x])


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".jpg", {"quality": 95, "subsampling": 0}),
        (".png", {}),
        (".bmp", {}),
        (".webp", {"lossless": True}),
        (".avif", {"quality": 95}),
        (".tif", {}),
        (".tiff", {"compression": "tiff_lzw"}),
        (".gif", {}),
    ],
)
def test_formats(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(scene()).save(path, **options)
    assert_scene(only_frame(path).pixels)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "YCbCr", "P", "PA", "RGBX"])
def test_colour_modes(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tif"
    picture = Image.fromarray(scene())
    (picture.convert("RGBA") if mode == "PA" else picture).convert(mode).save(path)
    assert_scene(only_frame(path).pixels)


def test_cmyk_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(scene()).convert("CMYK").save(path, quality=95, subsampling=0)
    assert_scene(only_frame(path).pixels, tolerance=25)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("a.png", np.array([[0, 32768, 65535]], np.uint16), [0, 128, 255]),
        ("a.tif", np.array([[0, 32768, 65535]], np.uint16), [0, 128, 255]),
        ("float.tif", np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        ("bytes.tif", np.array([[0.0, 100.0, 255.0]], np.float32), [0, 100, 255]),
        ("wild.tif", np.array([[-10.0, np.nan, 10.0]], np.float32), [0, 128, 255]),
        ("flat.tif", np.array([[-5.0, -5.0, -5.0]], np.float32), [0, 0, 0]),
        ("int.tif", np.array([[0, 32768, 65535]], np.int32), [0, 128, 255]),
        ("wide.tif", np.array([[-1000, 0, 1000]], np.int32), [0, 128, 255]),
    ],
)
def test_more_than_8_bits_are_scaled_not_clipped(
    tmp_path: Path, name: str, values: Any, expected: list[int]
) -> None:
    Image.fromarray(values).save(tmp_path / name)
    pixels = only_frame(tmp_path / name).pixels
    assert pixels[0, :, 0].tolist() == expected
    assert (pixels == pixels[..., :1]).all()


def test_16_bits_of_which_0_is_white(tmp_path: Path) -> None:
    values = np.array([[0, 32768, 65535]], np.uint16)
    content = values.astype("<u2").tobytes()
    tags = ((256, 3), (257, 1), (258, 16), (259, 1), (262, 0), (273, 8), (277, 1), (278, 1))
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in (*tags, (279, 6))]
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    header = b"II*\0" + struct.pack("<I", 8 + len(content))
    (tmp_path / "a.tif").write_bytes(header + content + directory)
    assert only_frame(tmp_path / "a.tif").pixels[0, :, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("mode", ["1", "L"])
def test_grey_and_black_and_white(tmp_path: Path, mode: str) -> None:
    picture = Image.new("L", (3, 1))
    picture.putpixel((2, 0), 255)
    picture.convert(mode).save(tmp_path / "a.png")
    assert only_frame(tmp_path / "a.png").pixels[0].tolist() == [[0] * 3, [0] * 3, [255] * 3]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_shows_white(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    if mode == "P":
        picture = Image.new("P", (2, 1), 0)
        picture.putpalette([0, 0, 0, 0, 0, 0])
        picture.putpixel((1, 0), 1)
        picture.save(path, transparency=bytes([0, 255]))
    else:
        alpha = (0,) * (len(mode) - 1)
        picture = Image.new(mode, (2, 1), (*alpha, 0))
        picture.putpixel((1, 0), (*alpha, 255))
        picture.save(path)
    assert only_frame(path).pixels[0].tolist() == [[255] * 3, [0] * 3]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    undo: dict[int, Callable[[Picture], Picture]] = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
        8: lambda p: np.rot90(p, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](scene())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    stored.save(path, exif=exif, quality=95)
    assert_scene(only_frame(path).pixels, tolerance=40)


def test_nonsense_orientations_are_upright(tmp_path: Path) -> None:
    for value in (0, 9, 65535):
        exif = Image.Exif()
        exif[0x0112] = value
        Image.fromarray(scene()).save(tmp_path / "a.png", exif=exif)
        assert_scene(only_frame(tmp_path / "a.png").pixels)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotate_turns_clockwise(tmp_path: Path, degrees: int) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(scene()).save(path)
    turned = only_frame(path, Selection(rotate=degrees)).pixels
    assert (turned == np.rot90(scene(), -degrees // 90)).all()


@pytest.mark.parametrize(("real", "lie"), [(".jpg", ".png"), (".png", ".mp4"), (".webp", ".txt")])
def test_a_lying_suffix_is_read_as_what_it_is(tmp_path: Path, real: str, lie: str) -> None:
    Image.fromarray(scene()).save(tmp_path / f"a{real}", quality=95)
    (tmp_path / f"a{real}").rename(tmp_path / f"b{lie}")
    assert only_frame(tmp_path / f"b{lie}").width == WIDTH


# --- animations -------------------------------------------------------------------------


def save_animation(path: Path, durations_ms: list[int] | int, **options: Any) -> None:
    frames = [Image.new("RGB", (8, 8), (40 * i, 0, 255 - 40 * i)) for i in range(5)]
    options = {"duration": durations_ms, **options}
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".avif"])
def test_an_animation_is_its_first_frame_or_all_with_their_times(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    save_animation(path, [50, 100, 50, 200, 100])
    assert only_frame(path).width == 8
    with open_source(path, Selection(all_frames=True)) as source:
        frames = list(source)
        assert (source.info.kind, source.info.frames, source.damage) == ("video", 5, None)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.05, 0.15, 0.2, 0.4])
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    reds = [int(frame.pixels[4, 4, 0]) for frame in frames]
    assert reds == pytest.approx([0, 40, 80, 120, 160], abs=8)


def test_selection_holds_for_animations(tmp_path: Path) -> None:
    save_animation(tmp_path / "a.gif", 100)
    chosen = Selection(all_frames=True, start_s=0.1, end_s=0.4, every=2)
    with open_source(tmp_path / "a.gif", chosen) as source:
        assert [frame.index for frame in source] == [1, 3]


def test_a_frame_without_duration_lasts_a_tenth_of_a_second(tmp_path: Path) -> None:
    save_animation(tmp_path / "a.gif", 0)
    with open_source(tmp_path / "a.gif", Selection(all_frames=True)) as source:
        assert [frame.time_s for frame in source][:3] == pytest.approx([0, 0.1, 0.2])


def test_the_default_picture_of_a_png_is_not_part_of_its_animation(tmp_path: Path) -> None:
    save_animation(tmp_path / "a.png", 40, default_image=True)
    assert int(only_frame(tmp_path / "a.png").pixels[0, 0, 0]) == 0
    with open_source(tmp_path / "a.png", Selection(all_frames=True)) as source:
        assert [int(frame.pixels[0, 0, 0]) for frame in source] == [40, 80, 120, 160]
        assert source.info.frames == 4


def test_a_cut_animation_gives_what_there_is_and_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (6, 32, 32, 3), np.uint8)
    frames = [Image.fromarray(pixels) for pixels in noise]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=40)
    whole = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(whole[: len(whole) // 2])
    with open_source(tmp_path / "a.gif", Selection(all_frames=True)) as source:
        delivered = list(source)
        assert 1 <= len(delivered) < 6
        assert source.damage is not None
        assert f"frame {len(delivered)} is damaged" in source.damage


def test_pages_of_another_size_end_a_tiff(tmp_path: Path) -> None:
    pages = [Image.new("RGB", size) for size in ((8, 8), (8, 8), (4, 8), (8, 8))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with open_source(tmp_path / "a.tif", Selection(all_frames=True)) as source:
        assert len(list(source)) == 2
        assert source.damage is not None
        assert "another size" in source.damage


# --- bad input --------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png_header(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"x\x9c") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 9_500), (8_001, 8_000)])
def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "a.png").write_bytes(png_header(*size))
    with pytest.raises(SourceTooLarge, match="max_pixels = 64000000"):
        open_source(tmp_path / "a.png")


def test_a_side_longer_than_records_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(1_000_001, 30))
    with pytest.raises(SourceTooLarge, match="1000001 x 30 pixels is more than 1000000 on one"):
        open_source(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(png_header(30, 1_000_000))
    with pytest.raises(BrokenSource):  # let through, and then found to be empty
        open_source(tmp_path / "b.png")


def test_a_later_page_beyond_the_limit_is_not_decoded(tmp_path: Path) -> None:
    pages = [Image.new("RGB", size) for size in ((8, 8), (8, 8), (40, 8), (8, 8))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with open_source(tmp_path / "a.tif", Selection(all_frames=True, max_pixels=64)) as source:
        assert len(list(source)) == 2
        assert source.damage is not None
        assert "frame 2 is beyond the limit max_pixels = 64" in source.damage


def test_a_limit_of_ones_own_goes_both_ways(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png")
    with pytest.raises(SourceTooLarge, match="max_pixels = 100"):
        open_source(tmp_path / "a.png", Selection(max_pixels=100))
    (tmp_path / "b.png").write_bytes(png_header(20_000, 20_000))
    with pytest.raises(BrokenSource):  # let through by the limit, and then found to be empty
        open_source(tmp_path / "b.png", Selection(max_pixels=500_000_000))


def test_a_gif_whose_later_frame_is_a_bomb(tmp_path: Path) -> None:
    save_animation(tmp_path / "a.gif", 40)
    broken = bytearray((tmp_path / "a.gif").read_bytes())
    at = broken.rfind(b"\x2c")
    while at > 0 and broken[at + 5 : at + 9] != struct.pack("<HH", 8, 8):
        at = broken.rfind(b"\x2c", 0, at)
    broken[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    (tmp_path / "a.gif").write_bytes(bytes(broken))
    with open_source(tmp_path / "a.gif", Selection(all_frames=True)) as source:
        assert 1 <= len(list(source)) < 5
        assert source.damage is not None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".avif", ".tif", ".gif"])
def test_truncated_pictures_are_errors(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BrokenSource, match=f"a{suffix}: the .*picture is damaged or cut short"):
        open_source(path)


def test_damaged_tiffs_leave_stderr_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.tif", compression="tiff_lzw")
    broken = bytearray((tmp_path / "a.tif").read_bytes())
    broken[400:600] = b"\xff" * 200
    (tmp_path / "a.tif").write_bytes(bytes(broken))
    with pytest.raises(BrokenSource):
        open_source(tmp_path / "a.tif")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", BrokenSource, "is empty"),
        (b"hello " * 100, UnsupportedSource, "neither a picture"),
        (b"\0\0\x01\0" + bytes(100), UnsupportedSource, "ICO"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), UnsupportedSource, "HEIC"),
        (b"%PDF-1.7" + bytes(99), UnsupportedSource, "PDF"),
        (b"\xff\xd8\xff", BrokenSource, "damaged"),
        (b"RIFF\0\0\0\0WEBP", BrokenSource, "damaged"),
    ],
)
def test_what_is_no_picture_is_said(
    tmp_path: Path, content: bytes, error: type[SourceError], words: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(error, match=words):
        open_source(tmp_path / "a.jpg")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damage_raises_anything_but_a_source_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["jpeg", "png", "bmp", "gif", "tiff", "webp"]))
    stream = BytesIO()
    Image.fromarray(scene()).save(stream, kind)
    content = bytearray(stream.getvalue())
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=20)
    ):
        content[at] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        path.write_bytes(bytes(content))
        try:
            with open_source(path, Selection(all_frames=True, max_pixels=1_000_000)) as source:
                for frame in source:
                    assert frame.pixels.shape == (source.info.height, source.info.width, 3)
        except SourceError as error:
            assert str(error).startswith(str(path))


def test_warnings_are_hidden_and_the_filters_of_others_kept(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png")
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(only_frame, [tmp_path / "a.png"] * 64))
    assert all((frame.pixels == scene()).all() for frame in frames)
    assert list(warnings.filters) == before


# --- real files -------------------------------------------------------------------------


def test_exif_orientation_samples_are_all_alike(shared_data: Path) -> None:
    upright = only_frame(shared_data / "exif_orientation" / "Portrait_1.jpg").pixels
    for orientation in range(9):
        path = shared_data / "exif_orientation" / f"Portrait_{orientation}.jpg"
        pixels = only_frame(path).pixels
        assert np.abs(pixels.astype(int) - upright).mean() < 8, orientation


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("broken.png", BrokenSource),
        ("truncated_image.png", BrokenSource),
        ("truncated_jpeg.jpg", BrokenSource),
        ("zero_width.gif", BrokenSource),
        ("png_decompression_dos.png", BrokenSource),
        ("decompression_bomb.gif", SourceTooLarge),
        ("decompression_bomb.ico", UnsupportedSource),
    ],
)
def test_odd_samples_are_refused(shared_data: Path, name: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        open_source(shared_data / "odd_images" / name)


def test_other_odd_samples_are_read(shared_data: Path) -> None:
    refused = ("broken", "truncated", "zero_width", "decompression", "LICENSE", "png_")
    paths = [path for path in (shared_data / "odd_images").rglob("*.*") if path.is_file()]
    read = [only_frame(path) for path in paths if not path.name.startswith(refused)]
    assert len(read) >= 15
    hoppers = [only_frame(path) for path in paths if path.name.startswith("hopper")]
    reference = only_frame(shared_data / "odd_images" / "hopper.jpg").pixels.astype(int)
    for hopper in hoppers:
        assert np.abs(hopper.pixels - reference).mean() < 12
