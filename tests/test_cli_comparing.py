"""`posemill compare`, `template` and `score` on records and on media made here."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from movements import JACK, again, squat
from moving_figure import Camera, Look, Posture, filmed
from posemill.cli import main, side_by_side
from posemill.cli.side_by_side import picture_of
from posemill.records import dumps, frame_record, header
from posemill.types import FramePoses, SourceInfo

Move = Callable[[float], Posture]
SMALL = Look(Camera(width=160, height=120, focal_px=110.0))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def records(name: str, frames: list[FramePoses], source: str = "", kind: str = "video") -> str:
    width, height = frames[0].size_px
    info = SourceInfo(source or f"{name}.mp4", kind, width, height, fps=10.0)
    lines = [header(info, model="full", engine="openvino", precision="f32")]
    lines += [frame_record(frame) for frame in frames]
    Path(f"{name}.jsonl").write_text("\n".join(map(dumps, lines)) + "\n")
    return f"{name}.jsonl"


def clip(name: str, move: Move, length_s: float = 6.0) -> str:
    times = (np.arange(round(length_s * 10)) / 10).tolist()
    return records(name, filmed(move, times, SMALL))


def run(*arguments: str, capfd: pytest.CaptureFixture[str]) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def decoded(path: str) -> list[Any]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_compare_prints_a_table_or_json(capfd: pytest.CaptureFixture[str]) -> None:
    a, b = clip("a", again(squat())), clip("b", again(squat(0.7)))
    assert main(["compare", a, b]) == 0
    told = capfd.readouterr().out
    assert "similarity" in told
    assert "left_knee" in told
    found = run("compare", a, b, capfd=capfd)
    assert found["sources"] == ["a.mp4", "b.mp4"]
    assert 50 < found["similarity"] < 100
    assert "moments" not in found
    assert run("compare", a, a, capfd=capfd)["similarity"] == 100


def test_compare_writes_pairs_report_and_a_video_in_step_from_records_alone() -> None:
    a, b = clip("a", again(squat())), clip("b", again(JACK), 5.0)
    outs = ["pairs.json", "report.html", "both.mp4", "worst.png"]
    assert main(["compare", a, b, *(f"--out={out}" for out in outs)]) == 0
    pairs = json.loads(Path("pairs.json").read_text())
    assert len(pairs["moments"]["a_s"]) >= 50
    page = Path("report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    frames = decoded("both.mp4")
    span = pairs["a"]["span_s"]
    assert len(frames) == pytest.approx((span[1] - span[0]) * 10 + 1, abs=1)
    height, width = frames[0].shape[:2]
    assert (width, height) > (320, 120)
    # Somebody is drawn on both sides, and what differs is marked.
    middle = frames[len(frames) // 4]
    assert middle[:120, :160].max() > 150
    assert middle[:120, 170:324].max() > 150
    red = (middle[:, :, 0] > 200) & (middle[:, :, 1] < 110) & (middle[:, :, 2] > 50)
    assert red.sum() > 20
    with Image.open("worst.png") as image:
        assert image.size[0] > 320


def test_the_video_shows_the_media_beside_the_records() -> None:
    frames = filmed(again(squat()), (np.arange(20) / 10).tolist(), SMALL)
    with av.open("filmed.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(20):
            picture = np.full((120, 160, 3), (10, 40 + 8 * number, 120), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    a = records("filmed", frames, "filmed.mp4")
    assert main(["compare", a, a, "--out", "both.mp4"]) == 0
    shown = decoded("both.mp4")
    assert len(shown) == 20
    corners = np.array([frame[2, [2, -3]] for frame in shown], float)
    green = 40.0 + 8 * np.arange(20)
    assert np.abs(corners[:, 0, 1] - green).max() < 12
    assert np.abs(corners[:, 1, 1] - green).max() < 12


def test_pictures_and_a_picture_in_a_clip(capfd: pytest.CaptureFixture[str]) -> None:
    deep = records("deep", filmed(lambda _: squat(), [0.0], SMALL), "deep.jpg", "picture")
    upright = records("up", filmed(lambda _: Posture(), [0.0], SMALL), "up.jpg", "picture")
    found = run("compare", deep, upright, "--out", "both.png", capfd=capfd)
    assert (found["kind"], found["of"]) == ("comparison", "pictures")
    assert found["similarity"] < 40
    assert Path("both.png").is_file()
    moving = clip("moving", again(squat(), 6.0))
    within = run("compare", deep, moving, capfd=capfd)
    assert within["way"] == "part"
    assert within["b"]["span_s"][0] == pytest.approx(3.0, abs=0.3)
    assert main(["compare", deep, upright, "--out", "both.mp4"]) == 2
    assert "two videos" in capfd.readouterr().err


def test_whom_to_take_is_by_id(capfd: pytest.CaptureFixture[str]) -> None:
    times = (np.arange(60) / 10).tolist()

    def beside(time_s: float) -> Posture:
        return again(JACK)(time_s).towards(Posture(x_m=0.8), 0.0)

    people = {0: again(squat()), 3: beside}
    two = records("two", filmed(people, times, SMALL))
    jacks = clip("jacks", again(JACK))
    assert run("compare", jacks, two, "--person-b", "3", capfd=capfd)["similarity"] > 95
    first = run("compare", jacks, two, "--person-b", "0", capfd=capfd)
    assert first["similarity"] < 50
    assert "several" not in first["doubts"]
    assert "several" in run("compare", jacks, two, capfd=capfd)["doubts"]
    assert main(["compare", jacks, two, "--person-b", "7"]) == 2
    assert "an id that somebody in it has: 3, 0; not 7." in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.jsonl", "none.jsonl"], "no such file"),
        (["a.jsonl", "a.jsonl", "--out", "x.gif"], "must end in"),
        (["a.jsonl", "a.jsonl", "--find", "--whole"], "contradict"),
        (["a.jsonl", "a.jsonl", "--language", "fr"], "en and zh"),
        (["a.jsonl", "a.jsonl", "--out", "nowhere/x.html"], "no folder"),
        (["a.jsonl", "rtsp://camera/1"], "is live"),
    ],
)
def test_bad_requests_are_one_line(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    clip("a", again(squat()), 2.0)
    assert main(["compare", *arguments]) == 2
    told = capfd.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == ["a.jsonl"]


def test_a_template_is_made_listed_shown_and_scored_by(capfd: pytest.CaptureFixture[str]) -> None:
    coach, user = clip("coach", again(squat()), 9.0), clip("user", again(squat(0.6)), 9.0)
    assert main(["template", "make", coach, coach, "--name", "squat"]) == 0
    stored = Path("data/posemill/templates/squat.json")
    assert str(stored) in capfd.readouterr().out
    (row,) = run("template", "list", capfd=capfd)
    assert (row["name"], row["exercise"], row["clips"]) == ("squat", "squat", 2)
    assert run("template", "show", "squat", capfd=capfd)["schema"] == "posemill-template/1"
    assert main(["template", "show", "squat"]) == 0
    assert "left_knee" in capfd.readouterr().out
    outs = ("--out", "score.json", "--out", "score.html", "--language", "zh")
    found = run("score", user, "--template", "squat", *outs, capfd=capfd)
    assert len(found["repetitions"]) == 3
    assert found["total"] < 95
    assert found["advice"][0]["rule"] == "knees_bend_less"
    assert json.loads(Path("score.json").read_text())["total"] == found["total"]
    page = Path("score.html").read_text()
    assert found["advice"][0]["texts"]["zh"] in page
    assert main(["score", coach, "-t", str(stored)]) == 0
    assert "100 of 100" in capfd.readouterr().out


def test_templates_elsewhere_and_by_their_own_period(capfd: pytest.CaptureFixture[str]) -> None:
    jacks = clip("jacks", again(JACK), 9.0)
    arguments = ["template", "make", jacks, "--name", "my jacks", "--exercise", "auto"]
    assert main([*arguments, "--out", "jacks.template.json"]) == 0
    assert not Path("data").exists()
    assert "3 repetitions" in capfd.readouterr().out
    found = run("score", jacks, "--template", "jacks.template.json", capfd=capfd)
    assert found["total"] > 98
    assert len(found["repetitions"]) >= 2
    squats = clip("squats", again(squat()), 9.0)
    other = run("score", squats, "--template", "jacks.template.json", capfd=capfd)
    assert other["total"] is None
    assert "no_repetition" in other["doubts"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "a.jsonl", "-t", "none"], "there is no template"),
        (["score", "a.jsonl", "-t", "a.jsonl"], "a.jsonl"),
        (["score", "a.jsonl", "-t", "bad.json"], "schema"),
        (["score", "a.jsonl", "-t", "pipe.json"], "a pipe"),
        (["score", "a.jsonl", "-t", "none.json"], "no such file"),
        (["score", "a.jsonl", "-t", "huge.json"], "is too large"),
        (["score", "a.jsonl", "-t", "../etc"], "letters"),
        (["template", "make", "a.jsonl", "-n", "../evil"], "letters"),
        (["template", "make", "a.jsonl", "-n", "x", "-e", "none"], "exercise"),
        (["template", "make", "one.jsonl", "-n", "x"], "picture"),
    ],
)
def test_bad_templates_are_one_line(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    clip("a", again(squat()), 2.0)
    records("one", filmed(lambda _: Posture(), [0.0], SMALL), "one.jpg", "picture")
    Path("bad.json").write_text("{}")
    os.mkfifo("pipe.json")
    with Path("huge.json").open("wb") as huge:
        huge.truncate(2**24 + 1)
    assert main(arguments) == 2
    told = capfd.readouterr().err
    assert message in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["angles", "clip.json", "--out", "clip.json"],
        ["compare", "a.jsonl", "clip.json", "--out", "link.json"],
        ["compare", "a.jsonl", "a.jsonl", "--out", "a.mp4"],
        ["count", "clip.json", "--out", "./clip.json"],
        ["events", "clip.json", "--out", "link.json"],
        ["score", "a.jsonl", "--template", "t.json", "--out", "t.json"],
        ["template", "make", "clip.json", "--name", "x", "--out", "clip.json"],
    ],
)
def test_no_analysis_overwrites_what_it_reads(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    head, *frames = map(json.loads, Path(clip("a", again(squat()))).read_text().splitlines())
    Path("clip.json").write_text(json.dumps({**head, "frames": frames}))
    Path("link.json").symlink_to("clip.json")
    Path("a.mp4").write_bytes(b"the video of these records")
    assert main(["template", "make", "a.jsonl", "--name", "x", "--out", "t.json"]) == 0
    before = {name: Path(name).read_bytes() for name in ("clip.json", "a.mp4", "t.json")}
    assert main(arguments) == 2
    assert "would overwrite the source" in capfd.readouterr().err
    assert before == {name: Path(name).read_bytes() for name in before}
    assert Path("link.json").is_symlink()


def test_an_output_is_given_once(capfd: pytest.CaptureFixture[str]) -> None:
    a = clip("a", again(squat()))
    assert main(["compare", a, a, "--out", "x.json", "--out", "./x.json"]) == 2
    assert "given twice" in capfd.readouterr().err


def test_hostile_names_stay_on_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    a = records("\x1b[31mred\nfile", filmed(again(squat()), (np.arange(60) / 10).tolist(), SMALL))
    assert main(["template", "make", a, "--name", "x", "--out", "x.json"]) == 0
    template = json.loads(Path("x.json").read_text())
    Path("x.json").write_text(json.dumps({**template, "name": "\x1b[2Jname\n"}))
    for arguments in (
        ["angles", a],
        ["compare", a, a],
        ["count", a],
        ["events", a],
        ["score", a, "--template", "x.json"],
        ["template", "show", "x.json"],
    ):
        assert main(arguments) == 0
        told = capfd.readouterr().out
        assert "\x1b" not in told
        assert "\nfile" not in told
        assert "x1b[" in told


@pytest.mark.parametrize("source", ["", "/", "n" * 5000, "nul\0", "half a pair \ud800"])
def test_records_may_name_any_source(source: str) -> None:
    a = clip("a", again(squat()))
    head, *frames = Path(a).read_text().splitlines()
    Path(a).write_text("\n".join([json.dumps({**json.loads(head), "source": source}), *frames]))
    assert main(["angles", a, "--out", "x.json"]) == 0
    assert main(["report", a, "--out", "x.html"]) == 0
    assert main(["compare", a, a, "--out", "x.html", "--out", "x.png"]) == 0


@pytest.mark.parametrize("size_px", [(1, 10**6), (10**6, 1), (10**6, 10**6), (1, 1)])
def test_records_may_claim_any_size(size_px: tuple[int, int]) -> None:
    a = clip("a", again(squat()), 3.0)
    head, *frames = Path(a).read_text().splitlines()
    width, height = size_px
    claimed = json.dumps({**json.loads(head), "width": width, "height": height})
    Path("b.jsonl").write_text("\n".join([claimed, *frames]))
    assert main(["report", "b.jsonl", "--out", "x.html"]) == 0
    for other in (a, "b.jsonl"):
        outs = ("--out", "x.html", "--out", "x.png", "--out", "x.mp4")
        assert main(["compare", "b.jsonl", other, *outs]) == 0
    with Image.open("x.png") as picture:
        assert picture.width * picture.height < 2**24


def test_a_report_of_somebody_who_is_a_point() -> None:
    times = (np.arange(20) / 10).tolist()
    there = filmed(again(squat()), times, SMALL)
    point = [
        replace(
            frame, people=tuple(replace(p, landmarks=0 * p.landmarks + 0.5) for p in frame.people)
        )
        for frame in there
    ]
    assert main(["report", records("point", point), "--out", "x.html"]) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_stops_the_video_and_leaves_nothing(
    number: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    a = clip("a", again(squat()))
    shown: list[int] = []

    def interrupted(*arguments: Any) -> Any:
        shown.append(1)
        if len(shown) == 3:
            signal.raise_signal(number)
        return picture_of(*arguments)

    monkeypatch.setattr(side_by_side, "picture_of", interrupted)
    assert main(["compare", a, a, "--out", "both.mp4"]) == 130
    assert "interrupted" in capfd.readouterr().err
    assert len(shown) == 3
    assert [path.name for path in Path().iterdir()] == ["a.jsonl"]
