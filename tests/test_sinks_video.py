"""Annotated videos: times, colours, sizes and sound are those of the source."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.container import OutputContainer
from hypothesis import given, settings
from hypothesis import strategies as st

from posemill.errors import SinkError
from posemill.sinks import open_sink, sound
from posemill.sinks.video import VideoSink
from posemill.types import FramePoses, Picture, SourceInfo

RATE = 48_000


def save(
    out: Path, pictures: Sequence[Picture], times_s: Sequence[float], /, **extra: Any
) -> VideoSink:
    height, width = pictures[0].shape[:2]
    info = SourceInfo("clip.mp4", "video", width, height, 25.0, extra=extra)
    sink = open_sink(out, info, {})
    assert isinstance(sink, VideoSink)
    assert sink.wants_picture
    for index, (picture, time_s) in enumerate(zip(pictures, times_s, strict=True)):
        sink.write(FramePoses(index, time_s, (width, height)), picture)
    sink.finish()
    return sink


def plain(count: int, width: int = 64, height: int = 48) -> list[Picture]:
    return [np.full((height, width, 3), 5 * index % 256, np.uint8) for index in range(count)]


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times_s = [0.0, 0.04, 0.1, 0.5, 0.511, 2.0, 2.001]
    save(tmp_path / "out.mp4", plain(7), times_s)
    assert times_of(tmp_path / "out.mp4") == pytest.approx(times_s, abs=1e-4)


@pytest.mark.parametrize(
    "time_base", [Fraction(1, 12800), Fraction(1, 1000), Fraction(1, 25), Fraction(1001, 30000)]
)
def test_times_of_the_source_stay_exact(tmp_path: Path, time_base: Fraction) -> None:
    step = max(1, round(Fraction(1, 25) / time_base))
    ticks = [0, step, 2 * step, 5 * step, 6 * step]
    times_s = [float(tick * time_base) for tick in ticks]
    save(tmp_path / "out.mp4", plain(5), times_s, time_base=time_base)
    assert times_of(tmp_path / "out.mp4") == pytest.approx(times_s, abs=1e-9)


def test_a_cut_begins_at_zero(tmp_path: Path) -> None:
    save(tmp_path / "out.mp4", plain(3), [60.0, 60.04, 60.1])
    assert times_of(tmp_path / "out.mp4") == pytest.approx([0, 0.04, 0.1], abs=1e-4)


@settings(max_examples=15)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_any_times_give_a_video_that_runs_forward(times_s: list[float]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "out.mp4"
        save(path, plain(len(times_s), 16, 16), times_s)
        found = times_of(path)
    assert len(found) == len(times_s)
    assert all(later > earlier for earlier, later in pairwise(found))


def test_the_last_frame_lasts(tmp_path: Path) -> None:
    save(tmp_path / "one.mp4", plain(1), [0.0])
    save(tmp_path / "three.mp4", plain(3), [0.0, 0.5, 1.0])
    for name, duration_s in (("one", 0.04), ("three", 1.5)):
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            assert container.duration is not None
            assert container.duration / av.time_base == pytest.approx(duration_s, abs=0.002)


COLOURS = (
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)),
    *((255, 255, 255), (0, 0, 0), (224, 224, 224), (230, 159, 0), (86, 180, 233), (128, 64, 32)),
)


def chart(height: int) -> Picture:
    picture = np.zeros((height, 32 * len(COLOURS), 3), np.uint8)
    for number, colour in enumerate(COLOURS):
        picture[:, 32 * number : 32 * (number + 1)] = colour
    return picture


@pytest.mark.parametrize(("height", "matrix"), [(240, 6), (576, 6), (720, 1)])
def test_colours_do_not_shift(tmp_path: Path, height: int, matrix: int) -> None:
    save(tmp_path / "out.mp4", [chart(height)] * 3, [0, 0.04, 0.08])
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        tags = (context.colorspace, context.color_range)
        assert tags == (matrix, 1)
        assert (context.color_primaries, context.color_trc) == (1, 1)
        *_, frame = container.decode(video=0)
        assert isinstance(frame, av.VideoFrame)
        planes = frame.to_ndarray().astype(float)
    width = 32 * len(COLOURS)
    luma = planes[:height, 16:width:32].mean(axis=0)
    chroma = planes[height:].reshape(2, height // 2, width // 2)[:, :, 8::16].mean(axis=1)
    rgb = decoded(luma, chroma[0], chroma[1], matrix)
    assert np.abs(rgb - COLOURS).max() < 5


def decoded(luma: Any, blue: Any, red: Any, matrix: int) -> npt.NDArray[np.float64]:
    """Return RGB (n, 3) by the equations of ITU-T H.273, limited range."""
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114)}[matrix]
    y, pb, pr = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    r, b = y + 2 * (1 - kr) * pr, y + 2 * (1 - kb) * pb
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    rgb: npt.NDArray[np.float64] = np.clip(np.stack([r, g, b], 1), 0, 1) * 255
    return rgb


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48), (1, 1), (2, 33)])
def test_odd_sizes_grow_by_one_at_the_edge(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    picture = np.full((height, width, 3), 30, np.uint8)
    picture[-1], picture[:, -1] = 220, 220
    save(tmp_path / "out.mp4", [picture] * 2, [0, 0.04])
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
        grey = frame.to_ndarray(format="gray").astype(int)
    assert grey.shape == (height + height % 2, width + width % 2)
    assert grey[-1].min() > 180
    assert grey[:, -1].min() > 180


def test_an_alpha_channel_is_passed_over(tmp_path: Path) -> None:
    picture = np.full((32, 32, 4), (200, 200, 200, 0), np.uint8)
    save(tmp_path / "out.mp4", [picture], [0])
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(video=0)).to_ndarray(format="gray").mean() > 180


def test_pixels_that_are_not_square_stay_so(tmp_path: Path) -> None:
    save(tmp_path / "out.mp4", plain(2), [0, 0.04], pixel_aspect=Fraction(16, 11))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 11)


def test_the_index_stands_before_the_frames(tmp_path: Path) -> None:
    save(tmp_path / "out.mp4", plain(5), [index / 25 for index in range(5)])
    content = (tmp_path / "out.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_a_picture_beyond_the_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"H\.264 can't hold 16386x2 pixels"):
        save(tmp_path / "out.mp4", plain(1, 16386, 2), [0])


def test_a_clip_compresses(tmp_path: Path, astronaut: Picture) -> None:
    clip = [np.roll(astronaut, 3 * index, axis=1) for index in range(25)]
    save(tmp_path / "out.mp4", clip, [index / 25 for index in range(25)])
    assert (tmp_path / "out.mp4").stat().st_size < 300_000  # 25 JPEGs are 2 MB
    with av.open(str(tmp_path / "out.mp4")) as container:
        *_, last = container.decode(video=0)
        assert isinstance(last, av.VideoFrame)
        error = last.to_ndarray(format="gray").astype(float) - grey_of(clip[-1])
    assert np.sqrt(np.square(error).mean()) < 6


def grey_of(picture: Picture) -> npt.NDArray[np.float64]:
    # BT.601, full range, as PyAV converts a small picture to grey.
    weights = np.array((0.299, 0.587, 0.114))
    grey: npt.NDArray[np.float64] = picture @ weights
    return grey


def with_sound(path: Path, codec: str, *, late_s: float = 0.0, layout: str = "stereo") -> Path:
    """Write 3 s of video that flashes, and sound that beeps, from 1.0 to 1.2 s."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4" if path.suffix == ".avi" else "libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=RATE)
        assert isinstance(audio, av.AudioStream)
        audio.codec_context.layout = layout
        channels = audio.codec_context.channels
        clock_s = np.arange(3 * RATE) / RATE
        is_on = (clock_s >= 1) & (clock_s < 1.2)
        wave = (0.5 * np.sin(2 * np.pi * 1000 * clock_s) * is_on).astype(np.float32)
        for index in range(75):
            shade = 255 if 25 <= index < 30 else 16
            image = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade, np.uint8))
            image.pts, image.time_base = index, Fraction(1, 25)
            container.mux(video.encode(image))
            part = wave[index * RATE // 25 : (index + 1) * RATE // 25]
            sound = av.AudioFrame.from_ndarray(np.tile(part, (channels, 1)), "fltp", layout)
            sound.sample_rate, sound.time_base = RATE, Fraction(1, RATE)
            sound.pts = index * RATE // 25 + round(late_s * RATE)
            container.mux(audio.encode(sound))
        flush(container, video, audio)
    return path


def flush(container: OutputContainer, video: av.VideoStream, audio: av.AudioStream) -> None:
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


def beep_of(path: Path) -> tuple[str, float, float]:
    """Return the codec of the sound, when the beep begins, and when the sound ends, in s."""
    begins_s, ends_s = float("nan"), 0.0
    with av.open(str(path)) as container:
        (track,) = container.streams.audio
        name = track.codec_context.codec.canonical_name
        resampler = av.AudioResampler("fltp", "mono")
        for decoded_frame in container.decode(track):
            for frame in resampler.resample(decoded_frame):
                assert frame.time is not None
                loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.1)
                if np.isnan(begins_s) and len(loud):
                    begins_s = frame.time + loud[0] / frame.sample_rate
                ends_s = frame.time + frame.samples / frame.sample_rate
    return name, begins_s, ends_s


