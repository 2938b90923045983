"""The decoded frames of a video track, read on past damage, with an account of it."""

from __future__ import annotations  # PyAV's Packet[...] exists in its stubs alone

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import av
from av.error import EOFError as FFmpegEOFError
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame

from posemill.sources.containers import Track

# One packet is one shown frame in these, so packets can be counted without decoding them.
_ONE_FRAME_A_PACKET: Final = frozenset(
    ("h264", "hevc", "vvc", "vp9", "libvpx-vp9", "av1", "libdav1d", "mjpeg", "prores")
)
_MAX_HELD_BYTES: Final = 64 * 1024 * 1024
# A file whose reading fails so often in a row, without a packet between, is over.
_MAX_READ_FAILURES: Final = 16
# Headers round their lengths, and tracks end a little apart.
_LENGTH_SLACK_S: Final = 0.5


_FAILURES: Final = (FFmpegError, ValueError, MemoryError)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame with its number in the source and its seconds from the start of the track."""

    frame: VideoFrame
    index: int
    time_s: float


@dataclass(slots=True)
class Damage:
    """What went wrong so far."""

    lost_packets: int = 0
    patched_frames: int = 0
    unread_parts: int = 0
    first_s: float | None = None
    ended_s: float | None = None

    def note(self, time_s: float) -> None:
        """Remember where the first of it was."""
        self.first_s = time_s if self.first_s is None else self.first_s

    def sentence(self, length_s: float | None) -> str | None:
        """Return it as a sentence, None when all was well."""
        parts = []
        if self.lost_packets or self.unread_parts:
            parts.append(f"{_counted(self.lost_packets + self.unread_parts, 'part')} undecodable")
        if self.patched_frames:
            parts.append(f"{_counted(self.patched_frames, 'frame')} decoded in part")
        where = f" from {self.first_s:.2f} s on" if parts and self.first_s is not None else ""
        if self.ended_s is not None and length_s is not None:
            parts.append(f"it ends at {self.ended_s:.2f} s of {length_s:.2f} s")
        return f"the video is damaged{where}: {', '.join(parts)}" if parts else None


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class FrameReader:
    """Reads the frames of a track in order of time, once, from whatever the file still holds.

    ``origin_pts``: the timestamp from which ``Decoded.time_s`` counts.
    """

    def __init__(self, track: Track) -> None:
        self.damage = Damage()
        self.origin_pts = track.stream.start_time
        self._track = track
        self._demuxed = self._demux()
        self._pending: deque[Packet[Any]] = deque()
        self._ready: deque[VideoFrame] = deque()
        self._is_drained = False
        self._last_s: float | None = None
        self._next_index = 0
        self._end_s = 0.0
        # While skipping is still possible: the frames before the last keyframe jumped to, and
        # the timestamps of the packets since. That gives a frame's number without decoding.
        self._before_jump = 0
        self._pts_since: list[int] | None = []
        self._has_jumped = False

    def read(self) -> Decoded | None:
        """Return the next frame, None at the end of the file."""
        while not self._ready:
            if self._is_drained:
                return None
            packet = self._next_packet()
            self._ready.extend(self._drain() if packet is None else self._decode(packet))
        return self._placed(self._ready.popleft())

    def skip(self, to_s: float) -> None:
        """Pass over the packets that no frame from ``to_s`` on depends on, undecoded.

        Frames keep their true numbers. Earlier frames may still come, from the keyframe on;
        nothing is skipped where the container has no timestamps to go by.
        """
        stream = self._track.stream
        if stream.codec_context.name not in _ONE_FRAME_A_PACKET:
            self._pts_since = None
        target = (self.origin_pts or 0) + int(to_s / self._track.time_base)
        held: deque[Packet[Any]] = deque()
        held_bytes = 0
        while self._pts_since is not None and held_bytes < _MAX_HELD_BYTES:
            packet = self._next_packet()
            if packet is None:
                break
            if packet.is_keyframe and packet.pts is not None and packet.pts <= target:
                held, held_bytes = deque(), 0
                self._jump(packet.pts)
            held.append(packet)
            held_bytes += packet.size
            if packet.pts is not None and packet.pts >= target:
                break
        self._pending = held
        if not self._has_jumped:
            self._pts_since = None

    def finish(self) -> str | None:
        """Return what was wrong with the file, now that all of it has been read."""
        length_s, start = self._track.length_s, self._track.container.start_time
        if length_s is not None:
            # Matroska counts its length from zero, others from the first timestamp.
            ended_s = self._end_s - min(start or 0, 0) / av.time_base
            if ended_s < length_s - max(_LENGTH_SLACK_S, 2 / float(self._track.rate)):
                self.damage.ended_s = max(ended_s, 0.0)
        return self.damage.sentence(length_s)

    def _jump(self, keyframe_pts: int) -> None:
        self._before_jump += len(self._pts_since or ()) - 1
        self._pts_since = [keyframe_pts]
        self._has_jumped = True
        self._ready.clear()
        self._track.stream.codec_context.flush_buffers()

    def _next_packet(self) -> Packet[Any] | None:
        if self._pending:
            return self._pending.popleft()
        packet = next(self._demuxed, None)
        if packet is not None and self._pts_since is not None and not packet.is_discard:
            if packet.pts is None:
                self._pts_since = None  # no telling which frame it becomes
            else:
                self._pts_since.append(packet.pts)
        return packet

    def _demux(self) -> Iterator[Packet[Any]]:
        """Yield the packets of the track, and go on after those that can't be read."""
        container, stream, failures = self._track.container, self._track.stream, 0
        while failures < _MAX_READ_FAILURES:
            try:
                for packet in container.demux():
                    self._note_end(packet)
                    if packet.stream.index == stream.index and packet.size:
                        failures = 0
                        yield packet
                return
            except FFmpegError:
                failures += 1
                self.damage.unread_parts += 1
                self.damage.note(self._last_s or 0.0)

    def _note_end(self, packet: Packet[Any]) -> None:
        # Of all tracks, for the header's length is that of the longest one.
        if packet.pts is not None and packet.time_base is not None:
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self._end_s = max(self._end_s, end)

    def _decode(self, packet: Packet[Any]) -> list[VideoFrame]:
        try:
            return self._track.stream.decode(packet)
        except _FAILURES:
            self._note_lost()
            return []

    def _drain(self) -> list[VideoFrame]:
        """Return what the decoder still holds; its threads may report damage in between."""
        self._is_drained = True
        frames: list[VideoFrame] = []
        for _ in range(_MAX_READ_FAILURES):
            try:
                frames += self._track.stream.decode(None)
                break
            except FFmpegEOFError:
                break
            except _FAILURES:
                self._note_lost()
        return frames

    def _note_lost(self) -> None:
        self.damage.lost_packets += 1
        self.damage.note(self._last_s or 0.0)

    def _placed(self, frame: VideoFrame) -> Decoded:
        if self._has_jumped:
            self._next_index = self._index_after_jump(frame)
        step_s = float(1 / self._track.rate)
        if frame.pts is None:
            time_s = 0.0 if self._last_s is None else self._last_s + step_s
        else:
            if self.origin_pts is None or (self._last_s is None and frame.pts < self.origin_pts):
                self.origin_pts = frame.pts
            time_s = float((frame.pts - self.origin_pts) * self._track.time_base)
        self._last_s = time_s
        index, self._next_index = self._next_index, self._next_index + 1
        if frame.is_corrupt:
            self.damage.patched_frames += 1
            self.damage.note(time_s)
        return Decoded(frame, index, time_s)

    def _index_after_jump(self, frame: VideoFrame) -> int:
        since, self._pts_since, self._has_jumped = self._pts_since or [], None, False
        earlier = sum(pts < frame.pts for pts in since) if frame.pts is not None else 0
        return self._before_jump + earlier
