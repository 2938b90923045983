"""The database of the jobs' workflows: SQLite in the data folder, or PostgreSQL."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    WorkflowStatus,
)
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from posemill.config import Settings, data_folder
from posemill.config.places import make_private
from posemill.errors import JobStoreError, SettingError

APPLICATION: Final = "posemill"
QUEUE: Final = "jobs"
WORKFLOW: Final = "job"
# Workflows of any version go on under the next one: their steps are what they ever were. A change
# of them needs a new word here.
WORKFLOW_VERSION: Final = "1"
_POSTGRESQL: Final = ("postgresql", "postgres")


def tell_milliseconds(connection: object, _: object = None) -> None:
    """Give SQLite before 3.42 the ``unixepoch('subsec')`` that it answers with NULL.

    From Python 3.12 on DBOS takes that for granted; Debian 12 has SQLite 3.40, Ubuntu 22.04 3.37.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, lambda _: round(time.time(), 3))


if sqlite3.sqlite_version_info < (3, 42):
    event.listen(Engine, "connect", tell_milliseconds)


def database_url(settings: Settings) -> str:
    """Return the address of the database. SettingError for one that is neither of the two."""
    if settings.database_url is None:
        path = data_folder(settings) / "jobs.sqlite"
        return f"sqlite:///{path.as_posix()}"
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError):  # what it says may have the password in it
        raise SettingError("database_url is not the address of a database.") from None
    if url.drivername.split("+")[0] not in _POSTGRESQL:
        raise SettingError("database_url must be of PostgreSQL; without one it is SQLite.")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def configuration(settings: Settings, executor_id: str) -> DBOSConfig:
    """Return what DBOS is to know; nothing of it goes anywhere but the database."""
    return DBOSConfig(
        name=APPLICATION,
        system_database_url=database_url(settings),
        serializer=DBOSPortableJSONSerializer(),
        application_version=WORKFLOW_VERSION,
        executor_id=executor_id,
        log_level="ERROR",
        enable_otlp=False,
        run_migrations=True,
        max_executor_threads=8,
    )


class Workflows:
    """The jobs' workflows as the service sees them: it starts none, it only asks."""

    def __init__(self, settings: Settings) -> None:
        url = database_url(settings)
        make_private(data_folder(settings))
        try:
            DBOS.migrate(url)
            self._client = DBOSClient(
                system_database_url=url,
                serializer=DBOSPortableJSONSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
            )
        except SQLAlchemyError as error:
            raise unreachable(error) from error

    def enqueue(self, job_id: str) -> None:
        """Have a worker take the job; again does nothing."""
        options: Any = {
            "queue_name": QUEUE,
            "workflow_name": WORKFLOW,
            "workflow_id": job_id,
            "app_version": WORKFLOW_VERSION,
        }
        with _reached():
            self._client.enqueue(options, job_id)

    def cancel(self, job_id: str) -> None:
        """Have its worker stop at the next step."""
        with _reached():
            self._client.cancel_workflow(job_id)

    def forget(self, job_id: str) -> None:
        """Remove all that is known of it."""
        with _reached():
            self._client.delete_workflow(job_id)

    def statuses(self, job_ids: Sequence[str] | None = None) -> Mapping[str, WorkflowStatus]:
        """Return what is known of workflows by id, of all without ``job_ids``."""
        with _reached():
            found = self._client.list_workflows(
                workflow_ids=None if job_ids is None else list(job_ids),
                name=WORKFLOW,
                load_input=False,
            )
        return {each.workflow_id: each for each in found}

    def check(self) -> None:
        """Raise JobStoreError where the database can't be reached."""
        with _reached():
            self._client.check_connection()

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()


class _reached:
    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SQLAlchemyError):
            raise JobStoreError(f"the jobs' database can't be used: {short(error)}.") from error


def unreachable(error: SQLAlchemyError) -> JobStoreError:
    """Return what an error says to who starts."""
    return JobStoreError(f"the jobs' database can't be reached: {short(error)}.")


def short(error: SQLAlchemyError) -> str:
    """Return what the database said, in a line."""
    return " ".join(str(getattr(error, "orig", error)).split())[:200]
