"""How far a job is, as its worker writes it beside the job."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from posemill.jobs.store import read_json, write_json


class Progress:
    """The progress file of one job; what is told after a restart goes on from before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: dict[str, Any] = read_json(path) or {}
        self._rate: float | None = None
        self._last: tuple[float, int] | None = None

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Note what is known of the source, once."""
        self._told.setdefault("started_s", time.time())
        self._last = (time.monotonic(), int(self._told.get("frames", 0)))
        keys = ("kind", "frames_total", "duration_s")
        self._tell({"state": "running", **{key: facts.get(key) for key in keys}})

    def step(self, frames: int, time_s: float) -> None:
        """Note how far it is: so many frames, the last at ``time_s`` of the source."""
        now = time.monotonic()
        if self._last is not None and now > self._last[0] and frames > self._last[1]:
            rate = (frames - self._last[1]) / (now - self._last[0])
            self._rate = rate if self._rate is None else self._rate + 0.3 * (rate - self._rate)
        self._last = (now, frames)
        total, duration_s = self._told.get("frames_total"), self._told.get("duration_s")
        progress = None
        if total:
            progress = min(frames / total, 1.0)
        elif duration_s:
            progress = min(time_s / duration_s, 1.0)
        left_s = None
        if self._rate and progress:
            left_s = frames * (1 - progress) / progress / self._rate
        self._tell(
            {
                "state": "running",
                "problem": None,
                "frames": frames,
                "progress": progress,
                "rate": self._rate,
                "time_left_s": left_s,
            }
        )

    def pause(self, problem: Mapping[str, str]) -> None:
        """Note that it waits, and what for."""
        self._last = None
        self._tell({"state": "paused", "problem": dict(problem), "time_left_s": None})

    def _tell(self, news: Mapping[str, Any]) -> None:
        self._told |= news
        try:
            write_json(self._path, self._told)
        except OSError:
            with suppress(OSError):  # the job is removed
                self._overwrite()

    def _overwrite(self) -> None:
        """Write over what is there, in its block: for that the fullest disk has room."""
        text = json.dumps(self._told).encode()
        with self._path.open("rb+", buffering=0) as file:
            file.write(text.ljust(os.fstat(file.fileno()).st_size))
