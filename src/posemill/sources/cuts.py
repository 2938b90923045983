"""Where a video can be cut into parts: its key frames, found without decoding."""

from collections.abc import Iterator
from contextlib import closing, suppress

from av.error import FFmpegError

from posemill.sources.containers import Track
from posemill.sources.selection import Cut


def find_cuts(track: Track, origin_pts: int, first_s: float, length_s: float) -> Iterator[Cut]:
    """Yield key frames at least ``length_s`` apart, reading no further than it must.

    ``origin_pts``: the timestamp from which seconds count; ``first_s``: where the first part
    begins. The track is closed in the end. Where timestamps are missing or run backwards, or
    reading fails, there are no more cuts.
    """
    with closing(track.container), suppress(FFmpegError):
        frames = shown_later = 0
        last_dts, after_s = None, first_s
        key: tuple[int, float] | None = None
        for packet in track.container.demux(track.stream):
            if not packet.size:
                continue
            pts, dts = packet.pts, packet.dts
            if pts is None or (dts is not None and last_dts is not None and dts < last_dts):
                return
            last_dts = dts
            # Once decoding is there, what is shown before it has all come.
            if key is not None and dts is not None and dts >= key[0]:
                yield Cut(key[0], frames - shown_later, key[1])
                key = None
            time_s = float((pts - origin_pts) * track.time_base)
            if key is None and packet.is_keyframe and time_s >= after_s + length_s:
                key, after_s, shown_later = (pts, time_s), time_s, 0
            if not packet.is_discard:
                frames += 1
                shown_later += key is not None and pts >= key[0]
