"""A worker: takes jobs one by one, and has a confined process do each step."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from dbos import DBOS

from posemill.config import Settings, data_folder, plain
from posemill.errors import Busy, NoRoom, PosemillError, WorkerError, name_of
from posemill.jobs.database import QUEUE, WORKFLOW, configuration, short, unreachable
from posemill.jobs.heartbeats import Slot, Watch
from posemill.jobs.progress import Progress
from posemill.jobs.store import JobFolder, Store
from posemill.workers import Answer, Limits, MediaProcess

_LOG: Final = logging.getLogger("posemill")
MODULE: Final = "posemill.jobs.media"
TRIES: Final = 3  # of one step that brings its process down
POLL_S: Final = 0.5
WAIT_S: Final = 2.0  # for room, or for a process that can be started
NICE: Final = 10
# A job that brings the worker itself down, not only its media process.
_MAX_RECOVERIES: Final = 100


class Worker:
    """Does the steps of jobs. ``module``: the media process; ``free``: tells the free room."""

    def __init__(
        self,
        settings: Settings,
        *,
        module: str = MODULE,
        free: Callable[[], int] | None = None,
    ) -> None:
        self._settings = settings
        self._store = Store(data_folder(settings))
        self._free = free or self._store.free_bytes
        limits = Limits(memory_bytes=settings.worker_memory)
        self._media = MediaProcess(module, {}, limits=limits, nice=NICE)
        self._progress: tuple[str, Progress] | None = None
        self._turn = threading.Lock()
        self.stopped = threading.Event()

    def begin(self, job_id: str) -> dict[str, Any]:
        """Look at what was sent; return what is known of it."""
        facts = self._ask(job_id, "begin")
        self._told(job_id).begin(facts)
        return facts

    def step(self, job_id: str, number: int, frames: int) -> dict[str, Any]:
        """Do step ``number``, with so many frames done before; return what it gave."""
        given = self._ask(job_id, "step", step=number)
        self._told(job_id).step(frames + given["frames"], given["time_s"])
        return given

    def finish(self, job_id: str) -> dict[str, Any]:
        """Join what the steps made."""
        return self._ask(job_id, "finish")

    def interrupt(self) -> None:
        """Have whatever is at work end now; it is done again later."""
        self.stopped.set()
        self._media.end()

    def _ask(self, job_id: str, what: str, **more: Any) -> dict[str, Any]:
        """Have the media process do something; it gets tries, and waits for room.

        Errors: PosemillError, once it is final.
        """
        tries = 0
        while True:
            folder = self._store.folder(job_id)
            self._wait_for_room(folder)
            try:
                return dict(self._answer(folder, what, more).fields)
            except NoRoom:
                self._pause(folder)
            except Busy:
                self._wait(folder.id)
            except WorkerError:
                if self.stopped.is_set():
                    _hold()
                self._store.folder(job_id)  # JobNotFound where it was removed under our hands
                tries += 1
                if tries == TRIES:
                    raise

    def _answer(self, folder: JobFolder, what: str, more: Mapping[str, Any]) -> Answer:
        record = folder.record()
        request = {
            "do": what,
            "folder": str(folder.path),
            "source": "upload",
            "name": record["name"],
            # What to count is up to whoever sent it, not to this worker's own settings.
            "settings": {**plain(self._settings), "exercise": None, **record["options"]},
            **more,
        }
        with self._turn:
            return self._media.ask(request, timeout_s=self._settings.step_timeout_s)

    def _wait_for_room(self, folder: JobFolder) -> None:
        while self._free() < self._settings.min_free_space:
            self._pause(folder)

    def _pause(self, folder: JobFolder) -> None:
        detail = "the disk is full; the job goes on once there is room."
        self._told(folder.id).pause({"code": "no_room", "detail": detail})
        self._wait(folder.id)

    def _wait(self, job_id: str) -> None:
        if self.stopped.wait(WAIT_S):
            _hold()
        self._store.folder(job_id)  # JobNotFound where it was removed meanwhile

    def _told(self, job_id: str) -> Progress:
        if self._progress is None or self._progress[0] != job_id:
            path = self._store.folder(job_id).path / "progress.json"
            self._progress = (job_id, Progress(path))
        return self._progress[1]


def register(worker: Worker) -> None:
    """Tell DBOS the workflow of a job: begin, step after step, finish."""

    @DBOS.step(name="begin")
    def begin(job_id: str) -> dict[str, Any]:
        return _outcome(worker.begin, job_id)

    @DBOS.step(name="step")
    def step(job_id: str, number: int, frames: int) -> dict[str, Any]:
        return _outcome(worker.step, job_id, number, frames)

    @DBOS.step(name="finish")
    def finish(job_id: str) -> dict[str, Any]:
        return _outcome(worker.finish, job_id)

    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_MAX_RECOVERIES)
    def job(job_id: str) -> dict[str, Any]:
        done = begin(job_id)
        number = frames = 0
        while not _is_over(done):
            done = step(job_id, number, frames)
            number, frames = number + 1, frames + done.get("frames", 0)
        if "problem" not in done:
            done = finish(job_id)
        if "problem" in done:
            return {"state": "failed", "problem": done["problem"]}
        return {"state": "succeeded"}


def _hold() -> None:
    """Wait for the end of this process: what a step returned now would count as done."""
    threading.Event().wait()


def _is_over(done: Mapping[str, Any]) -> bool:
    return "problem" in done or bool(done.get("finished"))


def _outcome(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Return what ``work`` does, or the problem it ended with: both are final."""
    try:
        return work(*arguments)
    except PosemillError as error:
        return {"problem": {"code": name_of(type(error)), "detail": str(error)}}


def run(settings: Settings, *, stop: threading.Event, worker: Worker | None = None) -> None:
    """Work until ``stop`` is set; the process must end then, for a step may be under way.

    JobStoreError where the database can't be reached.
    """
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    worker = worker or Worker(settings)
    Store(data_folder(settings)).create()
    with Slot(data_folder(settings) / "workers") as slot:
        DBOS(config=configuration(settings, slot.name))
        register(worker)
        DBOS.listen_queues([QUEUE])
        try:
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=1,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        except SQLAlchemyError as error:
            raise unreachable(error) from error
        watch = Watch(slot, settings.worker_timeout_s)
        try:
            while not stop.wait(watch.interval_s):
                for name in watch.silent(time.monotonic()):
                    try:
                        DBOS._recover_pending_workflows([name])
                    except SQLAlchemyError as error:  # it may come back; so do we
                        _LOG.warning("the jobs of %s can't be taken over: %s.", name, short(error))
                        watch.again(name)
        finally:
            worker.interrupt()
