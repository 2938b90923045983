"""Record sinks: JSON lines, one JSON document, CSV, stdout."""

import csv
import json
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes import fake_pose
from posemill.errors import SinkError, UsageError
from posemill.records import frame_record, header, loads, parse_frame, parse_header
from posemill.sinks import Sink, open_sink
from posemill.skeleton import LANDMARK_NAMES
from posemill.types import Frame, FramePoses, Pose, SourceInfo


def info(name: str = "clip.mp4") -> SourceInfo:
    return SourceInfo(name, "video", 64, 48, 25.0)


def head(name: str = "clip.mp4") -> dict[str, Any]:
    return header(info(name), model="full", engine="openvino", precision="f32")


def frame(index: int, people: int = 1) -> tuple[Frame, FramePoses]:
    made = Frame(np.full((48, 64, 3), 40 * index + 20, np.uint8), index, index / 25)
    found = tuple(fake_pose(made, identity) for identity in range(people))
    return made, FramePoses(index, index / 25, (64, 48), found)


def write(sink: Sink, frames: Sequence[tuple[Frame, FramePoses]]) -> None:
    for _, poses in frames:
        sink.write(poses, None)


def test_json_lines_are_a_header_and_a_line_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = open_sink(path, info(), head())
    assert not sink.wants_picture
    assert sink.path == path
    write(sink, [frame(0, 2), frame(1, 0)])
    assert not path.exists()
    sink.finish()
    first, *rest = [loads(line) for line in path.read_bytes().splitlines()]
    assert parse_header(first) == head()
    assert rest == [frame_record(frame(0, 2)[1]), frame_record(frame(1, 0)[1])]
    assert [len(parse_frame(record, first).people) for record in rest] == [2, 0]
    assert list(tmp_path.iterdir()) == [path]


def test_json_lines_hold_several_sources(tmp_path: Path) -> None:
    path = tmp_path / "out.JSONL"
    sink = open_sink(path, info("a.mp4"), head("a.mp4"))
    write(sink, [frame(0)])
    sink.begin(info("b.mp4"), head("b.mp4"))
    write(sink, [frame(0), frame(1)])
    sink.finish()
    lines = [loads(line) for line in path.read_bytes().splitlines()]
    assert [line.get("source") for line in lines] == ["a.mp4", None, "b.mp4", None, None]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_document(tmp_path: Path, count: int) -> None:
    path = tmp_path / "out.json"
    sink = open_sink(path, info(), head())
    write(sink, [frame(index) for index in range(count)])
    sink.finish()
    document = json.loads(path.read_text())
    frames = document.pop("frames")
    assert parse_header(document) == head()
    assert frames == [frame_record(frame(index)[1]) for index in range(count)]


@pytest.mark.parametrize("counts", [(1, 2), (0, 1), (2, 0, 1), (0, 0)])
def test_json_of_several_sources_is_a_list(tmp_path: Path, counts: tuple[int, ...]) -> None:
    path = tmp_path / "out.json"
    names = [f"{number}.mp4" for number in range(len(counts))]
    sink = open_sink(path, info(names[0]), head(names[0]), several=True)
    for number, (name, count) in enumerate(zip(names, counts, strict=True)):
        if number:
            sink.begin(info(name), head(name))
        write(sink, [frame(index) for index in range(count)])
    sink.finish()
    documents = json.loads(path.read_text())
    assert [document["source"] for document in documents] == names
    assert [len(document["frames"]) for document in documents] == list(counts)


def test_json_for_one_source_refuses_another(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "out.json", info(), head())
    with pytest.raises(UsageError, match=r"out\.json"):
        sink.begin(info("b.mp4"), head("b.mp4"))
    sink.discard()


@pytest.mark.parametrize("count", [0, 2])
def test_json_is_a_list_when_several_were_asked_for(tmp_path: Path, count: int) -> None:
    path = tmp_path / "out.json"
    sink = open_sink(path, info(), head(), several=True)
    write(sink, [frame(index) for index in range(count)])
    sink.finish()
    (document,) = json.loads(path.read_text())
    assert len(document["frames"]) == count


