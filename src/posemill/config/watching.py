"""What is to be watched: the tables [[streams]], [[alerts]] and [[webhooks]] of the settings file.

Each is a list of tables. A stream may have its own value of the settings in ``OWN``; the others
are those of the file. The page and the API say the same things as JSON, which the same functions
read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from posemill.config.kinds import (
    DURATION,
    FLAG,
    TEXT,
    Kind,
    Value,
    finite,
    number,
    shown_value,
    whole,
    within,
)
from posemill.config.rows import Section
from posemill.config.table import TABLE, Settings
from posemill.errors import SettingError

SECTIONS: Final = ("streams", "alerts", "webhooks")
RULES: Final = ("person", "nobody", "zone", "hands_up")
# What is the same for all, since all share the engine.
_SHARED: Final = ("engine", "threads", "model_cache")
_OF_STREAMS: Final[tuple[Section, ...]] = ("engine", "people", "drawing", "streams")
OWN: Final = frozenset(
    name
    for name, row in TABLE.items()
    if (row.section in _OF_STREAMS and name not in _SHARED) or name == "rotate"
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_MAX_ZONES, _MAX_POINTS, _MAX_TABLES = 32, 64, 256
_T = TypeVar("_T")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the picture: a polygon, its corners in 0..1 of width and height."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """A stream to watch. ``settings``: all of them, with this stream's own. ``raw``: as given."""

    name: str
    url: str = field(repr=False)
    zones: tuple[Zone, ...]
    settings: Settings
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """A rule that alerts are raised by.

    ``streams``: which it is for, all where there are none. ``for_s``: how long it must hold.
    ``cooldown_s``: what comes within so long after the last end belongs to the same alert.
    ``least``: how many people it takes. ``webhooks``: where to, None for all of them.
    """

    name: str
    rule: str
    streams: tuple[str, ...] = ()
    zone: str | None = None
    for_s: float = 1.0
    cooldown_s: float = 60.0
    least: int = 1
    clip: bool = True
    mqtt: bool = True
    webhooks: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where alerts are posted to; ``secret``: what each is signed with."""

    name: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Watching:
    """All that is to be watched."""

    streams: tuple[StreamConfig, ...] = ()
    alerts: tuple[AlertConfig, ...] = ()
    webhooks: tuple[WebhookConfig, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, secrets and all: for another process."""
        return {
            "streams": [dict(stream.raw) for stream in self.streams],
            "alerts": [_without_none(alert) for alert in self.alerts],
            "webhooks": [_without_none(webhook) for webhook in self.webhooks],
        }


def parse_watching(tables: Mapping[str, object], settings: Settings, origin: str) -> Watching:
    """Return what the tables say; ``settings``: what streams that don't say otherwise have.

    SettingError, naming table, key and origin.
    """
    streams = tuple(
        parse_stream(raw, settings, f"streams[{i}] of {origin}")
        for i, raw in _tables(tables, "streams", origin)
    )
    webhooks = tuple(
        _parse_webhook(raw, f"webhooks[{i}] of {origin}")
        for i, raw in _tables(tables, "webhooks", origin)
    )
    alerts = tuple(
        _parse_alert(raw, f"alerts[{i}] of {origin}")
        for i, raw in _tables(tables, "alerts", origin)
    )
    _refuse_twice("streams", [each.name for each in streams], origin)
    _refuse_twice("webhooks", [each.name for each in webhooks], origin)
    _refuse_twice("alerts", [each.name for each in alerts], origin)
    known = {each.name for each in webhooks}
    for alert in alerts:
        for name in alert.webhooks or ():
            if name not in known:
                raise SettingError(
                    f"the alert {alert.name!r} names the webhook {name!r}, which is not there "
                    f"(from {origin})."
                )
        _refuse_unknown_zone(alert, streams, origin)
    return Watching(streams, alerts, webhooks)


def parse_stream(raw: object, settings: Settings, origin: str) -> StreamConfig:
    """Return one stream. SettingError, naming the key and ``origin``."""
    table = _Table(raw, origin)
    name = table.take("name", _NAMES)
    url = table.take("url", _ADDRESSES)
    zones = _parse_zones(table.rest.pop("zones", {}), origin)
    own: dict[str, Value] = {}
    for key in list(table.rest):
        if key not in OWN:
            table.refuse(key, OWN | {"name", "url", "zones"})
        own[key] = TABLE[key].parse(table.rest.pop(key), origin)
    kept = {"name": name, "url": url, **({"zones": _raw_zones(zones)} if zones else {}), **own}
    return StreamConfig(name, url, zones, replace(settings, **own), kept)  # type: ignore[arg-type]


