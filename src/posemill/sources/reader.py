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
from posemill.sources.damage import Damage
from posemill.sources.selection import Cut

# One packet is one shown frame in these, so packets can be counted without decoding them.
ONE_FRAME_A_PACKET: Final = frozenset(
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
        self._begin_pts: int | None = None
        # While skipping is still possible: the frames before the last keyframe jumped to, and
        # the timestamps of the packets since. That gives a frame's number without decoding.
        self._before_jump = 0
        self._pts_since: list[int] | None = []
        self._has_jumped = False

    def read(self) -> Decoded | None:
        """Return the next frame, None at the end of the file."""
        while True:
            while not self._ready:
                if self._is_drained:
                    return None
                packet = self._next_packet()
                self._ready.extend(self._drain() if packet is None else self._decode(packet))
            frame = self._ready.popleft()
            if not self._is_before_cut(frame):
                return self._placed(frame)

    def start_at(self, cut: Cut, origin_pts: int | None, back_s: float) -> Decoded | None:
        """Begin at a key frame rather than at the start; return it, None where it isn't found.

        ``origin_pts``: that of a reader from the start, whose times these frames have too.
        ``back_s``: how much earlier to look for it. Call it before the first ``read``.
        Errors: FFmpegError where the file can't be searched.
        """
        stream, back = self._track.stream, int(back_s / self._track.time_base)
        self._track.container.seek(cut.pts - back, stream=stream)
        stream.codec_context.flush_buffers()
        self.origin_pts, self._next_index = origin_pts, cut.index
        self._begin_pts, self._pts_since = cut.pts, None
        first = self.read()
        return first if first is not None and first.frame.pts == cut.pts else None

    def skip(self, to_s: float) -> None:
        """Pass over the packets that no frame from ``to_s`` on depends on, undecoded.

        Frames keep their true numbers. Earlier frames may still come, from the keyframe on;
        nothing is skipped where the container has no timestamps to go by.
        """
        stream = self._track.stream
        if stream.codec_context.name not in ONE_FRAME_A_PACKET:
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

    def _is_before_cut(self, frame: VideoFrame) -> bool:
        # Seeking may land early, and frames that are shown before a key frame may follow it.
        if self._begin_pts is None:
            return False
        if frame.pts is None or frame.pts < self._begin_pts:
            return True
        self._begin_pts, self.damage = None, Damage()  # what came before belongs to others
        return False

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
