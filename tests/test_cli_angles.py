"""`posemill angles` and `posemill report`: tables, files of every frame, and what they refuse."""

import csv
import json
import re
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from moving_figure import Look, Posture, filmed
from posemill.cli import main
from posemill.records import dumps, frame_record, header
from posemill.types import FramePoses, SourceInfo

Move = Callable[[float], Posture | None]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def squat(time_s: float) -> Posture:
    share = (1 - np.cos(2 * np.pi * time_s / 2)) / 2
    return Posture(
        yaw=90,
        hip_flexion=(100 * share,) * 2,
        knee_flexion=(110 * share,) * 2,
        ankle_dorsiflexion=(25 * share,) * 2,
        pitch=20 * share,
    )


def records(path: Path, frames: list[FramePoses], name: str = "clip.mp4") -> Path:
    info = SourceInfo(name, "video", 1280, 720, 30.0)
    head = header(info, model="full", engine="openvino", precision="f32")
    lines = [dumps(head), *(dumps(frame_record(frame)) for frame in frames)]
    path.write_text("\n".join(lines) + "\n")
    return path


def video(path: Path, frames: int, rate: int, grey: int) -> None:
    picture = np.full((720, 1280, 3), grey, np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height = 1280, 720
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture
def squats(tmp_path: Path) -> Path:
    return records(tmp_path / "squats.jsonl", filmed(squat, np.arange(300) / 30))


def test_the_table_has_ranges_and_doubts(squats: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["angles", str(squats)]) == 0
    out = capfd.readouterr().out
    row = re.search(
        r"left_knee_flexion +([\d.]+) +([\d.-]+) +([\d.]+) +[\d.]+ +([\d.]+) +100%", out
    )
    assert row is not None
    assert float(row[1]) == pytest.approx(110, abs=1)
    assert float(row[4]) == pytest.approx(110 * np.pi / 2, rel=0.03)
    assert "symmetry knee_flexion: +0 %" in out
    assert "seen from: side" in out


def test_json_and_csv_have_every_frame_and_nulls(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def hides(time_s: float) -> Posture | None:
        return None if 2 <= time_s < 4 else squat(time_s)

    source = records(tmp_path / "clip.jsonl", filmed(hides, np.arange(180) / 30))
    asked = ["angles", str(source), "--angles", "left_knee_flexion,segments", "--json"]
    assert main([*asked, "--out", "a.json", "--out", "a.csv"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found == json.loads(Path("a.json").read_text())
    assert found["kind"] == "angles"
    person = found["people"][0]
    assert person["frame"] == [*range(60), *range(120, 180)]
    knee = person["angles"]["left_knee_flexion"]
    assert len(person["time_s"]) == len(knee["values"]) == len(knee["speed"]) == 120
    assert knee["values"][15] == pytest.approx(55, abs=1)
    assert knee["range_of_motion"] == pytest.approx(110, abs=1)
    assert knee["unit"] == "deg"
    assert person["quality"]["present"] == pytest.approx(2 / 3, abs=0.01)
    assert "left_thigh_inclination" in person["angles"]
    with Path("a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 180
    assert rows[70]["left_knee_flexion"] == rows[70]["left_knee_flexion_per_s"] == ""
    assert float(rows[15]["left_knee_flexion"]) == knee["values"][15]
    assert float(rows[15]["left_knee_flexion_per_s"]) == pytest.approx(knee["speed"][15], abs=0.01)


def test_several_people_each_have_rows(tmp_path: Path) -> None:
    moves: dict[int, Move] = {
        3: squat,
        5: lambda _: Posture(x_m=1.5, knee_flexion=(40, 40)),
    }
    source = records(tmp_path / "two.jsonl", filmed(moves, np.arange(60) / 30))
    assert main(["angles", str(source), "-a", "left_knee_flexion", "-o", "two.csv"]) == 0
    with Path("two.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["person"] for row in rows} == {"3", "5"}
    assert len(rows) == 120
    still = [float(row["left_knee_flexion"]) for row in rows if row["person"] == "5"]
    assert still == pytest.approx([40] * 60, abs=0.5)


def test_raw_filter_and_gaps(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noisy = filmed(squat, np.arange(150) / 30, Look(noise_m=0.01))
    source = records(tmp_path / "noisy.jsonl", noisy)

    def roughness(*more: str) -> float:
        name = "left_hip_flexion"
        assert main(["angles", str(source), "--angles", name, "--json", *more]) == 0
        found = json.loads(capfd.readouterr().out)
        return float(np.abs(np.diff(found["people"][0]["angles"][name]["values"], n=2)).mean())

    raw, usual, smooth = roughness("--raw"), roughness(), roughness("--cutoff", "2")
    assert raw > 3 * usual > 6 * smooth


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--angles", "left_nose"], "not 'left_nose'"),
        (["--angles", ","], "needs the name"),
        (["--max-gap", "-1"], "--max-gap must be a number from 0"),
        (["--cutoff", "soon"], "--cutoff must be a number"),
        (["--raw", "--cutoff", "3"], "--raw"),
        (["--out", "x.txt"], "must end in one of .csv .json .html"),
        (["--language", "fr"], "language must be en or zh"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], said: str, squats: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["angles", str(squats), *arguments]) == 2
    assert said in capfd.readouterr().err
    assert not list(Path().glob("x*"))


def test_a_report_in_either_language(squats: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for language, words in (
        ("en", ("Movement report: clip.mp4", "Repetitions", "No", "left knee flexion", "±")),
        ("zh", ("动作报告：clip.mp4", "次重复", "左膝屈曲", "对称性")),
    ):
        asked = ["report", str(squats), "--out", "r.html", "--language", language]
        assert main(asked) == 0
        assert capfd.readouterr().out == "r.html\n"
        page = Path("r.html").read_text()
        for word in words:
            assert word in page
        assert page.count("data:image/jpeg;base64,") >= 3
        assert page.count("<svg") >= 6
        assert "://" not in page


def test_a_report_says_when_there_are_only_skeletons(squats: Path) -> None:
    assert main(["report", str(squats), "--out", "r.html"]) == 0
    assert "skeletons stand alone" in Path("r.html").read_text()


def test_a_report_by_an_exercise(squats: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(squats), "--out", "r.html", "--exercise", "squat"]) == 0
    page = Path("r.html").read_text()
    count = re.search(r"(\d) repetitions of (\w+)", page)
    assert count is not None
    assert int(count[1]) in (4, 5)
    capfd.readouterr()
    assert main(["report", str(squats), "--out", "r.html", "--exercise", "flying"]) == 2
    assert "flying" in capfd.readouterr().err


def test_a_hostile_name_stays_a_name(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\u202e.mp4"
    source = records(tmp_path / "clip.jsonl", filmed(squat, np.arange(60) / 30), name)
    assert main(["report", str(source), "--out", "r.html"]) == 0
    page = Path("r.html").read_text()
    assert "<script" not in page
    assert "\u202e" not in page


def test_a_report_of_somebody_who_stands_still(tmp_path: Path) -> None:
    source = records(tmp_path / "still.jsonl", filmed(lambda _: Posture(), np.arange(60) / 30))
    assert main(["report", str(source), "--out", "r.html"]) == 0
    page = Path("r.html").read_text()
    assert "No angle moves by 10° or more" in page
    assert "Repetitions" not in page


def test_a_report_and_angles_of_one_frame(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = records(tmp_path / "one.jsonl", filmed(lambda _: Posture(), [0.0]))
    assert main(["report", str(source), "--out", "r.html"]) == 0
    assert main(["angles", str(source), "--angles", "all", "--out", "o.html"]) == 0
    assert "value" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs --out"),
        (["--out", "r.pdf"], "must end in one of .html .htm"),
        (["--out", "there/r.html"], "there is no folder"),
    ],
)
def test_a_report_needs_a_place(
    arguments: list[str], said: str, squats: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(squats), *arguments]) == 2
    assert said in capfd.readouterr().err


def test_help_has_examples(capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("angles", "report"):
        assert main([command, "--help"]) == 0
        assert "Examples" in capfd.readouterr().out


def test_pictures_are_taken_from_the_video_beside_the_records(tmp_path: Path, squats: Path) -> None:
    video(tmp_path / "clip.mp4", 300, 30, 255)
    assert main(["report", str(squats), "--out", "r.html"]) == 0
    page = Path("r.html").read_text()
    assert "skeletons stand alone" not in page
    pictures = re.findall('base64,(.*?)"', page)
    with Image.open(BytesIO(b64decode(pictures[0]))) as image:
        assert np.median(np.asarray(image)) > 240


def test_another_clip_of_that_name_is_not_taken(tmp_path: Path, squats: Path) -> None:
    video(tmp_path / "clip.mp4", 20, 7, 90)
    assert main(["report", str(squats), "--out", "r.html"]) == 0
    assert "skeletons stand alone" in Path("r.html").read_text()