def _parse_alert(raw: object, origin: str) -> AlertConfig:
    table = _Table(raw, origin)
    found = AlertConfig(
        name=table.take("name", _NAMES),
        rule=table.take("rule", _RULE_WORDS),
        streams=table.take("streams", _NAME_LIST, ()),
        zone=table.take("zone", _NAMES, None),
        for_s=table.take("for_s", number(0), 1.0),
        cooldown_s=table.take("cooldown_s", number(0), 60.0),
        least=table.take("least", whole(1, 32), 1),
        clip=table.take("clip", FLAG, True),
        mqtt=table.take("mqtt", FLAG, True),
        webhooks=table.take("webhooks", _NAME_LIST, None),
    )
    table.end(AlertConfig.__dataclass_fields__)
    if (found.rule == "zone") != (found.zone is not None):
        raise SettingError(f"the rule zone, and no other, needs a zone (from {origin}).")
    return found


def _parse_webhook(raw: object, origin: str) -> WebhookConfig:
    table = _Table(raw, origin)
    found = WebhookConfig(
        name=table.take("name", _NAMES),
        url=table.take("url", _WEB_ADDRESSES),
        secret=table.take("secret", TEXT, None),
        timeout_s=table.take("timeout_s", DURATION, 10.0),
    )
    table.end(WebhookConfig.__dataclass_fields__)
    return found


class _Table:
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


def _tables(
    tables: Mapping[str, object], section: str, origin: str
) -> Sequence[tuple[int, object]]:
    listed = tables.get(section, [])
    if not isinstance(listed, list):
        raise SettingError(f"{section} must be a list of tables, [[{section}]] (from {origin}).")
    if len(listed) > _MAX_TABLES:
        raise SettingError(f"there may be {_MAX_TABLES} {section} at most (from {origin}).")
    return list(enumerate(listed, start=1))


def _refuse_twice(section: str, names: list[str], origin: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"two of the {section} are called {name!r} (from {origin}).")


def _refuse_unknown_zone(alert: AlertConfig, streams: Sequence[StreamConfig], origin: str) -> None:
    """Refuse a rule for a stream that lacks its zone: it would never raise an alert."""
    for stream in streams:
        zones = {zone.name for zone in stream.zones}
        if alert.zone is not None and stream.name in alert.streams and alert.zone not in zones:
            raise SettingError(
                f"the alert {alert.name!r} is for the stream {stream.name!r}, which has no zone "
                f"{alert.zone!r} (from {origin})."
            )


def _parse_zones(raw: object, origin: str) -> tuple[Zone, ...]:
    expects = (
        "zones must be corners by name, as { door = [[0.1, 0.2], [0.4, 0.2], [0.4, 0.9]] }, "
        f"in 0..1 of the picture (from {origin})."
    )
    if not isinstance(raw, Mapping) or len(raw) > _MAX_ZONES:
        raise SettingError(expects)
    try:
        return tuple(Zone(_parse_name(name), _parse_points(raw[name])) for name in raw)
    except (ValueError, TypeError, OverflowError):
        raise SettingError(expects) from None


def _parse_points(raw: object) -> tuple[Point, ...]:
    points = [tuple(finite(each) for each in pair) for pair in _list(raw)]
    is_polygon = 3 <= len(points) <= _MAX_POINTS and all(len(point) == 2 for point in points)
    inside = all(0 <= each <= 1 for point in points for each in point)
    return within(tuple((x, y) for x, y in points), is_polygon and inside)


def _raw_zones(zones: Sequence[Zone]) -> dict[str, list[list[float]]]:
    return {zone.name: [list(point) for point in zone.points] for zone in zones}


def _list(raw: object) -> list[Any]:
    if not isinstance(raw, list):
        raise ValueError(raw)
    return raw


def _parse_name(raw: object) -> str:
    text = raw if isinstance(raw, str) else ""
    return within(text, _NAME.fullmatch(text) is not None)


def _parse_address(raw: object) -> str:
    text = raw.strip() if isinstance(raw, str) else str(within(raw, type(raw) is int))
    return within(text, bool(text) and text.isprintable() and len(text) <= 2000)


def _parse_web_address(raw: object) -> str:
    text = _parse_address(raw)
    return within(text, re.fullmatch(r"https?://[^/\s]+(/\S*)?", text) is not None)


def _parse_rule(raw: object) -> str:
    return within(str(raw), raw in RULES)


def _parse_names(raw: object) -> Any:
    return tuple(_parse_name(each) for each in _list(raw))


def _without_none(config: AlertConfig | WebhookConfig) -> dict[str, Any]:
    found = {name: getattr(config, name) for name in config.__dataclass_fields__}
    listed = {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}
    return {name: value for name, value in listed.items() if value is not None}


def _kind(expects: str, parse: Callable[[object], Any]) -> Kind:
    return Kind(expects, "", parse)


_NAMES: Final = _kind("a name of small letters, digits, - and _", _parse_name)
_NAME_LIST: Final = _kind("a list of names", _parse_names)
_ADDRESSES: Final = _kind("an address, as rtsp://host/path", _parse_address)
_WEB_ADDRESSES: Final = _kind("an address, as https://host/path", _parse_web_address)
_RULE_WORDS: Final = _kind(" or ".join(RULES), _parse_rule)
