"""What `posemill bench` counts, measures and prints; MediaPipe itself is not started here."""

import json
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes import FakeEngine
from posemill.bench import floor, people, processes
from posemill.bench.against import compare_frames, compare_streams
from posemill.bench.clips import RATE, figures, open_clip, write_figures
from posemill.bench.clock import Clock, compared, on_one_core, percentiles
from posemill.bench.floor import measure_floor, model_multiply_adds, multiply_adds
from posemill.bench.machine import peak_mib
from posemill.bench.people import measure_people
from posemill.bench.processes import Job, compare, run
from posemill.bench.report import lines
from posemill.bench.run import BenchRequest, run_bench
from posemill.bench.stages import STAGES, measure_stages
from posemill.bench.streams import MediaPipeCrew, ProcessCrew, ThreadCrew
from posemill.bench.throughput import in_turn
from posemill.drawing.figure import draw_figure, draw_figures
from posemill.errors import EngineUnavailable, UsageError
from posemill.options import PoseOptions
from posemill.peers.mediapipe import MediaPipePeer
from posemill.peers.process import Talker
from posemill.runtime.openvino import OpenVinoEngine
from posemill.runtime.quiet_openvino import op, ov
from posemill.sources import open_source
from posemill.types import Frame

SMALL = (320, 240)


@pytest.fixture(scope="module")
def engine() -> OpenVinoEngine:
    return OpenVinoEngine(PoseOptions(model_complexity=0, threads=1))


def script(folder: Path, text: str) -> list[str]:
    path = folder / "peer.py"
    path.write_text(text)
    return [sys.executable, str(path)]


# --- counting and the floor


def test_multiply_adds_of_each_kind_of_layer() -> None:
    picture = op.parameter([1, 8, 10, 12], np.float32)
    dense = op.convolution(
        picture, op.constant(np.ones((4, 8, 3, 3), np.float32)), [1, 1], [1, 1], [1, 1], [1, 1]
    )
    depthwise = op.group_convolution(
        dense, op.constant(np.ones((4, 1, 1, 5, 5), np.float32)), [2, 2], [2, 2], [2, 2], [1, 1]
    )
    rows = op.reshape(depthwise, op.constant([4, 30]), special_zero=False)
    product = op.matmul(rows, op.constant(np.ones((7, 30), np.float32)), False, True)
    expected = 4 * 10 * 12 * 8 * 9 + 4 * 5 * 6 * 25 + 4 * 7 * 30
    assert multiply_adds(ov.Model([product], [picture])) == expected


@pytest.mark.parametrize(
    ("complexity", "landmarks"),
    [(0, 161_253_120), (1, 343_681_408), (2, 1_882_623_104)],
    ids=["lite", "full", "heavy"],
)
def test_multiply_adds_of_the_models(complexity: int, landmarks: int) -> None:
    counts = model_multiply_adds(PoseOptions(model_complexity=complexity, threads=1))
    assert counts == {"detector": 386_507_296, "landmarks": landmarks}


def test_a_mask_costs_its_decoder() -> None:
    masked = model_multiply_adds(PoseOptions(model_complexity=0, enable_segmentation=True))
    assert masked["landmarks"] == 192_710_400


def test_the_floor_is_plausible(engine: OpenVinoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "_ROUNDS", 5)
    found = measure_floor(engine, PoseOptions(model_complexity=0, threads=1))
    assert 1 < found["peak_gflops"] < 10_000
    assert [row["model"] for row in found["models"]] == ["detector", "lite"]
    for row in found["models"]:
        expected_ms = 2 * row["multiply_adds"] / found["peak_gflops"] / 1e6
        assert row["floor_ms"] == pytest.approx(expected_ms, rel=0.01)
        assert row["best_ms"] > 0
        assert 0.05 < row["share_of_peak"] < 1.5


# --- figures


def test_one_figure_is_as_it_was() -> None:
    assert np.array_equal(draw_figures(1, *SMALL, 1.5), draw_figure(*SMALL, 1.5))
    assert int(draw_figure(640, 360, 1.0).astype(np.uint64).sum()) == 107_504_633


