"""The pipe of the process that watches: who reads slowly holds up nothing and fills nothing."""

import os
import threading
from typing import Any

from posemill.streams.hub import Event
from posemill.streams.process import Mailbox
from posemill.workers import receive


def test_a_pipe_that_nobody_reads_fills_no_memory_and_loses_no_answer() -> None:
    out, into = os.pipe()
    with open(out, "rb", buffering=0) as reading, open(into, "wb", buffering=0) as writing:  # noqa: PTH123
        mailbox = Mailbox(writing)
        for number in range(2000):
            mailbox.tell(Event("picture", "door", {"frame": number}, b"x" * 1000))
            if number % 100 == 0:
                mailbox.put({"id": number, "answer": None})
        told: list[dict[str, Any]] = []
        while not told or told[-1].get("id") != 1900:
            message = receive(reading)
            assert message is not None
            told.append(message[0])
    pictures = [each for each in told if "event" in each]
    assert [each["id"] for each in told if "id" in each] == list(range(0, 2000, 100))
    assert len(pictures) < 256 + 100  # and what the pipe itself holds
    assert threading.active_count() < 20