def test_csv_has_a_row_a_landmark(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    sink = open_sink(path, info('a "b", c.mp4'), head())
    write(sink, [frame(0, 2), frame(1, 0)])
    sink.begin(info("d.mp4"), head("d.mp4"))
    write(sink, [frame(2)])
    sink.finish()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 33
    assert ",".join(rows[0]) == (
        "source,frame,time_s,person,landmark,x,y,z,visibility,presence,world_x,world_y,world_z"
    )
    assert {(row["source"], row["frame"], row["time_s"], row["person"]) for row in rows} == {
        ('a "b", c.mp4', "0", "0.0", "0"),
        ('a "b", c.mp4', "0", "0.0", "1"),
        ("d.mp4", "2", "0.08", "0"),
    }
    assert [row["landmark"] for row in rows[:33]] == list(LANDMARK_NAMES)
    pose = frame(2)[1].people[0]
    for row, landmark, world in zip(rows[66:], pose.landmarks, pose.world, strict=True):
        found = [float(row[name]) for name in ("x", "y", "z", "visibility", "presence")]
        assert found == pytest.approx(landmark.tolist(), abs=1e-6)
        found = [float(row[name]) for name in ("world_x", "world_y", "world_z")]
        assert found == pytest.approx(world.tolist(), abs=1e-6)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
def test_a_number_that_is_not_finite_is_no_record(tmp_path: Path, suffix: str) -> None:
    sink = open_sink(tmp_path / f"out{suffix}", info(), head())
    _, poses = frame(0)
    poses.people[0].world[3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        sink.write(poses, None)
    sink.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
def test_a_source_with_a_name_that_is_not_unicode(tmp_path: Path, suffix: str) -> None:
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    path = tmp_path / f"out{suffix}"
    sink = open_sink(path, info(name), head(name))
    write(sink, [frame(0)])
    sink.finish()
    text = path.read_text(encoding="utf-8")
    source = (
        text.splitlines()[1].split(",")[0]
        if suffix == ".csv"
        else loads(text.splitlines()[0] + "]}" * (suffix == ".json"))["source"]
    )
    assert source == r"caf\udce9.mp4"


def test_a_header_that_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    for suffix in (".jsonl", ".json"):
        with pytest.raises(ValueError, match="finite"):
            open_sink(tmp_path / f"out{suffix}", info(), {"fps": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_stdout_gets_json_lines_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    sink = open_sink(Path("-"), info(), head())
    assert parse_header(loads(capsys.readouterr().out)) == head()
    write(sink, [frame(0)])
    assert loads(capsys.readouterr().out) == frame_record(frame(0)[1])
    sink.begin(info("b.mp4"), head("b.mp4"))
    sink.finish()
    sink.discard()
    assert loads(capsys.readouterr().out)["source"] == "b.mp4"


class Stuck(StringIO):
    """A stdout that fails."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def flush(self) -> None:
        raise self.error


def test_a_closed_stdout_is_a_broken_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Stuck(BrokenPipeError(32, "Broken pipe")))
    with pytest.raises(BrokenPipeError):
        open_sink(Path("-"), info(), head())


def test_a_full_disk_behind_stdout_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Stuck(OSError(28, "No space left on device")))
    with pytest.raises(SinkError, match=r"^stdout: can't be written: No space left on device\.$"):
        open_sink(Path("-"), info(), head())


def test_a_record_is_quick(tmp_path: Path) -> None:
    from time import process_time

    numbers = np.random.default_rng(1)
    person = Pose(
        0,
        0.5,
        numbers.random((33, 5), np.float32),
        numbers.random((33, 3), np.float32),
        (64, 48),
    )
    poses = FramePoses(0, 0.0, (64, 48), (person,))
    sink = open_sink(tmp_path / "out.jsonl", info(), head())
    costs_s = []
    for _ in range(50):
        started = process_time()
        sink.write(poses, None)
        costs_s.append(process_time() - started)
    sink.discard()
    assert min(costs_s) < 0.001  # 0.15 ms where this was written
