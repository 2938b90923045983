"""The report on a clip, from its records and, where it is at hand, the video itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill import __version__
from posemill.analysis.angles import Angles
from posemill.analysis.counting import AUTO, Count, Exercise, count, count_automatically
from posemill.analysis.motion import Motion
from posemill.documents.angles import Measured
from posemill.documents.pictures import pictures_at
from posemill.drawing import DrawingStyle, draw
from posemill.exercises import load_exercise
from posemill.reports.angle_words import angle_word
from posemill.reports.html import Language
from posemill.reports.movement import Person, Shown, movement_report
from posemill.reports.movement_words import TEXTS
from posemill.sources import Selection
from posemill.types import FramePoses, Picture

_LEAST_S: Final = 1.0  # of somebody's motion, to be reported on where others are there longer
_MOST_PEOPLE: Final = 8
_EMPTY_SIDE_PX: Final = 1600
_EMPTY_GREY: Final = 40
_STYLE: Final = DrawingStyle(style="limbs")
_LEAST_SPAN: Final = 10.0
_LEAST_PX: Final = 32
_ROOM: Final = 1.8  # what is shown around a person, in sizes of theirs

# A person's place among those told of, and the number of a frame.
_Place = tuple[int, int]


def report_of(
    header: Mapping[str, Any],
    frames: Sequence[FramePoses],
    people: Sequence[Measured],
    *,
    media: tuple[Path, Selection] | None = None,
    exercise: str = AUTO,
    language: Language = "en",
) -> str:
    """Return the report, an HTML document.

    ``people``: everyone in ``frames``, those who are seen most first. ``media``: where the video
    is, and what of it was looked at; without it skeletons stand on grey. SettingError.
    """
    chosen = None if exercise == AUTO else load_exercise(exercise)
    long = [each for each in people if each.motion.duration_s >= _LEAST_S] or list(people[:1])
    told = long[:_MOST_PEOPLE]
    moments = [_moments(each.motion, each.angles, language) for each in told]
    shown = _all_shown(frames, told, moments, media)
    persons = [
        Person(
            each.motion,
            each.angles,
            each.quality,
            [shown[place, index] for index in sorted(moments[place])],
            *_repetitions(each.motion, chosen, language),
        )
        for place, each in enumerate(told)
    ]
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return movement_report(
        header,
        persons,
        duration_s=frames[-1].time_s - frames[0].time_s,
        language=language,
        made=f"posemill {__version__}, {now}",
    )


def _all_shown(
    frames: Sequence[FramePoses],
    people: Sequence[Measured],
    moments: Sequence[Mapping[int, str]],
    media: tuple[Path, Selection] | None,
) -> dict[_Place, Shown]:
    """Return what to show of everyone; pictures are drawn one after the other as they come."""
    wanted: dict[int, list[int]] = {}
    for place, each in enumerate(moments):
        for index in each:
            wanted.setdefault(index, []).append(place)
    poses = {frame.index: frame for frame in frames if frame.index in wanted}
    shown: dict[_Place, Shown] = {}

    def show(index: int, pixels: Picture | None) -> None:
        for place in wanted[index]:
            caption, motion = moments[place][index], people[place].motion
            shown[place, index] = _shown(poses[index], pixels, motion, caption)

    if media is not None:
        path, selection = media
        times_s = {index: frame.time_s for index, frame in poses.items()}
        for index, pixels in pictures_at(path, times_s, selection):
            show(index, pixels)
    for index in wanted:
        if (wanted[index][0], index) not in shown:
            show(index, None)
    return shown


def _repetitions(
    motion: Motion, exercise: Exercise | None, language: Language
) -> tuple[Count | None, str]:
    """Return somebody's repetitions and the exercise in words, None where nothing repeats."""
    if len(motion) < 2:
        return None, ""
    if exercise is not None:
        return count(motion, exercise), exercise.names.get(language, exercise.name)
    found = count_automatically(motion)
    return (found, "") if found.count >= 2 and "aperiodic" not in found.doubts else (None, "")


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
            value = f"{values[place]:z.0f}".replace("-", "\N{MINUS SIGN}")
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
    half = np.full(2, max(_ROOM * (high - low).max(), _LEAST_PX) / 2)
    if (2 * half >= sides.min()).any():
        return picture
    middle = np.clip((low + high) / 2, half, sides - half)
    (left, top), (right, bottom) = (middle - half).astype(int), (middle + half).astype(int)
    # A copy, or all of the picture would stay in memory.
    return picture[top:bottom, left:right].copy()


def _empty(frame: FramePoses) -> Picture:
    """Return a plain background of the frame's shape."""
    width, height = frame.size_px
    scale = _EMPTY_SIDE_PX / max(width, height)
    shape = (max(round(height * scale), 1), max(round(width * scale), 1), 3)
    return np.full(shape, _EMPTY_GREY, np.uint8)
