"""An upload as it arrives: appended to its file, on the disk before anybody is told so."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from posemill.errors import JobError, JobNotFound, SourceTooLarge
from posemill.jobs.job import Job
from posemill.jobs.store import JobFolder, stored, sync_folder, try_lock


class Upload:
    """One upload; for one thread at a time, and one of its kind may write, in all processes.

    ``offset``: how many bytes are there. ``length``: how many there will be, None where nobody
    said so.
    """

    def __init__(
        self,
        folder: JobFolder,
        *,
        max_bytes: int,
        check_room: Callable[[], None],
        queue: Callable[[JobFolder], Job],
        drop: Callable[[JobFolder], None],
    ) -> None:
        record = folder.record()
        self.id = folder.id
        self.name: str = record["name"]
        self.options: Mapping[str, Any] = record["options"]
        self.length: int | None = record["length"]
        self._folder, self._max_bytes = folder, max_bytes
        self._check_room, self._queue, self._drop = check_room, queue, drop
        with _there():
            self._file = folder.upload.open("ab", buffering=0)
        self.offset = os.fstat(self._file.fileno()).st_size
        self._is_held = False

    @property
    def is_complete(self) -> bool:
        """Whether all of it is there."""
        return self._folder.is_uploaded

    def write(self, data: bytes) -> None:
        """Append ``data``.

        Errors: NoRoom; SourceTooLarge; JobError beyond ``length``, or where another one writes.
        """
        if self.length is not None and self.offset + len(data) > self.length:
            raise JobError("more was sent than was announced.")
        if self.offset + len(data) > self._max_bytes:
            raise SourceTooLarge(f"it is larger than max_video_length = {self._max_bytes} bytes.")
        self._check_room()
        self._hold()
        with stored():
            rest = memoryview(data)
            while rest:
                written = self._file.write(rest)
                self.offset += written
                rest = rest[written:]

    def sync(self) -> None:
        """Have what was written be on the disk."""
        with stored():
            os.fsync(self._file.fileno())

    def complete(self) -> Job:
        """Close it, and have a worker take the job; again does nothing more. JobNotFound."""
        if self.length is not None and self.offset < self.length:
            raise JobError("not all of it has come yet.")
        self._hold()
        with _there(), stored():
            self.sync()
            (self._folder.path / "uploaded").touch(mode=0o600)
            sync_folder(self._folder.path)
        self.close()
        return self._queue(self._folder)

    def abandon(self) -> None:
        """Remove it."""
        self.close()
        self._drop(self._folder)

    def close(self) -> None:
        """Let go of the file; what was written stays."""
        self._file.close()

    def _hold(self) -> None:
        """Keep it from all others until it is closed."""
        if self._is_held:
            return
        is_free = try_lock(self._file)
        if not is_free or os.fstat(self._file.fileno()).st_size != self.offset:
            raise JobError("another request is writing to it.")
        self._is_held = True


@contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise JobNotFound("there is no such job.") from error
