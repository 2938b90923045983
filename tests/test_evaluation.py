"""Accuracy on annotated photos: the measures, the file, the figures."""

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from posemill.errors import BrokenSource, SourceError, SourceNotFound
from posemill.evaluation import evaluate, oks, read_annotations
from posemill.evaluation.figures import Estimate
from posemill.evaluation.similarity import (
    COCO_NAMES,
    Array,
    coco_keypoints,
    match,
    reach_px,
    within,
)
from posemill.evaluation.table import lines
from posemill.skeleton import LANDMARK_INDEX, LANDMARK_NAMES
from posemill.types import Frame, FramePoses, Pose

WIDTH, HEIGHT = 200, 160
ALL = np.ones((1, 17), np.bool_)


def body(x: float = 100, y: float = 80, size: float = 100) -> Array:
    """Return 17 keypoints around (x, y), each somewhere else."""
    spread = np.random.default_rng(7).uniform(-0.5, 0.5, (17, 2))
    return np.asarray(np.array([x, y]) + spread * np.array([size / 2, size]))


def annotation(keypoints: Array, labelled: int = 17, **more: Any) -> dict[str, Any]:
    flags = np.where(np.arange(17) < labelled, 2.0, 0.0)[:, None]
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    return {
        "category_id": 1,
        "keypoints": np.hstack([keypoints * (flags > 0), flags]).ravel().tolist(),
        "num_keypoints": labelled,
        "bbox": [*low.tolist(), *(high - low).tolist()],
        "area": float(np.prod(high - low)) / 2,
        "iscrowd": 0,
        **more,
    }


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write photos and their annotations; a photo's shade is its number, to be told by."""

    def to_files(photos: dict[str, list[dict[str, Any]] | None], **images: Any) -> Path:
        data: dict[str, Any] = {"images": [], "annotations": []}
        for number, (name, people) in enumerate(photos.items()):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            Image.new("L", (WIDTH, HEIGHT), number).save(tmp_path / name)
            if people is not None:
                image = {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
                data["images"].append({**image, **images.get(Path(name).stem, {})})
                for person in people:
                    ids = {"id": len(data["annotations"]), "image_id": number}
                    data["annotations"].append({**ids, **person})
        file = tmp_path / "people.json"
        file.write_text(json.dumps(data))
        return file

    return to_files


def estimator(*answers: list[Array]) -> Estimate:
    """Return what finds the bodies of ``answers`` in the photo of that shade."""

    def estimate(frame: Frame) -> FramePoses:
        bodies = answers[int(frame.pixels[0, 0, 0])]
        people = tuple(pose(each, 0.9 - 0.1 * rank) for rank, each in enumerate(bodies))
        return FramePoses(0, 0.0, (frame.width, frame.height), people)

    return estimate


def pose(keypoints: Array, score: float) -> Pose:
    landmarks = np.zeros((33, 5), np.float32)
    for name, point in zip(COCO_NAMES, keypoints, strict=True):
        landmarks[LANDMARK_INDEX[name], :2] = point / (WIDTH, HEIGHT)
    return Pose(0, score, landmarks, np.zeros((33, 3), np.float32), (WIDTH, HEIGHT))


def figures(file: Path, estimate: Estimate) -> dict[str, Any]:
    return evaluate(file.parent, read_annotations(file), estimate)


# --- the measures


def test_the_landmarks_are_mediapipes_own_for_coco() -> None:
    landmarks = np.zeros((33, 5), np.float32)
    landmarks[:, 0] = np.arange(33) / 100
    person = Pose(0, 1.0, landmarks, np.zeros((33, 3), np.float32), (100, 50))
    (points,) = coco_keypoints(FramePoses(0, 0.0, (100, 50), (person,)))
    indices = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
    assert points[:, 0].tolist() == pytest.approx(indices)
    assert [LANDMARK_NAMES[index] for index in indices] == list(COCO_NAMES)


def test_nobody_has_no_keypoints() -> None:
    assert coco_keypoints(FramePoses(0, 0.0, (10, 10))).shape == (0, 17, 2)


def test_oks_by_hand() -> None:
    # Only the nose: its sigma is 0.026, so d2 / (2 s2 (2 sigma)2) = 25 / (2 * 2500 * 0.002704).
    truth, found = np.zeros((1, 17, 2)), np.zeros((1, 17, 2))
    found[0, 0], found[0, 1] = (3, 4), (1000, 1000)
    nose = np.arange(17)[None] == 0
    assert oks(found, truth, nose, np.array([2500.0])).item() == pytest.approx(
        exp(-25 / (2 * 2500 * 0.052**2))
    )
    # And with a hip that is 50 pixels off: 2500 / (2 * 2500 * 0.214**2).
    found[0, 11] = (50, 0)
    both = nose | (np.arange(17)[None] == 11)
    mean = (exp(-25 / (2 * 2500 * 0.052**2)) + exp(-1 / (2 * 0.214**2))) / 2
    assert oks(found, truth, both, np.array([2500.0])).item() == pytest.approx(mean)


def test_oks_without_anything_to_compare() -> None:
    nothing = np.zeros((1, 17), np.bool_)
    assert oks(body()[None], body()[None], nothing, np.array([100.0])).tolist() == [[0.0]]
    assert oks(np.zeros((0, 17, 2)), body()[None], ALL, np.array([9.0])).shape == (0, 1)


@given(st.integers(0, 2**32 - 1))
def test_oks_is_pycocotools(seed: int) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 200, (2, 17, 2))
    found = truth[[0, 1, 1]] + rng.normal(0, 8, (3, 17, 2))
    labelled = rng.random((2, 17)) < 0.7
    labelled[:, 0] = True
    area = rng.uniform(500, 9000, 2)
    ours = oks(found, truth, labelled, area)

    people = [
        {**annotation(points), "id": number + 1, "image_id": 0, "area": size}
        for number, (points, size) in enumerate(zip(truth, area, strict=True))
    ]
    for person, flags in zip(people, labelled, strict=True):
        person["keypoints"][2::3] = flags.astype(float).tolist()
    results = [
        {"image_id": 0, "category_id": 1, "score": 1 - rank / 10, "keypoints": each["keypoints"]}
        for rank, each in enumerate(map(annotation, found))
    ]
    with redirect_stdout(StringIO()):
        annotated = COCO()
        annotated.dataset = {
            "images": [{"id": 0}],
            "annotations": people,
            "categories": [{"id": 1}],
        }
        annotated.createIndex()
        evaluation = COCOeval(annotated, annotated.loadRes(results), "keypoints")
        evaluation.evaluate()
    assert ours == pytest.approx(evaluation.ious[0, 1], abs=1e-12)


