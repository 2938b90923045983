"""Servers for tests: the application with fakes on a real socket, and the command as a process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx

from posemill.alerts import AlertStore
from posemill.config import Settings, Watching, data_folder
from posemill.errors import PosemillError
from posemill.exercises.templates import Templates
from posemill.jobs import Jobs
from posemill.server.app import build_app
from posemill.server.examination import Examination
from posemill.server.listening import listen, server
from posemill.server.metrics import Metrics
from posemill.server.schemas import EXAMPLES
from posemill.server.service import Service
from posemill.server.watching import Watch
from posemill.workers import Answer, Lanes, Seats

# Not looked at by the fake.
PICTURE = b"\xff\xd8\xff\xe0 not looked at"
TOKEN = "a-long-random-word"
DOCUMENT = json.dumps(EXAMPLES["Document"]).encode()
COMPARISON = json.dumps(EXAMPLES["PictureComparison"]).encode()


@dataclass
class FakeLanes:
    """Answers every picture at once; ``asked`` keeps the requests.

    ``fails`` is raised instead, ``answers`` returned instead.
    """

    fails: PosemillError | None = None
    answers: "Future[Answer] | None" = None
    asked: list[tuple[Mapping[str, Any], bytes]] = field(default_factory=list)
    is_ready: bool = True
    waiting: int = 0
    restarts: int = 0
    confined: str = "none"
    pids: tuple[int, ...] = ()

    def submit(
        self, request: Mapping[str, Any], data: bytes, *, timeout_s: float
    ) -> "Future[Answer]":
        if self.fails is not None:
            raise self.fails
        self.asked.append((request, data))
        if self.answers is not None:
            return self.answers
        future: Future[Answer] = Future()
        if "answer" not in request:  # of analyses, which are asked for other things
            future.set_result(Answer({"seconds": 0.001}, COMPARISON))
            return future
        made = DOCUMENT if request["answer"] == "records" else data
        stages = {"decode": 0.001, "infer": 0.01, "encode": 0.001}
        future.set_result(Answer({"people": 0, "stages": stages}, made))
        return future


@dataclass
class Running:
    """A service with fakes that runs: its address, and the parts to change."""

    port: int
    service: Service
    lanes: FakeLanes

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Running]:
    """Serve the application with fake lanes on a free port of this machine."""
    chosen = Settings(host="127.0.0.1", port=0, data_dir=str(folder), job_workers=0, **settings)
    lanes, jobs = FakeLanes(), Jobs(chosen)
    seats = Seats(0, cast(Callable[..., Any], None), queue_size=1)
    watch, alerts = Watch(chosen, Watching()), AlertStore(data_folder(chosen) / "alerts")
    service = Service(
        chosen,
        jobs,
        cast(Lanes, lanes),
        seats,
        cast(Lanes, lanes),
        Templates.of(chosen),
        watch,
        alerts,
        Metrics(),
        Examination(chosen),
    )
    listening = listen(chosen)
    port = listening.getsockname()[1]
    uvicorn = server(build_app(service), chosen, service.stopping)
    thread = threading.Thread(target=lambda: asyncio.run(uvicorn.serve(sockets=[listening])))
    thread.start()
    try:
        yield Running(port, service, lanes)
    finally:
        uvicorn.should_exit = True
        thread.join(30)
        jobs.close()
        watch.close()
        alerts.close()


def detect(service: Running, **request: Any) -> httpx.Response:
    """Send a picture, or what is none."""
    return httpx.post(f"{service.url}/api/v1/detect", **request)


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem details of an answer, which must be whole."""
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "code", "detail", "advice"}
    assert body["status"] == answer.status_code
    assert body["advice"]
    return body


def talk(port: int, *parts: bytes, pause_s: float = 0.0, limit_s: float = 10.0) -> bytes:
    """Send parts over a bare socket and return all that comes until the other side closes.

    TimeoutError where it doesn't, within ``limit_s``.
    """
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as client:
        try:
            for part in parts:
                client.sendall(part)
                time.sleep(pause_s)
            while more := client.recv(65536):
                said += more
        except (ConnectionResetError, BrokenPipeError):
            pass
    return said


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    folder: Path, *flags: str, port: int | None = None
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run ``posemill serve`` until it is ready; yield its address and process."""
    port = free_port() if port is None else port
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "posemill", "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--data-dir", str(folder), "--picture-workers", "1"]
    command += ["--live-workers", "1", *flags]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ.copy())
    try:
        wait_until_ready(url, process)
        yield url, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def wait_until_ready(url: str, process: "subprocess.Popen[str]") -> None:
    """Return once /readyz answers 200."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the service did not become ready")
