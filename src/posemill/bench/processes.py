"""Whole processes against the usual script around MediaPipe, in turn, from start to end."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from posemill.bench.clock import compared
from posemill.errors import EngineUnavailable
from posemill.options import PoseOptions
from posemill.peers.mediapipe import CERTIFICATES, MEDIAPIPE, PYTHONS, MediaPipePeer, uv_program
from posemill.peers.process import START_S, end

SCRIPT: Final = Path(__file__).with_name("usual_script.py")
NAME: Final = "the usual script"
RUNS: Final = 5
TIMEOUT_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Job:
    """The same work for both; ``frames`` make frames a second of the seconds."""

    what: str
    ours: Sequence[str]
    theirs: Sequence[str]
    frames: int


def compare_with_script(
    video: Path, frames: int, options: PoseOptions, python: str | None, folder: Path
) -> list[dict[str, Any]]:
    """Compare a video file to records and annotated video, and to records alone."""
    python = python or environment(folder / "mediapipe")
    with MediaPipePeer(python) as peer:  # it brings the models that MediaPipe would download
        peer.start(model_complexity=options.model_complexity)
    complexity = str(options.model_complexity)
    detect = [sys.executable, "-P", "-m", "posemill", "detect", str(video)]
    detect += ["--model-complexity", complexity, "--precision", options.precision]
    detect += ["--out", str(folder / "ours.jsonl")]
    script = [python, str(SCRIPT), str(video), str(folder / "theirs.jsonl")]
    script += ["--model-complexity", complexity]
    copies = ["--out", str(folder / "ours.mp4")], ["--video", str(folder / "theirs.mp4")]
    jobs = [
        Job("file to records and video", detect + copies[0], script + copies[1], frames),
        Job("file to records", detect, script, frames),
    ]
    return [compare(job) for job in jobs]


def compare(job: Job, *, runs: int = 0, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Run both in turn, A B A B, after once each to warm up; ``runs`` times, 0 for ``RUNS``."""
    run(job.ours, timeout_s)
    run(job.theirs, timeout_s)
    pairs = [
        (job.frames / run(job.ours, timeout_s), job.frames / run(job.theirs, timeout_s))
        for _ in range(runs or RUNS)
    ]
    return compared(NAME, job.what, "frames/s", pairs)


def run(command: Sequence[str], timeout_s: float = TIMEOUT_S) -> float:
    """Return the seconds that a process takes. EngineUnavailable where it fails or hangs."""
    label = " ".join(Path(word).name for word in command[:3])
    with TemporaryFile("w+", errors="replace") as said:
        started = time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
                env={**CERTIFICATES, **os.environ},
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise EngineUnavailable(f"{command[0]} can't be run: {reason}") from error
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise EngineUnavailable(
                f"{label} did not end in {timeout_s:g} s, and was ended"
            ) from None
        finally:
            if process.poll() is None:
                end(process)
                process.wait()
        elapsed_s = time.perf_counter() - started
        if code != 0:
            said.seek(0)
            words = " ".join(said.read().split())[-400:]
            raise EngineUnavailable(f"{label} failed with exit code {code}: {words}")
    return elapsed_s


def environment(folder: Path) -> str:
    """Make an environment with MediaPipe and return its Python, so that uv isn't timed."""
    uv = uv_program()
    for command in (
        [uv, "venv", "--quiet", "--python", PYTHONS, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(folder), MEDIAPIPE],
    ):
        run(command, START_S)
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
