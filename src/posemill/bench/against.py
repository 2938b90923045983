"""posemill and MediaPipe 0.10.21 in turn, on the same frames."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from posemill.bench.clock import compared, on_one_core
from posemill.bench.streams import Crew, MediaPipeCrew
from posemill.bench.throughput import in_turn
from posemill.cores import usable_cores
from posemill.options import PoseOptions
from posemill.peers.mediapipe import MediaPipePeer
from posemill.runtime.openvino import OpenVinoEngine
from posemill.types import Frame, FramePoses

NAME: Final = "MediaPipe 0.10.21"
BLOCK: Final = 15  # frames in turn: enough for either side's caches, few enough for a spread
_KEPT: Final = 60  # frames that each process of MediaPipe holds


def compare_frames(
    engine: OpenVinoEngine, options: PoseOptions, frames: Sequence[Frame], python: str | None
) -> list[dict[str, Any]]:
    """Compare the CPU time of tracking and of single pictures, on one core."""
    rows = []
    with on_one_core(), MediaPipePeer(python) as peer:
        for static in (False, True):
            estimator = engine.estimator()
            estimator.estimate(frames[0])  # the first call of either side allocates
            peer.start(static_image_mode=static, model_complexity=options.model_complexity)
            peer.process(frames[0].pixels)
            estimate = estimator.estimate if static else engine.tracker().track
            pairs = _in_turn(estimate, peer, frames)
            what = f"{'static' if static else 'tracking'}, 1 core"
            rows.append(compared(NAME, what, "CPU ms a frame", pairs))
    return rows


def compare_streams(
    ours: Crew, frames: Sequence[Frame], options: PoseOptions, python: str | None
) -> dict[str, Any]:
    """Compare as many streams as cores with as many processes of MediaPipe."""
    cores = usable_cores()
    pictures = [frame.pixels for frame in frames[:_KEPT]]
    complexity = options.model_complexity
    with MediaPipeCrew(pictures, cores, python, model_complexity=complexity) as theirs:
        pairs = in_turn(ours, theirs)
    return compared(NAME, f"{cores} streams, all cores", "frames/s", pairs)


def _in_turn(
    estimate: Callable[[Frame], FramePoses], peer: MediaPipePeer, frames: Sequence[Frame]
) -> list[tuple[float, float]]:
    """Return the CPU milliseconds a frame of both, block by block."""
    pairs = []
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK]
        started = time.process_time()
        for frame in block:
            estimate(frame)
        ours_s = time.process_time() - started
        theirs_s = sum(float(peer.process(frame.pixels)["cpu_s"]) for frame in block)
        pairs.append((1000 * ours_s / len(block), 1000 * theirs_s / len(block)))
    return pairs