def test_so_many_figures_as_asked_for_are_found(
    engine: OpenVinoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_BLOCK", 5)
    rows = measure_people(engine, PoseOptions(model_complexity=0, threads=1), counts=(1, 4))
    assert [row["people"] for row in rows] == [1, 4]
    assert [row["found"] for row in rows] == [1, 4]
    assert rows[0]["ratio"] == 1
    assert 1.5 < rows[1]["ratio"] < 8


def test_a_written_clip_has_its_frames_and_times(tmp_path: Path) -> None:
    write_figures(tmp_path / "clip.mp4", 5, people=2, size_px=SMALL)
    clip = open_clip(tmp_path / "clip.mp4", 4)
    assert [round(frame.time_s * RATE) for frame in clip.frames] == [0, 1, 2, 3]
    assert (clip.info.width, clip.info.height, clip.info.fps) == (*SMALL, RATE)
    assert abs(clip.frames[0].pixels.astype(int) - draw_figures(2, *SMALL)).mean() < 5
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


# --- stages and streams


def test_every_stage_is_measured(engine: OpenVinoEngine, tmp_path: Path) -> None:
    write_figures(tmp_path / "clip.mp4", 4, size_px=SMALL)
    clip = open_clip(tmp_path / "clip.mp4", 4)
    options = PoseOptions(model_complexity=0, threads=1)
    stages, poses = measure_stages(engine, options, clip, tmp_path)
    assert tuple(stages) == STAGES
    assert all(milliseconds > 0 for milliseconds in stages.values())
    assert stages["landmarks"] > stages["crop"]
    assert [len(found.people) for found in poses] == [1, 1, 1, 1]


def test_a_clock_adds_up_even_where_a_stage_fails() -> None:
    clock = Clock()
    for _ in range(2):
        with pytest.raises(RuntimeError), clock("stage"):
            _burn(0.01)
            raise RuntimeError
    assert clock.seconds["stage"] >= 0.02


def test_one_core_is_for_this_thread_and_ends() -> None:
    os = pytest.importorskip("os")
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system keeps no thread on a core")
    before = os.sched_getaffinity(0)
    with pytest.raises(RuntimeError), on_one_core():
        assert len(os.sched_getaffinity(0)) == 1
        raise RuntimeError
    assert os.sched_getaffinity(0) == before


def test_percentiles_are_in_milliseconds() -> None:
    found = percentiles([k / 1000 for k in range(101)])
    assert found == {"p50": 50, "p95": 95, "p99": 99}


def test_each_stream_gets_every_frame_in_order() -> None:
    seen: list[list[int]] = []

    class Tracker:
        def __init__(self) -> None:
            self.frames: list[int] = []
            seen.append(self.frames)

        def track(self, frame: Frame) -> None:
            self.frames.append(frame.index)

        def reset(self) -> None:
            self.frames.clear()

    class Engine:
        def tracker(self) -> Any:
            return Tracker()

        estimator = tracker

    crew = ThreadCrew(Engine(), list(figures(5, size_px=(64, 64))), 3)
    assert crew.run() > 0
    assert crew.run() > 0
    assert seen == [[0, 1, 2, 3, 4]] * 3


def test_streams_around_one_engine_run_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)
    engine = FakeEngine(wait=lambda: _wait(together))
    assert ThreadCrew(engine, list(figures(2, size_px=(64, 64))), 3).run() > 0


def test_streams_that_share_an_engine_give_what_one_alone_gives(engine: OpenVinoEngine) -> None:
    frames = list(figures(6, size_px=SMALL))
    alone = engine.tracker().track(frames[0]).people[0]
    found: list[Any] = []

    class Spying:
        def tracker(self) -> Any:
            tracker = engine.tracker()

            class Spy:
                reset = tracker.reset

                def track(self, frame: Frame) -> None:
                    poses = tracker.track(frame)
                    if frame.index == 0:
                        found.append(poses.people[0])

            return Spy()

        estimator = tracker

    ThreadCrew(Spying(), frames, 3).run()
    assert len(found) == 3
    for pose in found:
        assert np.array_equal(pose.landmarks, alone.landmarks)


def test_a_stream_that_fails_is_told() -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    crew = ThreadCrew(FakeEngine(wait=fail), list(figures(2, size_px=(64, 64))), 2)
    with pytest.raises(RuntimeError, match="broken"):
        crew.run()


def test_streams_in_processes(tmp_path: Path) -> None:
    write_figures(tmp_path / "clip.mp4", 3, size_px=SMALL)
    clip = open_clip(tmp_path / "clip.mp4", 3)
    options = PoseOptions(model_complexity=0, region=(0, 0, 300, 240))
    with ProcessCrew(clip, options, 2) as crew:
        assert crew.run() > 0
        assert crew.run() > 0
        assert crew.cpu_ms > 0
        assert 50 < crew.peak_mib < 2000


