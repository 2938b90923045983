"""Alerts to store and deliver, a receiver of webhooks that can misbehave, and something to kill."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar, cast

import numpy as np
import pytest

from posemill.alerts import Alert, Deliveries
from posemill.alerts.alert import new_id
from posemill.config import AlertConfig
from posemill.skeleton import LANDMARK_COUNT
from posemill.types import Pose

NOW: Final = 1_764_000_000.0
LIMIT_S: Final = 20.0
T = TypeVar("T")


def alert(number: int = 0, **more: Any) -> Alert:
    """Return an alert that began and ended ``number`` seconds from ``NOW``, or ``at``."""
    at = more.pop("at", NOW + number)
    fields = {"began": at, "seen": at, "ended": at, "facts": {"people": [{"id": number}]}}
    name = {"name": "somebody", "rule": "person", "stream": "door"}
    return Alert(**{"id": new_id(at), **name, **fields, **more})


def people(count: int) -> tuple[Pose, ...]:
    """Return people all of whose landmarks are in the middle of the picture."""
    landmarks = np.full((LANDMARK_COUNT, 5), 0.5, np.float32)
    world = np.zeros((LANDMARK_COUNT, 3), np.float32)
    return tuple(Pose(number, 0.9, landmarks, world, (8, 8)) for number in range(count))


class _Nowhere:
    """Stands for deliveries: alerts go to two sinks, and nobody takes them there."""

    def sinks_of(self, rule: AlertConfig) -> tuple[str, ...]:
        return ("webhook:ops", "mqtt") if rule.mqtt else ("webhook:ops",)

    def wake(self) -> None:
        pass


NOWHERE: Final = cast(Deliveries, _Nowhere())


def until(found: Callable[[], T], limit_s: float = LIMIT_S) -> T:
    """Return what is found as soon as there is anything."""
    ends = time.monotonic() + limit_s
    while not (value := found()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)
    return value


def threads() -> list[str]:
    """Return the names of the threads that deliver."""
    return [each.name for each in threading.enumerate() if each.name.startswith("posemill-")]


# --- webhooks

Way = int | Literal["hang", "cut", "half", "drip", "nonsense", "odd"]


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.headers["X-Posemill-Id"]


class Receiver:
    """Answers requests the ways it is told to, one after the other, and 204 after that.

    ``hang``: not at all; ``cut``: closes the connection; ``half``: within the head; ``drip``: a
    byte of the head now and then; ``nonsense``: no HTTP; ``odd``: 200, with a line that is no
    header. ``headers``: of each answer.
    """

    def __init__(self, *ways: Way, tls: ssl.SSLContext | None = None, **headers: str) -> None:
        self.ways, self.headers = deque(ways), headers
        self.received: list[Request] = []
        self._tls, self._ending = tls, threading.Event()

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False

            def handle_error(self, *_: object) -> None:
                pass  # whoever is tested may go at any time

        self._server = Server(("127.0.0.1", 0), Handler)
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, login: str = "", path: str = "/hook") -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{login}127.0.0.1:{self.port}{path}"

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        way = self.ways.popleft() if self.ways else 204
        self.received.append(Request(handler.path, dict(handler.headers), body))
        handler.close_connection = True
        if isinstance(way, int):
            handler.send_response(way)
            for name, value in self.headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
        elif way == "hang":
            self._ending.wait(LIMIT_S)
        elif way == "drip":
            for byte in b"HTTP/1.1 204 No Content\r\nX-Slow: " + b"x" * 1000:
                if self._ending.wait(0.05):
                    break
                handler.wfile.write(bytes([byte]))
        elif way == "half":
            handler.wfile.write(b"HTTP/1.1 20")
        elif way == "nonsense":
            handler.wfile.write(b"\x16\x03\x01 whatever\n\n")
        elif way == "odd":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n")
        elif way == "cut":
            with suppress(OSError):
                handler.connection.shutdown(socket.SHUT_RDWR)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate of 127.0.0.1 that nobody signed but itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    paths = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext"
    subprocess.run(
        [*command.split(), "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
        check=True,
        capture_output=True,
    )
    return paths


# --- something to kill

PROGRAM = """
import sys, time
from pathlib import Path
from alerts_for_tests import alert
from posemill.alerts import AlertStore, Broker, Deliveries
from posemill.config import WebhookConfig
folder, webhook, broker, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
store = AlertStore(folder)
webhooks = [WebhookConfig("ops", webhook)] if webhook else []
deliveries = Deliveries(store, webhooks, Broker(broker, "mill") if broker else None)
for number in range(count):
    one = alert(number, at=time.time())
    store.add(one, [*(["webhook:ops"] if webhook else []), *(["mqtt"] if broker else [])])
    print(one.id, flush=True)
    deliveries.wake()
print("all", flush=True)
time.sleep(600)
"""


def delivering(
    folder: Path, *, webhook: str = "", broker: str = "", count: int = 0
) -> "subprocess.Popen[str]":
    """Start a process that raises alerts and delivers them; it prints each id once it is stored."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), webhook, broker, str(count)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
