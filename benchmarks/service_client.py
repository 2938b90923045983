"""Clients for the service's benchmarks: servers as processes, pictures from many threads."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = "/api/v1/detect"
THEIRS = "/detect"
START_LIMIT_S = 120.0


@dataclass
class Load:
    """What came of some time with so many clients: seconds of each answer, counts by status."""

    seconds: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    strangers: int = 0  # answers that belong to another picture
    wall_s: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.wall_s

    def percentile_ms(self, share: float) -> float:
        ranked = sorted(self.seconds) or [float("nan")]
        return 1000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: Sequence[str], **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server in a session of its own, and end all of it."""
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(
            command,
            stdout=said,
            stderr=said,
            env=os.environ | environment,
            start_new_session=True,
        )
        try:
            yield running
            if running.poll() is not None:
                said.seek(0)
                raise SystemExit(f"the server ended: {said.read().decode()[-2000:]}")
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()


@contextmanager
def served(*flags: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Run ``posemill serve`` with a data folder of its own; yield its port once it is ready."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="posemill-bench-") as folder:
        command = [sys.executable, "-m", "posemill", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--data-dir", folder, *flags]
        with process(command) as running:
            wait_for(port, "/readyz", running)
            yield port, running


def wait_for(port: int, path: str, running: "subprocess.Popen[bytes]") -> None:
    """Return once ``path`` answers, with 200 or that it knows no GET."""
    ends = time.monotonic() + START_LIMIT_S
    while time.monotonic() < ends and running.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status in (200, 405):
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise SystemExit("the server did not become ready")


def landmarks(answer: Any) -> Any:
    """Return what two answers of one picture share, of either server."""
    if "frames" in answer:
        return [person["landmarks"] for person in answer["frames"][0]["people"]]
    return answer["landmarks"]


def ask(
    connection: http.client.HTTPConnection, path: str, picture: bytes
) -> tuple[int, float, bytes]:
    """Send one picture; return status, seconds, body."""
    started = time.perf_counter()
    headers = {"Content-Type": "image/jpeg"}
    connection.request("POST", path, picture, headers)
    response = connection.getresponse()
    body = response.read()
    return response.status, time.perf_counter() - started, body


def alone(port: int, path: str, pictures: Sequence[bytes]) -> list[Any]:
    """Return each picture's landmarks as one client alone gets them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers = []
    for picture in pictures:
        status, _, body = ask(connection, path, picture)
        if status != 200:
            raise SystemExit(f"{path} answered {status}: {body[:300]!r}")
        answers.append(landmarks(json.loads(body)))
    connection.close()
    return answers


def load(
    port: int, path: str, pictures: Sequence[bytes], own: Sequence[Any], clients: int, for_s: float
) -> Load:
    """Send pictures from so many clients at once, each as soon as its last one is answered."""
    result, lock = Load(), threading.Lock()
    ends = time.perf_counter() + for_s

    def client(k: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        place = k
        while time.perf_counter() < ends:
            place = (place + 1) % len(pictures)
            try:
                status, took_s, body = ask(connection, path, pictures[place])
            except (OSError, http.client.HTTPException):
                status, took_s, body = 0, 0.0, b""
                connection.close()
            stranger = status == 200 and landmarks(json.loads(body)) != own[place]
            with lock:
                result.statuses[status] += 1
                result.strangers += stranger
                (result.seconds if status == 200 else result.refused).append(took_s)
            if status != 200:
                time.sleep(0.05)
        connection.close()

    threads = [threading.Thread(target=client, args=(k,)) for k in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.wall_s = time.perf_counter() - started
    return result


def photos(folder: Path) -> list[bytes]:
    found = sorted(folder.glob("*.jpg"))
    if not found:
        raise SystemExit(f"{folder} has no .jpg")
    return [path.read_bytes() for path in found]
