"""Workers that watch each other, through files in the shared data folder.

Each worker has a slot of its machine, held by a lock that falls with it, so a worker that is
started again is the same one to the workflows, and goes on with its own at once. A file beside the
lock is touched while it lives, which a full disk doesn't keep it from. The others take over when
that has not happened for long by their own clocks: clocks of two machines are never compared.
"""

import itertools
import os
import platform
import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from posemill.config.places import make_private
from posemill.jobs.store import try_lock

_BEATS: Final = 5  # within the time after which a worker counts as silent


class Slot:
    """A worker's place: ``name`` is its own among all workers that share the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = ""
        self._host = re.sub(r"[^A-Za-z0-9-]", "-", platform.node())[:60] or "host"
        self._lock: IO[bytes] | None = None

    def beat(self) -> None:
        """Show that it lives."""
        with suppress(OSError):  # the folder is away for a moment: the next one shows it
            (self.folder / f"{self.name}.beat").touch(mode=0o600)

    def is_held(self, name: str) -> bool:
        """Whether a worker of this machine has the slot ``name``; False for other machines'."""
        if name.rpartition("-")[0] != self._host:
            return False
        try:
            with (self.folder / f"{name}.lock").open("ab") as file:
                return not try_lock(file)
        except OSError:  # we can't tell, and taking over can wait
            return True

    def __enter__(self) -> Self:
        make_private(self.folder)
        for number in itertools.count():
            name = f"{self._host}-{number}"
            file = (self.folder / f"{name}.lock").open("ab")
            if try_lock(file):
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
        self._seen: dict[str, tuple[int, float]] = {}
        self._told: set[str] = set()

    def silent(self, now_s: float) -> list[str]:
        """Beat, and return the workers that are silent, each once; ``now_s``: any steady clock."""
        self._slot.beat()
        found = []
        for path in self._slot.folder.glob("*.beat"):
            name = path.stem
            if name == self._slot.name:
                continue
            try:
                with path.open("rb") as file:  # a network's folder tells the truth when opened
                    beat = os.fstat(file.fileno()).st_mtime_ns
            except OSError:
                continue
            last, since_s = self._seen.get(name, (0, now_s))
            if beat != last:
                self._seen[name] = (beat, now_s)
                self._told.discard(name)
                continue
            is_silent = now_s - since_s > self._timeout_s and not self._slot.is_held(name)
            if is_silent and name not in self._told:
                self._told.add(name)
                found.append(name)
        return found

    def again(self, name: str) -> None:
        """Tell of a silent worker once more: nobody could take over."""
        self._told.discard(name)
