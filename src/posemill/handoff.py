"""Bounded hand-over between two threads: a producer puts, a consumer iterates.

Nothing here waits for ever without looking up: each wait wakes at least every ``TICK_S`` to
let Python run its signal handlers and to ask whether the consumer has been told to stop.
"""

from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition
from typing import Final, Generic, TypeVar

T = TypeVar("T")

TICK_S: Final = 0.1


def _never() -> bool:
    return False


class Handoff(Generic[T]):
    """A queue of at most ``capacity`` items whose producer waits for room: nothing is lost.

    Either side may leave at any time, which ends the other one as well.
    """

    def __init__(self, capacity: int = 2) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.capacity = capacity
        self._items: deque[T] = deque()
        self._changed = Condition()
        self._finished = False
        self._abandoned = False
        self._error: BaseException | None = None

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._items)

    def put(self, item: T) -> bool:
        """Hand ``item`` over; False, and nothing done, once the consumer has left."""
        with self._changed:
            self._make_room()
            if self._abandoned:
                return False
            if self._finished:
                raise ValueError("nothing can be put after finish()")
            self._items.append(item)
            self._changed.notify_all()
            return True

    def finish(self, error: BaseException | None = None) -> None:
        """End the producer's side; the consumer gets what is left, and then ``error``."""
        with self._changed:
            if not self._finished:
                self._finished, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """End the consumer's side: what waits is thrown away, and ``put`` returns False."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        return self.until(_never)

    def until(self, stopped: Callable[[], bool]) -> Iterator[T]:
        """Iterate until the producer finishes or ``stopped()``; raise the producer's error."""
        while True:
            with self._changed:
                while not (self._items or self._finished or self._abandoned or stopped()):
                    self._changed.wait(TICK_S)
                if self._abandoned or stopped():
                    return
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item

    def _make_room(self) -> None:
        while len(self._items) >= self.capacity and not (self._abandoned or self._finished):
            self._changed.wait(TICK_S)


class NewestHandoff(Handoff[T]):
    """For live sources: a full queue throws its oldest item away, and counts it."""

    def __init__(self, capacity: int = 1) -> None:
        super().__init__(capacity)
        self.dropped = 0

    def newest(self, item: T) -> T:
        """Return the newest item that waits, and drop ``item``; that itself where none waits."""
        with self._changed:
            if not self._items:
                return item
            self.dropped += len(self._items)
            newest = self._items.pop()
            self._items.clear()
            return newest

    def _make_room(self) -> None:
        while len(self._items) >= self.capacity:
            self._items.popleft()
            self.dropped += 1
