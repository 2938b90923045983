"""The job workers of a service: started, watched, started again, and ended with it."""

import json
import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from posemill.config import Settings

_LOG: Final = logging.getLogger("posemill")
MODULE: Final = "posemill.server.job_worker"
_POLL_S: Final = 0.2
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_HEALTHY_S: Final = 60.0  # one that ran for so long starts again without a pause


class Supervisor:
    """Keeps ``job_workers`` processes running until it is closed.

    Each gets the settings through its stdin, which nobody else holds: its end tells the worker
    that the service is gone, however that came about.
    """

    def __init__(self, settings: Settings, *, module: str = MODULE) -> None:
        self._stop = threading.Event()
        self._stop_timeout_s = settings.stop_timeout_s
        first = json.dumps(asdict(settings)).encode() + b"\n"
        self._workers = [_Worker(module, first) for _ in range(settings.job_workers)]
        self._thread = threading.Thread(target=self._watch, name="posemill-supervisor", daemon=True)
        self._thread.start()

    @property
    def pids(self) -> list[int]:
        """The workers that run."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    def close(self) -> None:
        """Have the workers stop, and end those that don't."""
        self._stop.set()
        self._thread.join()
        for worker in self._workers:
            worker.ask_to_stop()
        ends = time.monotonic() + self._stop_timeout_s
        for worker in self._workers:
            worker.end(max(0.0, ends - time.monotonic()))

    def _watch(self) -> None:
        while not self._stop.is_set():
            for worker in self._workers:
                worker.keep_running()
            self._stop.wait(_POLL_S)


class _Worker:
    """One worker's place: its process, and when to start the next."""

    def __init__(self, module: str, first: bytes) -> None:
        self._module, self._first = module, first
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = self._due_s = 0.0
        self._pause_s = _FIRST_PAUSE_S

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def keep_running(self) -> None:
        """Start it where it doesn't run, after a pause that grows with each early end."""
        now = time.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            _LOG.warning("a job worker ended (%s); another one takes its place.", code)
            self._close_pipe()
            is_healthy = now - self._started_s > _HEALTHY_S
            self._pause_s = _FIRST_PAUSE_S if is_healthy else self._pause_s
            self._put_off(now)
            self._process = None
        if self._process is None and now >= self._due_s:
            try:
                self._start()
            except OSError as error:  # too many files or processes: that passes
                _LOG.warning("a job worker can't be started (%s); it is tried again.", error)
                self._put_off(now)

    def ask_to_stop(self) -> None:
        self._close_pipe()

    def end(self, timeout_s: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _put_off(self, now: float) -> None:
        self._due_s = now + self._pause_s
        self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)

    def _start(self) -> None:
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is the service's, from the first moment on
        )
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended already; the next look finds that
            self._process.stdin.write(self._first)
            self._process.stdin.flush()

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it has ended, with something of the settings unread
                self._process.stdin.close()
