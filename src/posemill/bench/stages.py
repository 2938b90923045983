"""What each stage of one stream costs on one core."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from posemill.bench.clips import Clip
from posemill.bench.clock import Clock
from posemill.blazepose.models import Fill, Model, Models
from posemill.blazepose.tracker import BlazePoseTracker
from posemill.drawing import draw
from posemill.options import PoseOptions
from posemill.records import header
from posemill.runtime.openvino import OpenVinoEngine
from posemill.sinks import open_sink
from posemill.types import Floats, FramePoses

T = TypeVar("T")

_ROUNDS: Final = 3
STAGES: Final = ("decode", "crop", "detector", "landmarks", "post-processing", "draw", "encode")


@dataclass(frozen=True, slots=True)
class TimedModel:
    """A model that tells how long its crop and its inference took."""

    model: Model
    name: str
    clock: Clock

    def run(self, fill: Fill, read: Callable[..., T]) -> T:
        marks = [0.0, 0.0]

        def timed_fill(tensor: Floats) -> None:
            with self.clock("crop"):
                fill(tensor)
            marks[0] = time.process_time()

        def timed_read(*outputs: Floats) -> T:
            marks[1] = time.process_time()
            return read(*outputs)

        result = self.model.run(timed_fill, timed_read)
        self.clock.seconds[self.name] += marks[1] - marks[0]
        return result

    def run_all(self, jobs: Sequence[tuple[Fill, Callable[..., T]]]) -> list[T]:
        return [self.run(fill, read) for fill, read in jobs]


def measure_stages(
    engine: OpenVinoEngine, options: PoseOptions, clip: Clip, folder: Path
) -> tuple[dict[str, float], list[FramePoses]]:
    """Return the CPU milliseconds a frame of every stage, in order, and the people found.

    Each is the median of several rounds over the whole clip.
    """
    engine.estimator().estimate(clip.frames[0])  # the first inference of a model allocates
    clocks = [Clock() for _ in range(_ROUNDS)]
    for clock in clocks:
        clip.read(clock)
        poses = _track(engine, options, clip, clock)
        _render(clip, poses, folder, clock)
    count = len(clip.frames)
    stages = {
        name: round(1000 * median(clock.seconds[name] for clock in clocks) / count, 3)
        for name in STAGES
    }
    return stages, poses


def _track(
    engine: OpenVinoEngine, options: PoseOptions, clip: Clip, clock: Clock
) -> list[FramePoses]:
    models = Models(
        TimedModel(engine.models.detector, "detector", clock),
        TimedModel(engine.models.landmark, "landmarks", clock),
        engine.models.head,
    )
    tracker = BlazePoseTracker(models, options)
    with clock("track"):
        poses = [tracker.track(frame) for frame in clip.frames]
    inside = sum(clock.seconds[name] for name in ("crop", "detector", "landmarks"))
    clock.seconds["post-processing"] = clock.seconds.pop("track") - inside
    return poses


def _render(clip: Clip, poses: Sequence[FramePoses], folder: Path, clock: Clock) -> None:
    top = header(clip.info, model="", engine="", precision="")
    sink = open_sink(folder / "annotated.mp4", replace(clip.info, extra={}), top)
    for frame, pose in zip(clip.frames, poses, strict=True):
        with clock("draw"):
            picture = draw(frame, pose)
        with clock("encode"):
            sink.write(pose, picture)
    with clock("encode"):
        sink.finish()
