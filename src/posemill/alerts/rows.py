"""Alerts as rows of the database."""

import json
import sqlite3
from dataclasses import asdict, fields
from typing import Any, Final

from posemill.alerts.alert import Alert
from posemill.records import dumps

COLUMNS: Final = tuple(field.name for field in fields(Alert))
_FLAGS: Final = ("has_snapshot", "has_clip", "is_test")


def alert_of(row: sqlite3.Row) -> Alert:
    """Return the alert in a row, which may have more columns."""
    values: dict[str, Any] = {name: row[name] for name in COLUMNS}
    values["facts"] = json.loads(values["facts"])
    return Alert(**values | {name: bool(values[name]) for name in _FLAGS})


def values_of(alert: Alert) -> tuple[Any, ...]:
    """Return an alert's values in the order of ``COLUMNS``."""
    values = asdict(alert) | {"facts": dumps(alert.facts)}
    return tuple(values[name] for name in COLUMNS)
