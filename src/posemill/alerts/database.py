"""The SQLite file of alerts and of what is still to be delivered of them.

Several threads share one connection; several processes may have the file open. What is committed
is on the disk.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, Final

from posemill.config.places import make_private
from posemill.errors import AlertStoreError

_VERSION: Final = 1
_BUSY_S: Final = 10.0
_LOOK_S: Final = 0.02
_TABLES: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS alerts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    stream TEXT NOT NULL,
    began REAL NOT NULL,
    seen REAL NOT NULL,
    ended REAL,
    facts TEXT NOT NULL,
    occurrences INTEGER NOT NULL,
    has_snapshot INTEGER NOT NULL,
    has_clip INTEGER NOT NULL,
    acknowledged REAL,
    is_test INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS alerts_of_streams ON alerts (stream, name, id);
CREATE TABLE IF NOT EXISTS deliveries (
    id TEXT PRIMARY KEY,
    alert TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    sink TEXT NOT NULL,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    attempts INTEGER NOT NULL,
    due REAL NOT NULL,
    error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_of_sinks ON deliveries (sink, state, due);
CREATE INDEX IF NOT EXISTS deliveries_of_alerts ON deliveries (alert);
PRAGMA user_version = 1;
COMMIT;
"""
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REASONS: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_READONLY: "it can't be written to",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened",
    sqlite3.SQLITE_IOERR: "the disk gives errors",
}


class Database:
    """The file at ``path``, made where it is missing. AlertStoreError, here and in all methods."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        with self._told():
            make_private(path.parent)
            # Shared by threads, each of which takes the lock.
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        try:
            with self._told():
                self._prepare()
        except AlertStoreError:
            self._connection.close()
            raise

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Have all of a block happen, on the disk, or nothing of it."""
        connection = self._connection
        with self._lock, self._told():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return what a query finds."""
        with self._lock, self._told():
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()

    def _prepare(self) -> None:
        connection = self._connection
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        # Readers and the writer don't wait for each other; each commit is synced all the same.
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise AlertStoreError(f"{self._path}: these alerts are of a later version of posemill.")
        if version < _VERSION:
            connection.executescript(_TABLES)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite and the system say into one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            # A code of two bytes: the kind, and a detail of it.
            kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if kind in _DAMAGED:
                raise AlertStoreError(
                    f"{self._path}: alerts can't be stored or looked up: the file is damaged; move "
                    "it away and start again, which begins a new one."
                ) from error
            reason = _REASONS.get(kind, str(error))
            raise AlertStoreError(
                f"{self._path}: alerts can't be stored or looked up: {reason}."
            ) from error
        except OSError as error:
            raise AlertStoreError(
                f"{self._path}: alerts can't be stored: {error.strerror or error}."
            ) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; where others do too, SQLite itself waits for nobody."""
    ends = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(_LOOK_S)
