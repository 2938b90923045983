"""Time of live frames, without a clock of its own: when captured, whether due, when to retry.

All times are seconds of one monotonic clock that callers read.
"""

import random
from collections.abc import Callable
from typing import Final

_WINDOW_S: Final = 30.0
# A frame that seems older than this comes from a clock that was set, not from so long a way.
_MAX_LAG_S: Final = 10.0
# Frames come in another order than they are shown in, but not by so much.
_SET_BACK_S: Final = 1.0
_LEAST_STEP_S: Final = 0.001
_EARLY_S: Final = 0.02
_PAUSES_S: Final = (1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 10.0, 60.0)
_JITTER: Final = 0.2


class CaptureClock:
    """Tells when a frame was captured from its own timestamp and from when it arrived.

    The camera's clock has steady steps and an unknown start; arrivals are late by the network's
    way and its jitter. The least difference of the two in the last half minute, which follows
    drift, is the start. Moments rise strictly and are never later than the arrival; a camera's
    clock that jumps begins anew.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._stamp_s: float | None = None
        self._next_offset = float("inf")
        self._since = 0.0
        self._last: float | None = None

    def note(self, stamp_s: float | None, arrived_s: float) -> None:
        """Remember that something with the camera's time ``stamp_s`` arrived."""
        if stamp_s is None:
            return
        offset = arrived_s - stamp_s
        is_set_back = self._stamp_s is not None and stamp_s < self._stamp_s - _SET_BACK_S
        self._stamp_s = stamp_s
        if self._offset is None or is_set_back or offset > self._offset + _MAX_LAG_S:
            self._offset, self._next_offset, self._since = offset, offset, arrived_s
        self._next_offset = min(self._next_offset, offset)
        if arrived_s - self._since > _WINDOW_S:
            self._offset, self._next_offset, self._since = self._next_offset, offset, arrived_s
        self._offset = min(self._offset, offset)

    def moment(self, stamp_s: float | None, arrived_s: float) -> float:
        """Return when what has the camera's time ``stamp_s`` was captured."""
        if stamp_s is None or self._offset is None:
            return arrived_s
        return min(arrived_s, stamp_s + self._offset)

    def rising(self, moment: float) -> float:
        """Return ``moment``, or a little more where it isn't later than the last one."""
        if self._last is not None and moment <= self._last:
            moment = self._last + _LEAST_STEP_S
        self._last = moment
        return moment


class Pace:
    """Says which frames to take so that there are ``fps`` a second at most, evenly."""

    def __init__(self, fps: float) -> None:
        self.interval_s = 1 / fps
        self._due: float | None = None
        self._last: float | None = None

    def is_due(self, time_s: float, *, is_key: bool = False) -> bool:
        """Return whether the frame of ``time_s`` is due; ``is_key``: it costs next to nothing."""
        if self._due is None or self._last is None or time_s < self._last:
            return True  # the first one, or a clock that was set back
        # A little early is better than a whole frame late; on average the rate stays.
        early_s = self.interval_s / 2 if is_key else min(self.interval_s / 4, _EARLY_S)
        return time_s >= self._due - early_s

    def wants(self, time_s: float, *, is_key: bool = False) -> bool:
        """Return whether the frame of ``time_s`` is due; then the next one is due later."""
        if not self.is_due(time_s, is_key=is_key):
            return False
        if self._due is None or self._last is None or time_s < self._last:
            self._due = time_s
        # What comes late leaves the next one due early, by an interval at most.
        self._due = max(self._due, time_s - self.interval_s) + self.interval_s
        self._last = time_s
        return True


class Pacer:
    """Tells when to show the frames of what comes faster than that: files and HLS."""

    def __init__(self) -> None:
        self._start: float | None = None

    def due(self, stamp_s: float, now: float) -> float:
        """Return when the frame of ``stamp_s`` is due; at once where that is long past or ahead."""
        if self._start is None or not -_MAX_LAG_S < self._start + stamp_s - now < _MAX_LAG_S:
            self._start = now - stamp_s
        # What was late moves all that follows, rather than have it rush.
        self._start = max(self._start, now - stamp_s)
        return self._start + stamp_s


class Backoff:
    """How long to wait before each further attempt: soon at first, once a minute at last."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._attempts = 0

    def pause_s(self) -> float:
        """Return the next pause, off by up to a fifth, so that streams don't all come at once."""
        pause_s = _PAUSES_S[min(self._attempts, len(_PAUSES_S) - 1)]
        self._attempts += 1
        return pause_s * (1 + _JITTER * (2 * self._chance() - 1))

    def reset(self) -> None:
        """Begin anew: it was well for a while."""
        self._attempts = 0
