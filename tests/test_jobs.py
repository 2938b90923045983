"""Durable jobs: kills, falls, full disks, removal, and several workers on PostgreSQL."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from posemill.config import Settings
from posemill.errors import JobError, JobNotFound, NoRoom, SourceTooLarge
from posemill.jobs import Job, Jobs
from posemill.jobs.heartbeats import Slot, Watch
from posemill.jobs.store import write_json

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


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=str(tmp_path / "data"), min_free_space=1000, worker_timeout_s=2)


@pytest.fixture
def jobs(settings: Settings) -> Iterator[Jobs]:
    made = Jobs(settings)
    yield made
    made.close()


@pytest.fixture
def workers(settings: Settings) -> Iterator[Workers]:
    made = Workers(settings)
    yield made
    made.end()


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


# --- one worker


def test_a_job_from_upload_to_results(jobs: Jobs, workers: Workers) -> None:
    upload = jobs.begin("clip steps=3.mp4", {"max_people": 2}, 4)
    assert jobs.get(upload.id).state == "uploading"
    upload.write(b"ab")
    upload.close()
    again = jobs.upload(upload.id)
    assert (again.offset, again.length, again.options) == (2, 4, {"max_people": 2})
    with pytest.raises(JobError, match="not all of it"):
        again.complete()
    again.write(b"cd")
    job = again.complete()
    assert job.state == "queued"
    workers.start()
    states = set()

    def seen(job: Job) -> bool:
        states.add(job.state)
        return job.is_final

    done = wait(jobs, job, seen)
    assert (done.state, done.frames, done.frames_total, done.progress) == ("succeeded", 30, 30, 1)
    assert done.results == ("records",)
    assert done.started_s is not None and done.finished_s is not None
    assert records(jobs, job) == b"0\n1\n2\n"
    assert "running" in states


def test_kills_at_random_moments_lose_nothing_and_change_nothing(
    jobs: Jobs, workers: Workers
) -> None:
    job = send(jobs, "steps=300")
    chance = random.Random(4)
    worker = workers.start()
    for _ in range(20):
        # Before it works, or some steps later; in the middle of a step, or between two.
        time.sleep(chance.uniform(0.5, 2.2))
        assert not jobs.get(job.id).is_final
        worker.kill()
        worker.wait()
        worker = workers.start()
    assert wait(jobs, job).state == "succeeded"
    assert records(jobs, job) == "".join(f"{k}\n" for k in range(300)).encode()
    trace = (Path(workers.settings.data_dir) / "jobs" / job.id / "trace").read_text().split()
    # A step that was cut off is done again, but no step that was finished.
    assert len(trace) <= 300 + 20
    assert trace == sorted(trace, key=int)


def test_one_that_brings_its_process_down_fails_and_the_next_one_works(
    jobs: Jobs, workers: Workers
) -> None:
    poison, fine = send(jobs, "steps=5 crash=2"), send(jobs, "steps=2")
    workers.start()
    failed = wait(jobs, poison)
    assert failed.state == "failed"
    assert failed.problem is not None
    assert failed.problem["code"] == "worker_crashed"
    assert wait(jobs, fine).state == "succeeded"


def test_one_fall_is_made_up_for(jobs: Jobs, workers: Workers) -> None:
    job = send(jobs, "steps=4 fall=2")
    workers.start()
    assert wait(jobs, job).state == "succeeded"
    assert records(jobs, job) == b"0\n1\n2\n3\n"


def test_a_bad_source_fails_at_once_and_says_why(jobs: Jobs, workers: Workers) -> None:
    job = send(jobs, "refuse.mp4")
    workers.start()
    assert wait(jobs, job).problem == {
        "code": "broken_source",
        "detail": "refuse.mp4: is damaged.",
    }


def test_a_full_disk_pauses_a_job(jobs: Jobs, workers: Workers) -> None:
    job = send(jobs, "steps=60")
    workers.start()
    wait(jobs, job, lambda job: job.frames > 0)
    workers.room.write_text("10")
    paused = wait(jobs, job, lambda job: job.state == "paused")
    assert paused.problem is not None
    assert paused.problem["code"] == "no_room"
    workers.room.unlink()
    assert wait(jobs, job).state == "succeeded"


def test_a_running_job_can_be_removed(jobs: Jobs, workers: Workers) -> None:
    job, next_one = send(jobs, "steps=1000"), send(jobs, "steps=1")
    workers.start()
    wait(jobs, job, lambda job: job.frames > 0)
    jobs.delete(job.id)
    with pytest.raises(JobNotFound):
        jobs.get(job.id)
    assert wait(jobs, next_one).state == "succeeded"
    assert not (Path(workers.settings.data_dir) / "jobs" / job.id).exists()


# --- the store


@pytest.mark.parametrize("job_id", ["", "..", "../../etc/passwd", "a" * 22, "a" * 21 + "/"])
def test_no_id_is_a_path(jobs: Jobs, job_id: str) -> None:
    for call in (jobs.get, jobs.delete, jobs.upload):
        with pytest.raises(JobNotFound):
            call(job_id)


def test_what_is_too_long_is_refused_at_the_byte(settings: Settings) -> None:
    jobs = Jobs(replace(settings, max_video_length=10))
    upload = jobs.begin("clip.mp4", {}, None)
    upload.write(b"0123456789")
    with pytest.raises(SourceTooLarge):
        upload.write(b"!")
    assert upload.offset == 10
    upload.abandon()
    assert jobs.list(10)[1] == 0
    told = jobs.begin("clip.mp4", {}, 3)
    with pytest.raises(JobError, match="announced"):
        told.write(b"0123")
    told.abandon()
    jobs.close()


def test_a_full_disk_refuses_uploads(settings: Settings) -> None:
    jobs = Jobs(replace(settings, min_free_space=1 << 60))
    with pytest.raises(NoRoom, match="min_free_space"):
        jobs.begin("clip.mp4", {}, 10)
    jobs.close()


def test_an_upload_that_was_not_handed_on_is_adopted(jobs: Jobs, workers: Workers) -> None:
    upload = jobs.begin("steps=1", {}, 1)
    upload.write(b"x")
    upload.close()
    folder = Path(workers.settings.data_dir) / "jobs" / upload.id
    (folder / "uploaded").touch()  # and then the service was killed
    workers.start()
    jobs.sweep()
    assert wait(jobs, jobs.get(upload.id)).state == "succeeded"


def test_finished_jobs_go_after_their_time_and_the_oldest_where_room_is_wanted(
    settings: Settings, jobs: Jobs, workers: Workers
) -> None:
    done = []
    workers.start()
    for _ in range(3):
        done.append(wait(jobs, send(jobs, "steps=1", b"x" * 50_000)))
        time.sleep(0.01)
    waiting = jobs.begin("clip.mp4", {}, 100)
    waiting.close()
    jobs.sweep()
    assert jobs.list(10)[1] == 4
    small = Jobs(replace(settings, max_storage=200_000))
    small.sweep()
    assert {job.id for job in small.list(10)[0]} == {done[1].id, done[2].id, waiting.id}
    small.close()
    short = Jobs(replace(settings, keep_results_for=0.001))
    short.sweep()
    assert {job.id for job in short.list(10)[0]} == {waiting.id}
    old = time.time() - 90_000
    os.utime(Path(settings.data_dir) / "jobs" / waiting.id / "upload", (old, old))
    short.sweep()
    assert short.list(10)[1] == 0
    short.close()


def test_pages_are_newest_first(jobs: Jobs) -> None:
    made = [send(jobs, f"clip{k}.mp4") for k in range(5)]
    page, total = jobs.list(2, 1)
    assert total == 5
    assert [job.name for job in page] == ["clip3.mp4", "clip2.mp4"]
    assert jobs.list(9, 0, "succeeded") == ([], 0)
    assert jobs.counts()["queued"] == 5
    assert len({job.id for job in made}) == 5


# --- who works


def test_slots_are_held_and_come_back(tmp_path: Path) -> None:
    with Slot(tmp_path) as first, Slot(tmp_path) as second:
        assert first.name != second.name
        name = first.name
    with Slot(tmp_path) as again:
        assert again.name == name


def test_one_that_is_silent_is_told_once_and_by_our_own_clock(tmp_path: Path) -> None:
    with Slot(tmp_path) as slot:
        watch = Watch(slot, 10.0)
        other = tmp_path / "other-0.json"
        write_json(other, {"beat": 1})
        assert watch.silent(100.0) == []
        assert watch.silent(109.0) == []
        write_json(other, {"beat": 2})
        assert watch.silent(112.0) == []
        assert watch.silent(121.0) == []
        assert watch.silent(122.5) == ["other-0"]
        assert watch.silent(130.0) == []
        write_json(other, {"beat": 3})
        assert watch.silent(140.0) == []
        assert watch.silent(151.0) == ["other-0"]


# --- PostgreSQL


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        user = {"user": "nobody", "group": "nogroup"}
        shutil.chown(folder, **user)
        folder.chmod(0o700)
        for parent in folder.parents:
            if parent.stat().st_mode & 0o5 != 0o5 and parent.is_relative_to("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o5)
    data = folder / "cluster"
    common: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
    command = [initdb, "-D", str(data), "-U", "posemill", "--auth=trust", "--no-sync"]
    subprocess.run(command, check=True, cwd=folder, **common)
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
    server = subprocess.Popen([postgres, "-D", str(data), *options], cwd=folder, **common)
    try:
        ends = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < ends
            time.sleep(0.05)
        yield f"postgresql://posemill@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def test_three_workers_on_postgresql_one_of_them_killed(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "postgresql"
    folder.mkdir()
    with postgresql(folder) as url:
        shared = replace(settings, database_url=url)
        jobs, workers = Jobs(shared), Workers(shared)
        try:
            made = [send(jobs, "steps=60") for _ in range(3)]
            processes = [workers.start() for _ in range(3)]
            for job in made:
                wait(jobs, job, lambda job: job.frames > 0)
            processes[0].kill()
            processes[0].wait()
            killed_s = time.monotonic()
            done = [wait(jobs, job) for job in made]
            took_s = time.monotonic() - killed_s
            assert [job.state for job in done] == ["succeeded"] * 3
            wanted = "".join(f"{k}\n" for k in range(60)).encode()
            assert [records(jobs, job) for job in made] == [wanted] * 3
            # Silent for worker_timeout_s, seen within two fifths of it, then worked on.
            assert took_s < 1.4 * shared.worker_timeout_s + 60 * 0.05 * 2 + 10
        finally:
            workers.end()
            jobs.close()
