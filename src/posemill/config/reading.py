"""Reading a table of the settings file: key by key, each refused with its reason."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from posemill.config.kinds import Kind, finite, shown_value, within
from posemill.errors import SettingError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)

Point = tuple[float, float]


class Table:
    """One table, from which keys are taken until none are left."""

    def __init__(self, raw: object, origin: str) -> None:
        if not isinstance(raw, Mapping):
            raise SettingError(f"{origin} must be a table, not {shown_value(raw)}.")
        self.rest = dict(raw)
        self._origin = origin

    def take(self, key: str, kind: Kind, *default: Any) -> Any:
        """Return the value of a key, its default where it is absent. SettingError."""
        if key not in self.rest:
            if default:
                return default[0]
            raise SettingError(f"{key} is missing (from {self._origin}).")
        raw = self.rest.pop(key)
        try:
            return kind.parse(raw)
        except (ValueError, KeyError, OverflowError):
            # Addresses hold passwords.
            shown = "what was given" if key in ("url", "secret") else shown_value(raw)
            raise SettingError(
                f"{key} must be {kind.expects}, not {shown} (from {self._origin})."
            ) from None

    def end(self, known: Mapping[str, object]) -> None:
        """Refuse what is left. SettingError."""
        for key in self.rest:
            self.refuse(key, known)

    def refuse(self, key: object, known: Any) -> None:
        """Refuse a key. SettingError."""
        from posemill.config.resolving import nearest  # noqa: PLC0415 - which reads these tables

        hint = nearest(str(key), list(known))
        raise SettingError(f"{shown_value(key)} is no setting of {self._origin}{hint}")


def as_list(raw: object) -> list[Any]:
    """Return a list as it is. ValueError for anything else."""
    if not isinstance(raw, list):
        raise ValueError(raw)
    return raw


def parse_name(raw: object) -> str:
    """Return a name. ValueError where it is none."""
    text = raw if isinstance(raw, str) else ""
    return within(text, _NAME.fullmatch(text) is not None)


def parse_points(raw: object, low: int, high: int) -> tuple[Point, ...]:
    """Return so many points, in 0..1 of the picture. ValueError, TypeError, OverflowError."""
    points = [tuple(finite(each) for each in pair) for pair in as_list(raw)]
    is_right = low <= len(points) <= high and all(len(point) == 2 for point in points)
    inside = all(0 <= each <= 1 for point in points for each in point)
    return within(tuple((x, y) for x, y in points), is_right and inside)


def _parse_names(raw: object) -> Any:
    return tuple(parse_name(each) for each in as_list(raw))


def kind(expects: str, parse: Callable[[object], Any]) -> Kind:
    """Return a kind of values that only tables have."""
    return Kind(expects, "", parse)


NAMES: Final = kind("a name of small letters, digits, - and _", parse_name)
NAME_LIST: Final = kind("a list of names", _parse_names)
