"""The folder of each job: what was sent, how far it is, what came of it.

jobs/ID/job.json        name, options, length: written once
jobs/ID/upload          what was sent; the whole of it once ``uploaded`` is there
jobs/ID/uploaded        an empty file
jobs/ID/progress.json   how far the work is, replaced by the worker
jobs/ID/parts/          what the steps made, until they are joined
jobs/ID/results/        records.jsonl, table.csv, annotated.mp4 ...: each appears when whole
"""

import errno
import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from posemill.config.places import make_private
from posemill.errors import JobNotFound, JobStoreError, NoRoom

RESULTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "records": (("records.jsonl", "application/x-ndjson"),),
    "csv": (("table.csv", "text/csv"),),
    "annotated": (("annotated.mp4", "video/mp4"), ("annotated.zip", "application/zip")),
    "analysis": (("analysis.json", "application/json"),),
    "thumbnail": (("thumbnail.jpg", "image/jpeg"),),
    "summary": (("summary.json", "application/json"),),
}
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_GONE: Final = ".gone-"


class Store:
    """The folders of all jobs below the data folder."""

    def __init__(self, data_folder: Path) -> None:
        self.jobs_folder = data_folder / "jobs"

    def create(self) -> None:
        """Make the folder that holds the jobs. NoRoom, or JobStoreError where none can be made."""
        try:
            with stored():
                make_private(self.jobs_folder)
        except NoRoom:
            raise
        except OSError as error:
            raise JobStoreError(
                f"{self.jobs_folder.parent}: jobs can't be stored: {error.strerror or error}; "
                "choose another folder with --data-dir (posemill doctor says more)."
            ) from error

    def new(self, record: Mapping[str, Any]) -> "JobFolder":
        """Make the folder of a new job. NoRoom."""
        folder = JobFolder(self.jobs_folder / secrets.token_urlsafe(16))
        with stored():
            folder.path.mkdir(mode=0o700)
            write_json(folder.path / "job.json", record)
            (folder.path / "upload").touch(mode=0o600)
            sync_folder(self.jobs_folder)
        return folder

    def folder(self, job_id: str) -> "JobFolder":
        """Return the folder of a job. JobNotFound."""
        if _ID.fullmatch(job_id):
            folder = JobFolder(self.jobs_folder / job_id)
            if (folder.path / "job.json").is_file():
                return folder
        raise JobNotFound("there is no such job.")

    def all(self) -> Iterator["JobFolder"]:
        """Yield all jobs' folders."""
        with suppress(FileNotFoundError):
            for path in self.jobs_folder.iterdir():
                if _ID.fullmatch(path.name) and (path / "job.json").is_file():
                    yield JobFolder(path)

    def remove(self, folder: "JobFolder") -> None:
        """Remove a job's folder; nobody sees it half removed."""
        gone = folder.path.with_name(f"{_GONE}{folder.path.name}")
        with suppress(FileNotFoundError):
            folder.path.rename(gone)
        self.clean()

    def clean(self) -> None:
        """Remove what earlier removals left."""
        for path in self.jobs_folder.glob(f"{_GONE}*"):
            shutil.rmtree(path, ignore_errors=True)

    def free_bytes(self) -> int:
        """Return the free room on the disk."""
        return shutil.disk_usage(self.jobs_folder).free


class JobFolder:
    """One job's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def upload(self) -> Path:
        return self.path / "upload"

    @property
    def uploaded_bytes(self) -> int:
        """How much has come."""
        try:
            return self.upload.stat().st_size
        except FileNotFoundError:  # removed meanwhile, which is for others to tell
            return 0

    @property
    def is_uploaded(self) -> bool:
        return (self.path / "uploaded").exists()

    def record(self) -> dict[str, Any]:
        """Return what was written when the job was made. JobNotFound once it is removed."""
        found = read_json(self.path / "job.json")
        if found is None:
            raise JobNotFound("there is no such job.")
        return found

    def progress(self) -> dict[str, Any]:
        """Return how far the work is, as the worker told it last."""
        return read_json(self.path / "progress.json") or {}

    def results(self) -> dict[str, tuple[Path, str]]:
        """Return file and media type of each result that is there."""
        return {
            kind: (self.path / "results" / name, media_type)
            for kind, forms in RESULTS.items()
            for name, media_type in forms
            if (self.path / "results" / name).is_file()
        }

    def size(self) -> int:
        """Return the bytes of all files."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118
        return total


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a file aside and give it its name once it is on the disk."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the record in a file; None where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def sync_folder(path: Path) -> None:
    """Have the names in a folder be on the disk; Windows has no such thing."""
    if os.name == "posix":
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def try_lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed; False where another one holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class stored:
    """Turns a full disk into NoRoom; other errors stay what they are."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom("the disk is full.") from error
