"""Media processes side by side, each behind a thread, with a bounded queue in front."""

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from posemill.errors import Busy, WorkerCrashed, WorkerError
from posemill.workers.messages import Answer
from posemill.workers.process import MediaProcess

_LEAST_RETRY_S: Final = 1.0
_PAUSE_S: Final = 1.0  # after a process that can't be started
_LOOK_S: Final = 1.0  # how often an idle process is looked at


@dataclass(frozen=True, slots=True)
class _Task:
    request: Mapping[str, Any]
    data: bytes
    timeout_s: float
    future: "Future[Answer]"


class Lanes:
    """``count`` processes made by ``make``; at most ``queue_size`` requests wait for them.

    Every call may come from any thread.
    """

    def __init__(self, count: int, make: Callable[[], MediaProcess], *, queue_size: int) -> None:
        self._queue_size = queue_size
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._seconds = 0.1  # what a request takes, of late
        self._processes = [make() for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._run, args=(process,), name="posemill-lane", daemon=True)
            for process in self._processes
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, request: Mapping[str, Any], data: bytes = b"", *, timeout_s: float
    ) -> "Future[Answer]":
        """Have the next free process answer; Busy, at once, where too many wait."""
        if self._closed.is_set():
            raise Busy("the service is stopping.", _LEAST_RETRY_S)
        if self.waiting >= self._queue_size:
            seconds = self._seconds * self.waiting / len(self._processes)
            raise Busy("too many pictures are waiting already.", max(_LEAST_RETRY_S, seconds))
        future: Future[Answer] = Future()
        self._tasks.put(_Task(request, data, timeout_s, future))
        return future

    @property
    def waiting(self) -> int:
        """How many requests wait for a process."""
        return self._tasks.qsize()

    @property
    def is_ready(self) -> bool:
        """Whether every process runs."""
        return all(process.is_ready for process in self._processes)

    @property
    def restarts(self) -> int:
        """How many processes had to be started again."""
        return sum(max(0, process.starts - 1) for process in self._processes)

    @property
    def confined(self) -> str:
        """How the processes are confined."""
        return self._processes[0].confined

    @property
    def pids(self) -> list[int]:
        """The processes that run."""
        return [process.pid for process in self._processes if process.pid is not None]

    def close(self) -> None:
        """End the processes; what still waits is refused."""
        self._closed.set()
        for _ in self._threads:  # any of them may take any of these
            self._tasks.put(None)
        for process, thread in zip(self._processes, self._threads, strict=True):
            while thread.is_alive():  # it may just be starting another one
                process.end()
                thread.join(0.1)
        while not self._tasks.empty():
            task = self._tasks.get()
            if task is not None:
                task.future.set_exception(Busy("the service is stopping.", _LEAST_RETRY_S))

    def _run(self, process: MediaProcess) -> None:
        while not self._closed.is_set():
            if process.pid is None:  # before somebody waits for it
                self._start(process)
            with suppress(queue.Empty):
                task = self._tasks.get(timeout=_LOOK_S)
                if task is not None and task.future.set_running_or_notify_cancel():
                    self._do(process, task)
        process.close()

    def _do(self, process: MediaProcess, task: _Task) -> None:
        started = monotonic()
        try:
            answer = process.ask(task.request, task.data, timeout_s=task.timeout_s)
        except Exception as error:  # it belongs to whoever asked
            task.future.set_exception(error)
        else:
            task.future.set_result(answer)
        self._seconds += 0.05 * (monotonic() - started - self._seconds)

    def _start(self, process: MediaProcess) -> None:
        try:
            process.start()
        except (WorkerError, Busy):
            self._closed.wait(_PAUSE_S)


class Seats:
    """Processes for sessions: each session stays with one, several share it."""

    def __init__(self, count: int, make: Callable[[], MediaProcess], *, queue_size: int) -> None:
        self.lanes = [Lanes(1, make, queue_size=queue_size) for _ in range(count)]
        self._taken = [0] * count
        self._lock = threading.Lock()

    def take(self) -> "Seat":
        """Return a seat at the process with the fewest sessions."""
        if not self.lanes:
            raise WorkerCrashed("there is no process for live sessions.")
        with self._lock:
            place = self._taken.index(min(self._taken))
            self._taken[place] += 1
        return Seat(self, place)

    def leave(self, place: int) -> None:
        """Make room at a process."""
        with self._lock:
            self._taken[place] -= 1

    @property
    def sessions(self) -> int:
        """How many seats are taken."""
        return sum(self._taken)

    def close(self) -> None:
        """End the processes."""
        for lane in self.lanes:
            lane.close()


class Seat:
    """A session's place at one process."""

    def __init__(self, seats: Seats, place: int) -> None:
        self._seats, self._place, self._is_left = seats, place, False

    def submit(
        self, request: Mapping[str, Any], data: bytes = b"", *, timeout_s: float
    ) -> "Future[Answer]":
        """Have this session's process answer; Busy, at once, where too many wait."""
        return self._seats.lanes[self._place].submit(request, data, timeout_s=timeout_s)

    def leave(self) -> None:
        """Give the place up; again does nothing."""
        if not self._is_left:
            self._is_left = True
            self._seats.leave(self._place)
