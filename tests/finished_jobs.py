"""Finished jobs without any work: their folders, and what the database would say of them."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from moving_figure import Look, Posture, filmed
from posemill.config import Settings, data_folder
from posemill.jobs import Jobs
from posemill.jobs.store import Store, write_json
from posemill.records import dumps, frame_record, header
from posemill.types import FramePoses, SourceInfo
from posemill.workers import Lanes, Limits, MediaProcess

Move = Callable[[float], Posture | None]


class FinishedJobs(Jobs):
    """Jobs of which those that were placed here have succeeded, or are how they are said to be."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.folders = Store(data_folder(settings))
        self.states: dict[str, str] = {}
        self._workflows = _Statuses(self._workflows, self.states)  # type: ignore[assignment]

    def place(
        self,
        frames: Iterable[FramePoses] | None,
        *,
        state: str = "SUCCESS",
        kind: str = "video",
        name: str = "clip.mp4",
    ) -> str:
        """Store a job with these records, None for none; return its id."""
        folder = self.folders.new(
            {"name": name, "options": {}, "length": 1, "created_s": time.time()}
        )
        (folder.path / "uploaded").touch()
        (folder.path / "results").mkdir()
        write_json(folder.path / "progress.json", {"kind": kind, "frames": 1})
        if frames is not None:
            write_records(folder.path / "results" / "records.jsonl", frames, name)
        self.states[folder.id] = state
        return folder.id


class _Status:
    def __init__(self, status: str) -> None:
        self.status, self.output = status, {"state": "succeeded"}
        self.completed_at = 1000 * time.time()  # or it would be removed as long over


class _Statuses:
    """The database, with statuses of its own."""

    def __init__(self, real: Any, states: Mapping[str, str]) -> None:
        self._real, self._states = real, states

    def statuses(self, ids: Iterable[str] | None = None) -> dict[str, Any]:
        known = self._real.statuses(ids) if ids is not None else self._real.statuses()
        wanted = self._states if ids is None else [each for each in ids if each in self._states]
        return {**known, **{each: _Status(self._states[each]) for each in wanted}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def write_records(path: Path, frames: Iterable[FramePoses], name: str = "clip.mp4") -> Path:
    """Write records as a job does."""
    info = SourceInfo(name, "video", 1280, 720, 20.0)
    lines = [header(info, model="full", engine="openvino", precision="f32")]
    lines += [frame_record(each) for each in frames]
    path.write_text("".join(dumps(each) + "\n" for each in lines))
    return path


def clip_of(
    move: Move | Mapping[int, Move],
    length_s: float = 9.0,
    rate_hz: float = 20.0,
    look: Look | None = None,
) -> list[FramePoses]:
    """Return the frames of a figure that moves."""
    return filmed(move, (np.arange(round(length_s * rate_hz)) / rate_hz).tolist(), look)


def analysis_lanes(count: int = 1, **limits: int) -> Any:
    """Return real analysis processes, to be closed."""
    module = "posemill.server.analysis_process"
    made = Limits(**limits)
    return closing(Lanes(count, lambda: MediaProcess(module, {}, limits=made), queue_size=4))