def copy(source: Path, out: Path, start_s: float = 0.0, end_s: float = 9.0) -> VideoSink:
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        origin = frames[0].pts
        base = stream.time_base
    assert origin is not None
    assert base is not None
    times_s = [float((frame.pts or 0) - origin) * float(base) for frame in frames]
    chosen = [
        (frame.to_ndarray(format="rgb24").astype(np.uint8), time_s)
        for frame, time_s in zip(frames, times_s, strict=True)
        if start_s - 1e-6 <= time_s < end_s - 1e-6
    ]
    pictures, kept_s = zip(*chosen, strict=True)
    return save(
        out,
        pictures,
        kept_s,
        path=str(source),
        audio=True,
        time_base=base,
        start_s=float(origin * base),
    )


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.ts", "aac", "aac"),
        ("a.mkv", "libmp3lame", "mp3"),
        ("a.mkv", "libopus", "opus"),
        ("a.mkv", "flac", "flac"),
        ("a.mkv", "ac3", "ac3"),
        ("a.mov", "pcm_s16le", "aac"),
        ("a.avi", "pcm_s16le", "aac"),
        ("a.mkv", "mp2", "aac"),
    ],
)
def test_sound_stays_in_step(tmp_path: Path, name: str, codec: str, expected: str) -> None:
    source, out = with_sound(tmp_path / name, codec), tmp_path / "out.mp4"
    original = beep_of(source)[1]
    with av.open(str(source)) as container:
        start = next(container.decode(video=0)).time
    assert original - start == pytest.approx(1.0, abs=0.05)
    for start_s, end_s in ((0.0, 9.0), (0.52, 2.0)):
        sink = copy(source, out, start_s, end_s)
        assert sink.problem is None
        found, begins_s, ends_s = beep_of(out)
        assert found == expected
        assert begins_s == pytest.approx(original - start - start_s, abs=0.005)
        assert ends_s == pytest.approx(min(end_s, 3.0) - start_s, abs=0.1)


