"""Whose turn it is: as many inferences at once as there are cores, in fair shares."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic
from typing import Final

_TICK_S: Final = 0.5


class Gate:
    """Lets ``places`` in at once; whoever had least of its share goes first.

    Stride scheduling (Waldspurger and Weihl, 1995): each turn costs a stream one over its frame
    rate, and the one that paid least is next. Where there is not time for all, each then gets the
    same part of its own rate. Who was away for long starts level with the others.
    """

    def __init__(self, places: int) -> None:
        self.places = self._free = places
        self.busy_s = 0.0  # that all turns took together
        self._changed = Condition()
        self._paid: dict[str, float] = {}
        self._waiting: dict[str, float] = {}
        self._level = 0.0

    @contextmanager
    def turn(self, name: str, fps: float) -> Iterator[None]:
        """Wait for the turn of ``name``, which wants ``fps`` of them a second, and have it."""
        with self._changed:
            self._waiting[name] = max(self._paid.get(name, 0.0), self._level)
            while not (self._free and self._first() == name):
                self._changed.wait(_TICK_S)
            self._level = self._waiting.pop(name)
            self._paid[name] = self._level + 1 / fps
            self._free -= 1
            self._changed.notify_all()
        began = monotonic()
        try:
            yield
        finally:
            with self._changed:
                self.busy_s += monotonic() - began
                self._free += 1
                self._changed.notify_all()

    def forget(self, name: str) -> None:
        """Forget a stream that is gone."""
        with self._changed:
            self._paid.pop(name, None)

    def _first(self) -> str:
        return min(self._waiting, key=self._waiting.__getitem__)
