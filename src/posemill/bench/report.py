"""`posemill bench`: from a clip to a table of what each stage costs, and against MediaPipe."""

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Final

from posemill.bench.figure import draw_figure
from posemill.bench.measure import Clock, compare_with_mediapipe, measure_stages, on_one_core
from posemill.bench.peers import MediaPipePeer
from posemill.drawing import draw
from posemill.errors import UsageError
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.records import header
from posemill.runtime.openvino import OpenVinoEngine
from posemill.sinks import open_sink
from posemill.sources import open_source
from posemill.types import Frame, FramePoses, SourceInfo

FIGURE: Final = "a drawn figure"
_FIGURE_RATE: Final = 30


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """``source``: a video, or None for a drawn figure. ``frames``: at most so many of it."""

    source: str | None = None
    frames: int = 150
    against: str | None = None
    mediapipe_python: str | None = None
    options: PoseOptions = field(default_factory=PoseOptions)


def run_bench(request: BenchRequest) -> dict[str, Any]:
    """Measure and return everything as plain data, CPU milliseconds a frame throughout."""
    if request.against not in (None, "mediapipe"):
        raise UsageError(f"--against knows mediapipe, not {request.against!r}")
    options = replace(request.options, threads=1)
    with tempfile.TemporaryDirectory(prefix="posemill-bench-") as folder, on_one_core():
        clock = Clock()
        info, frames = _decode(request, Path(folder), clock)
        engine = OpenVinoEngine(options)
        inside = measure_stages(engine, options, frames)
        tracker = engine.tracker()
        poses = [tracker.track(frame) for frame in frames]
        _render(info, frames, poses, Path(folder), clock)
        stages = {"decode": clock.seconds["decode"], **inside.seconds}
        stages |= {"draw": clock.seconds["draw"], "encode": clock.seconds["encode"]}
        result: dict[str, Any] = {
            "machine": _machine(),
            "source": info.name,
            "size": [info.width, info.height],
            "frames": len(frames),
            "frames_with_people": sum(bool(pose.people) for pose in poses),
            "model": MODEL_NAMES[options.model_complexity],
            "precision": options.precision,
            "threads": 1,
            "stages_ms": {name: round(1000 * s / len(frames), 3) for name, s in stages.items()},
        }
        if request.against:
            result["against"] = _against(request, engine, options, frames)
    return result


def lines(result: dict[str, Any]) -> Iterator[str]:
    """Yield the result as a plain table for people."""
    width, height = result["size"]
    machine = result["machine"]
    yield f"machine    {machine['processor']}, {machine['cores']} cores, one of them used"
    yield f"versions   Python {machine['python']}, OpenVINO {machine['openvino']}"
    yield f"source     {result['source']}, {width}x{height}"
    yield f"frames     {result['frames']}, {result['frames_with_people']} with people"
    yield f"model      {result['model']}, {result['precision']}"
    yield ""
    yield f"{'stage':<18}{'CPU ms a frame':>16}"
    for name, milliseconds in result["stages_ms"].items():
        yield f"{name:<18}{milliseconds:>16.2f}"
    for peer in result.get("against", []):
        if peer is result["against"][0]:
            yield ""
            yield f"{'against ' + peer['peer']:<30}{'posemill':>10}{'MediaPipe':>11}"
            yield f"{'':<30}{'ms':>10}{'ms':>11}{'ratio':>8}{'low..high':>14}"
        spread = f"{peer['ratio_low']:.2f}..{peer['ratio_high']:.2f}"
        yield (
            f"{peer['mode']:<30}{peer['ours_ms']:>10.2f}{peer['mediapipe_ms']:>11.2f}"
            f"{peer['ratio']:>8.3f}{spread:>14}"
        )


def _decode(
    request: BenchRequest, folder: Path, clock: Clock
) -> tuple[SourceInfo, Sequence[Frame]]:
    path = request.source or _figure_clip(folder, request.frames)
    with open_source(path) as source:
        info = source.info if request.source else replace(source.info, name=FIGURE)
        with clock("decode"):
            frames = list(islice(source, request.frames))
    if not frames:
        raise UsageError(f"{request.source} has no frames to measure on")
    return info, frames


def _figure_clip(folder: Path, count: int) -> Path:
    path = folder / "figure.mp4"
    width, height = 1280, 720
    rate = Fraction(_FIGURE_RATE)
    info = SourceInfo(FIGURE, "video", width, height, fps=float(rate))
    sink = open_sink(path, info, {})
    for index in range(count):
        time_s = index / _FIGURE_RATE
        frame = Frame(draw_figure(width, height, time_s), index, time_s)
        sink.write(frame, FramePoses(index, time_s, (width, height)), frame.pixels)
    sink.finish()
    return path


def _render(
    info: SourceInfo,
    frames: Sequence[Frame],
    poses: Sequence[FramePoses],
    folder: Path,
    clock: Clock,
) -> None:
    top = header(info, model="", engine="openvino", precision="f32")
    sink = open_sink(folder / "annotated.mp4", replace(info, extra={}), top)
    for frame, pose in zip(frames, poses, strict=True):
        with clock("draw"):
            picture = draw(frame, pose)
        with clock("encode"):
            sink.write(frame, pose, picture)
    with clock("encode"):
        sink.finish()


def _against(
    request: BenchRequest, engine: OpenVinoEngine, options: PoseOptions, frames: Sequence[Frame]
) -> list[dict[str, Any]]:
    results = []
    with MediaPipePeer(request.mediapipe_python) as peer:
        for static in (False, True):
            compared = compare_with_mediapipe(engine, options, frames, peer, static=static)
            results.append(
                {
                    "peer": "MediaPipe 0.10.21",
                    "mode": compared.mode,
                    "ours_ms": round(compared.ours_ms, 3),
                    "mediapipe_ms": round(compared.mediapipe_ms, 3),
                    "ratio": round(compared.ratio, 3),
                    "ratio_low": round(min(compared.ratios), 3),
                    "ratio_high": round(max(compared.ratios), 3),
                }
            )
    return results


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "openvino": version("openvino"),
        "posemill": version("posemill"),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
