"""One annotated video out of those of all steps: packets are copied, nothing is encoded again."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.packet import Packet

from posemill.jobs.media.folder import sync_file
from posemill.sinks.sound import Sound
from posemill.types import SourceInfo


class _Piece(NamedTuple):
    """A packet, and its place in ticks from the start of the whole."""

    packet: "Packet[Any]"
    ticks: int


def join_videos(
    parts: Sequence[Path], starts_s: Sequence[float], target: Path, info: SourceInfo
) -> str | None:
    """Write ``target`` with the sound of the source; return what is wrong with that, if anything.

    ``starts_s``: the time of each part's first frame in the source.
    """
    part = target.with_name(f".{target.name}.part")
    with ExitStack() as stack:
        first = stack.enter_context(av.open(str(parts[0])))
        template = first.streams.video[0]
        tick = template.time_base
        assert tick is not None
        options = {"movflags": "+faststart"}
        output = stack.enter_context(
            av.open(str(part), "w", format="mp4", container_options=options)
        )
        video = output.add_stream_from_template(template)
        origin_s = float(info.extra.get("start_s") or 0.0) + starts_s[0]
        path = info.extra.get("path") if info.extra.get("audio") else None
        sound = Sound(path and Path(path), output, origin_s)
        stack.callback(sound.close)
        output.start_encoding()
        for piece, duration in _timed(_pieces(parts, starts_s, tick)):
            for heard in sound.until(float(piece.ticks * tick)):
                output.mux(heard)
            packet = piece.packet
            packet.pts = packet.dts = piece.ticks
            packet.time_base, packet.duration = tick, duration
            packet.stream = video
            output.mux(packet)
            end = piece.ticks + duration
        for heard in sound.until(float(end * tick)):
            output.mux(heard)
    sync_file(part)
    part.replace(target)
    return sound.problem


def _pieces(parts: Sequence[Path], starts_s: Sequence[float], tick: Fraction) -> Iterator[_Piece]:
    last = -1
    for path, start_s in zip(parts, starts_s, strict=True):
        offset = round((start_s - starts_s[0]) / float(tick))
        with av.open(str(path)) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.pts is None or not packet.size:
                    continue
                assert packet.time_base is not None
                ticks = offset + round(packet.pts * packet.time_base / tick)
                last = max(ticks, last + 1)
                yield _Piece(packet, last)


def _timed(pieces: Iterator[_Piece]) -> Iterator[tuple[_Piece, int]]:
    """Yield each piece with how long it is shown: until the next one, the last as it says."""
    before: _Piece | None = None
    for piece in pieces:
        if before is not None:
            yield before, piece.ticks - before.ticks
        before = piece
    if before is not None:
        yield before, max(1, int(before.packet.duration or 1))
