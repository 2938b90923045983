"""From the start of a process to the landmarks of a photo, against the usual MediaPipe script.

    .venv/bin/python benchmarks/cold_start.py photo.jpg

Whole processes, in turn, A B A B: seconds, processor seconds and peak memory; medians, and the
spread of the ratio. Videos: `posemill bench clip.mp4 --against script`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from posemill.bench.processes import SCRIPT, environment


@dataclass(frozen=True)
class Run:
    """One finished process: seconds from start to end, of processor time, and peak MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def run(command: Sequence[str]) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mediapipe-python", help="an interpreter that has mediapipe 0.10.21")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = args.mediapipe_python or environment(Path(folder) / "mediapipe")
        ours = [sys.executable, "-m", "posemill", "detect", str(args.photo)]
        theirs = [python, str(SCRIPT), str(args.photo)]
        run(ours)
        run(theirs)
        pairs = [(run(ours), run(theirs)) for _ in range(args.runs)]
    for name in (field.name for field in fields(Run)):
        a, b = ([getattr(one, name) for one in side] for side in zip(*pairs, strict=True))
        ratios = [x / y for x, y in zip(a, b, strict=True)]
        print(
            f"{name:10} posemill {statistics.median(a):8.2f}  script {statistics.median(b):8.2f}"
            f"  ratio {statistics.median(ratios):.3f} ({min(ratios):.3f}..{max(ratios):.3f})"
        )


if __name__ == "__main__":
    main()