def test_matching_takes_the_best_pair_first() -> None:
    similarity = np.array([[0.9, 0.8], [0.95, 0.1], [0.0, 0.0]])
    assert match(similarity) == [(1, 0), (0, 1)]
    assert match(np.zeros((0, 2))) == match(np.zeros((2, 0))) == match(np.zeros((2, 2))) == []


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_matching_is_one_to_one(rows: int, columns: int, seed: int) -> None:
    similarity = np.random.default_rng(seed).random((rows, columns))
    pairs = match(similarity)
    assert len(pairs) == min(rows, columns)
    assert all(len({pair[side] for pair in pairs}) == len(pairs) for side in (0, 1))
    values = [similarity[pair] for pair in pairs]
    assert values == sorted(values, reverse=True)


def test_pck_is_measured_by_the_torso_or_by_the_box() -> None:
    points, box = np.zeros((17, 2)), np.array([0.0, 0.0, 40.0, 90.0])
    points[5], points[12] = (10, 10), (40, 50)
    labelled = ALL[0].copy()
    assert reach_px(points, labelled, box) == (10.0, False)
    labelled[12] = False
    assert reach_px(points, labelled, box) == (18.0, True)


def test_pck_counts_labelled_joints_within_reach() -> None:
    found = np.zeros((17, 2))
    found[:3] = [(6, 8), (6.1, 8), (50, 0)]
    assert within(found, np.zeros((17, 2)), ALL[0], 10.0) == 15
    assert within(found, np.zeros((17, 2)), np.arange(17) < 3, 10.0) == 1


# --- the figures


