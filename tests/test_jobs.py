"""Durable jobs: kills, falls, full disks, removal."""

import errno
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from job_workers import Workers, records, send, settings_of, wait
from posemill.config import Settings
from posemill.errors import Busy, JobError, JobNotFound, JobStoreError, NoRoom, SourceTooLarge
from posemill.jobs import Job, Jobs
from posemill.jobs.database import tell_milliseconds
from posemill.jobs.progress import Progress
from posemill.jobs.store import JobFolder, read_json, write_json
from posemill.jobs.worker import Worker
from posemill.workers import Answer


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


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


def test_a_process_that_can_not_be_started_now_is_waited_for(
    settings: Settings, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posemill.jobs.worker.WAIT_S", 0.01)
    worker = Worker(settings)
    answers = [Busy("no process can be started now.")] * 5 + [Answer({"kind": "video"})]
    monkeypatch.setattr(worker._media, "ask", Mock(side_effect=answers))
    assert worker.begin(send(jobs, "clip.mp4").id) == {"kind": "video"}


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


def test_a_folder_that_can_not_be_made_is_told(settings: Settings) -> None:
    with pytest.raises(JobStoreError, match="--data-dir"):
        Jobs(replace(settings, data_dir="/dev/null/posemill"))


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


def test_whoever_else_fills_the_disk_costs_no_results(
    settings: Settings, jobs: Jobs, workers: Workers
) -> None:
    workers.start()
    done = wait(jobs, send(jobs, "steps=1"))
    full = Jobs(replace(settings, min_free_space=1 << 60))
    full.sweep()
    assert full.get(done.id).results == ("records",)
    full.close()


def test_what_vanishes_meanwhile_is_passed_over(
    settings: Settings, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ghost = JobFolder(Path(settings.data_dir) / "jobs" / ("a" * 22))
    half, old = (jobs.begin("clip.mp4", {}, 10) for _ in range(2))
    for upload in (half, old):
        upload.write(b"x")
        upload.close()
    (Path(settings.data_dir) / "jobs" / half.id / "upload").unlink()
    os.utime(Path(settings.data_dir) / "jobs" / old.id / "upload", (0, 0))
    folders = [ghost, *jobs._store.all()]
    monkeypatch.setattr(jobs._store, "all", lambda: iter(folders))
    assert jobs.get(half.id).bytes == 0
    assert jobs.list(10)[1] == 2
    jobs.sweep()
    with pytest.raises(JobNotFound):
        jobs.get(old.id)
    with pytest.raises(JobNotFound):
        ghost.record()


def test_uploads_that_are_not_complete_are_few_and_empty_ones_go_soon(settings: Settings) -> None:
    jobs = Jobs(replace(settings, max_uploads=1))
    uploads = [jobs.begin("clip.mp4", {}, 10) for _ in range(8)]
    with pytest.raises(Busy, match="not complete") as refused:
        jobs.begin("clip.mp4", {}, 10)
    assert refused.value.retry_after_s >= 10
    uploads[0].write(b"x" * 10)
    uploads[0].complete()
    uploads[1].write(b"x")
    uploads.append(jobs.begin("clip.mp4", {}, 10))
    for upload in uploads:
        upload.close()
    long_ago = time.time() - 3700
    for upload in uploads[:8]:
        path = Path(settings.data_dir) / "jobs" / upload.id / "upload"
        os.utime(path, (long_ago, long_ago))
    jobs.sweep()
    kept = {uploads[0].id, uploads[1].id, uploads[8].id}
    assert {job.id for job in jobs.list(10)[0]} == kept
    jobs.close()


def test_one_alone_writes_an_upload(settings: Settings, jobs: Jobs) -> None:
    upload = jobs.begin("clip.mp4", {}, 10)
    upload.close()
    other = Jobs(settings)  # of another service on the same folder
    first, second = jobs.upload(upload.id), other.upload(upload.id)
    first.write(b"")
    with pytest.raises(JobError, match="another request is writing"):
        second.write(b"01234")
    first.write(b"01234")
    assert jobs.get(upload.id).bytes == 5  # which may be asked meanwhile
    first.close()
    with pytest.raises(JobError, match="another request is writing"):
        second.write(b"01234")  # it is behind
    second.close()
    again = other.upload(upload.id)
    again.write(b"56789")
    assert again.complete().bytes == 10
    other.close()


def test_an_upload_that_is_removed_as_it_comes_is_not_found(jobs: Jobs) -> None:
    upload = jobs.begin("clip.mp4", {}, 2)
    upload.write(b"x")
    jobs.delete(upload.id)
    upload.write(b"x")
    with pytest.raises(JobNotFound):
        upload.complete()
    upload.abandon()


def test_many_may_ask_whether_jobs_can_be_taken(
    settings: Settings, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Mock(side_effect=write_json)
    monkeypatch.setattr("posemill.jobs.jobs.write_json", writes)
    with ThreadPoolExecutor(16) as pool:
        for asked in [pool.submit(jobs.check) for _ in range(160)]:
            asked.result()
    assert writes.call_count <= 2
    monkeypatch.setattr("posemill.jobs.jobs._CHECK_S", 0)
    writes.side_effect = OSError(errno.ENOSPC, "No space left on device")
    for _ in range(2):
        with pytest.raises(JobStoreError, match="No space left"):
            jobs.check()
    writes.side_effect = write_json
    jobs.check()


def test_progress_is_told_where_no_room_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "progress.json"
    progress = Progress(path)
    progress.begin({"kind": "video", "frames_total": 10, "duration_s": 1.0})
    progress.step(4, 0.4)
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("posemill.jobs.progress.write_json", Mock(side_effect=full))
    progress.pause({"code": "no_room", "detail": "the disk is full; the job goes on later."})
    told = read_json(path)
    assert told is not None
    assert (told["state"], told["frames"]) == ("paused", 4)
    progress.step(5, 0.5)
    told = read_json(path)
    assert told is not None
    assert (told["state"], told["problem"]) == ("running", None)
    path.unlink()
    progress.step(6, 0.6)
    assert not path.exists()


def test_pages_are_newest_first(jobs: Jobs) -> None:
    made = [send(jobs, f"clip{k}.mp4") for k in range(5)]
    page, total = jobs.list(2, 1)
    assert total == 5
    assert [job.name for job in page] == ["clip3.mp4", "clip2.mp4"]
    assert jobs.list(9, 0, "succeeded") == ([], 0)
    assert jobs.counts()["queued"] == 5
    assert len({job.id for job in made}) == 5


def test_an_older_sqlite_tells_milliseconds_as_a_default_too() -> None:
    """As DBOS has it from Python 3.12 on, whatever SQLite this Python was built with."""
    with closing(sqlite3.connect(":memory:")) as connection:
        tell_milliseconds(connection)
        connection.execute(
            "CREATE TABLE t (a, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"
        )
        connection.execute("INSERT INTO t (a) VALUES (1)")
        ((told,),) = connection.execute("SELECT at FROM t")
    assert told == pytest.approx(time.time() * 1000, abs=5000)
