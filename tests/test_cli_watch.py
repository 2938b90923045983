"""`posemill watch`, and `posemill detect` of what is live: as people run them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from live_media import h264_clip, people
from posemill.records import loads, parse_frame, parse_header
from servers import free_port

PASSWORD = "hush-hush"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return h264_clip(tmp_path_factory.mktemp("clips") / "short.mp4", people(20), 20)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    return h264_clip(path, people(20), 10, seconds=60)


@contextmanager
def command(folder: Path, *arguments: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """Run posemill in a folder that has no settings file of its own."""
    line = [sys.executable, "-m", "posemill", *map(str, arguments)]
    environ = {**os.environ, "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        line, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(folder: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr."""
    with command(folder, *arguments) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def watch(folder: Path, *arguments: str | Path) -> tuple[int, str, str]:
    return run(folder, "watch", "--model-complexity", "0", "--data-dir", folder, *arguments)


def test_a_clip_that_is_not_played_again_is_live_and_ends(tmp_path: Path, clip: Path) -> None:
    code, out, err = watch(tmp_path, clip, "--no-loop", "--json", "--record")
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    states = [each["state"] for each in events if each["event"] == "state"]
    assert states[-2:] == ["live", "ended"]
    assert {each["stream"] for each in events} == {"stream-1"}
    assert "stream stream-1 is live" in err
    assert "Traceback" not in err
    (records,) = (tmp_path / "streams" / "stream-1").iterdir()
    lines = [loads(line) for line in records.read_bytes().splitlines()]
    header = parse_header(lines[0])
    assert [parse_frame(line, header).people for line in lines[1:]]


def test_the_streams_and_alerts_of_the_settings_file(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "posemill.toml").write_text(f"""
model_complexity = 0
loop = false
data_dir = {json.dumps(str(tmp_path))}
[[streams]]
name = "door"
url = {json.dumps(str(clip))}
[[alerts]]
name = "visit"
rule = "person"
for_s = 0.1
clip = false
""")
    code, out, err = run(tmp_path, "watch", "--json")
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    alerts = [each for each in events if each["event"] == "alert"]
    assert len({each["id"] for each in alerts}) == 1
    assert {(each["name"], each["stream"]) for each in alerts} == {("visit", "door")}


def test_nothing_to_watch_is_said_with_advice(tmp_path: Path) -> None:
    code, out, err = run(tmp_path, "watch")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "nothing to watch" in err
    assert "[[streams]]" in err
    assert "posemill.toml" in err


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("ftp://bob:hush-hush@host/clip?key=hush-hush", "ftp://"),
        ("/nowhere/none.mp4", "no such file"),
        ("rtsp", "no such file"),
    ],
)
def test_an_address_that_makes_no_sense(tmp_path: Path, address: str, word: str) -> None:
    with command(tmp_path, "watch", address, "--data-dir", tmp_path) as process:
        assert process.stderr is not None
        err = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, more = process.communicate(timeout=20)
    assert (process.returncode, out) in ((0, ""), (2, "")), more
    assert word in err
    assert "Traceback" not in more
    assert PASSWORD not in err + more


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_soon(tmp_path: Path, clip: Path, number: signal.Signals) -> None:
    failing = f"rtsp://bob:{PASSWORD}@127.0.0.1:{free_port()}/cam?key={PASSWORD}"
    options = ("--model-complexity", "0", "--data-dir", tmp_path, "--json")
    with command(tmp_path, "watch", clip, failing, *options) as process:
        assert process.stdout is not None
        wanted = {("stream-1", "live"), ("stream-2", "failed")}
        told = ""
        while wanted:
            line = process.stdout.readline()
            assert line, process.communicate()
            told += line
            event = json.loads(line)
            wanted -= {(event["stream"], event["state"])}
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - began < 6
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "stream-2 is failed" in err
    assert PASSWORD not in told + out + err


def test_the_help_shows_how(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "watch", "--help")
    assert code == 0
    assert "Examples" in out
    assert "posemill watch rtsp://user:password@192.168.1.20/stream1" in out
    assert "posemill watch clip.mp4 --no-loop --json" in out
    for flag in ("--json", "--max-fps", "--no-loop", "--record", "--mqtt-url"):
        assert flag in out


# --- detect


def test_what_is_live_gives_complete_records_when_it_is_interrupted(
    tmp_path: Path, long_clip: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "live.jsonl"
    address = long_clip.as_uri()
    with command(tmp_path, "detect", address, "--out", path, "--model-complexity", "0") as process:
        ends = time.monotonic() + 30
        while not any(each.stat().st_size for each in folder.iterdir()):
            assert time.monotonic() < ends
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT, err
    assert "interrupted at" in err
    assert "Traceback" not in err
    assert [each.name for each in folder.iterdir()] == ["live.jsonl"]
    data = path.read_bytes()
    assert data.endswith(b"\n")
    lines = [loads(line) for line in data.splitlines()]
    header = parse_header(lines[0])
    frames = [parse_frame(line, header) for line in lines[1:]]
    assert frames
    assert any(frame.people for frame in frames)
    times = [frame.time_s for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] < 30  # in real time: the clip would take a minute


@pytest.mark.parametrize("scheme", ["rtsp", "http", "ftp"])
def test_no_password_is_told_of_what_is_not_there(tmp_path: Path, scheme: str) -> None:
    address = f"{scheme}://bob:{PASSWORD}@127.0.0.1:{free_port()}/cam?key={PASSWORD}"
    code, out, err = run(tmp_path, "detect", address, "--out", "records.jsonl")
    assert (code, out) == (2, "")
    assert "127.0.0.1" in err
    assert "Traceback" not in err
    assert PASSWORD not in err
    assert not (tmp_path / "records.jsonl").exists()
