"""The service on a real port of this machine, with jobs that nobody works at."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from posemill.alerts import AlertStore
from posemill.config import Settings, Watching, data_folder
from posemill.errors import BrokenSource
from posemill.exercises.templates import Templates
from posemill.jobs import Jobs
from posemill.server.app import build_app
from posemill.server.examination import Examination
from posemill.server.listening import listen, server
from posemill.server.metrics import Metrics
from posemill.server.service import Service
from posemill.server.watching import Watch
from posemill.workers import Answer, Lanes, Seats


class FakeSeats:
    """Live sessions that are answered after ``takes_s``; a frame of ``bad`` is broken."""

    def __init__(self, takes_s: float = 0.0, record_bytes: int = 0) -> None:
        self.takes_s, self.more = takes_s, "x" * record_bytes
        self.sessions, self.confined = 0, "not"
        self.waiting = self.restarts = 0
        self.pids: list[int] = []
        self.requests: list[Mapping[str, Any]] = []
        self.lanes: list[Lanes] = []
        self._pool = ThreadPoolExecutor(8)

    def take(self) -> "FakeSeats":
        self.sessions += 1
        return self

    def leave(self) -> None:
        self.sessions -= 1

    def submit(
        self, request: Mapping[str, Any], data: bytes = b"", *, timeout_s: float
    ) -> "Future[Answer]":
        self.requests.append(request)
        return self._pool.submit(self._work, request, data)

    def _work(self, request: Mapping[str, Any], data: bytes) -> Answer:
        if request["do"] != "live_frame":
            return Answer()
        time.sleep(self.takes_s)
        if data == b"bad":
            raise BrokenSource("a frame is damaged.")
        fields: dict[str, Any] = {"people": 0, "stages": {}}
        if request["frame"] == 0:
            fields["header"] = {"schema": "posemill/1"}
        record = f'{{"frame":{request["frame"]},"people":[],"more":"{self.more}"}}'
        return Answer(fields, record.encode())


@contextmanager
def served(
    settings: Settings, jobs: Jobs | None = None, live: Any = None, analysis: Any = None
) -> Iterator[str]:
    """Serve on a free port of loopback; yield the address, ``http://127.0.0.1:PORT``."""
    own = jobs or Jobs(settings)
    watch, alerts = Watch(settings, Watching()), AlertStore(data_folder(settings) / "alerts")
    service = Service(
        settings,
        own,
        cast(Lanes, FakeSeats()),
        cast(Seats, live or FakeSeats()),
        cast(Lanes, analysis or FakeSeats()),
        Templates.of(settings),
        watch,
        alerts,
        Metrics(),
        Examination(settings),
    )
    socket = listen(settings)
    running = server(build_app(service), settings, service.stopping)
    thread = threading.Thread(
        target=lambda: asyncio.run(running.serve(sockets=[socket])), daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(20)
        socket.close()
        own.close()
        watch.close()
        alerts.close()
        assert not thread.is_alive()


def settings_for(folder: Path, **more: Any) -> Settings:
    """Return settings of a service that keeps its jobs in ``folder``."""
    return Settings(
        **{"host": "127.0.0.1", "port": 0, "data_dir": str(folder), "min_free_space": 1, **more}
    )
