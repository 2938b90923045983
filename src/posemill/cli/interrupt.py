"""Ctrl-C: the first one asks to stop, so that outputs are completed; a second one insists."""

import signal
from types import FrameType
from typing import Any, Self


class Interrupt:
    """While entered, SIGINT and SIGTERM only set ``signal``, and a second one ends at once.

    No lock and no event on purpose: a handler runs between any two instructions of the main
    thread, which may just hold that lock.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether the user has asked to stop."""
        return self.signal != 0

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
