"""One stream on one core and on all, and as many streams as there are cores."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from statistics import median
from typing import Any, Final

from posemill.bench.clips import Clip
from posemill.bench.clock import on_one_core, percentiles
from posemill.bench.streams import PROCESSES, THREADS, Crew, ProcessCrew, ThreadCrew
from posemill.cores import usable_cores
from posemill.options import PoseOptions
from posemill.runtime import Engine, load_engine
from posemill.types import Frame

ROUNDS: Final = 3


class Single:
    """One stream in this thread; ``latencies_s`` are wall seconds, frame by frame."""

    def __init__(self, engine: Engine, frames: Sequence[Frame]) -> None:
        self._tracker = engine.tracker()
        self._frames = frames
        self.latencies_s: list[float] = []
        self.cpu_ms = 0.0  # a frame, of the last run

    def run(self) -> float:
        self._tracker.reset()
        cpu, before = time.process_time(), len(self.latencies_s)
        for frame in self._frames:
            started = time.perf_counter()
            self._tracker.track(frame)
            self.latencies_s.append(time.perf_counter() - started)
        self.cpu_ms = 1000 * (time.process_time() - cpu) / len(self._frames)
        return len(self._frames) / sum(self.latencies_s[before:])


def measure_throughput(clip: Clip, options: PoseOptions) -> list[dict[str, Any]]:
    """Return a row for each way to run, measured in turn.

    Frames a second are the median of the rounds, with the least and the most. To be called
    before anything in the process is kept on one core: OpenVINO counts cores when first used.
    """
    cores = usable_cores()
    with ExitStack() as stack:
        every = Single(load_engine(options), clip.frames)
        streams = shared_crew(clip.frames, options, cores)
        with on_one_core():
            one = Single(load_engine(replace(options, threads=1)), clip.frames)
        processes = stack.enter_context(ProcessCrew(clip, options, cores))
        crews: list[tuple[Single | ThreadCrew | ProcessCrew, str, int, int]] = [
            (one, "1 stream, 1 core", 1, 1),
            (every, "1 stream, all cores", 1, cores),
            (streams, crew_name(cores, THREADS), cores, cores),
            (processes, crew_name(cores, PROCESSES), cores, cores),
        ]
        rates: list[list[float]] = [[] for _ in crews]
        costs: list[list[float]] = [[] for _ in crews]
        for _ in range(ROUNDS):
            for number, (crew, *_) in enumerate(crews):
                with on_one_core() if crew is one else nullcontext():
                    rates[number].append(crew.run())
                costs[number].append(crew.cpu_ms)
    rows = []
    for (crew, name, count, used), rate, cost in zip(crews, rates, costs, strict=True):
        row: dict[str, Any] = {
            "name": name,
            "streams": count,
            "cores": used,
            "frames_per_s": round(median(rate), 2),
            "low": round(min(rate), 2),
            "high": round(max(rate), 2),
            "cpu_ms": round(median(cost), 3),
        }
        if isinstance(crew, Single):
            row["latency_ms"] = percentiles(crew.latencies_s)
        if isinstance(crew, ProcessCrew):
            row["peak_mib"] = round(crew.peak_mib, 1)
        rows.append(row)
    return rows


def shared_crew(frames: Sequence[Frame], options: PoseOptions, streams: int) -> ThreadCrew:
    """Return ``streams`` threads around one engine that infers on one core for each."""
    return ThreadCrew(load_engine(replace(options, threads=1)), frames, streams)


def crew_name(streams: int, kind: str) -> str:
    """Return what a row about several streams is called."""
    return f"{streams} stream{'s' if streams > 1 else ''}, {kind}"


def in_turn(ours: Crew, theirs: Crew, rounds: int = ROUNDS) -> list[tuple[float, float]]:
    """Run both in turn, A B A B, after once each to warm up; return their frames a second."""
    ours.run()
    theirs.run()
    return [(ours.run(), theirs.run()) for _ in range(rounds)]
