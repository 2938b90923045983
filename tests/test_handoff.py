"""Hand-over between two threads: order, bounds, and both sides ending together."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.handoff import TICK_S, Handoff, NewestHandoff


def produce(handoff: Handoff[int], items: list[int], error: Exception | None = None) -> None:
    for item in items:
        if not handoff.put(item):
            return
    handoff.finish(error)


def started(*arguments: object) -> threading.Thread:
    thread = threading.Thread(target=produce, args=arguments)
    thread.start()
    return thread


@given(items=st.lists(st.integers(), max_size=40), capacity=st.integers(1, 5))
def test_everything_arrives_in_order(items: list[int], capacity: int) -> None:
    handoff: Handoff[int] = Handoff(capacity)
    thread = started(handoff, items)
    assert list(handoff) == items
    thread.join(5)
    assert not thread.is_alive()


def test_the_producer_waits_when_the_queue_is_full() -> None:
    handoff: Handoff[int] = Handoff(2)
    thread = started(handoff, [1, 2, 3])
    thread.join(3 * TICK_S)
    assert thread.is_alive()
    assert list(handoff) == [1, 2, 3]
    thread.join(5)
    assert not thread.is_alive()


def test_an_error_of_the_producer_comes_after_its_items() -> None:
    handoff: Handoff[int] = Handoff(5)
    produce(handoff, [1, 2], OSError("torn"))
    got: list[int] = []
    with pytest.raises(OSError, match="torn"):
        got.extend(handoff)
    assert got == [1, 2]


def test_a_producer_that_waits_is_released_when_the_consumer_leaves() -> None:
    handoff: Handoff[int] = Handoff(1)
    thread = started(handoff, [1, 2, 3])
    iterator = iter(handoff)
    assert next(iterator) == 1
    handoff.abandon()
    thread.join(5)
    assert not thread.is_alive()
    assert not handoff.put(9)
    assert list(iterator) == []


def test_a_consumer_that_waits_looks_up_and_stops() -> None:
    handoff: Handoff[int] = Handoff(1)
    until = time.monotonic() + 2 * TICK_S
    assert list(handoff.until(lambda: time.monotonic() > until)) == []
    assert time.monotonic() - until < 5 * TICK_S


def test_nothing_is_put_after_the_end() -> None:
    handoff: Handoff[int] = Handoff(1)
    handoff.finish()
    with pytest.raises(ValueError, match="finish"):
        handoff.put(1)


def test_capacity_has_a_lower_bound() -> None:
    with pytest.raises(ValueError, match="capacity"):
        Handoff(0)


def test_the_newest_replace_the_oldest_and_are_counted() -> None:
    handoff: NewestHandoff[int] = NewestHandoff(2)
    produce(handoff, [1, 2, 3, 4, 5])
    assert list(handoff) == [4, 5]
    assert handoff.dropped == 3
