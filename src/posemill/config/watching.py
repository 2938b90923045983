"""What is to be watched: the tables [[streams]], [[alerts]] and [[webhooks]] of the settings file.

Each is a list of tables. A stream may have its own value of the settings in ``OWN``; the others
are those of the file. The page and the API say the same things as JSON, which the same functions
read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from posemill.config.alerting import RULES, AlertConfig, parse_alert
from posemill.config.kinds import DURATION, TEXT, Value, within
from posemill.config.reading import NAMES, Point, Table, kind, parse_name, parse_points
from posemill.config.rows import Section
from posemill.config.table import TABLE, Settings
from posemill.errors import SettingError

__all__ = [
    "RULES",
    "AlertConfig",
    "StreamConfig",
    "Watching",
    "WebhookConfig",
    "Zone",
    "parse_stream",
    "parse_watching",
]

SECTIONS: Final = ("streams", "alerts", "webhooks")
# What is the same for all, since all share the engine.
_SHARED: Final = ("engine", "threads", "model_cache")
_OF_STREAMS: Final[tuple[Section, ...]] = ("engine", "people", "drawing", "analysis", "streams")
OWN: Final = frozenset(
    name
    for name, row in TABLE.items()
    if (row.section in _OF_STREAMS and name not in _SHARED) or name == "rotate"
)
_MAX_ZONES, _MAX_POINTS, _MAX_TABLES = 32, 64, 256


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
        parse_alert(raw, f"alerts[{i}] of {origin}") for i, raw in _tables(tables, "alerts", origin)
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
    table = Table(raw, origin)
    name = table.take("name", NAMES)
    url = table.take("url", _ADDRESSES)
    zones = _parse_zones(table.rest.pop("zones", {}), origin)
    own: dict[str, Value] = {}
    for key in list(table.rest):
        if key not in OWN:
            table.refuse(key, OWN | {"name", "url", "zones"})
        own[key] = TABLE[key].parse(table.rest.pop(key), origin)
    kept = {"name": name, "url": url, **({"zones": _raw_zones(zones)} if zones else {}), **own}
    return StreamConfig(name, url, zones, replace(settings, **own), kept)  # type: ignore[arg-type]


def _parse_webhook(raw: object, origin: str) -> WebhookConfig:
    table = Table(raw, origin)
    found = WebhookConfig(
        name=table.take("name", NAMES),
        url=table.take("url", _WEB_ADDRESSES),
        secret=table.take("secret", TEXT, None),
        timeout_s=table.take("timeout_s", DURATION, 10.0),
    )
    table.end(WebhookConfig.__dataclass_fields__)
    return found


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
        return tuple(
            Zone(parse_name(name), parse_points(raw[name], 3, _MAX_POINTS)) for name in raw
        )
    except (ValueError, TypeError, OverflowError):
        raise SettingError(expects) from None


def _raw_zones(zones: Sequence[Zone]) -> dict[str, list[list[float]]]:
    return {zone.name: [list(point) for point in zone.points] for zone in zones}


def _parse_address(raw: object) -> str:
    text = raw.strip() if isinstance(raw, str) else str(within(raw, type(raw) is int))
    return within(text, bool(text) and text.isprintable() and len(text) <= 2000)


def _parse_web_address(raw: object) -> str:
    text = _parse_address(raw)
    return within(text, re.fullmatch(r"https?://[^/\s]+(/\S*)?", text) is not None)


def _without_none(config: AlertConfig | WebhookConfig) -> dict[str, Any]:
    found = {name: getattr(config, name) for name in config.__dataclass_fields__}
    listed = {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}
    return {name: value for name, value in listed.items() if value is not None}


_ADDRESSES: Final = kind("an address, as rtsp://host/path", _parse_address)
_WEB_ADDRESSES: Final = kind("an address, as https://host/path", _parse_web_address)
