"""Whether memory stays flat over a long video, made by looping a short one.

    .venv/bin/python benchmarks/memory.py --minutes 30 [clip.mp4]

The clip's packets are written again and again into one file; then `posemill detect` makes
records of it (and, with --annotated, a video), while its resident memory is read from /proc.
Exit code 1 when that grows by more than 5 % after the first minute.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from posemill.bench.clips import write_figures

LIMIT = 0.05
INTERVAL_S = 0.5


def loop(clip: Path, target: Path, minutes: float) -> int:
    """Write ``clip`` into ``target`` until it lasts ``minutes``; return the frames in it."""
    frames, offset = 0, 0
    with av.open(str(target), "w") as output:
        stream = None
        while True:
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(video)
                end = offset
                for packet in source.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.stream = stream
                    output.mux(packet)
                    frames += 1
                offset = end
                if float(offset * video.time_base) >= minutes * 60:
                    return frames


def resident_mib(pid: int) -> float | None:
    """Return the resident memory of a process, None once it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def watch(command: list[str]) -> tuple[list[tuple[float, float]], float]:
    """Run a process; return (seconds since its start, MiB) while it ran, and its seconds."""
    started = time.perf_counter()
    process = subprocess.Popen(command)
    samples = []
    while process.poll() is None:
        found = resident_mib(process.pid)
        if found is not None:
            samples.append((time.perf_counter() - started, found))
        time.sleep(INTERVAL_S)
    if process.returncode != 0:
        raise SystemExit(f"failed with exit code {process.returncode}: {' '.join(command)}")
    return samples, time.perf_counter() - started


def report(samples: list[tuple[float, float]], settle_s: float) -> dict[str, float]:
    """Return peak, slope and growth of memory after ``settle_s`` of work."""
    times, sizes = np.array([one for one in samples if one[0] >= settle_s]).T
    slope = float(np.polyfit(times, sizes, 1)[0]) if len(times) > 2 else 0.0
    tenth = max(1, len(sizes) // 10)
    first, last = float(sizes[:tenth].mean()), float(sizes[-tenth:].mean())
    return {
        "samples": len(sizes),
        "median_mib": round(float(np.median(sizes)), 1),
        "peak_mib": round(float(sizes.max()), 1),
        "slope_mib_a_minute": round(60 * slope, 3),
        "growth": round(last / first - 1, 4),
        "range": round(float(np.ptp(sizes) / np.median(sizes)), 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, help="default: ten seconds of a figure")
    parser.add_argument("--minutes", type=float, default=30.0, help="of video")
    parser.add_argument("--settle", type=float, default=60.0, help="seconds of work to leave out")
    parser.add_argument("--annotated", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = args.clip
        if clip is None:
            clip = folder / "figure.mp4"
            write_figures(clip, 300)
        frames = loop(clip, folder / "long.mp4", args.minutes)
        command = [sys.executable, "-m", "posemill", "detect", str(folder / "long.mp4")]
        command += ["--out", str(folder / "long.jsonl")]
        command += ["--out", str(folder / "annotated.mp4")] if args.annotated else []
        samples, elapsed_s = watch(command)
    settle_s = min(args.settle, elapsed_s / 4)
    result = report(samples, settle_s)
    flat = abs(result["growth"]) <= LIMIT and result["range"] <= LIMIT
    print(
        json.dumps(
            {"frames": frames, "seconds": round(elapsed_s, 1), "settle_s": round(settle_s, 1)}
            | result
            | {"flat": flat}
        )
    )
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
