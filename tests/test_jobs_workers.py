"""Who works at jobs: slots, silence, databases that are away, several workers on PostgreSQL."""

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError

from job_workers import Workers, records, send, settings_of, wait
from posemill.config import Settings
from posemill.errors import JobStoreError
from posemill.jobs import Jobs
from posemill.jobs.heartbeats import Slot, Watch
from posemill.jobs.worker import run
from posemill.server.problems import problem_of
from postgres import postgresql


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.fixture
def jobs(settings: Settings) -> Iterator[Jobs]:
    made = Jobs(settings)
    yield made
    made.close()


# --- who works


def beats(folder: Path, name: str, beat: int) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / f"{name}.beat"
    path.touch()
    os.utime(path, ns=(beat, beat))


def test_slots_are_held_and_come_back(tmp_path: Path) -> None:
    with Slot(tmp_path) as first, Slot(tmp_path) as second:
        assert first.name != second.name
        name = first.name
    with Slot(tmp_path) as again:
        assert again.name == name


def test_one_that_is_silent_is_told_once_and_by_our_own_clock(tmp_path: Path) -> None:
    with Slot(tmp_path) as slot:
        watch = Watch(slot, 10.0)
        beats(tmp_path, "other-0", 1)
        assert watch.silent(100.0) == []
        assert watch.silent(109.0) == []
        beats(tmp_path, "other-0", 2)
        assert watch.silent(112.0) == []
        assert watch.silent(121.0) == []
        assert watch.silent(122.5) == ["other-0"]
        assert watch.silent(130.0) == []
        beats(tmp_path, "other-0", 3)
        assert watch.silent(140.0) == []
        assert watch.silent(151.0) == ["other-0"]
        assert watch.silent(152.0) == []
        watch.again("other-0")
        assert watch.silent(153.0) == ["other-0"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_full_disk_makes_nobody_silent(tmp_path: Path) -> None:
    with Slot(tmp_path) as first, Slot(tmp_path) as second:
        watch = Watch(first, 10.0)
        watch.silent(100.0)
        before = (tmp_path / f"{second.name}.beat").stat().st_mtime_ns
        time.sleep(0.05)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no byte more in any file
        try:
            second.beat()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (tmp_path / f"{second.name}.beat").stat().st_mtime_ns > before


def test_one_that_holds_its_slot_on_our_machine_is_not_silent(tmp_path: Path) -> None:
    with Slot(tmp_path) as slot:
        watch = Watch(slot, 10.0)
        with Slot(tmp_path) as other:
            watch.silent(100.0)
            assert watch.silent(200.0) == []
        assert watch.silent(201.0) == [other.name]


def test_a_worker_outlives_a_database_that_is_away_for_a_moment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, asked = threading.Event(), []

    def recover(names: list[str]) -> None:
        asked.extend(names)
        if len(asked) == 1:
            raise OperationalError("SELECT", {}, Exception("the database is away"))
        stop.set()

    dbos = Mock(_recover_pending_workflows=recover)
    monkeypatch.setattr("posemill.jobs.worker.DBOS", dbos)
    beats(Path(settings.data_dir) / "workers", "other-0", 1)
    run(replace(settings, worker_timeout_s=0.2), stop=stop)
    assert asked == ["other-0", "other-0"]


def test_a_database_that_is_away_is_an_error_of_its_own(
    settings: Settings, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(JobStoreError, match="can't be reached"):
        Jobs(replace(settings, database_url="postgresql://x@127.0.0.1:1/x"))

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the database is away"))

    job = send(jobs, "clip.mp4")
    monkeypatch.setattr(jobs._workflows._client, "list_workflows", away)
    with pytest.raises(JobStoreError, match="the database is away") as raised:
        jobs.get(job.id)
    problem = problem_of(raised.value)
    assert (problem.code, problem.status, problem.retry_after_s) == ("store_unavailable", 503, 5)


# --- PostgreSQL


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
