"""Where records carry what is told of movements: detect, live sessions, streams."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from fakes import FakeEngine
from fakes_service import FakeSeats, served, settings_for
from live_media import h264_clip, people
from posemill.assemble import pose_options
from posemill.cli import main
from posemill.config import Settings
from posemill.records import parse_frame, parse_header
from posemill.server.media_process import Session
from posemill.sources.recordings import Recording
from test_cli_detect import engine, records, video  # noqa: F401 - a fixture
from test_streams import streams, watched

FLAGS = ["--exercise", "squat", "--angles", "trunk_lean,left_knee_flexion"]
ABOUT = {
    "schema": "posemill.analysis/1",
    "exercise": "squat",
    "angles": ["trunk_lean", "left_knee_flexion"],
}


def check(header: dict[str, Any], frames: list[dict[str, Any]]) -> None:
    assert header["analysis"] == ABOUT
    told = [person["analysis"] for frame in frames for person in frame["people"]]
    assert told
    for each in told:
        assert set(each["count"]) == {"count", "progress"}
        assert list(each["angles"]) == ABOUT["angles"]
    known = parse_header(header)
    assert [parse_frame(frame, known).index for frame in frames] == [f["frame"] for f in frames]


def test_detect_writes_it_where_it_was_asked_for(engine: FakeEngine) -> None:  # noqa: F811
    name = video("a.mp4", 12)
    outs = ["--out", "a.jsonl", "--out", "a.json", "--out", "a.csv"]
    assert main(["detect", name, *outs, *FLAGS]) == 0
    header, *frames = records("a.jsonl")
    check(header, frames)
    document = json.loads(Path("a.json").read_text())
    check(document, document["frames"])
    assert len(list(Recording(Path("a.jsonl")))) == len(frames) == 12
    assert main(["detect", name, "--out", "b.jsonl"]) == 0
    header, *plain = records("b.jsonl")
    assert "analysis" not in header
    for frame in frames:
        for person in frame["people"]:
            person.pop("analysis")
    assert plain == frames


def test_detect_refuses_what_is_not_known(capfd: pytest.CaptureFixture[str]) -> None:
    for flag, value in (("--exercise", "auto"), ("--exercise", "my.toml"), ("--angles", "tail")):
        assert main(["detect", "a.mp4", flag, value]) == 2
        assert f"{flag[2:]} must be" in capfd.readouterr().err


def jpeg() -> bytes:
    file = BytesIO()
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(file, "JPEG")
    return file.getvalue()


def test_a_live_session_counts() -> None:
    settings = Settings(exercise="squat", angles="trunk_lean,left_knee_flexion")
    session = Session(settings, pose_options(settings), FakeEngine().tracker())
    answers = [session.frame({"frame": n, "time_s": n / 15}, jpeg()) for n in range(4)]
    assert "header" not in answers[1].fields
    check(answers[0].fields["header"], [json.loads(bytes(each.data)) for each in answers])


def test_a_live_session_takes_both_options_and_refuses_others(tmp_path: Path) -> None:
    seats = FakeSeats()
    with served(settings_for(tmp_path), live=seats) as address:
        url = address.replace("http", "ws") + "/api/v1/live"
        with connect(f"{url}?exercise=squat&angles=main,2d") as connection:
            connection.send(b"frame")
            connection.recv(10)
        asked = seats.requests[0]["settings"]
        assert (asked["exercise"], asked["angles"]) == ("squat", "main,2d")
        for query in ("exercise=auto", "exercise=..%2Fmine.toml", "angles=tail"):
            with connect(f"{url}?{query}") as connection:
                problem = json.loads(connection.recv(10))["problem"]
                assert problem["code"] == "bad_option"
                with pytest.raises(ConnectionClosed) as caught:
                    connection.recv(10)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 4400


def test_streams_tell_it_in_all_their_records(tmp_path: Path) -> None:
    clip = h264_clip(tmp_path / "a.mp4", people(40), 20, gop=20)
    tables = streams(door=clip)
    tables["streams"][0] |= {"exercise": "squat", "angles": ABOUT["angles"]}
    with watched(tmp_path, tables, record=True) as found:
        found.watcher.look("door", "me", 200)
        found.until(lambda: len(found.of("record", "door")) > 3)
        (first, *_) = found.of("header", "door")
    check(dict(first.fields), [json.loads(event.data) for event in found.of("record", "door")])
    (path,) = (tmp_path / "streams" / "door").iterdir()
    header, *frames = [json.loads(line) for line in path.read_text().splitlines()]
    check(header, frames)
