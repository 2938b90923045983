"""Workers that watch each other, through files in the shared data folder.

Each worker has a slot of its machine, held by a lock that falls with it, so a worker that is
started again is the same one to the workflows, and goes on with its own at once. A file beside the
lock changes while it lives. The others take over when it has not changed for long by their own
clocks: clocks of two machines are never compared.
"""

import itertools
import os
import platform
import re
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from posemill.jobs.store import write_json

_BEATS: Final = 5  # within the time after which a worker counts as silent


class Slot:
    """A worker's place: ``name`` is its own among all workers that share the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = ""
        self._lock: IO[bytes] | None = None
        self._beats = itertools.count()

    @property
    def beat_file(self) -> Path:
        """The file that changes."""
        return self.folder / f"{self.name}.json"

    def beat(self) -> None:
        """Show that it lives."""
        with suppress(OSError):  # a full disk must not make a worker look dead to itself
            write_json(self.beat_file, {"pid": os.getpid(), "beat": next(self._beats)})

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        host = re.sub(r"[^A-Za-z0-9-]", "-", platform.node())[:60] or "host"
        for number in itertools.count():
            name = f"{host}-{number}"
            file = (self.folder / f"{name}.lock").open("ab")
            if _is_locked_now(file):
                self.name, self._lock = name, file
                self.beat()
                return self
            file.close()
        raise AssertionError("unreachable")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.close()


class Watch:
    """Beats for one worker, and tells which others have fallen silent."""

    def __init__(self, slot: Slot, timeout_s: float) -> None:
        self._slot, self._timeout_s = slot, timeout_s
        self.interval_s = timeout_s / _BEATS
        self._seen: dict[str, tuple[bytes, float]] = {}
        self._told: set[str] = set()

    def silent(self, now_s: float) -> list[str]:
        """Beat, and return the workers that are silent, each once; ``now_s``: any steady clock."""
        self._slot.beat()
        found = []
        for path in self._slot.folder.glob("*.json"):
            name = path.stem
            if name.startswith(".") or name == self._slot.name:
                continue
            try:
                content = path.read_bytes()
            except OSError:
                continue
            last, since_s = self._seen.get(name, (b"", now_s))
            if content != last:
                self._seen[name] = (content, now_s)
                self._told.discard(name)
            elif now_s - since_s > self._timeout_s and name not in self._told:
                self._told.add(name)
                found.append(name)
        return found


def _is_locked_now(file: IO[bytes]) -> bool:
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
