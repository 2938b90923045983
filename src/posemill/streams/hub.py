"""What streams tell whoever listens: in this process, or behind a pipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

Kind = Literal["status", "state", "header", "record", "picture", "alert", "removed"]


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that happened to a stream, or to all where ``stream`` is empty.

    ``fields``: as JSON has it. ``data``: the text of a record, or a JPEG.
    """

    kind: Kind
    stream: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    data: bytes = b""


Listener = Callable[[Event], None]


class Hub:
    """Tells all listeners of each event, in the thread that has it; they must not wait."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._lock = Lock()

    def listen(self, listener: Listener) -> None:
        """Have ``listener`` told of all that happens from now on."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def tell(self, event: Event) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener(event)
