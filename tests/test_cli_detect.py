"""`posemill detect` as people run it, on media made here, with an engine without models."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from fakes import FakeEngine
from posemill import runtime
from posemill.cli import main
from posemill.cli.interrupt import Interrupt
from posemill.cli.writing import Outputs
from posemill.errors import ModelMissing
from posemill.options import PoseOptions
from privileges import locked

# `python -c` for a process of its own, with the engine replaced; argv[1] is its pace.
LAUNCH = """
import sys, time
from fakes import FakeEngine
from posemill import runtime
pace_s = float(sys.argv[1])
runtime.load_engine = lambda options: FakeEngine(options, wait=lambda: time.sleep(pace_s))
from posemill.cli import main
from posemill.cli.interrupt import Interrupt
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.chdir(tmp_path)
    fake = FakeEngine()

    def load(options: PoseOptions) -> FakeEngine:
        fake.options = options
        return fake

    monkeypatch.setattr(runtime, "load_engine", load)
    return fake


def picture(name: str, size: tuple[int, int] = (64, 48)) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 150)).save(name)
    return name


def look(name: str) -> tuple[str, tuple[int, int]]:
    with Image.open(name) as image:
        return image.mode, image.size


def video(name: str, frames: int = 10, rate: int = 10, size: tuple[int, int] = (64, 48)) -> str:
    with av.open(name, "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for index in range(frames):
            pixels = np.full((size[1], size[0], 3), 60 + index % 120, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return name


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def records(name: str) -> list[dict[str, Any]]:
    return lines(Path(name).read_text())


def everything() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def left_over() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*.part"))


def test_a_picture_gives_a_header_and_a_frame_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", picture("a.jpg")]) == 0
    out, err = capfd.readouterr()
    header, frame = lines(out)
    assert (header["schema"], header["source"]) == ("posemill/1", "a.jpg")
    assert (header["model"], header["engine"], header["precision"]) == ("full", "openvino", "f32")
    assert (header["width"], header["height"]) == (64, 48)
    assert len(frame["people"]) == 1
    assert err == ""


def test_pictures_are_estimated_and_videos_tracked_each_by_a_tracker_of_its_own(
    engine: FakeEngine,
) -> None:
    sources = [picture("a.jpg"), video("b.mp4"), video("c.mp4")]
    assert main(["detect", *sources, "--out", "all.jsonl"]) == 0
    assert (engine.estimators, engine.trackers) == (1, 2)
    assert [row["source"] for row in records("all.jsonl") if "source" in row] == sources
    # What a tracker does in static mode is the engine's: it must be told.
    assert main(["detect", "b.mp4", "--static-image-mode", "--out", "b.csv"]) == 0
    assert engine.options.static_image_mode


def test_flags_reach_the_engine(engine: FakeEngine) -> None:
    flags = ["--model-complexity", "2", "--no-smooth-landmarks", "--threads", "3"]
    flags += ["--min-tracking-confidence", "0.7", "--mask"]
    assert main(["detect", picture("a.jpg"), "--out", "a.json", *flags]) == 0
    assert engine.options == PoseOptions(
        model_complexity=2,
        smooth_landmarks=False,
        threads=3,
        min_tracking_confidence=0.7,
        enable_segmentation=True,
    )
    assert json.loads(Path("a.json").read_text())["model"] == "heavy"


def test_selection_reaches_the_source() -> None:
    name = video("a.mp4", frames=30, rate=10)
    assert (
        main(["detect", name, "--start", "0:01", "--end", "2", "--every=2", "-o", "a.jsonl"]) == 0
    )
    times = [row["time_s"] for row in records("a.jsonl")[1:]]
    assert times == pytest.approx([1.0, 1.2, 1.4, 1.6, 1.8])


def test_several_outs_at_once() -> None:
    outs = ["a.jsonl", "a.json", "a.csv", "a.mp4"]
    arguments = [word for out in outs for word in ("--out", out)]
    assert main(["detect", video("in.mp4"), *arguments]) == 0
    assert len(records("a.jsonl")) == 11
    with av.open("a.mp4") as container:
        assert len(list(container.decode(video=0))) == 10
    assert left_over() == []


def test_a_folder_gets_records_and_a_copy_of_each() -> None:
    for name in ("in/a.jpg", "in/sub/b.png"):
        picture(name)
    video("in/c.mp4")
    Path("in/notes.txt").write_text("no picture")
    assert main(["detect", "in", "--out", "out/"]) == 0
    assert sorted(str(path) for path in Path("out").rglob("*.*")) == [
        "out/a.jsonl",
        "out/a.pose.jpg",
        "out/c.jsonl",
        "out/c.pose.mp4",
        "out/sub/b.jsonl",
        "out/sub/b.pose.png",
    ]
    assert look("out/a.pose.jpg") == ("RGB", (64, 48))


def test_transparent_copies_are_png_and_videos_on_black() -> None:
    sources = [picture("a.jpg"), video("b.mp4")]
    assert main(["detect", *sources, "--out", "out/", "--transparent"]) == 0
    assert look("out/a.pose.png") == ("RGBA", (64, 48))
    with av.open("out/b.pose.mp4") as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame[0, 0].max() < 16


def test_one_bad_source_spares_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    Path("bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    Path("empty.png").touch()
    sources = ["missing.jpg", picture("a.jpg"), "bad.jpg", "empty.png", picture("b.jpg")]
    assert main(["detect", *sources]) == 2
    out, err = capfd.readouterr()
    assert [row["source"] for row in lines(out) if "source" in row] == ["a.jpg", "b.jpg"]
    assert [line.split(": ")[:2] for line in err.splitlines()] == [
        ["posemill", "missing.jpg"],
        ["posemill", "bad.jpg"],
        ["posemill", "empty.png"],
    ]


def test_when_every_source_fails_nothing_is_written() -> None:
    assert main(["detect", "missing.jpg", "--out", "a.jsonl", "--out", "out/"]) == 2
    assert everything() == []


def test_a_damaged_video_keeps_its_frames_and_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with av.open("a.mkv", "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        noise = np.random.default_rng(1)
        for _ in range(30):
            pixels = noise.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    whole = Path("a.mkv").read_bytes()
    Path("a.mkv").write_bytes(whole[: len(whole) // 2])
    assert main(["detect", "a.mkv", "--out", "a.jsonl"]) == 2
    assert 5 < len(records("a.jsonl")) < 30
    assert capfd.readouterr().err.startswith("posemill: a.mkv: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.jpg"], "overwrite the source a.jpg"),
        (["--out", "b.gif"], ".gif is not known"),
        (["--out", "b.mp4"], "--out b.mp4 doesn't fit: a.jpg is a picture; use .jpg"),
        (["--every", "0"], "every must be a whole number from 1 up, not '0' (from --every)"),
        (["--background", "nan"], "background must be a number from 0 to 1, not 'nan'"),
        (["--start", "2", "--end", "1"], "end (1 s) must be later than start (2 s)"),
        (["--max-people", "33"], "max_people must be a whole number from 0 to 32"),
        (["--mask", "--no-mask"], "--mask and --no-mask contradict"),
        (["--stile", "limbs"], "No such option: --stile (Possible options: --style)"),
        (["--style"], "'--style' requires an argument"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    picture("a.jpg")
    assert main(["detect", "a.jpg", *arguments]) == 2
    out, err = capfd.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert everything() == ["a.jpg"]


def test_an_output_that_cant_be_written(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", picture("a.jpg"), "--out", "no/such/folder/a.jsonl"]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "no/such/folder" in err


def test_a_shared_output_that_breaks_ends_the_run_with_one_message(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sources = [picture(f"{number}.jpg") for number in range(4)]
    assert main(["detect", *sources, "--out", "no/a.csv"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_no_frame_between_start_and_end(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", video("a.mp4"), "--start", "5", "--out", "out/"]) == 2
    assert "a.mp4: " in capfd.readouterr().err
    assert not Path("out").exists()


def test_a_limit_names_its_setting(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", picture("a.png", (200, 200)), "--max-pixels", "39999"]) == 2
    assert "max_pixels" in capfd.readouterr().err


def test_a_fault_of_ours_is_one_line_and_code_1(
    engine: FakeEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("oops")

    engine.wait = fail
    assert main(["detect", picture("a.jpg"), "--out", "a.jsonl"]) == 1
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "ZeroDivisionError: oops" in err
    assert "--debug" in err
    assert everything() == ["a.jpg"]
    assert main(["detect", "a.jpg", "--debug"]) == 1
    assert "Traceback" in capfd.readouterr().err


def test_a_missing_model_is_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(options: PoseOptions) -> FakeEngine:
        raise ModelMissing("the model file full is missing; reinstall posemill")

    monkeypatch.setattr(runtime, "load_engine", fail)
    assert main(["detect", picture("a.jpg"), picture("b.jpg")]) == 1
    out, err = capfd.readouterr()
    assert err == "posemill: the model file full is missing; reinstall posemill\n"
    assert out == ""


def test_locked_and_impossible_names_are_an_error_each_and_spare_the_others(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "locked").mkdir()
    long = "a" * 300
    sources = ["locked/a.jpg", "locked/*.jpg", long, f"{long}.jpg", picture("a.jpg")]
    with locked(tmp_path / "locked"):
        assert main(["detect", *sources]) == 2
        out, err = capfd.readouterr()
        assert [row["source"] for row in lines(out) if "source" in row] == ["a.jpg"]
        assert err.count("\n") == len(sources) - 1
        for place in ("locked/x.csv", "locked/x/", long, f"{long}.csv"):
            assert main(["detect", "a.jpg", "--out", place]) == 2
            out, err = capfd.readouterr()
            assert err.startswith(f"posemill: {place.rstrip('/')}: ")
            assert err.count("\n") == 1
            assert "fault" not in err


def test_a_picture_is_not_overwritten_by_its_own_records() -> None:
    Path(picture("a.jpg")).rename("a.jsonl")
    before = Path("a.jsonl").read_bytes()
    assert main(["detect", "a.jsonl", "--out", "."]) == 2
    assert Path("a.jsonl").read_bytes() == before
    assert everything() == ["a.jsonl"]


def test_names_with_control_characters_stay_on_one_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["detect", "a\nb\x1b[31m.jpg"]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b" not in err


def process(*arguments: str, pace_s: float = 0.0, **more: Any) -> "subprocess.Popen[bytes]":
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environ = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, "-c", LAUNCH, str(pace_s), "detect", *arguments]
    return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, **more)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_completes_the_outputs_and_says_so(number: signal.Signals) -> None:
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip(
            "these tests run where it is ignored, as under nohup, and so does what they start"
        )
    name = video("long.mp4", frames=600, rate=10)
    running = process(name, "--out", "a.jsonl", "--out", "a.mp4", pace_s=0.02)
    deadline = time.monotonic() + 15
    while not list(Path().glob(".a.mp4.*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(number)
    asked = time.monotonic()
    _, err = running.communicate(timeout=15)
    assert time.monotonic() - asked < 5
    assert running.returncode == 128 + number
    count = len(records("a.jsonl")) - 1
    assert 5 < count < 600
    assert f"interrupted at long.mp4 after {count} frames" in err.decode()
    with av.open("a.mp4") as container:
        assert len(list(container.decode(video=0))) == count
    assert left_over() == []


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    name = video("long.mp4", frames=600, rate=10)
    running = process(name, pace_s=0.005, stdout=subprocess.PIPE)
    assert running.stdout is not None
    assert json.loads(running.stdout.readline())["source"] == name
    running.stdout.close()
    assert running.wait(15) == 0
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_reader_that_has_seen_enough_leaves_the_other_outputs_whole() -> None:
    name = video("long.mp4", frames=600, rate=10)
    running = process(name, "-o", "-", "-o", "a.jsonl", pace_s=0.005, stdout=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    _, err = running.communicate(timeout=15)
    assert (running.returncode, err) == (0, b"")
    assert 1 <= len(records("a.jsonl")) < 600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        running = process(picture("a.jpg"), stdout=full)
        _, err = running.communicate(timeout=15)
    assert running.returncode == 2
    assert err.decode().count("\n") == 1
    assert "No space left" in err.decode()


def test_the_usual_way_stays_clear_of_heavy_imports() -> None:
    code = (
        "import sys; sys.argv[1:] = ['0', *sys.argv[1:]];"
        + LAUNCH.replace("sys.exit(main(sys.argv[2:]))", "code = main(sys.argv[2:])")
        + "\nprint([m for m in ('av', 'pydantic', 'rich', 'scipy', 'cv2') if m in sys.modules])"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    command = [sys.executable, "-c", code, "detect", picture("a.jpg"), "--out", "a.pose.jpg"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "[]"


def test_a_second_ctrl_c_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    parts: list[str] = []

    def insist(_: Outputs) -> list[str]:
        parts.extend(left_over())
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return []

    monkeypatch.setattr(Outputs, "finish", insist)
    name = video("a.mp4")
    assert main(["detect", name, "--out", "a.csv", "--out", "b.mp4"]) == 130
    assert len(parts) == 2
    assert everything() == ["a.mp4"]
    assert capfd.readouterr().err == "posemill: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
def test_a_terminal_sees_progress_and_a_summary() -> None:
    import pty

    name = video("long.mp4", frames=60, rate=10)
    master, terminal = pty.openpty()
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environ = {**os.environ, "PYTHONPATH": paths, "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-c", LAUNCH, "0.03", "detect", name, "-o", "a.csv"]
    running = subprocess.Popen(command, env=environ, stderr=terminal)
    os.close(terminal)
    seen = b""
    while True:
        try:
            seen += (chunk := os.read(master, 4096))
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
    os.close(master)
    assert running.wait(15) == 0
    assert b"frames" in seen.split(b"posemill:")[0]  # the bar, while it ran
    assert b"posemill: 60 frames of 1 source in" in seen


def test_a_second_signal_insists() -> None:
    with Interrupt() as interrupt:
        assert not interrupt()
        signal.raise_signal(signal.SIGINT)
        assert interrupt()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(number)
            assert not interrupt()
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def long_video(name: str, frames: int = 90) -> str:
    """Three seconds of it, with a key frame in each third of a second."""
    with av.open(name, "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"g": "10", "bf": "2"})
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv420p"
        for index in range(frames):
            pixels = np.full((48, 64, 3), 40 + index % 200, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return name


@pytest.mark.parametrize(
    "selection", [[], ["--every", "4"], ["--fps", "11"], ["--start", "0.7", "--end", "2.6"]]
)
def test_parts_of_a_video_give_the_same_records(selection: list[str], engine: FakeEngine) -> None:
    long_video("a.mp4")
    settings = ["--track-patience-s", "0.3", *selection]
    assert main(["detect", "a.mp4", "--out", "whole.jsonl", "--segments", "off", *settings]) == 0
    engine.trackers = 0
    assert main(["detect", "a.mp4", "--out", "parts.jsonl", "--segments", "3", *settings]) == 0
    assert engine.trackers >= 2
    assert engine.options.threads == 1
    assert records("parts.jsonl") == records("whole.jsonl")


def test_parts_of_a_video_are_drawn_in_order(engine: FakeEngine) -> None:
    long_video("a.mp4")
    for name, segments in (("whole", "off"), ("parts", "2")):
        outs = ["--out", f"{name}.jsonl", "--out", f"{name}.mp4"]
        assert main(["detect", "a.mp4", *outs, "--segments", segments]) == 0
    assert engine.trackers == 3
    assert records("parts.jsonl") == records("whole.jsonl")
    assert Path("parts.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_short_videos_and_pictures_are_not_divided(engine: FakeEngine) -> None:
    long_video("a.mp4")
    picture("b.png")
    assert main(["detect", "a.mp4", "b.png", "--out", "r.jsonl"]) == 0
    assert (engine.trackers, engine.estimators) == (1, 1)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_completes_what_is_joined() -> None:
    long_video("a.mp4", 600)
    running = process("a.mp4", "--out", "r.jsonl", "--segments", "2", pace_s=0.02)
    deadline = time.monotonic() + 15
    while not list(Path().glob(".r.jsonl.*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert b"complete up to there" in said
    found = records("r.jsonl")[1:]
    assert [record["frame"] for record in found] == list(range(len(found)))
    assert 0 < len(found) < 600


def test_parts_of_a_damaged_video_tell_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    with av.open(long_video("a.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pos is not None]
    torn = packets[50]
    assert torn.pos is not None
    data = bytearray(Path("a.mp4").read_bytes())
    data[torn.pos : torn.pos + torn.size] = b"\xff" * torn.size
    Path("a.mp4").write_bytes(data)
    settings = ["detect", "a.mp4", "--track-patience-s", "0.3"]
    said = []
    for name, segments in (("whole", "off"), ("parts", "3")):
        assert main([*settings, "--out", f"{name}.jsonl", "--segments", segments]) == 2
        said.append([line for line in capfd.readouterr().err.splitlines() if "damaged" in line])
    assert said[0] == said[1] != []
    assert records("parts.jsonl") == records("whole.jsonl")
