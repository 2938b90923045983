"""The records of a stream over a restart of the service, read back as one source."""

import json
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from live_media import h264_clip, people
from posemill import read_records
from posemill.cli import main
from stream_services import service, until

HOUR_S = 3600
# Both lives are to be in one file.
ROOM_S = 40


def test_a_restart_within_the_hour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if (left_s := HOUR_S - time.time() % HOUR_S) < ROOM_S:
        time.sleep(left_s)
    clip = h264_clip(tmp_path / "a.mp4", people(40), 10, gop=10)
    stream = f'[[streams]]\nname = "door"\nurl = {json.dumps(str(clip))}\nrecord = true\n'
    for is_killed in (True, False):
        with service(tmp_path, f"model_complexity = 0\n{stream}") as api:
            until(lambda: api.stream("door")["processed"] > 8)
            if is_killed:
                watcher = api.watcher()
                assert watcher is not None
                api.process.kill()
                assert not psutil.wait_procs([watcher], timeout=10)[1]
    (path,) = (tmp_path / "data" / "streams" / "door").iterdir()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    headers = [number for number, record in enumerate(records) if "schema" in record]
    assert len(headers) == 2
    first, second = records[1 : headers[1]], records[headers[1] + 1 :]

    frames = list(read_records(path))
    assert len(frames) == len(first) + len(second)
    pause_s = second[0]["at"] - first[-1]["at"]
    before, after = frames[len(first) - 1], frames[len(first)]
    assert after.time_s - before.time_s == pytest.approx(pause_s, abs=0.01)
    assert all(b.time_s > a.time_s and b.index > a.index for a, b in pairwise(frames))
    last = max(person.id for frame in frames[: len(first)] for person in frame.people)
    assert all(person.id > last for frame in frames[len(first) :] for person in frame.people)

    assert main(["count", str(path), "--exercise", "squat", "--json"]) == 0
    (person,) = json.loads(capsys.readouterr().out)["people"]
    assert person["to_s"] - person["from_s"] > pause_s
    assert main(["events", str(path)]) == 0
