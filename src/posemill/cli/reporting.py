"""`posemill report`: one HTML file about a clip, to read, to keep and to print."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posemill import __version__
from posemill.analysis.angles import GROUPS, Angles
from posemill.analysis.motion import Motion
from posemill.cli.counting import write_text
from posemill.cli.listing import put
from posemill.cli.skeletons import SkeletonReader, Skeletons
from posemill.config import Settings
from posemill.drawing import DrawingStyle, draw
from posemill.errors import PosemillError, UsageError
from posemill.reports.angle_words import angle_word
from posemill.reports.html import Language
from posemill.reports.movement import Person, Shown, movement_report
from posemill.reports.movement_words import TEXTS
from posemill.types import FramePoses, Picture

if TYPE_CHECKING:
    from posemill.cli.angles import Measured

_LEAST_S: Final = 1.0  # of somebody's motion, to be reported on where others are there longer
_MOST_PEOPLE: Final = 8
_EMPTY_SIDE_PX: Final = 1600
_EMPTY_GREY: Final = 40
_STYLE: Final = DrawingStyle(style="limbs")
_LEAST_SPAN: Final = 10.0
_SAME_S: Final = 1e-3
_ROOM: Final = 1.8  # what is shown around a person, in sizes of theirs


def report_on(
    address: str, outs: Sequence[str], settings: Settings, *, exercise: str, language: Language
) -> int:
    """Write a report. SourceError, UsageError, SinkError."""
    from posemill.cli.angles import Wanted, measured  # noqa: PLC0415

    paths = [_checked(Path(out)) for out in outs]
    if not paths:
        raise UsageError("report needs --out report.html.")
    _exercise_named(exercise)  # before minutes of work
    with SkeletonReader(settings) as reader:
        found = reader.read(address)
    people = measured(found, Wanted(GROUPS["main"]))
    text = report_of(found, people, language, settings, exercise)
    for path in paths:
        write_text(path, text)
        put(str(path))
    return 0


def report_of(
    found: Skeletons,
    people: Sequence["Measured"],
    language: Language,
    settings: Settings,
    exercise: str = "auto",
) -> str:
    """Return the report on skeletons and the angles of those in them."""
    long = [each for each in people if each.motion.duration_s >= _LEAST_S] or list(people[:1])
    chosen = long[:_MOST_PEOPLE]
    moments = [_moments(each.motion, each.angles, language) for each in chosen]
    pixels = _read(found, {index for each in moments for index in each}, settings)
    frames = {frame.index: frame for frame in found.frames}
    told = [
        Person(
            each.motion,
            each.angles,
            each.quality,
            [
                _shown(frames[index], pixels.get(index), each.motion, caption)
                for index, caption in sorted(shown.items())
            ],
            *_repetitions(each.motion, exercise, language),
        )
        for each, shown in zip(chosen, moments, strict=True)
    ]
    times = [frame.time_s for frame in found.frames]
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return movement_report(
        found.header,
        told,
        duration_s=times[-1] - times[0],
        language=language,
        made=f"posemill {__version__}, {now}",
    )


# --- Repetitions -----------------------------------------------------------------------------


def _exercise_named(name: str) -> Any:
    from posemill.analysis.counting import AUTO  # noqa: PLC0415
    from posemill.exercises import load_exercise  # noqa: PLC0415

    return None if name == AUTO else load_exercise(name)


def _repetitions(motion: Motion, name: str, language: Language) -> tuple[Any, str]:
    """Return somebody's repetitions and the exercise in words, None where nothing repeats."""
    from posemill.analysis.counting import count, count_automatically  # noqa: PLC0415

    exercise = _exercise_named(name)
    if len(motion) < 2:
        return None, ""
    if exercise is not None:
        return count(motion, exercise), exercise.names.get(language, exercise.name)
    found = count_automatically(motion)
    return (found, "") if found.count >= 2 and "aperiodic" not in found.doubts else (None, "")


