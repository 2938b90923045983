"""The files that the documentation's examples name."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import av
from PIL import Image

from figure_exercises import MOVEMENTS, Session
from moving_figure import filmed
from posemill.cli import main
from posemill.drawing.figure import draw_figure
from test_cli_analysis import recorded

PICTURES: Final = ("photo.jpg", "coach.jpg", "me.jpg", "yoga.jpg", "photos/another.png")
ANNOTATIONS: Final = ("coco.json", "photos.json", "person_keypoints.json")
_CLIP_S, _CLIP_HZ = 24, 1  # long enough to be cut at 0:10 and 0:20


def docs_folder(folder: Path) -> Path:
    """Make the files in ``folder``, and return it."""
    for name in PICTURES:
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(draw_figure(320, 240)).save(folder / name)
    shutil.make_archive(str(folder / "photos"), "zip", folder / "photos")
    for name in ANNOTATIONS:
        (folder / name).write_text(json.dumps(_annotations()))
    shutil.copytree(folder / "photos", folder / "val2017")
    shutil.copy(folder / "coco.json", folder / "person_keypoints_val2017.json")
    _clip(folder / "clip.mp4", _CLIP_S * _CLIP_HZ)
    _clip(folder / "short.mp4", 4)
    for name, seed in (("workout", 7), ("clip", 4)):
        records_of_squats(folder / f"{name}.jsonl", seed)
    (folder / "my_exercise.toml").write_text(
        'names = { en = "Bend" }\nsignals = [{ feature = "knee_flexion", rest = 10, turn = 100 }]\n'
    )
    records = [str(folder / f"{name}.jsonl") for name in ("workout", "clip")]
    template = folder / "data" / "templates" / "squat.json"
    template.parent.mkdir(parents=True)
    for path in (template, folder / "my.template.json"):
        assert main(["template", "make", *records, "--name", "squat", "--out", str(path)]) == 0
    assert main(["detect", str(folder / "short.mp4"), "--out", str(folder / "clip.csv")]) == 0
    return folder


def records_of_squats(path: Path, seed: int) -> Path:
    """Write the records of somebody at three squats."""
    session = Session(MOVEMENTS["squat"], 3, seed=seed)
    return recorded(path, filmed(session.posture, session.times_s(15)))


def with_records(arguments: Sequence[str], folder: Path) -> list[str]:
    """Return a command's arguments with records in place of videos of people who move.

    Following a drawn figure for as long as an exercise takes would take minutes. ``clip.mp4`` is
    a video.
    """
    found = list(arguments)
    for index, word in enumerate(arguments):
        is_output = index > 0 and arguments[index - 1] in ("--out", "-o")
        if is_output or (folder / word).exists() or word.startswith("-"):
            continue
        if arguments[0] == "detect" and word.endswith(".mp4"):
            shutil.copy(folder / "short.mp4", folder / word)
        elif word.endswith((".mp4", ".jsonl")) and "/" not in word:
            path = (folder / word).with_suffix(".jsonl")
            if not path.exists():
                records_of_squats(path, seed=len(word))
            found[index] = path.name
    return found


def _clip(path: Path, frames: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_CLIP_HZ)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(frames):
            picture = draw_figure(320, 240, index / _CLIP_HZ)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))


def _annotations() -> dict[str, object]:
    person = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "num_keypoints": 17}
    person |= {"area": 12000}
    places = {"keypoints": [160, 60, 2] * 17, "bbox": [100, 20, 120, 210]}
    image = {"id": 1, "file_name": "another.png", "width": 320, "height": 240}
    return {"images": [image], "annotations": [person | places], "categories": []}
