"""Videos: upright frames by true timestamps, past damage, and nothing but the file itself."""

import shutil
import threading
import wave
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from posemill.errors import BrokenSource, SourceError, SourceTooLarge, UnsupportedSource
from posemill.sources import Selection, open_source
from posemill.sources.upright import IDENTITY, turned
from posemill.types import Frame, Picture

WIDTH, HEIGHT = 96, 64
CORNERS = {"top left": (255, 0, 0), "top right": (0, 255, 0), "bottom left": (0, 0, 255)}
MS = Fraction(1, 1000)


def scene(number: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Red, green / blue, and a grey quarter whose brightness tells the frame's number."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = CORNERS["top left"]
    pixels[: height // 2, width // 2 :] = CORNERS["top right"]
    pixels[height // 2 :, : width // 2] = CORNERS["bottom left"]
    pixels[height // 2 :, width // 2 :] = 20 + number * 4
    return pixels


def number_in(frame: Frame) -> int:
    corner = frame.pixels[frame.height * 5 // 8 : -8, frame.width * 5 // 8 : -8]
    return round((float(corner.mean()) - 20) / 4)


def write(
    path: Path,
    *,
    count: int = 30,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pts: list[int] | None = None,
    turn: dict[str, Any] | None = None,
    options: dict[str, str] | None = None,
    form: str | None = None,
    container_options: dict[str, str] | None = None,
    with_audio: bool = False,
) -> Path:
    """Write a video of 25 frames a second, or with the timestamps ``pts`` in milliseconds."""
    with av.open(str(path), "w", format=form, container_options=container_options) as out:
        stream = out.add_stream(codec, rate=25, options={"threads": "1", **(options or {})})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        if turn is not None:
            stream.set_display_rotation(**turn)
        time_base = MS if pts is not None else Fraction(1, 25)
        stream.codec_context.time_base = time_base
        sound = out.add_stream("aac", rate=44100) if with_audio else None
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(scene(number, *size), format="rgb24")
            frame.pts = number if pts is None else pts[number]
            frame.time_base = time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            silence.sample_rate = 44100
            silence.pts = 0
            out.mux(sound.encode(silence))
            out.mux(sound.encode(None))
    return path


def frames_of(path: Path, selection: Selection | None = None) -> list[Frame]:
    with open_source(path, selection or Selection()) as source:
        frames = list(source)
        assert source.damage is None
        for frame in frames:
            assert frame.pixels.shape == (source.info.height, source.info.width, 3)
            assert frame.pixels.dtype == np.uint8
            assert frame.pixels.flags.c_contiguous
        return frames


def assert_upright(pixels: Picture, tolerance: int = 40) -> None:
    height, width = pixels.shape[:2]
    seen = {
        "top left": pixels[height // 4, width // 4],
        "top right": pixels[height // 4, width * 3 // 4],
        "bottom left": pixels[height * 3 // 4, width // 4],
    }
    for corner, colour in CORNERS.items():
        assert np.abs(seen[corner].astype(int) - colour).max() <= tolerance, (corner, seen)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty frames with B-frames and a keyframe every ten."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write(path, count=50, options={"g": "10", "bf": "2", "sc_threshold": "0"})


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuv444p"),
        ("a.mp4", "libx264", "yuv422p"),
        ("a.mp4", "libx264", "yuv420p10le"),
        ("a.mkv", "libx264", "yuvj420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("a.mkv", "ffv1", "bgra"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.flv", "flv1", "yuv420p"),
        ("a.wmv", "wmv2", "yuv420p"),
    ],
)
def test_containers_codecs_and_pixel_formats(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    frames = frames_of(write(tmp_path / name, codec=codec, pix_fmt=pix_fmt, count=12))
    assert len(frames) == 12
    assert [frame.index for frame in frames] == list(range(12))
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(0.04, abs=0.0011)
    assert_upright(frames[5].pixels)


@pytest.mark.parametrize("size", [(97, 65), (50, 34), (33, 31)])
def test_odd_sizes_come_out_contiguous(tmp_path: Path, size: tuple[int, int]) -> None:
    frames = frames_of(write(tmp_path / "a.mkv", pix_fmt="yuv444p", size=size, count=3))
    assert (frames[0].width, frames[0].height) == size
    assert_upright(frames[0].pixels)


def test_what_is_known_beforehand(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", with_audio=True)
    with open_source(path) as source:
        info = source.info
    assert (info.name, info.kind) == (str(path), "video")
    assert (info.width, info.height, info.fps, info.frames) == (WIDTH, HEIGHT, 25.0, 30)
    assert info.duration_s == pytest.approx(1.2)
    assert info.extra["path"] == str(path)
    assert info.extra["codec"] == "h264"
    assert info.extra["audio"] is True
    assert info.extra["average_rate"] == 25
    assert info.extra["start_s"] == 0.0
    assert isinstance(info.extra["time_base"], Fraction)


@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p"])
def test_rotation_and_mirroring_in_the_metadata_are_undone(
    tmp_path: Path, degrees: int, hflip: bool, pix_fmt: str
) -> None:
    plain = frames_of(write(tmp_path / "plain.mp4", count=1, pix_fmt=pix_fmt))[0].pixels
    turn = {"degrees": degrees, "hflip": False, "vflip": False}
    with av.open(str(write(tmp_path / "turn.mp4", count=1, turn=turn))) as container:
        anticlockwise = next(container.decode(video=0)).rotation
    path = write(tmp_path / "a.mp4", count=2, pix_fmt=pix_fmt, turn={**turn, "hflip": hflip})
    seen = frames_of(path)[0].pixels
    expected = np.rot90(plain, anticlockwise // 90)
    if hflip:  # FFmpeg mirrors what it has turned
        expected = expected[:, ::-1]
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).mean() < 4


def test_four_quarter_turns_are_none() -> None:
    assert turned(IDENTITY, 360) == IDENTITY
    assert turned(IDENTITY, 90) == (0, -1, 1, 0)
    assert turned(turned(IDENTITY, 90), 270) == IDENTITY


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotate_turns_clockwise(clip: Path, degrees: int) -> None:
    plain = frames_of(clip)[0].pixels
    seen = frames_of(clip, Selection(rotate=degrees))[0].pixels
    assert np.abs(seen.astype(int) - np.rot90(plain, -degrees // 90)).mean() < 2


# --- time -------------------------------------------------------------------------------


def test_variable_frame_rate_keeps_its_own_times(tmp_path: Path) -> None:
    pts = [0, 10, 50, 51, 400, 1000, 1001, 5000]
    frames = frames_of(write(tmp_path / "a.mkv", pts=pts, count=8))
    assert [frame.time_s for frame in frames] == pytest.approx([t / 1000 for t in pts])


@pytest.mark.parametrize("offset", [-500, 40, 90_000])
def test_time_counts_from_the_start_of_the_track(tmp_path: Path, offset: int) -> None:
    path = write(tmp_path / "a.mkv", pts=[offset + 40 * n for n in range(10)], count=10)
    assert frames_of(path)[0].time_s == 0.0
    assert frames_of(path)[9].time_s == pytest.approx(0.36)


@pytest.mark.parametrize(("form", "codec"), [("h264", "libx264"), ("mjpeg", "mjpeg")])
def test_streams_without_timestamps_go_by_their_rate(tmp_path: Path, form: str, codec: str) -> None:
    path = write(tmp_path / f"a.{form}", codec=codec, form=form, pix_fmt="yuvj420p", count=10)
    frames = frames_of(path)
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(10)])


@pytest.mark.parametrize("first", [0, 1, 9, 10, 11, 25, 48, 49])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".mjpeg"])
def test_start_gives_the_same_frames_and_numbers_as_reading_on(
    tmp_path: Path, clip: Path, suffix: str, first: int
) -> None:
    path = clip
    if suffix in (".mkv", ".ts"):
        path = write(tmp_path / f"a{suffix}", count=50, options={"g": "10", "bf": "2"})
    elif suffix != ".mp4":
        path = write(tmp_path / f"a{suffix}", count=50, codec="mjpeg", pix_fmt="yuvj420p")
    whole = frames_of(path)
    assert len(whole) == 50
    later = frames_of(path, Selection(start_s=whole[first].time_s))
    assert [frame.index for frame in later] == list(range(first, 50))
    assert [frame.time_s for frame in later] == [frame.time_s for frame in whole[first:]]
    for one, other in zip(later, whole[first:], strict=True):
        assert (one.pixels == other.pixels).all()


def test_open_gops_keep_their_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mkv",
        count=50,
        options={"g": "10", "bf": "3", "sc_threshold": "0", "x264-params": "open-gop=1"},
    )
    for first in (9, 10, 12, 19, 20, 33):
        later = frames_of(path, Selection(start_s=first * 0.04))
        assert [frame.index for frame in later] == list(range(first, 50))
        assert [number_in(frame) for frame in later] == list(range(first, 50))


def test_end_every_and_fps(clip: Path) -> None:
    assert [f.index for f in frames_of(clip, Selection(end_s=0.2))] == [0, 1, 2, 3, 4]
    taken = frames_of(clip, Selection(start_s=0.4, end_s=1.2, every=5))
    assert [f.index for f in taken] == [10, 15, 20, 25]
    assert [number_in(f) for f in taken] == [10, 15, 20, 25]
    assert len(frames_of(clip, Selection(fps=5))) == 10


def test_frames_left_out_are_never_converted(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from posemill.sources.upright import UprightConverter

    converted: list[int] = []
    convert = UprightConverter.rgb

    def counting(self: UprightConverter, frame: av.VideoFrame) -> Picture:
        converted.append(1)
        return convert(self, frame)

    monkeypatch.setattr(UprightConverter, "rgb", counting)
    assert len(frames_of(clip, Selection(every=10))) == len(converted) == 5


def test_a_start_beyond_the_end_is_an_error(clip: Path) -> None:
    with pytest.raises(SourceError, match=r"start \(60 s\) is beyond the last frame, at 1\.96 s"):
        open_source(clip, Selection(start_s=60))


def test_a_range_between_two_frames_is_empty_and_no_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", pts=[0, 1000, 2000], count=3)
    with open_source(path, Selection(start_s=0.1, end_s=0.9)) as source:
        assert list(source) == []
        assert source.damage is None


# --- colour -----------------------------------------------------------------------------


def test_the_colour_matrix_and_range_of_the_stream_are_applied(tmp_path: Path) -> None:
    """BT.709 and BT.601 of one picture look alike when each is decoded as what it says."""
    for name, params in {
        "bt709": "colormatrix=bt709",
        "smpte170m": "colormatrix=smpte170m",
        "full": "colormatrix=smpte170m:fullrange=on",
    }.items():
        path = tmp_path / f"{name}.mp4"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx264", rate=25, options={"x264-params": params})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            frame = av.VideoFrame.from_ndarray(scene(), format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=1 if name == "bt709" else 5,
                dst_color_range=2 if name == "full" else 1,
            )
            frame.pts = 0
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        assert_upright(frames_of(path)[0].pixels, tolerance=12)


def test_a_colour_matrix_that_the_scaler_does_not_know_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=2, options={"x264-params": "colormatrix=YCgCo"})
    assert len(frames_of(path)) == 2


def test_frames_of_another_size_are_brought_to_the_first_ones(tmp_path: Path) -> None:
    one = write(tmp_path / "one.ts", count=10)
    two = write(tmp_path / "two.ts", count=10, size=(128, 96))
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    with open_source(both) as source:
        frames = list(source)
    assert len(frames) >= 18
    assert {frame.pixels.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    assert_upright(frames[-1].pixels)


# --- bad input --------------------------------------------------------------------------


def damaged(path: Path) -> tuple[list[Frame], str]:
    with open_source(path) as source:
        frames = list(source)
        assert source.damage is not None
        return frames, source.damage


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_cut_file_gives_what_there_is_and_says_where_it_ends(tmp_path: Path, suffix: str) -> None:
    path = write(
        tmp_path / f"a{suffix}",
        count=50,
        codec="mjpeg",
        pix_fmt="yuvj420p",
        container_options={"movflags": "faststart"} if suffix == ".mp4" else None,
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    frames, damage = damaged(path)
    assert 5 < len(frames) < 50
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert "it ends at" in damage


def test_damage_in_the_middle_is_passed_over_and_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=50, options={"g": "5"}, pix_fmt="yuv420p")
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 600] = b"\xff" * 600
    path.write_bytes(bytes(content))
    frames, damage = damaged(path)
    assert frames[0].time_s == 0.0
    assert frames[-1].time_s == pytest.approx(1.96)
    assert "the video is damaged from" in damage


def test_an_mp4_without_its_index_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BrokenSource, match="damaged or cut short"):
        open_source(path)


def test_not_one_frame_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", codec="libx264", options={"g": "50"})
    content = bytearray(path.read_bytes())
    start = content.find(b"\xa3")  # the first block: SimpleBlock
    content[start + 10 :] = b"\xaa" * (len(content) - start - 10)
    path.write_bytes(bytes(content))
    with pytest.raises(BrokenSource):
        open_source(path)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("zero.mp4", b"", BrokenSource),
        ("text.mp4", b"hello world\n" * 1000, UnsupportedSource),
        ("ftyp.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomavc1", BrokenSource),
        ("noise.mkv", b"\x1aE\xdf\xa3" + bytes(range(256)) * 100, BrokenSource),
        ("huge.y4m", b"YUV4MPEG2 W100000 H100000 F25:1 C420\nFRAME\n", BrokenSource),
    ],
)
def test_what_is_no_video_is_said(
    tmp_path: Path, name: str, content: bytes, error: type[SourceError]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=name):
        open_source(tmp_path / name)


def test_sound_alone_has_no_video_track(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "w") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(16000))
    with pytest.raises(UnsupportedSource, match="no video track"):
        open_source(path)


