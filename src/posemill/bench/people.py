"""What one, two, four and six people in the picture cost, all of them followed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean, median
from typing import Any, Final

from posemill.bench.clips import RATE, figures
from posemill.bench.clock import spread
from posemill.blazepose.tracker import BlazePoseTracker
from posemill.options import PoseOptions
from posemill.runtime.openvino import OpenVinoEngine
from posemill.types import Frame

Now = Callable[[], float]

COUNTS: Final = (1, 2, 4, 6)  # the detector misses more, they would be too small for it
_BLOCK: Final = RATE // 2  # frames: a detector that looks again every half second comes once
_ROUNDS: Final = 4


class _Scene:
    """So many drawn people and the tracker that follows them."""

    def __init__(self, count: int, engine: OpenVinoEngine, options: PoseOptions, now: Now) -> None:
        self.count = count
        self._now = now
        self.costs_ms: list[float] = []
        self.found: list[int] = []
        self._frames = list(figures(_BLOCK, people=count))
        self._shown = 0
        self._tracker = BlazePoseTracker(engine.models, replace(options, max_people=count))
        self._follow()  # until everyone has been found

    def run(self) -> None:
        """Follow them through one block of frames."""
        started = self._now()
        self.found += self._follow()
        self.costs_ms.append(1000 * (self._now() - started) / _BLOCK)

    def _follow(self) -> list[int]:
        found = []
        for frame in self._frames:
            timed = Frame(frame.pixels, self._shown, self._shown / RATE)
            found.append(len(self._tracker.track(timed).people))
            self._shown += 1
        self._frames = self._frames[::-1]  # forth and back, so that nobody leaps
        return found


def measure_people(
    engine: OpenVinoEngine,
    options: PoseOptions,
    now: Now = time.process_time,
    counts: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """Return a row for each number of people: milliseconds a frame, and against the first.

    ``now``: a clock in seconds, of CPU or wall. ``counts``: how many, ``COUNTS`` where empty.
    """
    scenes = [_Scene(count, engine, options, now) for count in counts or COUNTS]
    for _ in range(_ROUNDS):
        for scene in scenes:
            scene.run()
    single = scenes[0].costs_ms
    return [
        {
            "people": scene.count,
            "found": round(mean(scene.found), 2),
            "ms": round(median(scene.costs_ms), 3),
            **spread([cost / one for cost, one in zip(scene.costs_ms, single, strict=True)]),
        }
        for scene in scenes
    ]
