"""The alerts of all streams, stored: what happened, until when, who knows, what is to be told."""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

from posemill.alerts.alert import Alert
from posemill.alerts.database import Database
from posemill.alerts.outbox import GIVE_UP_S, Outbox, insert
from posemill.alerts.rows import COLUMNS, alert_of, values_of
from posemill.errors import AlertStoreError

FILE_NAME: Final = "alerts.sqlite"
# An open one that nobody has seen for so long: its rule or its stream is gone.
_ABANDONED_S: Final = 24 * 3600.0
_OPEN_COLUMNS: Final = {"snapshot": "has_snapshot", "clip": "has_clip"}
_COUNTS: Final = """
SELECT
    (SELECT count(*) FROM alerts) AS alerts,
    (SELECT count(*) FROM alerts WHERE ended IS NULL) AS going_on,
    (SELECT count(*) FROM alerts WHERE acknowledged IS NULL) AS unacknowledged,
    (SELECT count(*) FROM deliveries WHERE state = 'waiting') AS deliveries_waiting,
    (SELECT count(*) FROM deliveries WHERE state = 'done') AS deliveries_done,
    (SELECT count(*) FROM deliveries WHERE state = 'failed') AS deliveries_failed
"""
_OLD: Final = """
SELECT * FROM alerts WHERE ended IS NOT NULL AND seen < ? AND id NOT IN (
    SELECT alert FROM deliveries WHERE state = 'waiting' AND created > ?
) ORDER BY id LIMIT 1000
"""


class Changes(TypedDict, total=False):
    """What may change of an alert: see ``Alert``; ``snapshot`` and ``clip``: whether there."""

    seen: float
    ended: float | None
    occurrences: int
    snapshot: bool
    clip: bool


class AlertStore:
    """Alerts and their deliveries below ``folder``, where their pictures and clips lie too.

    Threads may share it, and processes the folder. AlertStoreError, here and in all methods.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = Database(folder / FILE_NAME)
        self.outbox = Outbox(self._database)

    def add(self, alert: Alert, sinks: Iterable[str]) -> None:
        """Store a new alert, and that it is to be delivered to ``sinks``: both or neither."""
        places = ", ".join("?" * len(COLUMNS))
        with self._database.changing() as connection:
            connection.execute(
                f"INSERT INTO alerts ({', '.join(COLUMNS)}) VALUES ({places})", values_of(alert)
            )
            insert(connection, alert.id, sinks, time.time())

    def get(self, alert_id: str) -> Alert | None:
        """Return an alert, None where there is no such one."""
        return self._first("SELECT * FROM alerts WHERE id = ?", alert_id)

    def latest(self, name: str, rule: str, stream: str) -> Alert | None:
        """Return the last one that a rule raised on a stream."""
        return self._first(
            "SELECT * FROM alerts WHERE stream = ? AND name = ? AND rule = ? AND NOT is_test "
            "ORDER BY id DESC LIMIT 1",
            *(stream, name, rule),
        )

    def list(
        self,
        limit: int,
        *,
        before: str | None = None,
        stream: str | None = None,
        unacknowledged: bool = False,
    ) -> Sequence[Alert]:
        """Return the newest ``limit`` alerts; ``before``: those older than the one of this id."""
        given = [("id < ?", before), ("stream = ?", stream)]
        asked = [(text, value) for text, value in given if value is not None]
        where = [text for text, _ in asked] + ["acknowledged IS NULL"] * unacknowledged
        found = self._database.rows(
            f"SELECT * FROM alerts WHERE {' AND '.join(where) or 'true'} ORDER BY id DESC LIMIT ?",
            *(value for _, value in asked),
            limit,
        )
        return [alert_of(row) for row in found]

    def acknowledge(self, alert_id: str) -> Alert | None:
        """Say that somebody knows of an alert; the first time counts. None: no such alert."""
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE alerts SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL",
                (round(time.time(), 3), alert_id),
            )
        return self.get(alert_id)

    def update(self, alert_id: str, **changes: Unpack[Changes]) -> Alert:
        """Change an alert, and return it as it is then."""
        found = self.change(alert_id, **changes)
        if found is None:
            raise AlertStoreError(f"there is no alert {alert_id} any more.")
        return found

    def change(self, alert_id: str, **changes: Unpack[Changes]) -> Alert | None:
        """Do the same; None where there is no such alert any more."""
        columns = [f"{_OPEN_COLUMNS.get(name, name)} = ?" for name in changes]
        with self._database.changing() as connection:
            connection.execute(
                f"UPDATE alerts SET {', '.join(columns)} WHERE id = ?",
                (*changes.values(), alert_id),
            )
        return self.get(alert_id)

    def counts(self) -> dict[str, int]:
        """Return how many alerts and deliveries there are, by a word for their state."""
        return dict(self._database.rows(_COUNTS)[0])

    def sweep(self, keep_for_s: float) -> None:
        """Remove alerts that ended so long ago, with their files, unless they are to be told."""
        now = time.time()
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE alerts SET ended = seen WHERE ended IS NULL AND seen < ?",
                (now - _ABANDONED_S,),
            )
        old = [
            alert_of(row) for row in self._database.rows(_OLD, now - keep_for_s, now - GIVE_UP_S)
        ]
        for alert in old:
            for name in alert.file_names:
                with suppress(OSError):  # a file that can't go must not keep all others
                    (self.folder / name).unlink(missing_ok=True)
        with self._database.changing() as connection:
            connection.executemany("DELETE FROM alerts WHERE id = ?", [(each.id,) for each in old])

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _first(self, query: str, *values: Any) -> Alert | None:
        return next((alert_of(row) for row in self._database.rows(query, *values)), None)
