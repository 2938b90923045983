"""What values settings take: from text or TOML to the value, or what it must be instead."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from reprlib import Repr
from typing import Final, TypeVar

from posemill.options import SUBJECTS, is_subject

Value = bool | int | float | str | tuple[int, ...] | None

LABEL_WIDTH: Final = 16
SEGMENTS: Final = ("off", "auto")
_T = TypeVar("_T")
WORDS: Final = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off"), False
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What values a setting takes.

    ``expects`` completes "it must be ...", ``label`` stands for a value in the help.
    ``parse`` turns a string or a TOML value into the value, or raises ValueError. ``words``:
    all values, where there are only a few. ``bounds``: of numbers, the
    higher one None where there is none.
    """

    expects: str
    label: str
    parse: Callable[[object], Value]
    words: tuple[str, ...] = ()
    bounds: tuple[float, float | None] | None = None


def whole(low: int, high: int | None = None, note: str = "") -> Kind:
    """Return the kind of whole numbers in a range."""

    def parse(raw: object) -> int:
        value = raw if type(raw) is int else int(as_text(raw))
        return within(value, low <= value and (high is None or value <= high))

    bounds = f"from {low} {'up' if high is None else f'to {high}'}"
    expects = f"{low}{note}" if low == high else f"a whole number {bounds}"
    return Kind(expects, "N", parse, bounds=(low, high))


def number(low: float, high: float = math.inf, *, above: bool = False) -> Kind:
    """Return the kind of numbers in a range."""

    def parse(raw: object) -> float:
        value = finite(raw)
        return within(value, low < value <= high if above else low <= value <= high)

    bounds = (
        f"above {low:g}" if above else f"from {low:g} " + f"to {high:g}".replace("to inf", "up")
    )
    label = "X" if high == math.inf else f"{low:g}..{high:g}"
    return Kind(
        f"a number {bounds}", label, parse, bounds=(low, None if high == math.inf else high)
    )


def choice(*values: str | int, note: str = "") -> Kind:
    """Return the kind of a few words or numbers."""
    names = {str(value): value for value in values}

    def parse(raw: object) -> Value:
        return names[str(raw) if type(raw) is int else as_text(raw)]

    label = "|".join(names)
    label = label if len(label) < LABEL_WIDTH else "NAME"
    return Kind(" or ".join(names) + note, label, parse, tuple(names))


def _parse_flag(raw: object) -> bool:
    return raw if isinstance(raw, bool) else WORDS[as_text(raw).lower()]


def _parse_moment(raw: object) -> Value:
    *larger, last = str(raw).strip().split(":")  # str: TOML has times of day of its own
    within(last, len(larger) <= 2 and all(part.isdecimal() for part in larger))
    seconds = float(last)
    within(seconds, 0 <= seconds < (60 if larger else math.inf))
    for power, part in enumerate(reversed(larger), start=1):
        seconds += int(part) * 60.0**power
    return within(seconds, math.isfinite(seconds))


def _parse_region(raw: object) -> Value:
    numbers = raw if isinstance(raw, list) else [int(part) for part in as_text(raw).split(",")]
    four = len(numbers) == 4 and all(type(each) is int for each in numbers)
    return within(tuple(numbers), four and min(numbers) >= 0 and min(numbers[2:]) > 0)


def _parse_subject(raw: object) -> Value:
    text = str(raw) if type(raw) is int else as_text(raw)
    return within(text, is_subject(text))


_SEGMENT_NUMBER: Final = whole(1, 256)


def _parse_segments(raw: object) -> Value:
    text = str(raw) if type(raw) is int else as_text(raw)
    return text if text in SEGMENTS else str(_SEGMENT_NUMBER.parse(text))


_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(|[kmgt]i?)b?", re.ASCII | re.IGNORECASE)
_SIZE_UNITS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(|s|m|h|d)", re.ASCII | re.IGNORECASE)
_DURATION_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST: Final = 1e12


