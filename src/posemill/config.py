"""The one settings table: names, types, bounds, defaults, and where each value comes from.

Values come, in rising order, from the defaults here, from ``posemill.toml`` in the working
folder (or the file that ``POSEMILL_CONFIG`` names), from ``POSEMILL_*`` variables, and from
flags. Plain Python on purpose: pydantic-settings would cost a quarter of a cold start.
"""

import math
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from reprlib import Repr
from typing import Any, Final, Literal, TypeVar, cast

from posemill.errors import SettingError
from posemill.options import PEOPLE_CAP, PRECISIONS, ROTATIONS, SUBJECTS, TILES, is_subject

Value = bool | int | float | str | tuple[int, ...] | None
Section = Literal["engine", "people", "drawing", "selection", "limits", "other"]

FILE_NAME: Final = "posemill.toml"
FILE_VARIABLE: Final = "POSEMILL_CONFIG"
PREFIX: Final = "POSEMILL_"
DEFAULT_ORIGIN: Final = "default"
LABEL_WIDTH: Final = 16
SEGMENTS: Final = ("off", "auto")
_MAX_BYTES: Final = 1_000_000
# What Kubernetes sets in every container for a service that is called posemill.
_OF_KUBERNETES: Final = re.compile(r"POSEMILL_(SERVICE_|PORT$|PORT_\d)", re.ASCII)

_T = TypeVar("_T")
_WORDS: Final = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off"), False
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What values a setting takes.

    ``expects`` completes "it must be ...", ``label`` stands for a value in the help.
    ``parse`` turns a string or a TOML value into the value, or raises ValueError. ``words``:
    all values, where there are only a few.
    """

    expects: str
    label: str
    parse: Callable[[object], Value]
    words: tuple[str, ...] = ()


def _whole(low: int, high: int | None = None, note: str = "") -> Kind:
    def parse(raw: object) -> int:
        value = raw if type(raw) is int else int(_text(raw))
        return _within(value, low <= value and (high is None or value <= high))

    bounds = f"from {low} {'up' if high is None else f'to {high}'}"
    return Kind(f"{low}{note}" if low == high else f"a whole number {bounds}", "N", parse)


def _number(low: float, high: float = math.inf, *, above: bool = False) -> Kind:
    def parse(raw: object) -> float:
        value = _finite(raw)
        return _within(value, low < value <= high if above else low <= value <= high)

    bounds = (
        f"above {low:g}" if above else f"from {low:g} " + f"to {high:g}".replace("to inf", "up")
    )
    return Kind(f"a number {bounds}", "X" if high == math.inf else f"{low:g}..{high:g}", parse)


def _choice(*values: str | int, note: str = "") -> Kind:
    names = {str(value): value for value in values}

    def parse(raw: object) -> Value:
        return names[str(raw) if type(raw) is int else _text(raw)]

    label = "|".join(names)
    label = label if len(label) < LABEL_WIDTH else "NAME"
    return Kind(" or ".join(names) + note, label, parse, tuple(names))


def _parse_flag(raw: object) -> bool:
    return raw if isinstance(raw, bool) else _WORDS[_text(raw).lower()]


def _parse_moment(raw: object) -> Value:
    *larger, last = str(raw).strip().split(":")  # str: TOML has times of day of its own
    _within(last, len(larger) <= 2 and all(part.isdecimal() for part in larger))
    seconds = float(last)
    _within(seconds, 0 <= seconds < (60 if larger else math.inf))
    for power, part in enumerate(reversed(larger), start=1):
        seconds += int(part) * 60.0**power
    return _within(seconds, math.isfinite(seconds))


def _parse_region(raw: object) -> Value:
    numbers = raw if isinstance(raw, list) else [int(part) for part in _text(raw).split(",")]
    whole = len(numbers) == 4 and all(type(each) is int for each in numbers)
    return _within(tuple(numbers), whole and min(numbers) >= 0 and min(numbers[2:]) > 0)


def _parse_subject(raw: object) -> Value:
    text = str(raw) if type(raw) is int else _text(raw)
    return _within(text, is_subject(text))


_SEGMENT_NUMBER: Final = _whole(1, 256)


def _parse_segments(raw: object) -> Value:
    text = str(raw) if type(raw) is int else _text(raw)
    return text if text in SEGMENTS else str(_SEGMENT_NUMBER.parse(text))


FLAG: Final = Kind("true or false", "", _parse_flag)
SHARE: Final = _number(0, 1)
MOMENT: Final = Kind("seconds or [hh:]mm:ss, from 0 up", "TIME", _parse_moment)
REGION: Final = Kind("x,y,width,height in pixels, from 0,0 up", "X,Y,W,H", _parse_region)
SEGMENT_COUNT: Final = Kind(
    f"{', '.join(SEGMENTS)} or {_SEGMENT_NUMBER.expects}", "off|auto|N", _parse_segments
)
SUBJECT: Final = Kind(
    " or ".join(SUBJECTS) + " or the id of a person", "|".join((*SUBJECTS, "ID")), _parse_subject
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    default: Value
    kind: Kind
    section: Section
    text: str
    example: str = ""

    @property
    def flag(self) -> str:
        """Its flag on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def negative_flag(self) -> str:
        """The flag that turns it off, where it is true or false."""
        return "--no-" + self.flag[2:]

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()

    def parse(self, raw: object, origin: str) -> Value:
        """Return the value behind ``raw``; SettingError, naming bounds and origin."""
        try:
            return self.kind.parse(raw)
        except (ValueError, KeyError, OverflowError):
            raise SettingError(
                f"{self.name} must be {self.kind.expects}, not {_shown(raw)} (from {origin})."
            ) from None


