"""Drawn people, and clips of them, for the cameras of tests."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Final, NamedTuple

import av
from av.bitstream import BitStreamFilterContext
from PIL import Image

from posemill.drawing.figure import draw_figures
from posemill.types import Picture

NANOSECONDS: Final = Fraction(1, 1_000_000_000)


def people(
    frames: int, size_px: tuple[int, int] = (320, 240), *, fps: float = 10.0, persons: int = 1
) -> list[Picture]:
    """Return so many pictures of drawn people, there and back, so that a loop has no jump."""
    there = [draw_figures(persons, *size_px, n / fps) for n in range(frames // 2 + 1)]
    return [there[min(n, frames - n)] for n in range(frames)]


def jpegs(pictures: Iterable[Picture], quality: int = 85) -> list[bytes]:
    """Return pictures as JPEGs."""
    made = []
    for pixels in pictures:
        file = BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        made.append(file.getvalue())
    return made


def h264_clip(
    path: Path,
    pictures: Sequence[Picture],
    fps: int = 10,
    seconds: float | None = None,
    gop: int | None = None,
) -> Path:
    """Write RGB pictures of one size as H.264 in MP4, as a camera encodes: no B-frames.

    ``seconds``: as long as this, the pictures again and again; each once without it. ``gop``:
    frames from one key frame to the next, no others between; a second's without it.
    """
    frames = len(pictures) if seconds is None else round(seconds * fps)
    height, width = pictures[0].shape[:2]
    options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1", "crf": "18"}
    options |= {"x264-params": f"keyint={gop or fps}:min-keyint={gop or fps}:scenecut=0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for pixels in islice(cycle(pictures), frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


class Unit(NamedTuple):
    """One access unit as a byte stream; times in ns from the first one of its clip."""

    dts: int
    pts: int
    duration: int
    data: bytes
    is_key: bool


def units(clip: Path) -> list[Unit]:
    """Return the access units of a clip's video."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        to_bytes = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [done for packet in container.demux(stream) for done in to_bytes.filter(packet)]
        base = stream.time_base

    def ns(stamp: int | None) -> int:
        assert stamp is not None
        assert base is not None
        return round(stamp * base / NANOSECONDS)

    assert packets[0].is_keyframe
    start = ns(packets[0].dts)
    return [
        Unit(
            ns(packet.dts) - start,
            ns(packet.pts) - start,
            ns(packet.duration),
            bytes(packet),
            packet.is_keyframe,
        )
        for packet in packets
    ]
