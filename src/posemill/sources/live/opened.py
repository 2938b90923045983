"""A live source as a source among others: its first frame is there when it is open."""

from collections.abc import Iterator
from typing import Self

from posemill.errors import BrokenSource, SourceError
from posemill.sources.files import shown
from posemill.sources.live.connection import LiveOptions
from posemill.sources.live.source import LiveSource, LiveState, Taken
from posemill.sources.selection import Selection
from posemill.types import Frame, SourceInfo

_USUAL_FPS = 15.0


class LiveFrames:
    """Frames of a live source until it is stopped, all of the size of the first one.

    What is lost after the first frame is connected to again; ``stop`` may come from any thread.
    """

    def __init__(self, source: LiveSource, taken: Iterator[Taken], info: SourceInfo) -> None:
        self.info = info
        self.damage: str | None = None
        self._source, self._taken = source, taken

    def __iter__(self) -> Iterator[Frame]:
        size = (self.info.width, self.info.height)
        for taken in self._taken:
            try:
                frame = self._source.frame(taken)
            except SourceError:
                continue  # the next one may do
            if (frame.width, frame.height) != size:
                # What there is so far is worth keeping.
                self.damage = (
                    f"frames are {frame.width} x {frame.height} pixels from {taken.time_s:.2f} s "
                    f"on, no longer {size[0]} x {size[1]}; `posemill watch` goes on with both"
                )
                return
            yield frame

    def stop(self) -> None:
        """End the iteration."""
        self._source.stop()

    def close(self) -> None:
        """Let go of it."""
        self._source.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_live(address: str, selection: Selection) -> LiveFrames:
    """Connect to a live address and wait for its first frame. SourceError where none comes."""
    failed: list[str] = []

    def note(state: LiveState) -> None:
        if state.word in ("failed", "stalled") and not begun:
            failed.append(state.reason)
            source.stop()

    begun: list[Taken] = []
    options = LiveOptions(
        max_fps=selection.fps or _USUAL_FPS,
        loop=False,
        rotate=selection.rotate,
        max_pixels=selection.max_pixels,
    )
    source = LiveSource(address, options, on_state=note)
    frames = iter(source)
    for taken in frames:
        begun.append(taken)
        break
    if not begun:
        raise BrokenSource(f"{source.shown}: {failed[0] if failed else 'there is no frame in it.'}")
    first = source.frame(begun[0])
    info = SourceInfo(shown(source.shown), "video", first.width, first.height)
    return LiveFrames(source, _after(begun[0], frames), info)


def _after(first: Taken, rest: Iterator[Taken]) -> Iterator[Taken]:
    yield first
    yield from rest
