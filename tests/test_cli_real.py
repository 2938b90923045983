"""The command with the real engine on real media: what people will do first."""

import json
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from posemill.cli import main


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_astronaut(astronaut_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", str(astronaut_path)]) == 0
    out, err = capfd.readouterr()
    (person,) = records(out)[1]["people"]
    nose_x, nose_y = person["landmarks"][0][:2]
    assert (nose_x, nose_y) == pytest.approx((0.44, 0.23), abs=0.05)
    assert err == ""


def test_the_astronaut_again_drawn(astronaut_path: Path) -> None:
    assert main(["detect", str(astronaut_path), "--out", "a.png", "--style", "limbs"]) == 0
    with Image.open("a.png") as copy, Image.open(astronaut_path) as source:
        assert copy.size == source.size
        assert copy.convert("RGB").tobytes() != source.convert("RGB").tobytes()


def test_a_clip_to_records_and_an_annotated_copy(shared_data: Path) -> None:
    clip = str(shared_data / "tfjs_pose" / "pose_1.mp4")
    flags = ["--end", "1", "--out", "a.jsonl", "--out", "a.mp4"]
    assert main(["detect", clip, *flags]) == 0
    header, *frames = records(Path("a.jsonl").read_text())
    assert len(frames) >= 20
    assert all(len(frame["people"]) == 1 for frame in frames)
    with av.open("a.mp4") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (header["width"], header["height"])
        assert len(list(container.decode(stream))) == len(frames)


def test_odd_pictures_give_an_error_each_and_the_rest_goes_on(
    shared_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(shared_data / "odd_images"), "--out", "out/"]) == 2
    failed = [line.split(": ")[1] for line in capfd.readouterr().err.splitlines()]
    names = {Path(name).name for name in failed}
    assert {"broken.png", "decompression_bomb.gif", "truncated_jpeg.jpg"} <= names
    assert len(list(Path("out").rglob("*.jsonl"))) > 15
    assert not list(Path("out").rglob("*.part"))
