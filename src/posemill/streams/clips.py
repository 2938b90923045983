"""Clips around alerts: what was seen some seconds before and after, as MP4.

What the camera sends is kept as it comes, encoded, from a key frame on. A clip is decoded and
encoded anew when it is complete, so that any browser plays it, whatever the camera's codec.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from posemill.errors import SinkError
from posemill.sinks.video import VideoSink
from posemill.sources.live import has_stamps
from posemill.sources.upright import UprightConverter
from posemill.types import FramePoses, SourceInfo

Done = Callable[[Path, str | None], None]

_MAX_BYTES: Final = 64 * 1024**2
_NICE: Final = 10
_MOST_CLIPS: Final = 16
_CLOSE_S: Final = 5.0
_ARRIVAL: Final = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class _Codec:
    """What decoding takes: nothing of the connection, which may be gone by then.

    ``time_base``: None where packets have no timestamps of their own.
    """

    name: str
    extradata: bytes | None
    time_base: Fraction | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """One packet, copied."""

    data: bytes
    pts: int | None
    is_key: bool
    came_s: float


@dataclass(slots=True)
class _Clip:
    path: Path
    ends_s: float
    done: Done
    codec: _Codec
    pieces: list[_Piece] = field(default_factory=list)


class ClipWriter:
    """Encodes clips, one after the other, in a thread that stands back."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, "posemill-clips", initializer=_stand_back)
        self._room = threading.BoundedSemaphore(_MOST_CLIPS)
        self._pending: set[Future[None]] = set()
        self._lock = threading.Lock()

    def submit(self, clip: _Clip, rotate: int) -> None:
        """Have a clip written; its ``done`` is told the path, and what was wrong or None."""
        if not self._room.acquire(blocking=False):
            clip.done(clip.path, "too many clips wait to be written")
            return
        try:
            written = self._threads.submit(_write, clip, rotate)
        except RuntimeError:  # closed: the stream ended later than this
            self._room.release()
        else:
            with self._lock:
                self._pending = {each for each in self._pending if not each.done()} | {written}
            written.add_done_callback(lambda _: self._room.release())

    def close(self) -> None:
        """Write what there is time for, and end."""
        wait(self._pending, _CLOSE_S)
        self._threads.shutdown(cancel_futures=True)


class ClipRecorder:
    """Keeps the last ``before_s`` of one stream, and makes clips of them and of what follows.

    ``packet`` comes from the thread that reads the stream, ``begin`` from any.
    """

    def __init__(self, before_s: float, after_s: float, writer: ClipWriter, rotate: int) -> None:
        self._before_s, self._after_s = before_s, after_s
        self._writer, self._rotate = writer, rotate
        self._lock = threading.Lock()
        self._kept: deque[_Piece] = deque()
        self._bytes = 0
        self._stream: VideoStream | None = None
        self._codec: _Codec | None = None
        self._open: list[_Clip] = []

    def packet(self, packet: "Packet[Any]", stream: VideoStream, now: float) -> None:
        """Keep one packet of ``stream``."""
        with self._lock:
            if stream is not self._stream:
                self._change_to(stream)
            piece = _Piece(bytes(packet), packet.pts, packet.is_keyframe, now)
            self._kept.append(piece)
            self._bytes += len(piece.data)
            self._forget(now)
            for clip in self._open:
                clip.pieces.append(piece)
            self._finish(lambda clip: now >= clip.ends_s)

    def begin(self, path: Path, now: float, done: Done) -> None:
        """Make a clip of what is kept and of what comes."""
        with self._lock:
            if self._codec is not None:
                ends_s = now + self._after_s
                self._open.append(_Clip(path, ends_s, done, self._codec, list(self._kept)))

    def close(self) -> None:
        """Finish the clips that are under way."""
        with self._lock:
            self._finish(lambda _: True)

    def _change_to(self, stream: VideoStream) -> None:
        self._finish(lambda _: True)
        self._stream = stream
        context = stream.codec_context
        base = stream.time_base if has_stamps(stream.container) else None
        self._codec = _Codec(context.name, context.extradata, base)
        self._kept.clear()
        self._bytes = 0

    def _forget(self, now: float) -> None:
        """Drop from the front up to the last key frame that is early enough."""
        keys = [i for i, each in enumerate(self._kept) if each.is_key]
        early = [i for i in keys if self._kept[i].came_s <= now - self._before_s]
        for _ in range(early[-1] if early else 0):
            self._bytes -= len(self._kept.popleft().data)
        while self._bytes > _MAX_BYTES:
            self._bytes -= len(self._kept.popleft().data)

    def _finish(self, is_over: Callable[[_Clip], bool]) -> None:
        for clip in [each for each in self._open if is_over(each)]:
            self._open.remove(clip)
            self._writer.submit(clip, self._rotate)


def _stand_back() -> None:
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _write(clip: _Clip, rotate: int) -> None:
    problem = None
    try:
        _encode(clip, rotate)
    except (FFmpegError, ValueError, MemoryError, OSError) as error:
        problem = str(error)
    clip.done(clip.path, problem)


def _encode(clip: _Clip, rotate: int) -> None:
    context = av.CodecContext.create(clip.codec.name, "r")
    assert isinstance(context, VideoCodecContext)
    context.extradata = clip.codec.extradata
    context.thread_count = 1
    sink: VideoSink | None = None
    converter: UprightConverter | None = None
    size, begin_s = (0, 0), None
    try:
        for number, (frame, time_s) in enumerate(_decoded(context, clip)):
            if converter is None:
                converter, size = UprightConverter(frame, rotate), (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                break  # another resolution: this clip ends here
            begin_s = time_s if begin_s is None else begin_s
            if sink is None:
                clip.path.parent.mkdir(parents=True, exist_ok=True)
                info = SourceInfo(clip.path.name, "video", converter.width, converter.height)
                sink = VideoSink(clip.path, info, {})
            upright = (converter.width, converter.height)
            sink.write(FramePoses(number, time_s - begin_s, upright), converter.rgb(frame))
        if sink is None:
            raise SinkError(f"{clip.path}: there was no frame for a clip.")
        sink.finish()
    finally:
        if sink is not None:
            sink.discard()


def _decoded(context: VideoCodecContext, clip: _Clip) -> Iterator[tuple[VideoFrame, float]]:
    """Yield the frames of a clip with their seconds: by their timestamps, or as they came."""
    stamped = clip.codec.time_base
    if any(piece.pts is None for piece in clip.pieces):
        stamped = None
    base = stamped or _ARRIVAL
    for piece in clip.pieces:
        packet: Packet[Any] = Packet(piece.data)
        packet.pts = packet.dts = round(piece.came_s / base) if stamped is None else piece.pts
        packet.time_base = base
        with suppress(FFmpegError):  # damaged: the rest may do
            yield from _timed(context.decode(packet), base)
    with suppress(FFmpegError):
        yield from _timed(context.decode(None), base)


def _timed(frames: list[VideoFrame], base: Fraction) -> Iterator[tuple[VideoFrame, float]]:
    for frame in frames:
        if frame.pts is not None:
            yield frame, float(frame.pts * base)
