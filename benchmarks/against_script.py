"""Whole processes against the usual MediaPipe script, in turn: cold start, and end to end.

    .venv/bin/python benchmarks/against_script.py photo.jpg clip.mp4

A photo measures the cold start: process start to result, and peak memory. A video measures
file to records and annotated video, on all cores. Medians of several runs, A B A B.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from posemill.bench.peers import MEDIAPIPE, PYTHONS

SCRIPT = Path(__file__).with_name("usual_script.py")


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


def compare(ours: Sequence[str], theirs: Sequence[str], runs: int) -> None:
    run(ours)
    run(theirs)
    pairs = [(run(ours), run(theirs)) for _ in range(runs)]
    for name in ("wall_s", "cpu_s", "peak_mib"):
        a = [getattr(first, name) for first, _ in pairs]
        b = [getattr(second, name) for _, second in pairs]
        ratios = [x / y for x, y in zip(a, b, strict=True)]
        print(
            f"  {name:10} posemill {statistics.median(a):8.2f}  script {statistics.median(b):8.2f}"
            f"  ratio {statistics.median(ratios):.3f} ({min(ratios):.3f}..{max(ratios):.3f})"
        )
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", type=Path, help="a photo, a video, or both")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mediapipe-python", help="an interpreter that has mediapipe 0.10.21")
    args = parser.parse_args()
    posemill = str(Path(sys.executable).with_name("posemill"))
    with tempfile.TemporaryDirectory() as folder:
        python = args.mediapipe_python or environment(Path(folder) / "mediapipe")
        for source in args.sources:
            print(source)
            ours, theirs = [posemill, "detect", str(source)], [python, str(SCRIPT), str(source)]
            if source.suffix.lower() in (".mp4", ".mov", ".mkv", ".avi", ".webm"):
                ours += ["--out", f"{folder}/ours.jsonl", "--out", f"{folder}/ours.mp4"]
                theirs += [f"{folder}/theirs.mp4"]
            compare(ours, theirs, args.runs)


def environment(folder: Path) -> str:
    """Make an environment with MediaPipe, so that neither uv nor pip is timed."""
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--python", PYTHONS, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([uv, "pip", "install", "-q", "--python", python, MEDIAPIPE], check=True)
    return python


if __name__ == "__main__":
    main()
