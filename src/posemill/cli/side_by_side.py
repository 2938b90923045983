"""The video of a comparison: A as it was filmed, B in step with it, what differs marked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill.analysis.comparing import NAMES, Comparison
from posemill.analysis.comparing.features import MEASURES
from posemill.analysis.motion import Motion
from posemill.assemble import Workshop
from posemill.cli.skeletons import Skeletons
from posemill.config import Settings
from posemill.drawing import DrawingStyle, draw
from posemill.drawing.beside import beside, mark
from posemill.errors import SourceError
from posemill.skeleton import LANDMARK_INDEX
from posemill.types import FramePoses, Picture, Pose, SourceInfo

DIFFERS_DEG: Final = 20.0  # about what the model gets wrong from another side; more is marked
_MOST_PX: Final = 720
_BLANK_PX: Final = 1920  # the longer side of a black picture
_MOST_NAMED: Final = 3
_STYLE: Final = DrawingStyle("limbs", min_visibility=0.5)
_PARTS: Final = {
    name: [LANDMARK_INDEX[each] for each in measure.landmarks] for name, measure in MEASURES.items()
}
_USUAL_RATE: Final = 25.0


@dataclass(frozen=True, slots=True)
class Side:
    """One of both: its skeletons, who in them, and where that person is by number of frame."""

    skeletons: Skeletons
    motion: Motion
    poses: Mapping[int, Pose]

    @property
    def name(self) -> str:
        return Path(str(self.skeletons.header["source"])).name


def side(skeletons: Skeletons, motion: Motion) -> Side:
    """Return one side: one person of a source."""
    poses: dict[int, Pose] = {}
    for frame in skeletons.frames:
        for pose in frame.people:
            if pose.id in motion.ids:
                poses.setdefault(frame.index, pose)
    return Side(skeletons, motion, poses)


class Player:
    """Gives the pictures of one side by number, which may only rise; black where there is none."""

    def __init__(self, side: Side, workshop: Workshop) -> None:
        self._size = side.motion.size_px
        self._frames = _frames(side.skeletons, workshop)
        self._last: tuple[int, Picture] | None = None

    def at(self, number: int) -> Picture:
        """Return the picture of a frame. SourceError."""
        while self._last is None or self._last[0] < number:
            found = next(self._frames, None)
            if found is None:
                break
            self._last = found
        if self._last is None:
            # Not of the size itself: records of others may claim any.
            scale = min(_BLANK_PX / max(self._size), 1.0)
            width, height = (max(round(side * scale), 1) for side in self._size)
            return np.zeros((height, width, 3), np.uint8)
        return self._last[1]


def _frames(skeletons: Skeletons, workshop: Workshop) -> Iterator[tuple[int, Picture]]:
    media = skeletons.media
    if media is None:
        return
    with workshop.open(media) as source:
        for frame in source:
            yield frame.index, frame.pixels


def picture_of(
    found: Comparison, place: int, sides: tuple[Side, Side], players: tuple[Player, Player]
) -> Picture:
    """Return both people at one aligned pair, with what differs marked and told."""
    numbers = (int(found.moments.a_frame[place]), int(found.moments.b_frame[place]))
    degrees = found.moments.joints_deg[place]
    worst_first = sorted(zip(NAMES, np.nan_to_num(degrees), strict=True), key=lambda each: -each[1])
    differing = [name for name, off in worst_first if off > DIFFERS_DEG]
    both = []
    for number, each, player in zip(numbers, sides, players, strict=True):
        canvas = player.at(number)
        pose = each.poses.get(number)
        if pose is not None:
            canvas = draw(canvas, FramePoses(number, 0.0, pose.size_px, (pose,)), _STYLE)
            mark(canvas, pose, [_PARTS[name] for name in differing])
        both.append(canvas)
    height = max(min(_MOST_PX, max(canvas.shape[0] for canvas in both)), 2)
    return beside(both[0], both[1], height - height % 2, _lines(found, place, sides, differing))


def _lines(
    found: Comparison, place: int, sides: tuple[Side, Side], differing: list[str]
) -> list[str]:
    total = "-" if found.similarity is None else f"{found.similarity:.0f}"
    now = found.moments.difference_deg[place]
    here = f"   now {now:.0f} degrees apart" if np.isfinite(now) else ""
    a_s, b_s = found.moments.a_s[place], found.moments.b_s[place]
    names = ", ".join(name.replace("_", " ") for name in differing[:_MOST_NAMED])
    if len(differing) > _MOST_NAMED:
        names += f" and {len(differing) - _MOST_NAMED} more"
    times = "" if found.kind == "pictures" else f"  {a_s:.2f} s\t{b_s:.2f} s  "
    shown = f"{_short(sides[0].name)}{times or chr(9)}{_short(sides[1].name)}"
    return [f"similarity {total}{here}", shown, f"differs: {names}" if names else ""]


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:14]}...{name[-11:]}"


def places_of(found: Comparison, a: Motion) -> Iterator[tuple[int, float]]:
    """Yield, for each frame of A within what was matched, the pair to show, and its time."""
    start_s, end_s = found.a_span_s
    inside = (a.time_s >= start_s - 1e-6) & (a.time_s <= end_s + 1e-6)
    times = a.time_s[inside]
    places = np.clip(np.searchsorted(found.moments.a_s, times, "right") - 1, 0, None)
    for place, time_s in zip(places.tolist(), times.tolist(), strict=True):
        yield place, time_s - float(times[0])


def write_video(
    path: Path,
    found: Comparison,
    sides: tuple[Side, Side],
    settings: Settings,
    step: Callable[[int, int], None],
) -> None:
    """Write the video of a comparison. SinkError, SourceError.

    ``step``: told after each frame how many there are, of how many.
    """
    from posemill.sinks.video import VideoSink  # noqa: PLC0415 - loads PyAV

    workshop = Workshop(settings)
    players = (Player(sides[0], workshop), Player(sides[1], workshop))
    shown = list(places_of(found, sides[0].motion))
    sink: Any = None
    try:
        for number, (place, time_s) in enumerate(shown):
            picture = picture_of(found, place, sides, players)
            if sink is None:
                interval_s = sides[0].motion.interval_s
                fps = 1 / interval_s if interval_s > 0 else _USUAL_RATE
                size = picture.shape
                info = SourceInfo(path.name, "video", size[1], size[0], fps=fps)
                sink = VideoSink(path, info, {})
            sink.write(FramePoses(number, time_s, (size[1], size[0])), picture)
            step(number + 1, len(shown))
        if sink is None:
            raise SourceError("there is no frame to show.")
        sink.finish()
    finally:
        if sink is not None:
            sink.discard()


def pictures_at(
    found: Comparison, places: list[int], sides: tuple[Side, Side], settings: Settings
) -> list[Picture]:
    """Return the pictures of some aligned pairs, in rising order of the pairs."""
    workshop = Workshop(settings)
    players = (Player(sides[0], workshop), Player(sides[1], workshop))
    return [picture_of(found, place, sides, players) for place in sorted(places)]
