"""Whether what holds in single frames has held for a while."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

Facts = Mapping[str, Any]

# A tracker loses somebody for a few frames, a wrist trembles at the level of the eyes. What people
# do takes longer.
FLICKER_S: Final = 0.5
# So that what is over is over: twice as long, or one event would be many.
END_S: Final = 1.0
GAP_S: Final = 2.0


class Edge(NamedTuple):
    """Something began or ended; ``ago_s``: how long ago, which it took to be sure."""

    word: Literal["began", "ended"]
    ago_s: float


class Held:
    """Whether a condition has held for ``for_s``, and since then never lacked for ``END_S``.

    Its own clock stands still where time makes a step of more than ``gap_s`` or goes back: what
    happened then is not known, so it neither begins nor ends anything. Before it begins, it may
    lack for less than ``FLICKER_S`` at a time. ``facts``: the last there were. ``is_on``: whether
    it holds; it may hold from the start, where it did in a process before.
    """

    def __init__(self, for_s: float, *, gap_s: float = GAP_S, is_on: bool = False) -> None:
        self._for_s, self._gap_s, self.is_on = for_s, gap_s, is_on
        self.facts: Facts = {}
        self._time_s: float | None = None
        # In whole microseconds, so that ten steps of 0.1 s are 1 s.
        self._clock_us = 0
        self._since_us: int | None = None
        self._lacks_since_us: int | None = None

    def update(self, time_s: float, facts: Facts | None) -> Edge | None:
        """Take what a frame says; return what that begins or ends."""
        self._tick(time_s)
        if facts is None:
            return self._lack()
        self.facts = facts
        lacked_s, self._lacks_since_us = self._since(self._lacks_since_us), None
        if self._since_us is None or lacked_s >= FLICKER_S:
            self._since_us = self._clock_us
        held_s = self._since(self._since_us)
        if self.is_on or held_s < self._for_s:
            return None
        self.is_on = True
        return Edge("began", held_s)

    def _lack(self) -> Edge | None:
        if self._lacks_since_us is None:
            self._lacks_since_us = self._clock_us
        lacked_s = self._since(self._lacks_since_us)
        if lacked_s >= (END_S if self.is_on else FLICKER_S):
            self._since_us = None
            if self.is_on:
                self.is_on = False
                return Edge("ended", lacked_s)
        return None

    def _since(self, moment_us: int | None) -> float:
        return 0.0 if moment_us is None else (self._clock_us - moment_us) / 1e6

    def _tick(self, time_s: float) -> None:
        step_s = 0.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        if 0 < step_s <= self._gap_s:
            self._clock_us += round(step_s * 1e6)
