"""What alerts are delivered to, as whoever delivers sees it."""

import os
import socket
import ssl
from dataclasses import dataclass
from typing import Literal, Protocol

from posemill.alerts.outbox import Delivery


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt.

    ``done``; ``away``: there was no answer; ``again``: it was refused for now; ``slowly``: it was
    refused, and unless somebody changes something it will be again; ``never``: it is not wanted.
    ``error``: why, without any secret. ``wait_s``: when the sink wants to be asked again.
    """

    word: Literal["done", "away", "again", "slowly", "never"]
    error: str = ""
    wait_s: float = 0.0


class Sink(Protocol):
    """A receiver of alerts."""

    def send(self, delivery: Delivery) -> Outcome:
        """Deliver, within a bounded time; what goes wrong is an outcome."""

    def abort(self) -> None:
        """Have ``send``, in another thread, return soon."""


def reason_of(error: BaseException) -> str:
    """Return why there is no connection: not in a library's words, which may hold an address."""
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {cause.verify_message}"
    if isinstance(cause, socket.gaierror):
        return "its host is not known"
    if isinstance(cause, TimeoutError):
        return "there was no answer in time"
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno).lower()
    return "the connection was cut"