def test_the_cover_of_a_song_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        cover = out.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(scene(0, 32, 32), format="rgb24")
        frame.pts = 0
        out.mux(cover.encode(frame))
        out.mux(cover.encode(None))
    with pytest.raises(UnsupportedSource, match="no video track"):
        open_source(path)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.mkv", "ffv1", "bgra"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
    ],
)
def test_too_many_pixels_are_refused(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    path = write(tmp_path / name, codec=codec, pix_fmt=pix_fmt, count=2)
    with pytest.raises(SourceTooLarge, match=r"96 x 64 pixels .* max_pixels = 6143"):
        open_source(path, Selection(max_pixels=WIDTH * HEIGHT - 1))
    assert len(frames_of(path, Selection(max_pixels=WIDTH * HEIGHT))) == 2


def test_a_frame_larger_than_its_header_says_is_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posemill.sources.containers._check_size", lambda *_: None)
    with pytest.raises(SourceTooLarge, match=r"96 x 64 pixels .* max_pixels = 6143"):
        open_source(clip, Selection(max_pixels=WIDTH * HEIGHT - 1))


def test_a_side_longer_than_records_hold_is_refused(tmp_path: Path) -> None:
    head = b"YUV4MPEG2 W1000002 H2 F25:1 C420\nFRAME\n"
    (tmp_path / "a.y4m").write_bytes(head + bytes(3 * 1_000_002))
    with pytest.raises(SourceTooLarge, match="1000002 x 2 pixels is more than 1000000 on one"):
        open_source(tmp_path / "a.y4m")


def test_a_limit_beyond_what_ffmpeg_counts_is_no_limit(clip: Path) -> None:
    assert len(frames_of(clip, Selection(max_pixels=10**12))) == 50


def test_hostile_playlists_open_nothing(tmp_path: Path, clip: Path) -> None:
    shutil.copy(clip, tmp_path / "clip.mp4")
    hostile = {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{clip}\n#EXT-X-ENDLIST\n",
        "b.mp4": f"\n#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{clip}\n",
        "c.concat": "ffconcat version 1.0\nfile clip.mp4\n",
        "d.mkv": "# x\nffconcat version 1.0\nfile clip.mp4\n",
        "e.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
        "m=video 5004 RTP/AVP 96\n",
        "f.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        "<Period><AdaptationSet><Representation><BaseURL>clip.mp4</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>",
        "g.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
    }
    for name, text in hostile.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(UnsupportedSource):
            open_source(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["with space 空格.mp4", "two\nlines.mp4", "a:b.mp4", "frame%03d.mp4", "-x.mp4", "v.jpg"]
)
def test_any_name_will_do(
    tmp_path: Path, clip: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(clip, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(frames_of(Path(name), Selection(end_s=0.1))) == 3


def test_nothing_is_written_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.mp4", count=50, container_options={"movflags": "faststart"})
    capfd.readouterr()
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 2, len(content), 50):
        content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    damaged(path)
    assert capfd.readouterr() == ("", "")


def test_closing_ends_an_iteration_in_another_thread(clip: Path) -> None:
    source = open_source(clip)
    seen: list[int] = []
    started, resume = threading.Event(), threading.Event()

    def read() -> None:
        for frame in source:
            seen.append(frame.index)
            started.set()
            resume.wait(5)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert started.wait(5)
    source.close()
    resume.set()
    thread.join(5)
    assert not thread.is_alive()
    assert seen == [0]
    source.close()


# --- real files -------------------------------------------------------------------------

REAL = {
    "decord/video_0.mov": (568, 320, 3),
    "decord/video_90.mov": (320, 568, 3),
    "gmdcsa24/s1_adl_16.mp4": (1280, 720, 104),
    "gmdcsa24/s2_fall_13.mp4": (640, 480, 133),
    "intel_sample_videos/asl_yes.mkv": (640, 480, 65),
    "moviepy/chaplin.mp4": (640, 360, 241),
    "moviepy/transparent.webm": (200, 200, 150),
    "pose2sim/videos/cam01.mp4": (1088, 1920, 100),
    "tfjs_pose/pose_squats.mp4": (720, 1280, 65),
    "torchcodec/av1_video.mkv": (640, 360, 125),
    "torchcodec/h265_video.mp4": (128, 128, 10),
}


@pytest.mark.parametrize("name", REAL)
def test_real_videos_are_read_whole(shared_data: Path, name: str) -> None:
    width, height, count = REAL[name]
    with open_source(shared_data / name) as source:
        assert (source.info.width, source.info.height) == (width, height)
        times = [frame.time_s for frame in source]
        assert source.damage is None
    assert len(times) == count
    assert times[0] == 0.0
    assert all(later > earlier for earlier, later in pairwise(times))


def test_the_turned_clip_of_decord_shows_the_same_as_the_upright_one(shared_data: Path) -> None:
    turned_pixels = frames_of(shared_data / "decord" / "video_90.mov")[0].pixels
    assert turned_pixels.shape == (568, 320, 3)
    with av.open(str(shared_data / "decord" / "video_90.mov")) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert (turned_pixels == np.rot90(stored, -1)).all()