def _parse_size(raw: object) -> int:
    if type(raw) is int:
        return within(raw, 0 <= raw <= 2**53)
    match = _SIZE.fullmatch(as_text(raw))
    if match is None:
        raise ValueError(raw)
    size = float(match[1]) * 1024 ** _SIZE_UNITS[match[2].lower().rstrip("i")]
    return within(int(size), size <= 2**53)


def _parse_duration(raw: object) -> float:
    if isinstance(raw, int | float):
        seconds = finite(raw)
    else:
        match = _DURATION.fullmatch(as_text(raw))
        if match is None:
            raise ValueError(raw)
        seconds = float(match[1]) * _DURATION_UNITS[match[2].lower()]
    return within(seconds, 0 < seconds <= _LONGEST)


def words_of(raw: object) -> list[str]:
    """Return the words of a text with commas between, or of a list. ValueError."""
    words = raw if isinstance(raw, list) else as_text(raw).split(",")
    return [as_text(word) for word in words if word]


def _parse_extensions(raw: object) -> str:
    words = [word.lower().lstrip(".") for word in words_of(raw)]
    return within(",".join(words), bool(words) and all(re.fullmatch("[a-z0-9]+", w) for w in words))


def _parse_addresses(raw: object) -> str:
    from ipaddress import ip_network  # noqa: PLC0415 - the service alone has addresses

    return within(",".join(words := words_of(raw)), all(ip_network(word) for word in words))


def _parse_origins(raw: object) -> str:
    words = [word.rstrip("/") for word in words_of(raw)]
    return within(",".join(words), all(re.fullmatch(r"https?://[^/\s*]+", word) for word in words))


def _parse_prefix(raw: object) -> str:
    path = as_text(raw).rstrip("/")
    return within(path, not path or re.fullmatch(r"(/[\w.~-]+)+", path, re.ASCII) is not None)


def _parse_text(raw: object) -> str:
    value = as_text(raw)
    return within(value, value.isprintable())


FLAG: Final = Kind("true or false", "", _parse_flag)
SHARE: Final = number(0, 1)
MOMENT: Final = Kind("seconds or [hh:]mm:ss, from 0 up", "TIME", _parse_moment)
REGION: Final = Kind("x,y,width,height in pixels, from 0,0 up", "X,Y,W,H", _parse_region)
SEGMENT_COUNT: Final = Kind(
    f"{', '.join(SEGMENTS)} or {_SEGMENT_NUMBER.expects}", "off|auto|N", _parse_segments
)
SIZE: Final = Kind("bytes, or a number with KiB, MiB, GiB", "SIZE", _parse_size)
DURATION: Final = Kind("seconds above 0, or a number with s, m, h, d", "TIME", _parse_duration)
TEXT: Final = Kind("a text in one line", "TEXT", _parse_text)
WORD_LIST: Final = Kind("suffixes with commas between", "LIST", _parse_extensions)
ADDRESSES: Final = Kind("addresses or networks with commas between", "LIST", _parse_addresses)
ORIGINS: Final = Kind("origins as https://example.org with commas", "LIST", _parse_origins)
PREFIX_PATH: Final = Kind("a path as /pose", "PATH", _parse_prefix)
SUBJECT: Final = Kind(
    " or ".join(SUBJECTS) + " or the id of a person", "|".join((*SUBJECTS, "ID")), _parse_subject
)


def as_text(raw: object) -> str:
    """Return a text without the space around it. ValueError where it is none."""
    if not isinstance(raw, str):
        raise ValueError(raw)
    return raw.strip()


def finite(raw: object) -> float:
    """Return a finite number. ValueError where it is none."""
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    value = float(raw) if is_number else float(as_text(raw))  # type: ignore[arg-type]
    return within(value, math.isfinite(value))


def within(value: _T, inside: bool) -> _T:
    """Return the value where it is inside. ValueError otherwise."""
    if not inside:
        raise ValueError(value)
    return value


def shown_value(raw: object) -> str:
    """Return a value as an error shows it, cut where it is long."""
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = 40
    return "a section" if isinstance(raw, dict) else short.repr(raw)
