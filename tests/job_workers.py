"""Worker processes for tests of jobs, which can be killed; and jobs to send and wait for."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from posemill.config import Settings
from posemill.jobs import Job, Jobs

HERE = str(Path(__file__).parent)
LIMIT_S = 60.0
WORKER = """
import sys, threading
from pathlib import Path
from posemill.config import Settings
from posemill.jobs.worker import Worker, run
settings = Settings(**{settings!r})
room = Path({room!r})
free = lambda: int(room.read_text()) if room.exists() else 1 << 40
run(settings, stop=threading.Event(), worker=Worker(settings, module={module!r}, free=free))
"""


class Workers:
    """Worker processes of a test, which can be killed."""

    def __init__(self, settings: Settings, module: str = "jobs_for_tests") -> None:
        self.settings, self._module = settings, module
        self.room = Path(settings.data_dir) / "room"
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        program = WORKER.format(
            settings=asdict(self.settings), room=str(self.room), module=self._module
        )
        path = os.pathsep.join([HERE, *sys.path])
        environment = {**os.environ, "PYTHONPATH": path}
        process = subprocess.Popen([sys.executable, "-c", program], env=environment)
        self.running.append(process)
        return process

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


def settings_of(folder: Path) -> Settings:
    """Return the settings of jobs in ``folder``: little patience, little room."""
    return Settings(data_dir=str(folder / "data"), min_free_space=1000, worker_timeout_s=2)


def send(jobs: Jobs, name: str, data: bytes = b"x", **options: Any) -> Job:
    upload = jobs.begin(name, options, None)
    upload.write(data)
    return upload.complete()


def wait(jobs: Jobs, job: Job, until: Callable[[Job], bool] = lambda job: job.is_final) -> Job:
    ends = time.monotonic() + LIMIT_S
    while not until(found := jobs.get(job.id)):
        assert time.monotonic() < ends, found
        time.sleep(0.02)
    return found


def records(jobs: Jobs, job: Job) -> bytes:
    found = jobs.result(job.id, "records")
    assert found is not None
    return found[0].read_bytes()
