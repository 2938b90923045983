"""The frames that are measured: a user's video, or a drawn one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final

from posemill.bench.clock import Clock
from posemill.drawing.figure import draw_figures
from posemill.errors import UsageError
from posemill.sinks import open_sink
from posemill.sources import open_source
from posemill.types import Frame, FramePoses, SourceInfo

FIGURE: Final = "a drawn figure"
SIZE_PX: Final = (1280, 720)
RATE: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video at ``path`` and its first frames, decoded and held in memory."""

    path: Path
    info: SourceInfo
    frames: Sequence[Frame]

    def read(self, clock: Clock) -> None:
        """Decode the same frames again, timed as ``decode``, and keep none of them."""
        with clock("decode"), open_source(self.path) as source:
            for _ in islice(source, len(self.frames)):
                pass


def open_clip(path: str | Path, count: int) -> Clip:
    """Decode the first ``count`` frames. UsageError where there is none."""
    with open_source(path) as source:
        frames = list(islice(source, count))
        info = source.info
    if not frames:
        raise UsageError(f"{path} has no frames to measure on")
    return Clip(Path(path), info, frames)


def figure_clip(path: Path, count: int) -> Clip:
    """Write a video of a drawn figure to ``path``, and open it."""
    write_figures(path, count)
    clip = open_clip(path, count)
    return replace(clip, info=replace(clip.info, name=FIGURE))


def write_figures(
    path: Path, count: int, *, people: int = 1, size_px: tuple[int, int] = SIZE_PX
) -> None:
    """Write ``count`` frames of drawn people, 30 a second."""
    width, height = size_px
    info = SourceInfo(
        FIGURE, "video", width, height, fps=float(RATE), extra={"average_rate": Fraction(RATE)}
    )
    sink = open_sink(path, info, {})
    try:
        for frame in figures(count, people=people, size_px=size_px):
            sink.write(FramePoses(frame.index, frame.time_s, size_px), frame.pixels)
        sink.finish()
    finally:
        sink.discard()


def figures(count: int, *, people: int = 1, size_px: tuple[int, int] = SIZE_PX) -> Iterator[Frame]:
    """Yield ``count`` frames of drawn people, 30 a second."""
    for index in range(count):
        time_s = index / RATE
        yield Frame(draw_figures(people, *size_px, time_s), index, time_s)
