"""`posemill count`, `events`, `exercises`: from records, as newcomers and programs run them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from figure_exercises import MOVEMENTS, Session
from moving_figure import Posture, filmed
from posemill.cli import main
from posemill.records import dumps, frame_record, header
from posemill.types import FramePoses, SourceInfo


def recorded(path: Path, frames: Sequence[FramePoses], kind: str = "video") -> Path:
    """Write posemill/1 records, as `posemill detect` does."""
    info = SourceInfo("clip.mp4", kind, *frames[0].size_px, fps=15)
    head = header(info, model="full", engine="openvino", precision="f32")
    lines = [dumps(head), *(dumps(frame_record(frame)) for frame in frames)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def squats(tmp_path: Path) -> Path:
    session = Session(MOVEMENTS["squat"], 3)
    return recorded(tmp_path / "squats.jsonl", filmed(session.posture, session.times_s(15)))


def test_count_tells_people(squats: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["count", str(squats), "--exercise", "squat"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == f"{squats}: squat: 3"
    assert len(printed.out.splitlines()) == 5  # a heading, and a line each
    assert not printed.err


def test_count_tells_programs(squats: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = squats.with_name("count.json")
    assert main(["count", str(squats), "--json", "--out", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text()) == document
    assert document["schema"] == "posemill.analysis/1"
    assert (document["kind"], document["exercise"]) == ("count", "auto")
    assert [person["count"] for person in document["people"]] == [3]
    assert document["source"] == "clip.mp4"


def test_events_of_somebody_who_calls_for_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(time_s: float) -> Posture:
        up = 170.0 if 1 < time_s < 4 else 10.0
        return Posture(shoulder_flexion=(up, up))

    path = recorded(tmp_path / "call.jsonl", filmed(call, np.arange(0, 6, 0.1)))
    assert main(["events", str(path), "--json"]) == 0
    (event,) = json.loads(capsys.readouterr().out)["events"]
    assert event["kind"] == "hands_up"
    assert event["began_s"] == pytest.approx(1.1, abs=0.3)
    assert main(["events", str(path), "--kinds", "fall"]) == 0
    assert capsys.readouterr().out == f"{path}: nothing\n"


def test_exercises_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercises"]) == 0
    assert "Squat · 深蹲" in capsys.readouterr().out
    assert main(["exercises", "--json"]) == 0
    assert "squat" in {each["name"] for each in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["count", "missing.mp4"], "missing.mp4: there is no such file."),
        (["count", "rtsp://camera/1"], "is live; this needs a picture, a video or records."),
        (["count", "{folder}"], "is a folder"),
        (["count", "{squats}", "--exercise", "swimming"], "exercise must be auto, one of"),
        (["count", "{squats}", "--out", "count.txt"], "must end in .json"),
        (["count", "{broken}"], "broken.jsonl: line 2: a record is not readable JSON"),
        (["count", "{empty}"], "empty.jsonl: is empty"),
        (["count", "{folder}/frames.json"], "frames.json: frames must be a list."),
        (["count", "{nobody}"], "there is nobody to be seen in it."),
        (["count", "{picture}"], "is a picture; repetitions take a video."),
        (["count", "{two}"], "two.jsonl: holds more than one source"),
        (["events", "{squats}", "--kinds", "fall,flying"], "not 'flying'"),
        (["events", "{picture}"], "is a picture; events take a video."),
    ],
)
def test_bad_input_is_told(
    tmp_path: Path,
    squats: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: Sequence[str],
    says: str,
) -> None:
    lines = squats.read_text().splitlines()
    (tmp_path / "broken.jsonl").write_text(lines[0] + "\n{oops\n")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "frames.json").write_text(json.dumps({**json.loads(lines[0]), "frames": 5}))
    (tmp_path / "two.jsonl").write_text("\n".join([*lines, *lines]))
    recorded(tmp_path / "nobody.jsonl", filmed(lambda _: None, np.arange(0, 2, 0.1)))
    recorded(tmp_path / "picture.jsonl", filmed(lambda _: Posture(), [0.0]), kind="picture")
    places = {name: tmp_path / f"{name}.jsonl" for name in ("broken", "empty", "two", "nobody")}
    places |= {"picture": tmp_path / "picture.jsonl", "squats": squats, "folder": tmp_path}
    filled = [each.format(**places) for each in arguments]
    assert main(filled) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out


def test_an_exercise_of_ones_own(
    squats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "bend.toml"
    own.write_text(
        'names = { en = "Bend" }\nsignals = [{ feature = "knee_flexion", rest = 10, turn = 100 }]\n'
    )
    assert main(["count", str(squats), "--exercise", str(own)]) == 0
    assert capsys.readouterr().out.startswith(f"{squats}: bend: 3")
