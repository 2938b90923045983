"""The jobs as the service sees them. Every call blocks, and may come from any thread."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, Final

from dbos import WorkflowStatus

from posemill.config import Settings, data_folder
from posemill.errors import Busy, JobError, JobNotFound, JobStoreError, NoRoom
from posemill.jobs.database import Workflows
from posemill.jobs.job import STATES, Job
from posemill.jobs.retention import Retention
from posemill.jobs.store import JobFolder, Store, write_json
from posemill.jobs.uploads import Upload

_ROOM_S: Final = 2.0  # for so long the answer about free room holds
_UNFINISHED: Final = 8  # uploads that are not complete, for each that may come at a time
_UNFINISHED_RETRY_S: Final = 60.0
_CHECK_S: Final = 2.0  # and the one about taking jobs
# What browsers may play, if they can.
_PLAYED: Final = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".3gp"), "video/mp4"),
    **dict.fromkeys((".webm", ".mkv"), "video/webm"),
    ".ogv": "video/ogg",
}


class Jobs:
    """Takes uploads, hands them to workers, tells how they are, and removes them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(data_folder(settings))
        self._store.create()
        self._workflows = Workflows(settings)
        self._retention = Retention(settings)
        self._room: tuple[float, bool] = (0.0, True)
        self._sweeping = threading.Lock()
        self._checking = threading.Lock()
        self._checked: tuple[float, str | None] = (-_CHECK_S, None)

    def begin(self, name: str, options: Mapping[str, Any], length: int | None) -> Upload:
        """Begin an upload; ``options``: settings, checked.

        Errors: NoRoom where there is none for it; Busy where too many are not complete.
        """
        self._check_room(length or 0)
        unfinished = sum(not folder.is_uploaded for folder in self._store.all())
        if unfinished >= _UNFINISHED * self._settings.max_uploads:
            raise Busy("too many uploads are not complete.", _UNFINISHED_RETRY_S)
        folder = self._store.new(
            {"name": name, "options": dict(options), "length": length, "created_s": time.time()}
        )
        return self._upload(folder)

    def upload(self, job_id: str) -> Upload:
        """Go on with an upload. JobNotFound."""
        return self._upload(self._store.folder(job_id))

    def get(self, job_id: str) -> Job:
        """Return a job. JobNotFound."""
        folder = self._store.folder(job_id)
        return _job(folder, self._workflows.statuses([job_id]).get(job_id))

    def list(
        self, limit: int, offset: int = 0, state: str | None = None
    ) -> tuple[Sequence[Job], int]:
        """Return a page of the jobs, newest first, and how many there are."""
        found = [job for job in self._all() if state is None or job.state == state]
        jobs = sorted(found, key=lambda job: (job.created_s, job.id), reverse=True)
        return jobs[offset : offset + limit], len(jobs)

    def delete(self, job_id: str) -> None:
        """Cancel a job where it is still at work, and remove its files. JobNotFound."""
        folder = self._store.folder(job_id)
        if job_id in self._workflows.statuses([job_id]):
            self._workflows.cancel(job_id)
        self._store.remove(folder)

    def result(self, job_id: str, kind: str) -> tuple[Path, str] | None:
        """Return file and media type of a result, None where it isn't there. JobNotFound."""
        return self._store.folder(job_id).results().get(kind)

    def source(self, job_id: str) -> tuple[Path, str] | None:
        """Return file and media type of what was sent, None before all of it is there."""
        folder = self._store.folder(job_id)
        if not folder.is_uploaded:
            return None
        suffix = PurePath(folder.record()["name"]).suffix.lower()
        return folder.upload, _PLAYED.get(suffix, "application/octet-stream")

    def counts(self) -> Mapping[str, int]:
        """Return how many jobs are in each state."""
        try:
            found = Counter(job.state for job in self._all())
        except JobError:  # readyz says so
            return {}
        return {state: found[state] for state in STATES}

    def check(self) -> None:
        """Raise JobStoreError where jobs can't be taken; the answer is up to 2 s old."""
        with self._checking:
            now = time.monotonic()
            if now - self._checked[0] >= _CHECK_S:
                self._checked = (now, self._trouble())
            if self._checked[1] is not None:
                raise JobStoreError(self._checked[1])

    def sweep(self) -> None:
        """Remove what is over its time, and hand on what was taken and not handed on."""
        with self._sweeping:
            self._store.clean()
            statuses = self._workflows.statuses()
            jobs = self._known(statuses)
            for folder in jobs:
                if folder.is_uploaded and folder.id not in statuses:
                    self._workflows.enqueue(folder.id)
            for folder in self._retention.over(jobs, time.time()):
                self._store.remove(folder)
            kept = {folder.id for folder in self._store.all()}
            for job_id, status in statuses.items():
                if job_id not in kept and status.status not in ("ENQUEUED", "PENDING", "DELAYED"):
                    self._workflows.forget(job_id)

    def close(self) -> None:
        """Let go of the database."""
        self._workflows.close()

    def _trouble(self) -> str | None:
        try:
            self._workflows.check()
            write_json(self._store.jobs_folder / ".check", {})
        except JobStoreError as error:
            return str(error)
        except OSError as error:
            return f"the data folder can't be written: {error.strerror}."
        return None

    def _all(self) -> Sequence[Job]:
        return list(self._known(self._workflows.statuses()).values())

    def _known(self, statuses: Mapping[str, WorkflowStatus]) -> Mapping[JobFolder, Job]:
        found = {}
        for folder in self._store.all():
            with suppress(JobNotFound):  # removed in between
                found[folder] = _job(folder, statuses.get(folder.id))
        return found

    def _upload(self, folder: JobFolder) -> Upload:
        return Upload(
            folder,
            max_bytes=self._settings.max_video_length,
            check_room=self._check_room,
            queue=self._queue,
            drop=self._store.remove,
        )

    def _queue(self, folder: JobFolder) -> Job:
        self._workflows.enqueue(folder.id)
        return self.get(folder.id)

    def _check_room(self, more: int = 0) -> None:
        now = time.monotonic()
        if more or now - self._room[0] > _ROOM_S:
            free = self._store.free_bytes() - more
            self._room = (now, free >= self._settings.min_free_space)
        if not self._room[1]:
            self._room = (0.0, True)
            raise NoRoom(
                "the disk has less than min_free_space = "
                f"{self._settings.min_free_space} bytes left."
            )


