"""Which jobs have had their time."""

from collections.abc import Mapping
from typing import Final

from posemill.config import Settings
from posemill.jobs.job import Job
from posemill.jobs.store import JobFolder

ABANDONED_S: Final = 86_400.0  # an upload that nobody goes on with
EMPTY_S: Final = 3_600.0  # one that never began


class Retention:
    """Finished jobs go after ``keep_results_for``, and before that beyond ``max_storage``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def over(self, jobs: Mapping[JobFolder, Job], now_s: float) -> list[JobFolder]:
        """Return the folders of the jobs to remove, oldest finished first."""
        gone = [folder for folder, job in jobs.items() if self._is_over(folder, job, now_s)]
        rest = [folder for folder in jobs if folder not in gone]
        sizes = {folder: folder.size() for folder in rest}
        used = sum(sizes.values())
        finished = [folder for folder in rest if jobs[folder].is_final]
        finished.sort(key=lambda folder: (jobs[folder].finished_s or 0.0, jobs[folder].created_s))
        for folder in finished:
            if used <= self._settings.max_storage:
                break
            gone.append(folder)
            used -= sizes[folder]
        return gone

    def _is_over(self, folder: JobFolder, job: Job, now_s: float) -> bool:
        if job.state == "uploading":
            try:
                age_s = now_s - folder.upload.stat().st_mtime
            except FileNotFoundError:  # removed in between
                return False
            return age_s > (ABANDONED_S if job.bytes else EMPTY_S)
        since_s = job.finished_s if job.is_final else None
        return since_s is not None and now_s - since_s > self._settings.keep_results_for
