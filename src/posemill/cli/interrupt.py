"""Ctrl-C: the first one asks to stop, so that outputs are completed; a second one insists."""

import signal
from types import FrameType
from typing import Any, Final, Self

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one: the terminal is gone
_ASKING: Final = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


class Interrupt:
    """While entered, SIGINT, SIGTERM, SIGHUP only set ``signal``; a second one ends at once.

    One that is ignored, as under nohup, stays ignored.
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
        for number in _ASKING:
            # None: a handler that isn't Python's, which couldn't be put back.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