def test_a_stream_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_figures(tmp_path / "clip.mp4", 2, size_px=(64, 64))
    clip = open_clip(tmp_path / "clip.mp4", 2)
    (tmp_path / "clip.mp4").unlink()
    with pytest.raises(EngineUnavailable, match="a stream could not be started, or ended early"):
        ProcessCrew(clip, PoseOptions(model_complexity=0), 1)


def test_memory_is_this_process_own() -> None:
    before = peak_mib()
    block = np.ones(64 * 1024 * 1024, np.uint8)
    assert block[-1] == 1
    assert peak_mib() >= max(before, 64)


# --- peers

_MEDIAPIPE = """
import json, sys, time
kept = 0
for line in sys.stdin.buffer:
    request = json.loads(line)
    if "width" in request:
        sys.stdin.buffer.read(request["width"] * request["height"] * 3)
        kept += 1
        answer = {"kept": kept}
    elif "run" in request:
        time.sleep(0.01 * kept)
        answer = {"cpu_s": 0.01 * kept, "wall_s": 0.01 * kept}
    else:
        answer = {"version": "0.10.21"}
    print(json.dumps(answer), flush=True)
"""


def stand_in(folder: Path, text: str) -> str:
    """Return a program that runs ``text`` whatever script it is given, as a Python would."""
    command = script(folder, text)
    path = folder / "python"
    path.write_text(f"#!/bin/sh\nexec {command[0]} {command[1]}\n")
    path.chmod(0o755)
    return str(path)


def test_processes_of_the_peer_are_run_together(tmp_path: Path) -> None:
    pictures = [np.zeros((4, 6, 3), np.uint8)] * 10
    with MediaPipeCrew(pictures, 3, stand_in(tmp_path, _MEDIAPIPE)) as crew:
        assert 30 / 3 < crew.run() < 30 / 0.1  # one after the other would be at most 100
        assert crew.run() > 150


def test_a_peer_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = "import subprocess, sys, time\nprint('no answer', file=sys.stderr, flush=True)\n"
    child += "subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    started = time.monotonic()
    told = pytest.raises(EngineUnavailable, match="the peer gave no answer in 1 s and was ended")
    with Talker(script(tmp_path, child), name="the peer", cure="try again") as talker, told:
        talker.ask({}, timeout_s=1)
    assert time.monotonic() - started < 8


def test_a_peer_that_dies_between_two_answers_is_told(tmp_path: Path) -> None:
    python = stand_in(tmp_path, "print('{}', flush=True)\nimport sys; sys.exit('enough')")
    with MediaPipePeer(python) as peer:
        assert peer.start() == {}
        with pytest.raises(EngineUnavailable, match="ended early: enough"):
            peer.process(np.zeros((2, 2, 3), np.uint8))


def test_whole_processes_run_in_turn(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write = f"import sys; open({str(log)!r}, 'a').write(sys.argv[1])"
    command = script(tmp_path, write)
    row = compare(Job("file to file", [*command, "A"], [*command, "B"], frames=10), runs=3)
    assert log.read_text() == "ABABABAB"
    assert (row["peer"], row["what"], row["unit"]) == (
        "the usual script",
        "file to file",
        "frames/s",
    )
    assert row["low"] <= row["ratio"] <= row["high"]
    assert row["ours"] > 0


def test_a_process_that_fails_or_hangs_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        EngineUnavailable, match=r"peer\.py failed with exit code 3: what went wrong"
    ):
        run(script(tmp_path, "import sys; print('what went wrong', file=sys.stderr); sys.exit(3)"))
    with pytest.raises(EngineUnavailable, match=r"peer\.py did not end in 0\.5 s, and was ended"):
        run(script(tmp_path, "import time; time.sleep(60)"), timeout_s=0.5)
    with pytest.raises(EngineUnavailable, match="/no/such can't be run: No such file"):
        run(["/no/such"])


