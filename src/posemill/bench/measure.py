"""Measuring the engine: every stage, alone and against MediaPipe in turn on one core."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from posemill.bench.peers import MediaPipePeer
from posemill.blazepose.estimator import BlazePoseEstimator, BlazePoseTracker, Fill, Model, Models
from posemill.options import PoseOptions
from posemill.runtime.openvino import OpenVinoEngine
from posemill.types import Floats, Frame, FramePoses

T = TypeVar("T")

BLOCK = 15  # frames in turn: enough for either side's caches, few enough for a spread


@dataclass(slots=True)
class Clock:
    """CPU seconds by stage; ``with clock("draw"): ...`` adds to one."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.process_time() - started


@dataclass(frozen=True, slots=True)
class TimedModel:
    """A model that tells how long its crop and its inference took."""

    model: Model
    name: str
    clock: Clock

    def run(self, fill: Callable[[Floats], None], read: Callable[..., T]) -> T:
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """CPU milliseconds a frame of both, and the ratio block by block."""

    mode: str
    ours_ms: float
    mediapipe_ms: float
    ratios: Sequence[float]

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.mediapipe_ms


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process and those it starts on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def measure_stages(engine: OpenVinoEngine, options: PoseOptions, frames: Sequence[Frame]) -> Clock:
    """Return the CPU seconds of crop, detector, landmarks and post-processing, tracking."""
    clock = Clock()
    models = Models(
        TimedModel(engine.models.detector, "detector", clock),
        TimedModel(engine.models.landmark, "landmarks", clock),
        engine.models.head,
    )
    tracker = BlazePoseTracker(models, options)
    tracker.track(frames[0])
    tracker.reset()
    clock.seconds.clear()
    with clock("track"):
        for frame in frames:
            tracker.track(frame)
    inside = sum(clock.seconds[name] for name in ("crop", "detector", "landmarks"))
    clock.seconds["post-processing"] = clock.seconds.pop("track") - inside
    return clock


def compare_with_mediapipe(
    engine: OpenVinoEngine,
    options: PoseOptions,
    frames: Sequence[Frame],
    peer: MediaPipePeer,
    *,
    static: bool,
) -> Comparison:
    """Give every block of frames to both in turn and compare the CPU time they need."""
    estimate = (
        BlazePoseEstimator(engine.models, options).estimate
        if static
        else BlazePoseTracker(engine.models, options).track
    )
    peer.start(static_image_mode=static, model_complexity=options.model_complexity)
    peer.process(frames[0].pixels)  # the first call of either side allocates
    BlazePoseEstimator(engine.models, options).estimate(frames[0])
    blocks = [frames[start : start + BLOCK] for start in range(0, len(frames), BLOCK)]
    ours, theirs = [], []
    for block in blocks:
        ours.append(sum(_cpu_of(estimate, frame) for frame in block))
        theirs.append(sum(_peer_cpu(peer, frame) for frame in block))
    return Comparison(
        "static" if static else "tracking",
        1000 * sum(ours) / len(frames),
        1000 * sum(theirs) / len(frames),
        [one / other for one, other in zip(ours, theirs, strict=True)],
    )


def _cpu_of(estimate: Callable[[Frame], FramePoses], frame: Frame) -> float:
    started = time.process_time()
    estimate(frame)
    return time.process_time() - started


def _peer_cpu(peer: MediaPipePeer, frame: Frame) -> float:
    answer: dict[str, Any] = peer.process(frame.pixels)
    return float(answer["cpu_s"])
