"""How a stream has been doing over the last seconds: rates and ages."""

from collections import deque
from threading import Lock
from typing import Final

WINDOW_S: Final = 5.0


class Recent:
    """Results of the last seconds: how many a second, how old they were, who was in them."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._results: deque[tuple[float, float]] = deque()
        self._lock = Lock()
        self._began: float | None = None

    def add(self, now: float, age_s: float) -> None:
        """Count a result that came ``now``, ``age_s`` after its frame was captured."""
        with self._lock:
            if self._began is None:
                self._began = now
            self._results.append((now, age_s))
            self._forget(now)

    def rate(self, now: float) -> float:
        """Return the results a second."""
        with self._lock:
            self._forget(now)
            if self._began is None:
                return 0.0
            return len(self._results) / min(self._window_s, max(now - self._began, 1.0))

    def ages_s(self, now: float) -> tuple[float, float] | None:
        """Return the median and the 95th percentile of the ages; None without results."""
        with self._lock:
            self._forget(now)
            ages = sorted(age for _, age in self._results)
        return (_at(ages, 0.5), _at(ages, 0.95)) if ages else None

    def _forget(self, now: float) -> None:
        while self._results and self._results[0][0] < now - self._window_s:
            self._results.popleft()


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
