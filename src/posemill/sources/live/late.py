"""Packets to frames, as late as can be: nothing is decoded before a frame is due.

Packets wait until one of them is due, and are then decoded in one go, which takes half the time
of decoding them one by one as they come. Where a key frame comes first, they are not decoded at
all: at one frame a second, a camera with a key frame a second has just these decoded.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from posemill.sources.live.clock import CaptureClock, Pace
from posemill.sources.selection import refuse_too_large

# Streams that refresh bit by bit have no key frames at all.
_KEY_PATIENCE_S: Final = 5.0
# More would make a frame wait for the decoder when it is due.
_MOST_WAITING: Final = 300
_SAMPLED_ROWS: Final = 16
DECODING_ERRORS: Final = (FFmpegError, ValueError, MemoryError)


@dataclass(slots=True)
class Counts:
    """What came (packets), and how much of it was taken, left out by the rate, or broken."""

    received: int = 0
    taken: int = 0
    skipped: int = 0
    broken: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """A decoded frame, not yet RGB; ``captured_s``: monotonic seconds; ``digest``: of its looks."""

    decoded: VideoFrame
    captured_s: float
    digest: int


class LateDecoder:
    """The frames of one video stream that are due, ``fps`` a second.

    ``alive_s``: when it was last seen to be well. What can't be decoded makes it wait for the next
    key frame, since all that follows is built on it.
    """

    def __init__(
        self,
        stream: VideoStream,
        fps: float,
        counts: Counts,
        label: str,
        max_pixels: int,
        now: float,
        *,
        has_stamps: bool,
    ) -> None:
        self._stream, self._counts = stream, counts
        self._time_base = stream.time_base if has_stamps else None
        self._label, self._max_pixels = label, max_pixels
        self._clock, self._pace = CaptureClock(), Pace(fps)
        self._waiting: list[Packet[Any]] = []
        self._needs_key, self._is_broken = True, False
        self._asked_s = self.alive_s = now

    def frames(self, packet: "Packet[Any]", arrived_s: float) -> Iterator[LiveFrame]:
        """Take a packet; yield the frames that are due with it. SourceTooLarge."""
        self._clock.note(self._stamp_s(packet), arrived_s)
        if packet.is_keyframe:
            self._begin()
        elif self._lacks_key(arrived_s):
            self._counts.skipped += 1
            return
        self._waiting.append(packet)
        if not self._is_broken:
            self.alive_s = arrived_s
        moment = self._clock.moment(self._stamp_s(packet), arrived_s)
        is_due = self._pace.is_due(moment, is_key=packet.is_keyframe)
        if is_due or len(self._waiting) >= _MOST_WAITING:
            yield from self._decode(arrived_s)

    def _begin(self) -> None:
        """Go on at a key frame; what waited is not needed."""
        if self._waiting or self._is_broken:
            self._counts.skipped += len(self._waiting)
            self._waiting.clear()
            self._stream.codec_context.flush_buffers()
        self._needs_key = False

    def _lacks_key(self, now: float) -> bool:
        if self._needs_key and now - self._asked_s > _KEY_PATIENCE_S:
            self._needs_key = False
        return self._needs_key

    def _decode(self, arrived_s: float) -> Iterator[LiveFrame]:
        packets, self._waiting = self._waiting, []
        for packet in packets:
            try:
                frames = self._stream.decode(packet)
            except DECODING_ERRORS:
                frames = None
            if frames is None or any(frame.is_corrupt for frame in frames):
                self._counts.broken += 1
                self._is_broken = self._needs_key = True
                self._asked_s = arrived_s
                return
            for frame in frames:
                self._is_broken, self.alive_s = False, arrived_s
                moment = self._clock.moment(self._seconds(frame.pts), arrived_s)
                if self._pace.wants(moment, is_key=frame.key_frame):
                    yield self._taken(frame, moment)
                else:
                    self._counts.skipped += 1

    def _taken(self, frame: VideoFrame, moment: float) -> LiveFrame:
        refuse_too_large(frame.width, frame.height, self._label, self._max_pixels)
        self._counts.taken += 1
        return LiveFrame(frame, self._clock.rising(moment), _digest(frame))

    def _stamp_s(self, packet: "Packet[Any]") -> float | None:
        return self._seconds(packet.dts if packet.pts is None else packet.pts)

    def _seconds(self, pts: int | None) -> float | None:
        return seconds(pts, self._time_base)


def seconds(pts: int | None, time_base: Fraction | None) -> float | None:
    """Return a timestamp in seconds, where there is one."""
    return None if pts is None or time_base is None else float(pts * time_base)


def _digest(frame: VideoFrame) -> int:
    """Return a number that differs as soon as a camera's noise does: of some rows of its luma."""
    plane = frame.planes[0]
    data, line = memoryview(plane), plane.line_size
    digest = 0
    for row in range(0, plane.height, _SAMPLED_ROWS):
        digest = zlib.crc32(data[row * line : (row + 1) * line], digest)
    return digest
