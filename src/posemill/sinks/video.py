"""An annotated video: H.264 in MP4 with the source's timestamps and sound."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from av.video.stream import VideoStream

from posemill.errors import SinkError, UsageError
from posemill.sinks.aside import Aside, reason
from posemill.sinks.colour import YuvConverter
from posemill.sinks.sound import AnyPacket, Sound
from posemill.types import FramePoses, Picture, SourceInfo

# Measured on three clips: "ultrafast" takes less than half of the processor time of
# "superfast", which the tracking then has; at this crf it looks better and is twice as large.
_X264: Final = {"preset": "ultrafast", "crf": "23"}
_FINEST: Final = Fraction(1, 1_000_000)
_FINE: Final = Fraction(1, 10_000)
_USUAL_TIME_BASE: Final = Fraction(1, 90_000)
_USUAL_RATE: Final = Fraction(25)
_MAX_RATE: Final = 1000
_MAX_SIDE_PX: Final = 16384
# Players that don't read the tags take small pictures for BT.601 and large ones for BT.709.
_SD_HEIGHT: Final = 576
_SPC_BT709, _SPC_SMPTE170M = 1, 6  # as tagged (ITU-T H.273), not as swscale counts


class VideoSink:
    """One video. Frames keep their times, from 0 for the first one, however uneven they are.

    An odd width or height grows by one repeated column or row. The sound is that between the
    first and the last frame; ``problem`` says, after ``finish``, where it is missing.
    """

    wants_picture = True

    def __init__(self, path: Path, info: SourceInfo, header: Mapping[str, Any]) -> None:
        self.path = path
        self.problem: str | None = None
        self._info = info
        self._aside = Aside(path)
        self._aside.close()  # FFmpeg opens it by its name
        self._encoder: _Encoder | None = None

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Refuse: UsageError."""
        raise UsageError(f"{self.path}: holds one source only; name a folder instead.")

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Encode the picture, and the sound up to it."""
        assert picture is not None
        height, width = picture.shape[:2]
        if max(height, width) > _MAX_SIDE_PX:
            raise SinkError(
                f"{self.path}: H.264 can't hold {width}x{height} pixels, "
                f"only {_MAX_SIDE_PX} a side."
            )
        with _reported(self.path):
            if self._encoder is None:
                self._encoder = _Encoder(self._aside.part, self._info, poses.time_s, picture)
            self._encoder.encode(picture, poses.time_s)

    def finish(self) -> None:
        """Complete the file. SinkError when it never got a picture."""
        try:
            if self._encoder is None:
                raise SinkError(f"{self.path}: there was no frame to write.")
            with _reported(self.path):
                self._encoder.finish()
            self.problem = self._encoder.sound.problem
            self._aside.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the file."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()
        self._aside.discard()


class _Encoder:
    """The file while it is open; ``zero_s`` is the time of the first frame in its source."""

    def __init__(self, part: Path, info: SourceInfo, zero_s: float, picture: Picture) -> None:
        extra = info.extra
        self._zero_s = zero_s
        self._time_base = _time_base(extra.get("time_base"))
        rate = _rate(extra.get("average_rate") or info.fps)
        self._ticks = max(1, round(1 / rate / self._time_base))  # how long the last frame lasts
        self._last: int | None = None
        height, width = picture.shape[:2]
        self._size = (height + height % 2, width + width % 2)
        self._is_sd = self._size[0] <= _SD_HEIGHT
        self._colours = YuvConverter(is_sd=self._is_sd)
        aspect = extra.get("pixel_aspect")
        self._output, self._stream = self._open(part, rate, aspect)
        origin_s = float(extra.get("start_s") or 0.0)
        path = extra.get("path") if extra.get("audio") else None
        self.sound = Sound(path and Path(path), self._output, origin_s + zero_s)
        try:
            self._output.start_encoding()
        except FFmpegError as error:
            has_sound = len(self._output.streams) > 1
            self.close()
            if isinstance(error, OSError) or not has_sound:
                raise
            self._output, self._stream = self._open(part, rate, aspect)
            self.sound = Sound(None, self._output, 0.0)
            self.sound.stop(f"the sound can't be written: {error.strerror}")

    def encode(self, picture: Picture, time_s: float) -> None:
        """Append one frame, later than the one before by at least a tick."""
        ticks = round((time_s - self._zero_s) / float(self._time_base))
        if self._last is not None:
            ticks = max(ticks, self._last + 1)
            self._ticks = ticks - self._last
        self._last = ticks
        image = self._colours.convert(self._even(picture))
        image.pts, image.time_base, image.duration = ticks, self._time_base, self._ticks
        self._mux_sound(ticks)
        self._mux_video(image)

    def finish(self) -> None:
        """Write what is still inside of the encoders, and the index."""
        assert self._last is not None
        self._mux_video(None)
        self._mux_sound(self._last + self._ticks)
        self.sound.close()
        self._output.close()

    def close(self) -> None:
        """Let go of the files, complete or not."""
        self.sound.close()
        with suppress(FFmpegError, OSError):
            self._output.close()

    def _mux_sound(self, ticks: int) -> None:
        for packet in self.sound.until(float(ticks * self._time_base)):
            self._mux(packet)

    def _mux_video(self, image: VideoFrame | None) -> None:
        for packet in self._stream.encode(image):
            self._mux(packet)

    def _mux(self, packet: AnyPacket) -> None:
        """Write one packet. What the muxer won't take is the sound, at times a packet late."""
        try:
            self._output.mux(packet)
        except OSError:  # the disk
            raise
        except FFmpegError as error:
            if len(self._output.streams) == 1:
                raise
            self.sound.stop(f"the sound is damaged, and left out from there on: {error.strerror}")

    def _open(
        self, part: Path, rate: Fraction, pixel_aspect: Fraction | None
    ) -> tuple[OutputContainer, VideoStream]:
        output: OutputContainer = av.open(
            str(part), "w", format="mp4", container_options={"movflags": "+faststart"}
        )
        return output, self._add_stream(output, rate, pixel_aspect)

    def _add_stream(
        self, output: OutputContainer, rate: Fraction, pixel_aspect: Fraction | None
    ) -> VideoStream:
        stream = output.add_stream("libx264", rate=rate, options=dict(_X264))
        context = stream.codec_context
        context.height, context.width = self._size
        context.pix_fmt = "yuv420p"
        context.time_base = self._time_base
        if pixel_aspect:
            context.sample_aspect_ratio = pixel_aspect
        context.flags |= Flags.frame_duration  # or the last frame lasts as long as usual
        context.thread_count = 0  # as many as there are cores
        context.color_range = ColorRange.MPEG
        context.colorspace = _SPC_SMPTE170M if self._is_sd else _SPC_BT709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        return stream

    def _even(self, picture: Picture) -> Picture:
        rgb = picture[:, :, :3]
        height, width = rgb.shape[:2]
        if (height, width) != self._size:
            margins = ((0, self._size[0] - height), (0, self._size[1] - width), (0, 0))
            rgb = np.pad(rgb, margins, "edge")
        return np.ascontiguousarray(rgb)


def _time_base(found: object) -> Fraction:
    """Return the source's own tick, so that its times stay exact, or a fine part of it."""
    if not isinstance(found, Fraction) or found < _FINEST or found.denominator > 1 / _FINEST:
        return _USUAL_TIME_BASE
    while found > _FINE:
        found /= 2
    return found


def _rate(found: object) -> Fraction:
    if isinstance(found, int | float | Fraction) and 0 < found <= _MAX_RATE:
        return Fraction(found).limit_denominator(1001)
    return _USUAL_RATE


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except FFmpegError as error:
        why = reason(error.errno, str(error.strerror))
        raise SinkError(f"{path}: can't be written: {why}.") from error