def _row(default: _T, kind: Kind, section: Section, text: str, example: str = "") -> _T:
    row = {"kind": kind, "section": section, "text": text, "example": example}
    return field(default=default, metadata=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective value of every setting; the fields are the rows of the table."""

    static_image_mode: bool = _row(False, FLAG, "engine", "Take each frame as a picture by itself.")
    model_complexity: int = _row(1, _choice(0, 1, 2), "engine", "0 lite, 1 full, 2 heavy model.")
    smooth_landmarks: bool = _row(True, FLAG, "engine", "Smooth landmarks over time, in videos.")
    enable_segmentation: bool = _row(False, FLAG, "engine", "Compute each person's mask as well.")
    smooth_segmentation: bool = _row(True, FLAG, "engine", "Smooth masks over time, in videos.")
    min_detection_confidence: float = _row(
        0.5, SHARE, "engine", "How sure the detector must be that there is a person."
    )
    min_tracking_confidence: float = _row(
        0.5, SHARE, "engine", "How sure the landmark model must be to go on with a person."
    )
    max_people: int = _row(
        1, _whole(0, PEOPLE_CAP), "people", f"People to look for, 0 for all (up to {PEOPLE_CAP})."
    )
    min_people: int = _row(
        1, _whole(0, PEOPLE_CAP), "people", "With fewer in sight, detect in every frame of a video."
    )
    redetect_every: int = _row(
        0,
        _whole(0, 1_000_000),
        "people",
        "Frames between looks for more people, 0 for half a second.",
    )
    track_patience_s: float = _row(
        2.0, _number(0), "people", "Seconds for which a lost person keeps the id."
    )
    detect_tiles: str | None = _row(
        None,
        _choice(*TILES),
        "people",
        "Look closer, for small and far people: in 2x2 or 3x3 tiles, or where it helps (auto: "
        "the default in pictures of several people).",
        '"auto"',
    )
    detect_rotations: str | None = _row(
        None,
        _choice(*ROTATIONS),
        "people",
        "Where nobody stands upright, look for people who lie or are upside down (auto: the "
        "default in pictures).",
        '"auto"',
    )
    region: tuple[int, int, int, int] | None = _row(
        None, REGION, "people", "Look for people in this part of the picture only.", "[0, 0, 9, 9]"
    )
    refine_passes: int = _row(
        0, _whole(0, 3), "people", "In pictures, further passes, each from the last one's result."
    )
    subject: str | None = _row(
        None,
        SUBJECT,
        "people",
        "Give one person only, chosen so and kept: by score, size, nearness to the middle, or id.",
        '"largest"',
    )
    repair_swaps: bool = _row(
        False, FLAG, "people", "Exchange left and right where they changed places in one frame."
    )
    engine: str = _row(
        "openvino",
        _choice("openvino", "mediapipe"),
        "engine",
        "What runs the models: openvino or mediapipe.",
    )
    precision: str = _row("f32", _choice(*PRECISIONS), "engine", "Their arithmetic.")
    threads: int = _row(0, _whole(0, 1024), "engine", "Cores for one inference, 0 for all.")
    model_cache: bool = _row(
        True, FLAG, "engine", "Keep compiled models in the user's cache folder for the next start."
    )
    style: str = _row(
        "plain",
        _choice("plain", "limbs"),
        "drawing",
        "plain: red points, white lines. limbs: each arm and leg in a colour of its own.",
    )
    min_visibility: float = _row(0.6, SHARE, "drawing", "Hide joints less visible than this.")
    background: float = _row(1.0, SHARE, "drawing", "How much of the picture shows, 0 for black.")
    transparent: bool = _row(
        False,
        FLAG,
        "drawing",
        "Only the skeleton, in .png and .webp (in a folder, videos: on black).",
    )
    names: bool = _row(False, FLAG, "drawing", "Write the name of each joint.")
    values: bool = _row(False, FLAG, "drawing", "Write the visibility of each joint.")
    box: bool = _row(False, FLAG, "drawing", "Draw the box around each person.")
    mask: bool = _row(
        False, FLAG, "drawing", "Tint each person's mask; implies enable_segmentation."
    )
    start: float | None = _row(
        None, MOMENT, "selection", "Where in a video to start: seconds or hh:mm:ss.", '"0:10"'
    )
    end: float | None = _row(
        None, MOMENT, "selection", "Where in a video to end: seconds or hh:mm:ss.", '"1:30"'
    )
    every: int = _row(1, _whole(1), "selection", "Take one frame of a video in so many.")
    fps: float | None = _row(
        None, _number(0, above=True), "selection", "Take at most so many frames a second.", "10"
    )
    rotate: int = _row(0, _choice(0, 90, 180, 270), "selection", "Degrees to turn it, clockwise.")
    all_frames: bool = _row(
        False, FLAG, "selection", "Take every frame of an animated picture, not only the first."
    )
    segments: str = _row(
        "auto",
        SEGMENT_COUNT,
        "selection",
        "Track so many parts of a long video at once; auto: where it is faster.",
        '"off"',
    )
    max_pixels: int = _row(64_000_000, _whole(1), "limits", "Largest width x height to decode.")
    debug: bool = _row(False, FLAG, "other", "Show where in the program an error arose.")


TABLE: Final[Mapping[str, Setting]] = {
    each.name: Setting(each.name, cast(Value, each.default), **each.metadata)
    for each in fields(Settings)
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The effective settings, and by setting where its value comes from."""

    settings: Settings
    origins: Mapping[str, str]


def settings_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file that counts here; it need not exist."""
    return Path(environ.get(FILE_VARIABLE) or FILE_NAME)


def resolve(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Resolved:
    """Put the settings together; ``flags`` by name of setting. SettingError on nonsense."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(TABLE, DEFAULT_ORIGIN)
    for name, raw, origin in _given(flags or {}, environ):
        values[name] = TABLE[name].parse(raw, origin)
        origins[name] = origin
    return Resolved(Settings(**values), origins)


def _given(
    flags: Mapping[str, object], environ: Mapping[str, str]
) -> Iterator[tuple[str, object, str]]:
    path = settings_file(environ)
    for key, raw in _read(path, required=bool(environ.get(FILE_VARIABLE))).items():
        if key not in TABLE:
            where = f"{path}: {_shown(key)} is not a setting"
            sections = "; settings stand at the top, not in sections" * isinstance(raw, dict)
            raise SettingError(f"{where}{sections}{_nearest(key, list(TABLE))}")
        yield key, raw, str(path)
    names = {setting.variable: name for name, setting in TABLE.items()}
    for variable in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        if variable == FILE_VARIABLE or not environ[variable] or _OF_KUBERNETES.match(variable):
            continue
        if variable not in names:
            nearest = _nearest(variable[len(PREFIX) :].lower(), list(TABLE), as_variable=True)
            raise SettingError(f"the variable {variable} is not a setting{nearest}")
        yield names[variable], environ[variable], variable
    for name, raw in flags.items():
        if name not in TABLE:
            raise SettingError(f"{_shown(name)} is not a setting{_nearest(name, list(TABLE))}")
        yield name, raw, TABLE[name].negative_flag if raw is False else TABLE[name].flag


def _read(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = _bytes(path).decode()
    except FileNotFoundError:
        if not required:
            return {}
        raise SettingError(f"{path}: there is no such file ({FILE_VARIABLE} names it).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: can't be read as settings: {error}.") from error
    import tomllib  # noqa: PLC0415 - most runs have no settings file

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise SettingError(f"{path}: isn't valid TOML: {error}.") from error


def _bytes(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a FIFO that nobody writes to would hang for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise SettingError(f"{path}: can't be read as settings: it is not a regular file.")
        with os.fdopen(number, "rb", closefd=False) as file:
            data = file.read(_MAX_BYTES + 1)
    finally:
        os.close(number)
    if len(data) > _MAX_BYTES:
        raise SettingError(f"{path}: can't be read as settings: it is larger than 1 MB.")
    return data


def _nearest(name: str, known: list[str], *, as_variable: bool = False) -> str:
    from difflib import get_close_matches  # noqa: PLC0415

    matches = get_close_matches(name, known, 1)
    shown = [PREFIX + match.upper() if as_variable else match for match in matches]
    return f"; did you mean {shown[0]}?" if shown else "."


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError(raw)
    return raw.strip()


def _finite(raw: object) -> float:
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    value = float(raw) if number else float(_text(raw))  # type: ignore[arg-type]
    return _within(value, math.isfinite(value))


def _within(value: _T, inside: bool) -> _T:
    if not inside:
        raise ValueError(value)
    return value


def _shown(raw: object) -> str:
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = 40
    return "a section" if isinstance(raw, dict) else short.repr(raw)