def test_sound_that_begins_later_is_late(tmp_path: Path) -> None:
    for name, codec in (("a.mp4", "aac"), ("a.mov", "pcm_s16le")):
        source = with_sound(tmp_path / name, codec, late_s=0.5)
        assert beep_of(source)[1] == pytest.approx(1.5, abs=0.01)
        copy(source, tmp_path / "out.mp4")
        assert beep_of(tmp_path / "out.mp4")[1] == pytest.approx(1.5, abs=0.01)


def test_mono_stays_mono_when_encoded_again(tmp_path: Path) -> None:
    copy(with_sound(tmp_path / "a.mov", "pcm_s16le", layout="mono"), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.channels == 1


def test_a_source_without_sound(tmp_path: Path) -> None:
    save(tmp_path / "silent.mp4", plain(5), [index / 25 for index in range(5)])
    sink = copy(tmp_path / "silent.mp4", tmp_path / "out.mp4")
    assert sink.problem is None
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


def test_sound_that_can_not_be_read_is_missed_and_said(tmp_path: Path) -> None:
    times_s = [index / 25 for index in range(5)]
    (tmp_path / "gone.mp4").write_bytes(b"no video at all")
    for name in ("gone.mp4", "never.mp4"):
        path = str(tmp_path / name)
        sink = save(tmp_path / "out.mp4", plain(5), times_s, path=path, audio=True)
        assert sink.problem is not None
        assert "sound" in sink.problem
        assert len(times_of(tmp_path / "out.mp4")) == 5


def test_sound_that_breaks_off(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "a.ts", "aac")
    content = source.read_bytes()
    whole = beep_of(source)[2]
    damaged = tmp_path / "damaged.ts"
    damaged.write_bytes(content[: len(content) * 2 // 3])
    copy(damaged, tmp_path / "out.mp4")
    assert beep_of(tmp_path / "out.mp4")[2] < whole - 0.2


def spoilt(path: Path, out: Path) -> Path:
    """Copy ``path`` with two bytes in a hundred of its sound wrong, the first packets spared."""
    content = bytearray(path.read_bytes())
    wrong = np.random.default_rng(1)
    with av.open(str(path)) as container:
        for packet in list(container.demux(audio=0))[10:]:
            if packet.pos is None:
                continue
            for at in range(packet.pos, packet.pos + packet.size):
                if wrong.random() < 0.02:
                    content[at] = wrong.integers(256)
    out.write_bytes(bytes(content))
    return out


def test_damaged_sound_is_left_out_and_the_video_kept(tmp_path: Path) -> None:
    source = spoilt(with_sound(tmp_path / "a.mp4", "eac3"), tmp_path / "spoilt.mp4")
    sink = copy(source, tmp_path / "out.mp4")
    assert len(times_of(tmp_path / "out.mp4")) == 75
    assert sink.problem is not None
    assert sink.problem.startswith("the sound is damaged, and left out from there on: ")


@pytest.mark.parametrize("content", ["late", "back"])
def test_sound_that_the_muxer_refuses_spares_the_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    copied = sound._copied

    def spoil(packets: Iterator[Any]) -> Iterator[Any]:
        for number, packet in enumerate(packets):
            if number == 20:
                packet.pts = packet.dts - 5 if content == "late" else -(10**9)
                packet.dts = min(packet.pts + 5, packet.dts)
            yield packet

    def refused(*args: Any) -> Iterator[Any]:
        return spoil(copied(*args))  # the stream must be known at once

    monkeypatch.setattr(sound, "_copied", refused)
    sink = copy(with_sound(tmp_path / "a.mp4", "aac"), tmp_path / "out.mp4")
    assert len(times_of(tmp_path / "out.mp4")) == 75
    assert sink.problem is not None
    assert 0.2 < end_of_sound(tmp_path / "out.mp4") < 1.0


def end_of_sound(path: Path) -> float:
    with av.open(str(path)) as container:
        return max(float(packet.pts * packet.time_base) for packet in sized(container))


def sized(container: Any) -> list[Any]:
    return [packet for packet in container.demux(audio=0) if packet.size]


def test_a_track_that_mp4_does_not_take_is_encoded_again(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "a.mkv", "flac")
    content = bytearray(source.read_bytes())
    content[content.find(b"fLaC") + 4] ^= 0xFF
    source.write_bytes(bytes(content))
    copy(source, tmp_path / "out.mp4")
    assert len(times_of(tmp_path / "out.mp4")) == 75


def test_sound_that_can_not_begin_spares_the_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unfit(_: object, __: object, output: OutputContainer, ___: float) -> Iterator[Any]:
        output.add_stream("aac", rate=7)
        return iter(())

    monkeypatch.setattr(sound, "_encoded", unfit)
    sink = copy(with_sound(tmp_path / "a.mov", "pcm_s16le"), tmp_path / "out.mp4")
    assert len(times_of(tmp_path / "out.mp4")) == 75
    assert sink.problem is not None
    assert "the sound can't be written" in sink.problem


def test_the_source_of_sound_reaches_no_other_file(tmp_path: Path) -> None:
    with_sound(tmp_path / "a.mp4", "aac")
    times_s = [index / 25 for index in range(5)]
    for name, text in {
        "list.mp4": "ffconcat version 1.0\nfile a.mp4\n",
        "cast.mp4": f"#EXTM3U\n#EXTINF:3,\nfile://{tmp_path}/a.mp4\n#EXT-X-ENDLIST\n",
    }.items():
        (tmp_path / name).write_text(text)
        path = str(tmp_path / name)
        sink = save(tmp_path / "out.mp4", plain(5), times_s, path=path, audio=True)
        assert sink.problem is not None
        assert "the sound can't be read" in sink.problem
        with av.open(str(tmp_path / "out.mp4")) as container:
            assert not container.streams.audio


def test_sound_is_read_from_a_file_named_like_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = with_sound(tmp_path / "a.mp4", "aac").rename(tmp_path / "concat:a|b%03d.mp4")
    sink = save(tmp_path / "out.mp4", plain(5), range(5), path=source.name, audio=True)
    assert sink.problem is None
    assert beep_of(tmp_path / "out.mp4")[0] == "aac"


def test_opus_begins_80_ms_before_it_is_heard(tmp_path: Path) -> None:
    copy(with_sound(tmp_path / "a.mkv", "libopus"), tmp_path / "out.mp4", 0.52, 2.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        first = sized(container)[0]
        assert first.pts * first.time_base <= -0.08


def test_packets_whose_time_stands_still_are_left_out(
    tmp_path: Path,
) -> None:
    source = with_sound(tmp_path / "a.mp4", "aac")
    with av.open(str(source)) as container, av.open(str(tmp_path / "x.mp4"), "w") as output:
        track = container.streams.audio[0]

        class Repeating:
            def demux(self, _: object) -> Iterator[Any]:
                for packet in container.demux(track):
                    if packet.size:
                        again = av.Packet(bytes(packet))
                        again.pts, again.dts, again.time_base = (
                            packet.pts,
                            packet.dts,
                            Fraction(1, RATE),
                        )
                        again.duration = packet.duration
                        yield packet
                        yield again

        repeating: Any = Repeating()
        times = [int(packet.dts or 0) for packet in sound._copied(repeating, track, output, 0.0)]
    assert len(times) > 100
    assert all(later > earlier for earlier, later in pairwise(times))


def test_a_real_clip_keeps_its_sound(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "moviepy" / "chaplin.mp4"
    copy(source, tmp_path / "out.mp4", end_s=2.0)
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        old, new = before.streams.audio[0], after.streams.audio[0]
        assert new.codec_context.name == old.codec_context.name
        first = [bytes(packet) for _, packet in zip(range(20), before.demux(old), strict=False)]
        copied = [bytes(packet) for _, packet in zip(range(20), after.demux(new), strict=False)]
        assert copied == first


def test_real_vorbis_becomes_aac(shared_data: Path, tmp_path: Path) -> None:
    copy(shared_data / "moviepy" / "transparent.webm", tmp_path / "out.mp4", end_s=1.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        frames = list(container.decode(audio=0))
    assert sum(frame.samples / frame.sample_rate for frame in frames) == pytest.approx(1, abs=0.1)