def test_a_perfect_estimator(write: Write) -> None:
    left, right = body(50), body(150)
    file = write({"two.png": [annotation(left), annotation(right)], "one.png": [annotation(left)]})
    result = figures(file, estimator([right, left], [left]))
    assert {name: result[name] for name in ("ap", "ap_50", "ap_75", "ar")} == pytest.approx(
        {"ap": 1.0, "ap_50": 1.0, "ap_75": 1.0, "ar": 1.0}
    )
    assert (result["photos"], result["people"], result["people_reported"]) == (2, 3, 3)
    assert (result["findable"], result["found"], result["recall"], result["pck"]) == (3, 3, 1, 1)
    assert result["single"] == {
        "photos": 1, "oks": pytest.approx(1.0, abs=1e-4), "pck": 1.0, "pck_by_box": 0,
    }  # fmt: skip
    assert result["problems"] == []


def test_a_wrong_estimator(write: Write) -> None:
    file = write({"a.png": [annotation(body(50))], "b.png": [annotation(body(50))]})
    result = figures(file, estimator([body(900)], []))
    assert (result["ap"], result["ar"], result["found"], result["recall"]) == (0, 0, 0, 0)
    assert (result["pck"], result["single"]["oks"]) == (0, pytest.approx(0, abs=1e-6))
    assert result["false_people"] == 0  # there is somebody in the photo


def test_nobody_found_at_all(write: Write) -> None:
    result = figures(write({"a.png": [annotation(body())]}), estimator([]))
    assert (result["ap"], result["ar"], result["found"], result["pck"]) == (0, 0, 0, 0)


def test_one_body_finds_one_of_two(write: Write) -> None:
    near = body(100), body(102)
    file = write({"a.png": [annotation(each) for each in near]})
    result = figures(file, estimator([near[0]]))
    assert (result["findable"], result["found"], result["recall"]) == (2, 1, 0.5)


def test_people_found_where_nobody_is(write: Write) -> None:
    file = write({"no_entry.png": None, "empty.png": [], "person.png": [annotation(body())]})
    result = figures(file, estimator([body(), body(20)], [], [body()]))
    assert (result["empty_photos"], result["photos_with_false_people"]) == (2, 1)
    assert result["false_people"] == 2


def test_false_people_lower_the_precision(write: Write) -> None:
    file = write({"no_entry.png": None, "person.png": [annotation(body())]})
    assert figures(file, estimator([], [body()]))["ap"] == pytest.approx(1.0)
    assert figures(file, estimator([body()], [body()]))["ap"] < 0.6


