"""`posemill bench`: from a clip to figures as plain data."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from posemill.bench.against import compare_frames, compare_streams
from posemill.bench.clips import Clip, figure_clip, open_clip, write_figures
from posemill.bench.clock import on_one_core
from posemill.bench.floor import measure_floor
from posemill.bench.machine import machine
from posemill.bench.people import measure_people
from posemill.bench.processes import compare_with_script
from posemill.bench.stages import measure_stages
from posemill.bench.streams import ProcessCrew
from posemill.bench.throughput import measure_throughput, shared_crew
from posemill.cores import usable_cores
from posemill.errors import UsageError
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime.openvino import OpenVinoEngine

PEERS: Final = ("mediapipe", "script")
_SCRIPT_FRAMES: Final = 300  # of the drawn figure: 10 s, so that starting isn't all there is


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """``source``: a video, or None for a drawn figure. ``frames``: at most so many of it.

    ``against``: any of ``PEERS``. The script reads all of a ``source``.
    """

    source: str | None = None
    frames: int = 150
    against: Sequence[str] = ()
    mediapipe_python: str | None = None
    options: PoseOptions = field(default_factory=PoseOptions)


def run_bench(request: BenchRequest) -> dict[str, Any]:
    """Measure and return everything as plain data. UsageError for an unknown peer."""
    for peer in request.against:
        if peer not in PEERS:
            raise UsageError(f"--against knows {' and '.join(PEERS)}, not {peer!r}")
    with tempfile.TemporaryDirectory(prefix="posemill-bench-") as name:
        folder = Path(name)
        figure = folder / "figure.mp4"
        clip = (
            open_clip(request.source, request.frames)
            if request.source
            else figure_clip(figure, request.frames)
        )
        result = _measured(request, clip, folder)
        if request.against:
            result["against"] = _against(request, clip, folder, result["throughput"])
    return result


def _measured(request: BenchRequest, clip: Clip, folder: Path) -> dict[str, Any]:
    throughput = measure_throughput(clip, request.options)
    several = replace(request.options, max_people=0)
    together = measure_people(OpenVinoEngine(several), several, time.perf_counter)
    options = replace(request.options, threads=1)
    with on_one_core():
        engine = OpenVinoEngine(options)
        stages, poses = measure_stages(engine, options, clip, folder)
        alone = measure_people(engine, options)
        floor = measure_floor(engine, options)
    return {
        "machine": machine(),
        "source": clip.info.name,
        "size": [clip.info.width, clip.info.height],
        "frames": len(clip.frames),
        "frames_with_people": sum(bool(found.people) for found in poses),
        "model": MODEL_NAMES[options.model_complexity],
        "precision": engine.precision,
        "stages_ms": stages,
        "floor": floor,
        "people": {"1 core, CPU": alone, "all cores, wall": together},
        "throughput": throughput,
    }


def _against(
    request: BenchRequest, clip: Clip, folder: Path, throughput: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    python, rows = request.mediapipe_python, []
    if "mediapipe" in request.against:
        options = replace(request.options, threads=1)
        with on_one_core():
            engine = OpenVinoEngine(options)
        rows += compare_frames(engine, options, clip.frames, python)
        rows.append(_streams(request, clip, throughput))
    if "script" in request.against:
        video, frames = clip.path, clip.info.frames or len(clip.frames)
        if request.source is None:
            video, frames = folder / "longer.mp4", _SCRIPT_FRAMES
            write_figures(video, frames)
        rows += compare_with_script(video, frames, request.options, python, folder)
    return rows


def _streams(
    request: BenchRequest, clip: Clip, throughput: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Compare with whichever of our ways was faster."""
    cores, python = usable_cores(), request.mediapipe_python
    threads, processes = throughput[-2:]
    if threads["frames_per_s"] >= processes["frames_per_s"]:
        crew = shared_crew(clip.frames, request.options, cores)
        return compare_streams(crew, clip.frames, request.options, python)
    with ProcessCrew(clip, request.options, cores) as ours:
        return compare_streams(ours, clip.frames, request.options, python)
