"""The records of a stream over a restart of what watches it, read back as one source."""

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from live_media import h264_clip, people
from posemill import read_records
from posemill.cli import main
from stream_services import until
from test_cli_watch import command

HOUR_S = 3600
# Both lives are to be in one file.
ROOM_S = 40


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Return the whole lines of the one file there, none before there is one."""
    texts = [path.read_text() for path in folder.glob("*.jsonl")]
    lines = texts[0].splitlines(keepends=True) if texts else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_a_restart_within_the_hour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if (left_s := HOUR_S - time.time() % HOUR_S) < ROOM_S:
        time.sleep(left_s)
    clip = h264_clip(tmp_path / "a.mp4", people(40), 10, gop=10)
    flags = ["--record", "--data-dir", "data", "--model-complexity", "0"]
    folder = tmp_path / "data" / "streams" / "stream-1"
    for lives in (1, 2):
        known = len(lines_of(folder))
        with command(tmp_path, "watch", clip, *flags):  # and SIGKILL at its end
            until(lambda known=known: len(lines_of(folder)) > known + 12, within_s=60)  # type: ignore[misc]
        assert sum("schema" in line for line in lines_of(folder)) == lives
    (path,) = folder.iterdir()
    lines = lines_of(folder)
    second = max(number for number, line in enumerate(lines) if "schema" in line)
    before, after = lines[second - 1], lines[second + 1]
    pause_s = after["at"] - before["at"]
    assert after["time_s"] - before["time_s"] < pause_s  # in the file it begins anew

    frames = list(read_records(path))
    assert len(frames) == len(lines) - 2
    first = frames[: second - 1]
    assert frames[second - 1].time_s - first[-1].time_s == pytest.approx(pause_s, abs=0.01)
    assert all(b.time_s > a.time_s and b.index > a.index for a, b in pairwise(frames))
    last = max(person.id for frame in first for person in frame.people)
    assert all(person.id > last for frame in frames[second - 1 :] for person in frame.people)

    assert main(["count", str(path), "--exercise", "squat", "--json"]) == 0
    (person,) = json.loads(capsys.readouterr().out)["people"]
    assert person["to_s"] - person["from_s"] > pause_s
    assert main(["events", str(path)]) == 0