def test_both_commands_do_the_same_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Job] = []

    def keep(job: Job) -> dict[str, Any]:
        jobs.append(job)
        return {}

    monkeypatch.setattr(processes, "compare", keep)
    python = stand_in(tmp_path, _MEDIAPIPE)
    options = PoseOptions(model_complexity=2)
    processes.compare_with_script(Path("clip.mp4"), 7, options, python, tmp_path)
    both, records = jobs
    assert [job.what for job in jobs] == ["file to records and video", "file to records"]
    assert {job.frames for job in jobs} == {7}
    for job in jobs:
        for side in (job.ours, job.theirs):
            assert side[side.index("--model-complexity") + 1] == "2"
            assert "clip.mp4" in side
    assert (len(both.ours), len(both.theirs)) == (len(records.ours) + 2, len(records.theirs) + 2)


def test_ratios_are_of_pairs() -> None:
    row = compared("peer", "what", "frames/s", [(30, 10), (40, 10), (90, 30)])
    assert (row["ours"], row["theirs"]) == (40, 10)
    assert (row["ratio"], row["low"], row["high"]) == (3, 3, 4)


def test_in_turn_is_in_turn() -> None:
    calls = []

    class Crew:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self) -> float:
            calls.append(self.name)
            return float(len(calls))

    assert in_turn(Crew("a"), Crew("b"), 2) == [(3, 4), (5, 6)]
    assert "".join(calls) == "ababab"


@pytest.mark.skipif(find_spec("mediapipe") is None, reason="MediaPipe 0.10.21 is not installed")
def test_against_the_original(
    engine: OpenVinoEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PoseOptions(model_complexity=0, threads=1)
    frames = list(figures(20))
    rows = compare_frames(engine, options, frames, sys.executable)
    rows.append(compare_streams(ThreadCrew(engine, frames, 2), frames, options, sys.executable))
    monkeypatch.setattr(processes, "RUNS", 1)
    write_figures(tmp_path / "clip.mp4", 20)
    rows += processes.compare_with_script(
        tmp_path / "clip.mp4", 20, options, sys.executable, tmp_path
    )
    assert [row["unit"] for row in rows] == ["CPU ms a frame"] * 2 + ["frames/s"] * 3
    assert all(row["ours"] > 0 and row["theirs"] > 0 for row in rows)
    for name in ("ours", "theirs"):
        people = (tmp_path / f"{name}.jsonl").read_text().splitlines()
        assert len(people) == 20 + (name == "ours")  # and a header
        with open_source(tmp_path / f"{name}.mp4") as source:
            assert sum(1 for _ in source) == 20


# --- the whole


def test_all_of_it_as_data_and_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "COUNTS", (1, 2))
    monkeypatch.setattr(people, "_BLOCK", 2)
    monkeypatch.setattr(floor, "_ROUNDS", 2)
    result = run_bench(BenchRequest(frames=4, options=PoseOptions(model_complexity=0)))
    assert json.loads(json.dumps(result)) == result
    assert tuple(result["stages_ms"]) == STAGES
    assert (result["frames"], result["frames_with_people"]) == (4, 4)
    assert (result["model"], result["precision"]) == ("lite", "f32")
    names = [row["name"] for row in result["throughput"]]
    cores = result["machine"]["usable_cores"]
    plural = "s" if cores > 1 else ""
    assert names == [
        "1 stream, 1 core",
        "1 stream, all cores",
        f"{cores} stream{plural}, threads",
        f"{cores} stream{plural}, processes",
    ]
    for row in result["throughput"]:
        assert 0 < row["low"] <= row["frames_per_s"] <= row["high"]
        assert row["cpu_ms"] > 0
    for row in result["throughput"][:2]:
        latency = row["latency_ms"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
    for rows in result["people"].values():
        assert [(row["people"], row["found"]) for row in rows] == [(1, 1), (2, 2)]
        assert all(row["ms"] > 0 for row in rows)
    result["against"] = [compared("the peer", "tracking", "CPU ms a frame", [(1, 2), (3, 4)])]
    table = "\n".join(lines(result))
    for words in (*STAGES, *names, "GFLOP/s", "detector", "people in the picture", "the peer"):
        assert words in table
    assert all(len(line) <= 120 for line in table.splitlines())


def test_an_unknown_peer_is_refused_before_any_work() -> None:
    with pytest.raises(UsageError, match="--against knows mediapipe and script, not 'openpose'"):
        run_bench(BenchRequest(source="/no/such", against=["mediapipe", "openpose"]))


def _wait(barrier: threading.Barrier) -> None:
    barrier.wait()


def _burn(seconds: float) -> None:
    started = time.process_time()
    while time.process_time() - started < seconds:
        pass
