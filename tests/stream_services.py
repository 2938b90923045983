"""The service with streams, as somebody with its token asks it."""

import json
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from servers import TOKEN, free_port, served

BEARER = {"Authorization": f"Bearer {TOKEN}"}
SECRETS = ("hush-hush", "hush-too")
WATCHER = "posemill.streams.process"
T = TypeVar("T")


def settings(clip: Path) -> str:
    """Return a settings file: two files as cameras, a camera that isn't there, and rules."""
    return f"""
model_complexity = 0
max_fps = 5
stall_s = 2
clip_before_s = 0.5
clip_after_s = 0.5
[[streams]]
name = "door"
url = {json.dumps(str(clip))}
record = true
zones = {{ mat = [[0, 0], [1, 0], [1, 1], [0, 1]] }}
[[streams]]
name = "hall"
url = {json.dumps(str(clip))}
[[streams]]
name = "gate"
url = "rtsp://admin:hush-hush@127.0.0.1:{free_port()}/stream?key=hush-too"
[[alerts]]
name = "visit"
rule = "person"
streams = ["door"]
for_s = 0.2
clip = true
[[alerts]]
name = "on-the-mat"
rule = "zone"
zone = "mat"
streams = ["door"]
for_s = 0.2
clip = true
"""


def until(found: Callable[[], T | None], within_s: float = 20.0) -> T:
    """Return what is found as soon as it is true."""
    ends = time.monotonic() + within_s
    while True:
        if result := found():
            return result
        assert time.monotonic() < ends, result
        time.sleep(0.03)


class Api:
    """A service that runs, as somebody with the token asks it."""

    def __init__(self, url: str, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.url, self.process, self.folder = url, process, folder

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self.send("GET", path, **request)

    def post(self, path: str, body: object) -> httpx.Response:
        return self.send("POST", path, json=body)

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**BEARER, **request.pop("headers", {})}
        url = f"{self.url}/api/v1{path}"
        return httpx.request(method, url, headers=headers, timeout=30, **request)

    def stream(self, name: str) -> dict[str, Any]:
        answer = self.get(f"/streams/{name}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def is_live(self, name: str) -> bool:
        found = self.stream(name)
        return bool(found["state"] == "live" and found["processed"] > 0)

    def alerts(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.get("/alerts", params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["alerts"]
        return found

    def watcher(self) -> psutil.Process | None:
        """The process that watches, while it runs."""
        for each in psutil.Process(self.process.pid).children():
            try:
                if WATCHER in each.cmdline():
                    return each
            except psutil.Error:
                pass
        return None

    @contextmanager
    def watch(self, query: str = "") -> Iterator[ClientConnection]:
        url = self.url.replace("http", "ws") + f"/api/v1/streams/watch{query}"
        with connect(url, proxy=None, additional_headers=BEARER) as session:
            yield session


@contextmanager
def service(folder: Path, text: str, *, port: int | None = None) -> Iterator[Api]:
    """Run the service with a settings file, and no process that isn't needed here."""
    file = folder / "posemill.toml"
    file.write_text(text)
    given = ("--job-workers", "0", "--auth-token", TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSEMILL_CONFIG", str(file))
        with served(folder / "data", *given, port=port) as (url, process):
            yield Api(url, process, folder / "data")


def api_body(name: str, url: str | Path) -> dict[str, Any]:
    return {"name": name, "url": str(url)}


def nowhere() -> str:
    return f"127.0.0.1:{free_port()}"


def picture_of(message: bytes) -> tuple[dict[str, Any], Image.Image]:
    """Return the head and the picture of a binary message."""
    (length,) = struct.unpack("!I", message[:4])
    head: dict[str, Any] = json.loads(message[4 : 4 + length])
    with Image.open(BytesIO(message[4 + length :])) as found:
        found.load()
        return head, found.copy()


def next_picture(
    session: ClientConnection, fits: Callable[[dict[str, Any], Image.Image], bool]
) -> tuple[dict[str, Any], Image.Image]:
    """Return the next picture that fits."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        message = session.recv(timeout=20)
        if isinstance(message, bytes) and fits(*(found := picture_of(message))):
            return found
    raise AssertionError("no such picture came")


def next_event(session: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next event of a kind."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        message = session.recv(timeout=20)
        if isinstance(message, str):
            event: dict[str, Any] = json.loads(message)
            if event["event"] == kind:
                return event
    raise AssertionError(f"no {kind} came")