def _job(folder: JobFolder, status: WorkflowStatus | None) -> Job:
    record, told = folder.record(), folder.progress()
    state, problem = _state(folder, status, told)
    frames, total = int(told.get("frames", 0)), told.get("frames_total")
    progress = told.get("progress")
    is_over = state in ("succeeded", "failed", "cancelled")
    finished = None if status is None or not is_over else status.completed_at
    begun_s = float(told.get("started_s") or record["created_s"])
    return Job(
        id=folder.id,
        name=record["name"],
        state=state,
        kind=told.get("kind"),
        created_s=record["created_s"],
        started_s=told.get("started_s"),
        # DBOS has whole seconds of SQLite.
        finished_s=None if finished is None else max(finished / 1000, begun_s),
        bytes=folder.uploaded_bytes,
        progress=1.0 if state == "succeeded" else progress,
        frames=frames,
        frames_total=total,
        rate=told.get("rate"),
        time_left_s=None if is_over else told.get("time_left_s"),
        problem=problem,
        results=tuple(folder.results()),
        options=record["options"],
    )


def _state(
    folder: JobFolder, status: WorkflowStatus | None, told: Mapping[str, Any]
) -> tuple[str, Mapping[str, str] | None]:
    if status is None:
        return ("queued" if folder.is_uploaded else "uploading"), None
    if status.status == "SUCCESS" and isinstance(status.output, dict):
        return status.output["state"], status.output.get("problem")
    if status.status == "CANCELLED":
        return "cancelled", None
    if status.status == "PENDING":
        return told.get("state", "running"), told.get("problem")
    if status.status in ("ENQUEUED", "DELAYED"):
        return "queued", None
    return "failed", {
        "code": "worker_crashed",
        "detail": "the worker fell again and again over this job.",
    }
