"""Streams: what one costs against the usual loop, and how many this machine carries.

    .venv/bin/python benchmarks/watching.py clip.mp4 --script-python env/bin/python
    .venv/bin/python benchmarks/watching.py clip.mp4 --streams 4,8,12,16

The clip is played at its own pace, again and again, as a camera gives it. The usual loop
(usual_camera.py) is OpenCV's reader, MediaPipe and its drawing, limited to as many frames a second;
both are whole processes, in turn. Nobody looks at the pictures: posemill then draws none.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from posemill import open_source
from posemill.config import Settings, parse_watching
from posemill.streams.hub import Hub
from posemill.streams.watcher import Watcher

WARM_UP_S = 4.0


def usual(python: str, clip: str, fps: float, seconds: float, rate: float) -> float:
    script = Path(__file__).with_name("usual_camera.py")
    command = [python, str(script), clip, str(fps), str(seconds), "--frame-rate", str(rate)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    found = json.loads(done.stdout)
    print(
        f"  usual loop: {found['looked_at'] / found['wall_s']:.1f} frames/s of "
        f"{found['read'] / found['wall_s']:.1f}, {share(found):.1f} % of a core"
    )
    return share(found)


def share(found: dict[str, float]) -> float:
    return 100 * found["cpu_s"] / found["wall_s"]


def watched(clip: str, count: int, fps: float, seconds: float, precision: str) -> dict[str, float]:
    """Watch ``count`` streams in a process of their own; return its figures."""
    command = [sys.executable, __file__, clip, "--child", str(count), "--fps", str(fps)]
    command += ["--seconds", str(seconds), "--precision", precision]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def child(clip: str, count: int, fps: float, seconds: float, precision: str) -> None:
    settings = Settings(max_fps=fps, precision=precision, data_dir=tempfile.mkdtemp())
    tables = {"streams": [{"name": f"s{n}", "url": clip} for n in range(count)]}
    watcher = Watcher(settings, parse_watching(tables, settings, "here"), Hub())
    watcher.start(added=False)
    time.sleep(WARM_UP_S)
    process, began_s = psutil.Process(), time.monotonic()
    before = sum(each["processed"] for each in watcher.statuses())
    cpu_s = sum(process.cpu_times()[:2])
    ages: list[float] = []
    while time.monotonic() < began_s + seconds:
        time.sleep(5)
        ages += [each["age_p95_ms"] for each in watcher.statuses() if each["age_p95_ms"]]
    wall_s = time.monotonic() - began_s
    statuses = watcher.statuses()
    print(
        json.dumps(
            {
                "cpu_s": sum(process.cpu_times()[:2]) - cpu_s,
                "wall_s": wall_s,
                "fps": (sum(each["processed"] for each in statuses) - before) / wall_s / count,
                "least_fps": min(each["fps"] for each in statuses),
                "age_p95_ms": max(ages),
                "memory_mib": process.memory_info().rss / 2**20,
            }
        )
    )
    watcher.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip")
    parser.add_argument("--script-python")
    parser.add_argument("--streams", default="")
    parser.add_argument("--fps", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.clip, args.child, args.fps, args.seconds, args.precision)
        return
    with open_source(args.clip) as source:
        rate = source.info.fps or 25.0
        print(
            f"{args.clip}: {source.info.width}x{source.info.height} at {rate:g} frames/s, "
            f"limited to {args.fps:g}, {args.precision}"
        )
    if args.script_python:
        ratios = []
        for _ in range(args.rounds):
            theirs = usual(args.script_python, args.clip, args.fps, args.seconds, rate)
            ours = watched(args.clip, 1, args.fps, args.seconds, args.precision)
            ratios.append(share(ours) / theirs)
            print(
                f"  posemill:   {ours['fps']:.1f} frames/s, {share(ours):.1f} % of a core; "
                f"{ratios[-1]:.2f} of it"
            )
        print(f"median {statistics.median(ratios):.2f}")
    for count in [int(word) for word in args.streams.split(",") if word]:
        found = watched(args.clip, count, args.fps, args.seconds, args.precision)
        print(
            f"{count:3} streams: {found['fps']:.2f} frames/s each (least "
            f"{found['least_fps']:.2f}), "
            f"p95 age {found['age_p95_ms']:.0f} ms, {share(found):.0f} % of a core, "
            f"{found['memory_mib']:.0f} MiB"
        )


if __name__ == "__main__":
    main()
