"""What a request may choose: the settings of engine, people, drawing and selection, by name."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from posemill.config import TABLE, Section, Setting, Settings, Value, nearest
from posemill.errors import SettingError

PICTURE_SECTIONS: Final[tuple[Section, ...]] = ("engine", "people", "drawing")
VIDEO_SECTIONS: Final[tuple[Section, ...]] = (*PICTURE_SECTIONS, "selection")
# What the machine's owner decides, not whoever asks.
_OWNERS: Final = ("engine", "threads", "model_cache")


def choosable(sections: Iterable[Section], *more: str) -> dict[str, Setting]:
    """Return the settings that a request may choose."""
    wanted = set(sections)
    return {
        name: row
        for name, row in TABLE.items()
        if (row.section in wanted and name not in _OWNERS) or name in more
    }


def chosen(
    query: Iterable[tuple[str, str]], settings: Settings, allowed: Mapping[str, Setting]
) -> Settings:
    """Return ``settings`` with what a query chooses. SettingError, naming the parameter."""
    values: dict[str, Value] = {}
    for name, text in query:
        row = allowed.get(name)
        if row is None:
            raise SettingError(f"{name[:40]!r} is not a parameter{nearest(name, list(allowed))}")
        values[name] = row.parse(text, "the request")
    _bounded(values, settings)
    return replace(settings, **values)  # type: ignore[arg-type]


def _bounded(values: Mapping[str, Value], settings: Settings) -> None:
    for name in ("max_fps", "max_pixels"):
        value, limit = values.get(name), getattr(settings, name)
        if isinstance(value, int | float) and value > limit:
            raise SettingError(f"{name} must be {limit:g} at most (from the request).")


def parameters(allowed: Mapping[str, Setting]) -> list[dict[str, Any]]:
    """Return the query parameters as OpenAPI describes them."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"{row.text} It must be {row.kind.expects}.",
            "schema": _schema(row),
        }
        for name, row in allowed.items()
    ]


def _schema(row: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if type(row.default) is bool:
        schema = {"type": "boolean"}
    elif row.kind.words:
        whole = type(row.default) is int
        schema = {"type": "integer"} if whole else {"type": "string"}
        schema["enum"] = [int(word) for word in row.kind.words] if whole else list(row.kind.words)
    elif row.kind.bounds is not None:
        low, high = row.kind.bounds
        schema = {"type": "integer" if type(row.default) is int else "number", "minimum": low}
        if high is not None:
            schema["maximum"] = high
    if row.default is not None:
        schema["default"] = row.default
    return schema