def test_a_photo_with_others_counts_for_recall_alone(write: Write) -> None:
    one = {"coverage": "one_person_only"}
    photos: dict[str, Any] = {
        "crowd.png": [annotation(body(50))],
        "alone.png": [annotation(body())],
    }
    answers = [body(50), body(150), body(20)], [body()]
    result = figures(write(photos, crowd=one), estimator(*answers))
    assert (result["ap"], result["ar"]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (result["findable"], result["found"], result["single"]["photos"]) == (2, 2, 1)
    assert figures(write(photos, crowd=one), estimator([], [body()]))["ar"] == pytest.approx(0.5)
    assert figures(write(photos, crowd=one), estimator([], [body()]))["ap"] == pytest.approx(1.0)
    empty = write({"crowd.png": [], "alone.png": []}, crowd=one)
    assert figures(empty, estimator([body()], []))["empty_photos"] == 1


@pytest.mark.parametrize(("labelled", "findable"), [(7, 0), (8, 1)])
def test_who_can_be_found_has_eight_joints(write: Write, labelled: int, findable: int) -> None:
    file = write({"a.png": [annotation(body(), labelled)]})
    assert figures(file, estimator([body()]))["findable"] == findable


def test_crowds_are_neither_people_nor_nobody(write: Write) -> None:
    file = write({"a.png": [annotation(body(), iscrowd=1)]})
    result = figures(file, estimator([body()]))
    assert (result["people"], result["findable"], result["empty_photos"]) == (0, 0, 0)
    assert (result["ap"], result["recall"], result["single"]["oks"]) == (None, None, None)


def test_the_share_of_joints_that_are_near(write: Write) -> None:
    found = body()
    found[[3, 4]] += 30  # of 17, beyond a fifth of the torso
    torso_px = np.linalg.norm(body()[5] - body()[12])
    assert torso_px < 150
    result = figures(write({"a.png": [annotation(body())]}), estimator([found]))
    assert result["pck"] == pytest.approx(15 / 17)


def test_photos_of_subfolders_are_known_by_their_path(write: Write) -> None:
    file = write({"sub/a.png": [annotation(body())]})
    assert figures(file, estimator([body()]))["found"] == 1


# --- what is left out is said


def test_photos_that_are_absent_broken_or_of_another_size(write: Write) -> None:
    people = [annotation(body())]
    names = ["absent.png", "broken.png", "good.png", "small.png"]
    file = write(dict.fromkeys(names, people), small={"width": 50})
    (file.parent / "absent.png").unlink()
    (file.parent / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = figures(file, estimator([], [], [body()], []))
    assert (result["photos"], result["found"]) == (1, 1)
    for name, problem in zip(["absent", "broken", "small"], result["problems"], strict=True):
        assert f"{name}.png" in problem
    assert "not in the folder" in result["problems"][0]
    assert "200x160" in result["problems"][2]
    assert "50x160" in result["problems"][2]


def test_no_photo_to_evaluate(write: Write) -> None:
    file = write({"a.png": [annotation(body())]}, a={"width": 9})
    with pytest.raises(SourceError, match=r"no photo to evaluate; a\.png"):
        figures(file, estimator([]))


def _bad(data: dict[str, Any], what: str) -> Any:
    image, person = data["images"][0], data["annotations"][0]
    changes: dict[str, Callable[[], Any]] = {
        "no images": lambda: data.pop("images"),
        "no keypoints": lambda: person.pop("keypoints"),
        "no area": lambda: person.pop("area"),
        "no bbox": lambda: person.pop("bbox"),
        "too few": lambda: person.update(keypoints=[1, 2, 2]),
        "not finite": lambda: person.update(area=float("inf")),
        "text": lambda: person.update(bbox=["a", 0, 1, 1]),
        "stranger": lambda: person.update(image_id=77),
        "coverage": lambda: image.update(coverage="some"),
        "nameless": lambda: image.update(file_name=""),
        "twice": lambda: data["images"].append(image),
        "names": lambda: data["images"].append({**image, "id": 5}),
        "order": lambda: data.update(
            categories=[{"name": "person", "keypoints": list(reversed(COCO_NAMES))}]
        ),
    }
    changes[what]()
    return data


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no images", "'images' is missing"),
        ("no keypoints", "'keypoints' is missing"),
        ("no area", "'area' is missing"),
        ("no bbox", "'bbox' is missing"),
        ("too few", "annotation 0 needs 17 keypoints"),
        ("not finite", "annotation 0 holds numbers"),
        ("text", "of another kind"),
        ("stranger", "image 77, which is not listed"),
        ("coverage", "must be one of full, one_person_only"),
        ("nameless", "has no file_name"),
        ("twice", "two images have one id"),
        ("names", "two images have one file_name"),
        ("order", "not COCO's 17"),
    ],
)
def test_files_that_are_not_coco(write: Write, what: str, said: str) -> None:
    file = write({"a.png": [annotation(body())]})
    file.write_text(json.dumps(_bad(json.loads(file.read_text()), what)))
    with pytest.raises(BrokenSource, match="not in COCO's format") as caught:
        read_annotations(file)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"images": 3, "annotations": []}'])
def test_json_that_is_something_else(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(BrokenSource, match="not in COCO's format"):
        read_annotations(file)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 200_000])
def test_what_is_no_json(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(BrokenSource, match="is no JSON"):
        read_annotations(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no such file"):
        read_annotations(tmp_path / "none.json")


# --- the table


def test_the_table(write: Write) -> None:
    ours = figures(write({"a.png": [annotation(body())], "b.png": None}), estimator([body()], []))
    text = "\n".join(lines({"posemill": ours}))
    assert "2 photos, 1 annotated people" in text
    assert "MediaPipe" not in text
    both = "\n".join(lines({"posemill": ours, "mediapipe": ours, "found_ratio": 1.25}))
    assert "1.250 times as many" in both
    row = next(line for line in both.splitlines() if "average precision, OKS 0.50:0.95" in line)
    assert row.split()[-2:] == ["1.000", "1.000"]
