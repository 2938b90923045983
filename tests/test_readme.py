"""What the README shows works as it stands there."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from figure_exercises import MOVEMENTS, Session
from moving_figure import filmed
from posemill.bench.figure import draw_figure
from posemill.config import TABLE, Settings, parse_watching
from test_cli_analysis import recorded
from test_privacy import figure_clip

# Videos of people at squats. Where the README names one, the test gives its records, which are
# taken just as well.
PEOPLE = ("workout", "mine", "coach", "coach-1", "coach-2", "corridor")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the README's examples name."""
    figure_clip(tmp_path)
    Image.fromarray(draw_figure(320, 240)).save(tmp_path / "photo.jpg")
    (tmp_path / "photos").mkdir()
    Image.fromarray(draw_figure(320, 240)).save(tmp_path / "photos" / "another.png")
    keypoints = [160, 60, 2] * 17
    person: dict[str, object] = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": 17,
    }
    person |= {"keypoints": keypoints, "bbox": [100, 20, 120, 210], "area": 12000}
    image = {"id": 1, "file_name": "another.png", "width": 320, "height": 240}
    coco = {"images": [image], "annotations": [person], "categories": []}
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    for name in PEOPLE:
        session = Session(MOVEMENTS["squat"], 3, seed=len(name))
        recorded(tmp_path / f"{name}.jsonl", filmed(session.posture, session.times_s(15)))
    return tmp_path


def blocks(readme: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL)


def test_the_python_examples(folder: Path, project_root: Path) -> None:
    said = ""
    for program in blocks(project_root / "README.md", "python"):
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        said += done.stdout
    assert "Landmark(x=" in said
    assert "{}" in said  # nothing to doubt in a drawn figure
    assert (folder / "annotated.png").is_file()


def test_every_command(folder: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSEMILL_DATA_DIR", str(folder / "data"))  # where templates are
    lines = [
        line.partition("#")[0].split()
        for block in blocks(project_root / "README.md", "")
        for line in block.splitlines()
        if line.startswith("posemill ")
    ]
    assert len(lines) > 6
    for words in lines:
        if "mediapipe" in words:  # needs a package registry
            continue
        # They don't end; tests/test_server_serve.py and tests/test_cli_watch.py start them.
        if words[1] in ("serve", "worker", "watch"):
            continue
        # The example's clip lasts half a second, shorter than the part it asks for.
        shorter = {"0:10": "0.1", "0:20": "0.4"}
        recordings = {f"{name}.mp4": f"{name}.jsonl" for name in PEOPLE}
        arguments = [{**shorter, **recordings}.get(word, word) for word in words[1:]]
        done = subprocess.run(
            [sys.executable, "-m", "posemill", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


@pytest.mark.parametrize("page", ["README.md", "docs/en/streams.md", "docs/en/behaviour.md"])
def test_every_settings_file(page: str, project_root: Path) -> None:
    files = blocks(project_root / page, "toml")
    assert files
    for text in files:
        tables = tomllib.loads(text)
        settings = {name: tables.pop(name) for name in list(tables) if name in TABLE}
        found = parse_watching(tables, Settings(**settings), page)
        assert found.streams
        assert found.alerts