# --- Pictures --------------------------------------------------------------------------------


def _moments(motion: Motion, found: Angles, language: Language) -> dict[int, str]:
    """Return which frames to show, by number, and what to say of each.

    The first, the middle and the last, and those where the angle that moves most is at its ends.
    """
    texts = TEXTS[language]
    last = len(motion) - 1
    said: dict[int, list[str]] = {}
    for place, word in ((0, "first"), (last // 2, "middle"), (last, "last")):
        said.setdefault(place, []).append(texts[word])
    spans = {
        name: each.range_of_motion or 0.0
        for name, each in found.by_name.items()
        if each.range_of_motion is not None and "hidden" not in each.doubts
    }
    if spans and max(spans.values()) >= _LEAST_SPAN:
        name = max(spans, key=lambda name: spans[name])
        values = found[name].values
        for word, end in (("most", np.nanargmax(values)), ("least", np.nanargmin(values))):
            place = int(end)
            value = f"{values[place]:.0f}".replace("-", "\N{MINUS SIGN}")
            text = texts[word].format(angle=angle_word(name, language), value=value)
            said.setdefault(place, []).append(text)
    if last == 0:
        return {int(motion.frame[0]): ""}
    return {
        int(motion.frame[place]): ", ".join(
            [texts["moment"].format(time=f"{motion.time_s[place]:.2f}"), *words]
        )
        for place, words in said.items()
    }


def _shown(frame: FramePoses, pixels: Picture | None, motion: Motion, caption: str) -> Shown:
    """Return what is around a person in a frame with their skeleton; on grey without ``pixels``."""
    people = tuple(pose for pose in frame.people if pose.id in motion.ids)
    drawn = draw(_empty(frame) if pixels is None else pixels, replace(frame, people=people), _STYLE)
    return Shown(near(drawn, motion, frame.index), pixels is None, caption)


def near(picture: Picture, motion: Motion, index: int) -> Picture:
    """Return what is around a person in the frame of a number: all, where they fill it."""
    place = int(np.flatnonzero(motion.frame == index)[0])
    points = motion.landmarks[place, :, :2]
    sides = np.array(picture.shape[1::-1], float)
    low, high = points.min(axis=0) * sides, points.max(axis=0) * sides
    half = np.full(2, _ROOM * (high - low).max() / 2)
    if (2 * half >= sides.min()).any():
        return picture
    middle = np.clip((low + high) / 2, half, sides - half)
    (left, top), (right, bottom) = (middle - half).astype(int), (middle + half).astype(int)
    return picture[top:bottom, left:right]


def _read(found: Skeletons, wanted: set[int], settings: Settings) -> dict[int, Picture]:
    """Return the pictures of frames by number, as far as they are at hand."""
    from posemill.assemble import selection  # noqa: PLC0415
    from posemill.sources import open_source  # noqa: PLC0415

    times = {frame.index: frame.time_s for frame in found.frames if frame.index in wanted}
    media, last = found.media, max(times, default=-1)
    pixels: dict[int, Picture] = {}
    if media is None:
        return pixels
    try:
        with open_source(media, selection(settings)) as source:
            for frame in islice(source, last + 1):
                # Of the same name, but another clip: its frames are at other times.
                if abs(times.get(frame.index, np.inf) - frame.time_s) <= _SAME_S:
                    pixels[frame.index] = frame.pixels
                if frame.index >= last:
                    break
    except PosemillError:  # the report says that the pictures lack
        return pixels
    return pixels


def _empty(frame: FramePoses) -> Picture:
    """Return a plain background of the frame's shape."""
    width, height = frame.size_px
    scale = _EMPTY_SIDE_PX / max(width, height)
    shape = (max(round(height * scale), 1), max(round(width * scale), 1), 3)
    return np.full(shape, _EMPTY_GREY, np.uint8)


def _checked(path: Path) -> Path:
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {path}: must end in .html.")
    return path
