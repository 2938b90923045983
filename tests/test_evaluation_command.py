"""`posemill evaluate`, with the real engine on drawn and on real people."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from posemill.api import PoseEstimator
from posemill.cli import main
from posemill.drawing.figure import draw_figure
from posemill.evaluation.similarity import COCO_NAMES, coco_keypoints
from posemill.peers import mediapipe
from posemill.types import Frame, FramePoses, Pose

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drawn person, a bare wall, and ``people.json``, which knows of both."""
    folder = tmp_path_factory.mktemp("photos")
    Image.fromarray(draw_figure(WIDTH, HEIGHT)).save(folder / "person.png")
    Image.new("RGB", (WIDTH, HEIGHT), "gray").save(folder / "wall.png")
    with Image.open(folder / "person.png") as image:
        (points,) = coco_keypoints(PoseEstimator().estimate(np.array(image)))
    low, high = points.min(axis=0), points.max(axis=0)
    person = {
        "id": 1,
        "image_id": 7,
        "category_id": 1,
        "keypoints": np.hstack([points, np.full((17, 1), 2.0)]).ravel().tolist(),
        "num_keypoints": 17,
        "bbox": [*low.tolist(), *(high - low).tolist()],
        "area": float(np.prod(high - low)) / 2,
        "iscrowd": 0,
    }
    write(folder / "people.json", [person], person="person.png", wall="wall.png")
    return folder


def write(path: Path, annotations: list[dict[str, Any]], **names: str) -> None:
    images = [
        {"id": 7 + number, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for number, name in enumerate(names.values())
    ]
    categories = [{"id": 1, "name": "person", "keypoints": COCO_NAMES}]
    data = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(data))


def command(folder: Path, *more: str) -> list[str]:
    return ["evaluate", str(folder), "--annotations", str(folder / "people.json"), *more]


def test_a_drawn_person_as_a_table(people: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(command(people)) == 0
    out, err = capfd.readouterr()
    rows = {line[:36].strip(): line[36:].split() for line in out.splitlines()}
    assert out.startswith("2 photos, 1 annotated people\n")
    assert rows["average precision, OKS 0.50:0.95"] == ["1.000"]
    assert rows["found, OKS 0.5 or more"] == ["1"]
    assert (rows["photos with nobody"], rows["false people"]) == (["1"], ["0"])
    assert err == ""


def test_a_drawn_person_as_json(people: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(command(people, "--json", "--max-people", "0")) == 0
    result = json.loads(capfd.readouterr().out)
    assert list(result) == ["posemill"]
    assert (result["posemill"]["recall"], result["posemill"]["pck"]) == (1.0, 1.0)
    assert result["posemill"]["problems"] == []


def test_what_is_left_out_is_said_and_counted(
    people: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "people.json", [], person="person.png", absent="absent.png")
    (tmp_path / "person.png").write_bytes((people / "person.png").read_bytes())
    (tmp_path / "broken.png").write_bytes(b"")
    assert main(command(tmp_path)) == 2
    out, err = capfd.readouterr()
    assert "2 photos left out" in out
    assert "absent.png: is annotated, but not in the folder." in err
    assert "broken.png: is empty" in err


def test_of_many_problems_some_are_said(
    people: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = {f"photo{number}": f"{number}.png" for number in range(12)}
    write(tmp_path / "people.json", [], **names)
    (tmp_path / "0.png").write_bytes((people / "wall.png").read_bytes())
    assert main(command(tmp_path)) == 2
    err = capfd.readouterr().err.splitlines()
    assert len(err) == 11
    assert err[-1] == "posemill: and 1 more; --json lists them all"


class FakePeer:
    """Sees the same body everywhere."""

    def __init__(self, python: str | None) -> None:
        assert python == "another/python"

    def __enter__(self) -> "FakePeer":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start(self, **options: Any) -> None:
        assert options == {
            "static_image_mode": True,
            "model_complexity": 0,
            "min_detection_confidence": 0.25,
        }

    def estimate(self, frame: Frame) -> FramePoses:
        size_px = frame.width, frame.height
        landmarks = np.zeros((33, 5), np.float32)
        person = Pose(0, 0.5, landmarks, np.zeros((33, 3), np.float32), size_px)
        return FramePoses(0, 0.0, size_px, (person,))


def test_against_mediapipe(
    people: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mediapipe, "MediaPipePeer", FakePeer)
    settings = ["--model-complexity", "0", "--min-detection-confidence", "0.25"]
    peer = ["--against", "mediapipe", "--mediapipe-python", "another/python"]
    assert main(command(people, *peer, *settings, "--json")) == 0
    result = json.loads(capfd.readouterr().out)
    assert (result["posemill"]["found"], result["mediapipe"]["found"]) == (1, 0)
    assert (result["posemill"]["false_people"], result["mediapipe"]["false_people"]) == (0, 1)
    assert result["found_ratio"] is None
    assert main(command(people, *peer, *settings)) == 0
    out = capfd.readouterr().out
    assert "posemill   MediaPipe\n" in out
    assert "times as many" not in out  # as nobody


def test_what_mediapipe_sees_as_poses(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = mediapipe.MediaPipePeer.__new__(mediapipe.MediaPipePeer)
    frame = Frame(np.zeros((50, 100, 3), np.uint8))
    monkeypatch.setattr(mediapipe.MediaPipePeer, "process", lambda *_: {"cpu_s": 0.1})
    assert peer.estimate(frame).people == ()
    seen = {"landmarks": [[0.5, 0.25, 0.1, 0.75]] * 33, "world": [[1, 2, 3]] * 33}
    monkeypatch.setattr(mediapipe.MediaPipePeer, "process", lambda *_: seen)
    (person,) = peer.estimate(frame).people
    assert person.score == 0.75
    assert person["nose"] == pytest.approx((0.5, 0.25, 0.1, 0.75, 0.75))
    assert person.points_px[32].tolist() == [50, 12.5]
    assert person.world[5].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--annotations", "people.json"], "nowhere: there is no such folder"),
        (["people.json", "--annotations", "people.json"], "is no folder of photos"),
        ([".", "--annotations", "none.json"], "none.json: there is no such file"),
        ([".", "--annotations", "person.png"], "person.png: is no JSON"),
        ([".", "--annotations", "people.json", "--against", "x"], "--against knows mediapipe"),
        (["."], "annotations"),
    ],
)
def test_bad_requests(
    people: Path,
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(people)
    assert main(["evaluate", *arguments]) == 2
    out, err = capfd.readouterr()
    assert said in err
    assert (out, len(err.splitlines())) == ("", 1)


def test_a_peer_that_is_not_there(people: Path, capfd: pytest.CaptureFixture[str]) -> None:
    peer = ["--against", "mediapipe", "--mediapipe-python", sys.executable]
    assert main(command(people, *peer)) == 2
    assert "mediapipe" in capfd.readouterr().err


def test_real_photos(shared_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = shared_data / "coco_mini"
    file = folder / "person_keypoints.json"
    assert main(["evaluate", str(folder), "--annotations", str(file), "--json"]) == 0
    ours = json.loads(capfd.readouterr().out)["posemill"]
    assert (ours["photos"], ours["people"], ours["findable"]) == (25, 39, 33)
    assert (ours["empty_photos"], ours["problems"]) == (8, [])
    assert ours["found"] >= 10  # what MediaPipe finds
    assert ours["false_people"] <= 1
