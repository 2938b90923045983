"""What the routes share."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from posemill.config import Settings
from posemill.jobs import Jobs
from posemill.server.metrics import Metrics
from posemill.workers import Lanes, Seats


@dataclass(frozen=True, slots=True)
class Service:
    """``pictures``: processes for single pictures; ``live``: those of live sessions."""

    settings: Settings
    jobs: Jobs
    pictures: Lanes
    live: Seats
    metrics: Metrics


def service_of(connection: HTTPConnection) -> Service:
    """Return the service that a request or a WebSocket came to."""
    return cast(Service, connection.app.state.service)
