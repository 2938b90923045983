"""`posemill detect` started again: what is done in a folder is left out, and nothing else is."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes import FakeEngine
from posemill.cli import main
from test_cli_detect import (  # noqa: F401 - a fixture
    engine,
    everything,
    left_over,
    picture,
    process,
    records,
    video,
)

AGAIN = ["--out", "out/", "--skip-existing"]
FRAMES = {"a.mp4": 10, "b.mp4": 80, "c.mp4": 10}


@pytest.fixture
def sources() -> list[str]:
    """Three videos and a picture, in a folder."""
    Path("in").mkdir()
    names = [video(f"in/{name}", frames=count) for name, count in FRAMES.items()]
    return [*names, picture("in/d.jpg")]


@pytest.fixture
def made(engine: FakeEngine) -> Callable[[], int]:  # noqa: F811
    """How many sources were done since it was asked last."""
    before = [0]

    def since() -> int:
        now = engine.trackers + engine.estimators
        before[0], count = now, now - before[0]
        return count

    return since


def whole(folder: str) -> dict[str, bytes]:
    found = sorted(path for path in Path(folder).rglob("*") if not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def wait_for(name: str) -> None:
    ends = time.monotonic() + 30
    while not list(Path().glob(name)):
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_what_is_done_is_left_out(
    sources: list[str],
    made: Callable[[], int],
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["detect", "in", *AGAIN]) == 0
    assert (made(), capfd.readouterr().err) == (4, "")
    before = whole("out")
    assert len(before) == 8
    assert main(["detect", "./in", *AGAIN]) == 0
    assert (made(), whole("out")) == (0, before)
    assert capfd.readouterr().err == "posemill: skipped 4 of 4 sources, done already\n"
    assert main(["detect", str(Path("in").absolute()), "missing.jpg", *AGAIN]) == 2
    assert made() == 0
    assert "missing.jpg: there is no such file" in capfd.readouterr().err


@pytest.mark.parametrize("gone", ["a.jsonl", "a.pose.mp4", "d.jsonl", "d.pose.jpg"])
def test_a_file_that_is_missing_is_made_again(
    sources: list[str], made: Callable[[], int], gone: str
) -> None:
    assert main(["detect", "in", *AGAIN]) == 0
    before = whole("out")
    made()
    (Path("out") / gone).unlink()
    assert main(["detect", "in", *AGAIN]) == 0
    assert (made(), whole("out")) == (1, before)


def test_a_source_that_has_changed_is_done_again(
    sources: list[str], made: Callable[[], int]
) -> None:
    assert main(["detect", "in", *AGAIN]) == 0
    made()
    later = time.time() + 10
    os.utime(video("in/a.mp4", frames=5), (later, later))
    assert main(["detect", "in", *AGAIN]) == 0
    assert made() == 1
    assert len(records("out/a.jsonl")) == 6


def test_records_alone(sources: list[str], made: Callable[[], int]) -> None:
    alone = ["detect", "in", *AGAIN, "--no-copies"]
    assert main(alone) == 0
    assert list(whole("out")) == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]
    assert made() == 4
    assert main(alone) == 0
    assert made() == 0
    # Copies are wanted now, and then both are more than was asked for.
    assert main(["detect", "in", *AGAIN]) == 0
    assert made() == 4
    assert main(alone) == 0
    assert made() == 0
    assert len(whole("out")) == 8


def test_all_folders_count(sources: list[str], made: Callable[[], int]) -> None:
    assert main(["detect", "in", *AGAIN]) == 0
    made()
    both = ["detect", "in", *AGAIN, "--out", "more/"]
    assert main(both) == 0
    assert (made(), whole("more")) == (4, whole("out"))
    assert main(both) == 0
    assert made() == 0


def test_results_of_another_source_are_none_of_this_one(made: Callable[[], int]) -> None:
    picture("in/a.png", (64, 48))
    assert main(["detect", "in", *AGAIN]) == 0
    assert made() == 1
    os.utime(picture("in/a.jpg", (32, 24)), (0, 0))  # and now out/a is to be this one's
    assert main(["detect", "in", *AGAIN]) == 0
    assert [records(f"out/{name}.jsonl")[0]["source"] for name in ("a", "a.png")] == [
        "in/a.jpg",
        "in/a.png",
    ]


@pytest.mark.parametrize("text", ["", "{}\n", "nonsense", '{"schema":"posemill/1"}\n'])
def test_what_posemill_did_not_write_is_not_done(made: Callable[[], int], text: str) -> None:
    picture("in/a.jpg")
    Path("out").mkdir()
    Path("out/a.jsonl").write_text(text)
    assert main(["detect", "in", *AGAIN, "--no-copies"]) == 0
    assert made() == 1


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--skip-existing"], "--skip-existing is for folders; name one"),
        (["--no-copies", "--out", "a.mp4"], "--no-copies is for folders; name one"),
        ([*AGAIN, "--out", "all.csv"], "leave out --out all.csv"),
        ([*AGAIN, "--out", "-"], "leave out --out -"),
    ],
)
def test_bad_usage(capfd: pytest.CaptureFixture[str], flags: list[str], says: str) -> None:
    picture("a.jpg")
    assert main(["detect", "a.jpg", *flags]) == 2
    assert says in capfd.readouterr().err
    assert everything() == ["a.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("flags", [[], ["--no-copies"]])
def test_after_a_kill_only_the_rest_is_done(
    sources: list[str], made: Callable[[], int], flags: list[str]
) -> None:
    running = process("in", *AGAIN, *flags, pace_s=0.05)
    wait_for("out/a.jsonl")
    wait_for("out/.b.jsonl.*")
    running.kill()
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert not Path("out/b.jsonl").exists()
    done = {name: Path("out", name).stat().st_mtime_ns for name in whole("out")}
    assert main(["detect", "in", *AGAIN, *flags]) == 0
    assert made() == 3  # b, c and the picture
    assert all(Path("out", name).stat().st_mtime_ns == at for name, at in done.items())
    assert main(["detect", "in", "--out", "undisturbed/", *flags]) == 0
    assert whole("out") == whole("undisturbed")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("flags", [["--skip-existing"], []])
def test_what_was_cut_short_on_request_is_done_again(
    sources: list[str], made: Callable[[], int], flags: list[str]
) -> None:
    running = process("in", "--out", "out/", *flags, pace_s=0.05)
    wait_for("out/.b.jsonl.*")
    time.sleep(0.3)
    running.terminate()
    _, err = running.communicate(timeout=15)
    assert b"interrupted at in/b.mp4" in err
    assert left_over() == []
    assert 1 < len(records("out/b.jsonl")) < 81  # complete up to there, as is said
    assert main(["detect", "in", *AGAIN]) == 0
    assert made() == 3
    assert len(records("out/b.jsonl")) == 81
    assert main(["detect", "in", "--out", "undisturbed/"]) == 0
    assert whole("out") == whole("undisturbed")
