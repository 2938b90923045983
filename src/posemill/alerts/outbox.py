"""What is still to be told of alerts, to whom and when: rows beside the alerts themselves."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from posemill.alerts.alert import Alert
from posemill.alerts.database import Database
from posemill.alerts.rows import alert_of

GIVE_UP_S: Final = 3 * 24 * 3600.0
MAX_DELAY_S: Final = 3600.0

State = Literal["waiting", "done", "failed"]
_DUE: Final = """
SELECT d.id AS delivery, d.sink, d.created AS since, d.attempts, a.*
FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert
WHERE d.sink = ? AND d.state = 'waiting' AND (d.due <= ? OR d.due > ?)
ORDER BY d.attempts, d.due LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An alert to deliver to a sink.

    ``id``: the same in each attempt. ``created``: unix time. ``attempts``: how many there were.
    """

    id: str
    sink: str
    created: float
    attempts: int
    alert: Alert


class Outbox:
    """The deliveries in a database. AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, sink: str, now: float) -> Delivery | None:
        """Return what is due for a sink: what was tried least, and of that the oldest.

        So a new alert finds out whether a sink is back, whatever else waits. What is due later
        than any delay comes from a clock that was set back: it is due.
        """
        for row in self._database.rows(_DUE, sink, now, now + 2 * MAX_DELAY_S):
            return Delivery(
                row["delivery"], row["sink"], row["since"], row["attempts"], alert_of(row)
            )
        return None

    def next_due(self, sink: str) -> float | None:
        """Return the unix time when something is due for a sink, None where nothing waits."""
        found = self._database.rows(
            "SELECT min(due) FROM deliveries WHERE sink = ? AND state = 'waiting'", sink
        )
        due: float | None = found[0][0]
        return due

    def settle(
        self, delivery: Delivery, state: State, *, due: float = 0.0, error: str = ""
    ) -> None:
        """Store what became of an attempt, and when the next one is ``due``."""
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, due = ?, error = ? "
                "WHERE id = ?",
                (state, due, error, delivery.id),
            )

    def hasten(self, sink: str, now: float) -> None:
        """Have all that waits for a sink be due: it can be reached again."""
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE deliveries SET due = ? WHERE sink = ? AND state = 'waiting' AND due > ?",
                (now, sink, now),
            )

    def of(self, alert_id: str) -> list[dict[str, Any]]:
        """Return sink, state, attempts and last error of an alert's deliveries."""
        found = self._database.rows(
            "SELECT sink, state, attempts, error FROM deliveries WHERE alert = ? ORDER BY sink",
            alert_id,
        )
        return [dict(row) for row in found]


def insert(connection: sqlite3.Connection, alert_id: str, sinks: Iterable[str], now: float) -> None:
    """Insert the deliveries of a new alert, due at once."""
    connection.executemany(
        "INSERT INTO deliveries VALUES (?, ?, ?, 'waiting', ?, 0, ?, '')",
        [(f"{alert_id}:{sink}", alert_id, sink, now, now) for sink in sinks],
    )
