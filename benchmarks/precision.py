"""What each mixture of bfloat16 and single precision costs and changes.

    .venv/bin/python benchmarks/precision.py SOURCE... [--coco FOLDER ANNOTATIONS]

Every picture, and every 25th frame of a video, goes through the models in single precision
and in each mixture: `bf16:8,16` computes feature maps of 8x8 and 16x16 in bfloat16
(`/6`: but the first six convolutions). Distances are
those of the mean landmark from single precision, in mm and in % of the longer side of the
person's box, over all pictures and at the 95th percentile. `CPU ms` is the landmark model on
one core, the best of many runs, all mixtures in turn. `OKS AP` is the average precision on
annotated photos, everyone in them. The chosen mixtures stand in `posemill/runtime/precision.py`.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posemill.blazepose.estimator import BlazePoseEstimator
from posemill.evaluation import evaluate, read_annotations
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime.openvino import OpenVinoEngine
from posemill.runtime.precision import POINTS, Point
from posemill.sources import expand, open_source
from posemill.types import Frame

SIZES = (8, 16, 32, 64, 128)
EVERY, MOST = 25, 3  # frames of one video
ROUNDS, RUNS = 15, 5

Array = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--models", nargs="+", default=MODEL_NAMES, choices=MODEL_NAMES)
    parser.add_argument("--coco", nargs=2, metavar=("FOLDER", "ANNOTATIONS"), type=Path)
    arguments = parser.parse_args()
    frames = list(frames_of(arguments.sources))
    print(f"{'model':6} {'point':22} {'CPU ms':>7} {'of f32':>7} {'world mm':>9} {'p95':>6}"
          f" {'image %':>8} {'p95':>6} {'lost':>5} {'OKS AP':>6}")  # fmt: skip
    for name in arguments.models:
        compare(name, frames, arguments.coco)


def frames_of(sources: Sequence[str]) -> Iterator[Frame]:
    for path in expand([Path(source) for source in sources]):
        with open_source(path) as source:
            yield from islice(source, 0, EVERY * MOST, EVERY)


def engine_at(name: str, point: Point) -> OpenVinoEngine:
    """Return an engine that computes in bfloat16 what ``point`` says."""
    POINTS[name, "fast"] = point
    precision = "fast" if point.sizes else "f32"
    complexity = MODEL_NAMES.index(name)
    return OpenVinoEngine(
        PoseOptions(model_complexity=complexity, precision=precision, threads=1, model_cache=False)
    )


def compare(name: str, frames: Sequence[Frame], coco: Sequence[Path] | None) -> None:
    points = [Point(frozenset(SIZES[:count])) for count in range(len(SIZES) + 1)]
    points += [point for (model, _), point in POINTS.items() if model == name and point.first]
    engines = [engine_at(name, point) for point in points]
    times = cpu_ms(engines)
    for engine, cpu in zip(engines, times, strict=True):
        world, image, lost = distances(engines[0], engine, frames)
        print(f"{name:6} {engine.precision:22} {cpu:7.2f} {cpu / times[0]:7.2f}"
              f" {world.mean():9.1f} {np.percentile(world, 95):6.1f}"
              f" {image.mean():8.2f} {np.percentile(image, 95):6.2f} {lost:5}"
              f" {average_precision(engine, coco):>6}", flush=True)  # fmt: skip


def cpu_ms(engines: Sequence[OpenVinoEngine]) -> list[float]:
    """Return the CPU milliseconds of one landmark inference, each engine in turn."""
    best = [float("inf")] * len(engines)
    for _ in range(ROUNDS):
        for index, engine in enumerate(engines):
            started = time.process_time()
            for _ in range(RUNS):
                engine.models.landmark.run(lambda _: None, lambda *_: None)
            best[index] = min(best[index], 1000 * (time.process_time() - started) / RUNS)
    return best


def distances(
    exact: OpenVinoEngine, other: OpenVinoEngine, frames: Sequence[Frame]
) -> tuple[Array, Array, int]:
    """Return by person mm and % of the box, and how many people only ``exact`` sees."""
    world, image, lost = [], [], 0
    for frame in frames:
        first, second = (each.estimator().estimate(frame).people for each in (exact, other))
        if not first or not second:
            lost += bool(first)
            continue
        side = max(first[0].box_px[2:])
        apart = np.linalg.norm(first[0].points_px - second[0].points_px, axis=1)
        image.append(100 * apart.mean() / side)
        world.append(1000 * np.linalg.norm(first[0].world - second[0].world, axis=1).mean())
    return np.array(world), np.array(image), lost


def average_precision(engine: OpenVinoEngine, coco: Sequence[Path] | None) -> str:
    if coco is None:
        return "-"
    folder, annotations = coco
    everyone = BlazePoseEstimator(engine.models, PoseOptions(max_people=0))
    figures = evaluate(folder, read_annotations(annotations), everyone.estimate)
    return f"{figures['ap']:.3f}"


if __name__ == "__main__":
    main()
