"""A service that is attacked, and whether it is as before afterwards."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from websockets.sync.client import connect

from hostile_videos import clip
from servers import served, talk

MIB = 1024**2
# What may be left of all attacks together, in all processes.
ROOM_BYTES = 64 * MIB
BACK_S = 10.0
PICTURE_S = 8.0
FINAL = ("succeeded", "failed", "cancelled")


@dataclass
class Victim:
    """``posemill serve`` as a process, a picture that it must go on to answer, and its folder."""

    url: str
    process: "subprocess.Popen[str]"
    picture: bytes
    folder: Path
    memory_before: int = field(default=0)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def get(self, path: str, **request: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=20, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return httpx.post(self.url + path, timeout=20, **request)

    def said(self, *parts: bytes, pause_s: float = 0.0) -> bytes:
        return talk(self.port, *parts, pause_s=pause_s, limit_s=12.0)

    def job(self, data: bytes, name: str = "clip.mp4", **request: Any) -> dict[str, Any]:
        """Send a file and return its job once that is over."""
        answer = self.post(
            "/api/v1/jobs", content=data, headers={"X-File-Name": name.encode()}, **request
        )
        assert answer.status_code == 202, answer.text
        return self.ended(answer.headers["location"])

    def ended(self, address: str, limit_s: float = 40.0) -> dict[str, Any]:
        ends, pause_s = time.monotonic() + limit_s, 0.05
        while True:
            job: dict[str, Any] = self.get(address).json()
            if job["state"] in FINAL:
                return job
            assert time.monotonic() < ends, job
            time.sleep(pause_s)
            pause_s = min(0.5, 1.3 * pause_s)

    def answers_a_picture(self, limit_s: float = PICTURE_S) -> None:
        """Check that the picture's one person is found; a busy service may be asked again."""
        ends = time.monotonic() + limit_s
        while True:
            answer = self.post("/api/v1/detect", content=self.picture)
            if answer.status_code != 503:
                break
            assert int(answer.headers["retry-after"]) > 0
            assert time.monotonic() < ends, answer.text
            time.sleep(0.2)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["frames"][0]["people"]) == 1
        assert time.monotonic() < ends

    def memory(self) -> int:
        """Return the bytes that the processes of the service have to themselves."""
        service, total = psutil.Process(self.process.pid), 0
        for each in (service, *service.children(recursive=True)):
            with suppress(psutil.Error):
                total += each.memory_full_info().uss
        return total

    def check(self) -> None:
        """Check that it is as it was before the attacks."""
        assert self.process.poll() is None
        assert self.get("/healthz").status_code == 200
        self.answers_a_picture()
        ends = time.monotonic() + BACK_S
        while (more := self.memory() - self.memory_before) > ROOM_BYTES:
            assert time.monotonic() < ends, f"{more // MIB} MiB more than before"
            time.sleep(0.2)


@contextmanager
def attacked(folder: Path, picture: bytes, *flags: str) -> Iterator[Victim]:
    """Serve, used once in every way before memory is looked at; its log must stay clean."""
    with served(folder, *flags) as (url, process):
        victim = Victim(url, process, picture, folder)
        for _ in range(3):
            victim.answers_a_picture(60)
        assert victim.job(clip(3))["state"] == "succeeded"
        with connect(url.replace("http", "ws") + "/api/v1/live") as live:
            live.send(picture)
            live.recv(20)
        victim.memory_before = victim.memory()
        yield victim
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log[-5000:]
        # DBOS tells of a job that is removed while it runs, as the tests of random bodies do.
        removed = log.count("DBOSAwaitedWorkflowCancelledError:")
        assert log.count("Traceback") == removed, log[-5000:]
        assert log.count("\n") < 10 + 40 * removed, log[-5000:]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a problem, having checked that it is one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]
