"""What the routes share."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Final, cast

from starlette.requests import HTTPConnection

from posemill.alerts import AlertStore
from posemill.config import Settings
from posemill.exercises.templates import Templates
from posemill.jobs import Jobs
from posemill.server.examination import Examination
from posemill.server.metrics import Metrics
from posemill.server.watching import Watch
from posemill.workers import Lanes, Seats

# Each holds a connection for as long as it likes.
_MAX_FOLLOWERS: Final = 200


@dataclass(frozen=True, slots=True)
class Service:
    """``pictures``: processes for single pictures; ``live``: those of live sessions.

    ``analysis``: those that analyse what jobs found; ``templates``: what movements are scored by.

    ``watch``: the process that watches streams; ``alerts``: what it stores. ``examination``: what
    `posemill doctor` would say here.

    ``followers``: room for those who follow jobs. ``stopping``: set when nothing more may begin.
    """

    settings: Settings
    jobs: Jobs
    pictures: Lanes
    live: Seats
    analysis: Lanes
    templates: Templates
    watch: Watch
    alerts: AlertStore
    metrics: Metrics
    examination: Examination
    followers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAX_FOLLOWERS))
    stopping: threading.Event = field(default_factory=threading.Event)


def service_of(connection: HTTPConnection) -> Service:
    """Return the service that a request or a WebSocket came to."""
    return cast(Service, connection.app.state.service)
