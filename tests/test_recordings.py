"""Records read back: what a stream's file holds over changes and restarts, and what is refused."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import posemill
from fakes import fake_pose
from posemill import FramePoses, read_records
from posemill.analysis.motion import motions
from posemill.cli import main
from posemill.errors import BrokenSource, SourceNotFound
from posemill.records import dumps, frame_record, header
from posemill.streams.files import HourlyRecords
from posemill.types import Frame, SourceInfo

AT = 1_763_000_000.0


def head(name: str = "door", size_px: tuple[int, int] = (64, 48), **more: Any) -> dict[str, Any]:
    made_by = {"model": "lite", "engine": "openvino", "precision": "f32"}
    return header(SourceInfo(name, "video", *size_px), **{**made_by, **more})


def line(index: int, at: float | None, people: Sequence[int] = (0,)) -> str:
    """A record a tenth of a second after the one before, with people of these ids."""
    frame = Frame(np.full((48, 64, 3), 90, np.uint8), index, index / 10)
    poses = FramePoses(index, index / 10, (64, 48), tuple(fake_pose(frame, id) for id in people))
    return dumps({**frame_record(poses), **({} if at is None else {"at": round(at, 3)})})


def run(folder: Path, frames: range, began: float, **about: Any) -> Path:
    """One life of a stream: it writes the records of frames, the first of them at a time."""
    records = HourlyRecords(folder, lambda: AT)
    records.begin(head(**about))
    for index in frames:
        records.write(line(index, began + (index - frames[0]) / 10))
    records.close()
    (path,) = folder.iterdir()
    return path


def ids(frames: Sequence[FramePoses]) -> list[list[int]]:
    return [[person.id for person in frame.people] for frame in frames]


def test_it_reads_lines_and_documents_with_their_header(tmp_path: Path) -> None:
    lines, document = tmp_path / "a.jsonl", tmp_path / "a.json"
    texts = [line(index, None) for index in range(3)]
    lines.write_text("\n".join([dumps(head()), *texts]) + "\n")
    document.write_text(json.dumps({**head(), "frames": [json.loads(text) for text in texts]}))
    for path in (lines, document, str(lines)):
        with read_records(path) as records:
            assert records.header == head()
            frames = list(records)
        assert [dumps(frame_record(frame)) for frame in frames] == texts
        assert frames[0].people[0].landmarks.shape == (33, 5)
    assert posemill.read_records is read_records
    assert "read_records" in dir(posemill)
    with pytest.raises(SourceNotFound, match=r"b.jsonl: there is no such file"):
        read_records(tmp_path / "b.jsonl")


def test_a_restart_goes_on_after_a_pause_as_long_as_it_was(tmp_path: Path) -> None:
    run(tmp_path, range(36_000, 36_003), AT)
    path = run(tmp_path, range(3), AT + 20)
    run(tmp_path, range(2), AT + 50)
    frames = list(read_records(path))
    assert [frame.index for frame in frames] == list(range(36_000, 36_008))
    expected = [3600, 3600.1, 3600.2, 3620, 3620.1, 3620.2, 3650, 3650.1]
    assert [frame.time_s for frame in frames] == pytest.approx(expected)
    assert ids(frames) == [[0]] * 3 + [[1]] * 3 + [[2]] * 2
    (motion,) = motions(frames)
    assert motion.duration_s == pytest.approx(50.1)


def test_a_second_life_longer_than_the_first_is_told_by_the_time_of_day(tmp_path: Path) -> None:
    run(tmp_path, range(3), AT)
    path = run(tmp_path, range(5, 8), AT + 20)  # what came before could not be written
    frames = list(read_records(path))
    assert [frame.index for frame in frames] == [0, 1, 2, 8, 9, 10]
    assert frames[3].time_s == pytest.approx(20)


def test_a_clock_that_was_set_back_never_sets_time_back(tmp_path: Path) -> None:
    run(tmp_path, range(3), AT)
    frames = list(read_records(run(tmp_path, range(3), AT - 500)))
    assert all(after.time_s > before.time_s for before, after in pairwise(frames))


def test_a_stream_that_goes_on_under_a_further_header_is_left_as_it_is(tmp_path: Path) -> None:
    run(tmp_path, range(3), AT)
    run(tmp_path, range(3, 6), AT + 0.3)  # nothing changed: its folder was full for a moment
    path = run(tmp_path, range(6, 9), AT + 0.6, size_px=(128, 96))
    frames = list(read_records(path))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 10 for n in range(9)])
    assert ids(frames) == [[0]] * 9
    assert [frame.size_px for frame in frames] == [(64, 48)] * 6 + [(128, 96)] * 3


def test_another_model_counts_people_anew(tmp_path: Path) -> None:
    run(tmp_path, range(3), AT, model="full")
    frames = list(read_records(run(tmp_path, range(3, 6), AT + 0.3)))
    assert [frame.index for frame in frames] == list(range(6))
    assert ids(frames) == [[0]] * 3 + [[1]] * 3


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ([dumps(head("hall")), line(0, AT + 9)], "more than one source, the second from line 4 on"),
        ([dumps(head()), line(0, None)], "more than one source, the second from line 4 on"),
        ([dumps({**head(), "kind": "picture"}), line(0, AT + 9)], "more than one source"),
        ([dumps(head(size_px=(64, 64))), line(0, AT + 9)], "another shape from line 4 on"),
        ([dumps({**head(), "width": 0})], "line 4: the header's width"),
        ([line(2, AT)[:200], line(3, AT)], "line 4: a record is not readable JSON"),
    ],
)
def test_what_is_no_continuation_is_refused(tmp_path: Path, second: list[str], says: str) -> None:
    path = run(tmp_path, range(2), AT)
    path.write_text(path.read_text() + "\n".join(second) + "\n")
    with pytest.raises(BrokenSource, match=says):
        list(read_records(path))


@pytest.mark.parametrize("last", [line(2, AT + 0.2), dumps(head())])
def test_a_line_that_is_being_written_is_not_there_yet(tmp_path: Path, last: str) -> None:
    path = run(tmp_path, range(2), AT)
    path.write_text(path.read_text() + last[:-100])
    assert len(list(read_records(path))) == 2
    # Other files appear when they are whole: there, it is damage.
    path.write_text("\n".join([dumps(head()), line(0, None), last[:-100]]))
    with pytest.raises(BrokenSource, match="line 3"):
        list(read_records(path))


def test_the_analysis_commands_take_the_file_of_a_stream_that_restarted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, range(30), AT)
    path = str(run(tmp_path, range(30), AT + 600))
    for command in (["events"], ["count", "--exercise", "squat"], ["angles"]):
        assert main([command[0], path, *command[1:]]) == 0, capsys.readouterr().err
    assert main(["angles", path, "--json"]) == 0
    (person,) = json.loads(capsys.readouterr().out.splitlines()[-1])["people"]
    assert person["to_s"] - person["from_s"] == pytest.approx(602.9)
