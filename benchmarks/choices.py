"""What each choice of whom to look for, and how closely, costs on one core.

    .venv/bin/python benchmarks/choices.py

CPU milliseconds a frame of a drawn scene at 30 frames a second, or of a picture: the median of
several rounds in turn.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

from posemill.bench.clock import on_one_core
from posemill.drawing.figure import draw_figures
from posemill.options import PoseOptions
from posemill.runtime.openvino import OpenVinoEngine
from posemill.types import Frame, Picture

SIZE = (1280, 720)
FRAMES = 30  # one second, so that what happens every half second is counted fairly

STREAMS: list[tuple[str, int, dict[str, Any]]] = [
    ("nobody, one person wanted", 0, {}),
    ("nobody, min_people=0", 0, {"min_people": 0}),
    ("one, one wanted", 1, {}),
    ("one, everyone wanted", 1, {"max_people": 0}),
    ("one, everyone, redetect_every=5", 1, {"max_people": 0, "redetect_every": 5}),
    ("one, everyone, detect_tiles=2", 1, {"max_people": 0, "detect_tiles": "2"}),
    ("four, four wanted", 4, {"max_people": 4}),
    ("four, everyone wanted", 4, {"max_people": 0}),
]
PICTURES: list[tuple[str, int, dict[str, Any]]] = [
    ("nobody, one wanted", 0, {}),
    ("nobody, detect_rotations=off", 0, {"detect_rotations": "off"}),
    ("nobody, everyone wanted", 0, {"max_people": 0}),
    ("one, one wanted", 1, {}),
    ("one, refine_passes=1", 1, {"refine_passes": 1}),
    ("one, everyone wanted", 1, {"max_people": 0}),
    ("four, everyone, detect_tiles=off", 4, {"max_people": 0, "detect_tiles": "off"}),
    ("four, everyone, detect_tiles=2", 4, {"max_people": 0, "detect_tiles": "2"}),
    ("four, everyone, detect_tiles=3", 4, {"max_people": 0, "detect_tiles": "3"}),
    ("four, everyone wanted (auto)", 4, {"max_people": 0}),
]


def scene(count: int) -> Picture:
    if count:
        return draw_figures(count, *SIZE)
    return np.full((SIZE[1], SIZE[0], 3), (168, 176, 182), np.uint8)


def stream(count: int, options: PoseOptions) -> Callable[[], float]:
    tracker = OpenVinoEngine(options).tracker()
    picture, times = scene(count), iter(range(1 << 30))

    def second() -> float:
        started = time.process_time()
        for _ in range(FRAMES):
            index = next(times)
            tracker.track(Frame(picture, index, index / FRAMES))
        return (time.process_time() - started) / FRAMES

    return second


def picture(count: int, options: PoseOptions) -> Callable[[], float]:
    estimator, frame = OpenVinoEngine(options).estimator(), Frame(scene(count))

    def once() -> float:
        started = time.process_time()
        estimator.estimate(frame)
        return time.process_time() - started

    return once


def rows(rounds: int) -> Iterator[tuple[str, float]]:
    for title, cases, make in (("video", STREAMS, stream), ("picture", PICTURES, picture)):
        work = [make(count, PoseOptions(threads=1, **more)) for _, count, more in cases]
        for each in work:
            each()  # the first call finds everyone
        costs = [[each() for each in work] for _ in range(rounds)]
        for (name, *_), column in zip(cases, zip(*costs, strict=True), strict=True):
            yield f"{title}: {name}", 1000 * median(column)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with on_one_core():
        for name, milliseconds in rows(args.rounds):
            print(f"{name:46} {milliseconds:8.1f}", flush=True)


if __name__ == "__main__":
    main()
