"""Cost against length, resolution and people, as a table and as docs/en/pictures/scaling.svg.

    .venv/bin/python benchmarks/scaling.py [--svg docs/en/pictures/scaling.svg]

Drawn figures, so that nothing is needed. Length: seconds of whole `posemill detect` processes,
to records and to records and annotated video. Resolution: CPU milliseconds of a frame on one
core, stage by stage. People: CPU milliseconds of a frame with all of them followed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from line_charts import Chart, svg
from memory import loop

from posemill.bench.clips import RATE, open_clip, write_figures
from posemill.bench.clock import on_one_core
from posemill.bench.people import measure_people
from posemill.bench.processes import run
from posemill.bench.stages import measure_stages
from posemill.options import PoseOptions
from posemill.runtime.openvino import OpenVinoEngine

SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
RECORDS = ("decode", "crop", "detector", "landmarks", "post-processing")
OPTIONS = PoseOptions(threads=1)


def lengths(seconds: list[int], runs: int, folder: Path) -> list[dict[str, Any]]:
    rows = []
    short = folder / "short.mp4"
    write_figures(short, min(seconds) * RATE)
    for length in seconds:
        clip = folder / f"{length}.mp4"
        loop(short, clip, length / 60)
        detect = [sys.executable, "-m", "posemill", "detect", str(clip)]
        records = [*detect, "--out", str(folder / "records.jsonl")]
        both = [*records, "--out", str(folder / "annotated.mp4")]
        pairs = [(run(records), run(both)) for _ in range(runs)]
        rows.append(
            {
                "video_s": length,
                "records_s": round(median(one for one, _ in pairs), 2),
                "annotated_s": round(median(one for _, one in pairs), 2),
            }
        )
    return rows


def resolutions(engine: OpenVinoEngine, frames: int, folder: Path) -> list[dict[str, Any]]:
    rows = []
    for name, size_px in SIZES.items():
        clip = folder / f"{name}.mp4"
        write_figures(clip, frames, size_px=size_px)
        stages, _ = measure_stages(engine, OPTIONS, open_clip(clip, frames), folder)
        records_ms = sum(stages[stage] for stage in RECORDS)
        annotated_ms = sum(stages.values())
        totals = {"records_ms": round(records_ms, 2), "annotated_ms": round(annotated_ms, 2)}
        rows.append({"size": name, "megapixels": size_px[0] * size_px[1] / 1e6, **totals, **stages})
    return rows


def charts(
    by_length: list[dict[str, Any]], by_size: list[dict[str, Any]], by_people: list[dict[str, Any]]
) -> list[Chart]:
    return [
        Chart(
            "Length of a 720p video",
            "seconds of video",
            "seconds",
            {
                "records and annotated video": [
                    (r["video_s"], r["annotated_s"]) for r in by_length
                ],
                "records": [(r["video_s"], r["records_s"]) for r in by_length],
            },
            {r["video_s"]: str(r["video_s"]) for r in by_length},
        ),
        Chart(
            "Resolution",
            "megapixels",
            "CPU ms a frame",
            {
                "records and annotated video": [
                    (r["megapixels"], r["annotated_ms"]) for r in by_size
                ],
                "records": [(r["megapixels"], r["records_ms"]) for r in by_size],
            },
            {r["megapixels"]: r["size"] for r in by_size if r["size"] != "360p"},
        ),
        Chart(
            "People in the picture",
            "people, all followed",
            "CPU ms a frame",
            {"tracking": [(r["people"], r["ms"]) for r in by_people]},
            {r["people"]: str(r["people"]) for r in by_people},
        ),
    ]


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(f"{value}" for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--svg", type=Path, default=Path("docs/en/pictures/scaling.svg"))
    parser.add_argument("--lengths", type=int, nargs="+", default=[10, 20, 40, 60], help="seconds")
    parser.add_argument("--runs", type=int, default=3, help="of each length")
    parser.add_argument("--frames", type=int, default=45, help="at each resolution")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        by_length = lengths(args.lengths, args.runs, Path(name))
        with on_one_core():
            engine = OpenVinoEngine(OPTIONS)
            by_size = resolutions(engine, args.frames, Path(name))
            by_people = measure_people(engine, OPTIONS)
    args.svg.parent.mkdir(parents=True, exist_ok=True)
    args.svg.write_text(svg(charts(by_length, by_size, by_people)))
    if args.json:
        found = {"length": by_length, "resolution": by_size, "people": by_people}
        print(json.dumps(found, indent=2))
        return
    for rows in (by_length, by_size, by_people):
        print(table(rows), end="\n\n")


if __name__ == "__main__":
    main()
