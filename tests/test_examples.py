"""The programs in ``examples/``, each run as a user runs it, on media made here."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from posemill.drawing.figure import draw_figure
from posemill.sinks import open_sink
from posemill.types import FramePoses, Picture, SourceInfo
from servers import TOKEN, free_port, served

EXAMPLES = Path(__file__).parent.parent / "examples"
WIDTH, HEIGHT, FPS = 320, 240, 10
WALL, SHIRT, SKIN = (168, 176, 182), (40, 84, 150), (222, 176, 146)  # those of the drawn figure
JOINTS = 33


def start(name: str, *words: str, folder: Path, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / name), *words],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(name: str, *words: str, folder: Path, **environment: str) -> tuple[str, str, int]:
    """Run an example; return what it says on stdout and stderr, and its exit code."""
    process = start(name, *words, folder=folder, **environment)
    said, complained = process.communicate(timeout=60)
    return said, complained, process.returncode


def shown(name: str, *words: str, folder: Path, **environment: str) -> str:
    said, complained, code = run(name, *words, folder=folder, **environment)
    assert (complained, code) == ("", 0)
    return said


def clip(path: Path, pictures: Iterable[Picture]) -> None:
    sink = open_sink(path, SourceInfo(path.name, "video", WIDTH, HEIGHT, fps=FPS), {})
    for index, picture in enumerate(pictures):
        sink.write(FramePoses(index, index / FPS, (WIDTH, HEIGHT)), picture)
    sink.finish()


def standing(count: int, pace: float = 1.0) -> list[Picture]:
    return [draw_figure(WIDTH, HEIGHT, index / FPS * pace) for index in range(count)]


def hands_up() -> Picture:
    """The drawn figure with its arms above its head."""
    image = Image.fromarray(draw_figure(WIDTH, HEIGHT))
    pen, unit = ImageDraw.Draw(image), HEIGHT / 10
    middle, shoulder = WIDTH / 2, 2.75 * unit
    for side in (-unit, unit):
        near, far = sorted((middle + side * 0.95, middle + side * 2.2))
        pen.rectangle((near, shoulder - 0.3 * unit, far, shoulder + 3.2 * unit), WALL)
        elbow = (middle + side * 1.5, shoulder - 0.9 * unit)
        x, y = (middle + side * 1.3, shoulder - 2.3 * unit)
        pen.line([(middle + side * 0.8, shoulder), elbow], SHIRT, round(unit * 0.48))
        pen.line([elbow, (x, y)], SKIN, round(unit * 0.34))
        pen.ellipse((x - 0.22 * unit, y - 0.28 * unit, x + 0.22 * unit, y + 0.28 * unit), SKIN)
    return np.asarray(image)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    Image.fromarray(draw_figure(WIDTH, HEIGHT)).save(folder / "photo.jpg")
    clip(folder / "clip.mp4", standing(25))
    clip(folder / "slower.mp4", standing(35, pace=0.7))
    clip(folder / "hands.mp4", [*standing(5), *[hands_up()] * 10, *standing(5)])
    clip(folder / "wall.mp4", [np.full((HEIGHT, WIDTH, 3), WALL, np.uint8)] * 3)
    (folder / "text.jpg").write_text("no photo")
    return folder


NAMES = (
    *("compare_clips.py", "own_analysis.py", "photo.py"),
    *("rest_client.py", "video_to_csv.py", "webcam.py"),
)


def test_all_are_short_and_listed() -> None:
    assert tuple(sorted(path.name for path in EXAMPLES.glob("*.py"))) == NAMES
    readme = (EXAMPLES / "README.md").read_text()
    for name in NAMES:
        lines = (EXAMPLES / name).read_text().splitlines()
        assert len(lines) < 40
        assert lines[2].startswith(f"Run: python examples/{name} ")
        assert f"[{name}]({name})" in readme
        assert f"python examples/{name} " in readme


@pytest.mark.parametrize("name", NAMES)
def test_without_arguments_each_says_how_to_run_it(name: str, tmp_path: Path) -> None:
    said, complained, code = run(name, folder=tmp_path)
    assert (said, code) == ("", 1)
    assert f"Run: python examples/{name} " in complained
    assert "Traceback" not in complained


@pytest.mark.parametrize("name", ["photo.py", "video_to_csv.py", "compare_clips.py"])
def test_a_file_that_is_not_there_is_one_sentence(name: str, tmp_path: Path) -> None:
    said, complained, code = run(name, "missing.mp4", "out.csv", folder=tmp_path)
    assert (said, code) == ("", 1)
    assert complained == "missing.mp4: there is no such file.\n"


def test_photo(folder: Path, tmp_path: Path) -> None:
    said = shown("photo.py", "photo.jpg", str(tmp_path / "annotated.png"), folder=folder)
    lines = said.splitlines()
    assert len(lines) == 1 + JOINTS + 1
    x, y = (float(word) for word in lines[1].split()[1:3])
    assert (x, y) == pytest.approx((WIDTH / 2, 44), abs=8)  # the nose
    with (
        Image.open(tmp_path / "annotated.png") as annotated,
        Image.open(folder / "photo.jpg") as photo,
    ):
        changed = (np.asarray(annotated) != np.asarray(photo)).any(axis=2)
    assert 0.01 < changed.mean() < 0.2


def test_video_to_csv(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "clip.csv"
    shown("video_to_csv.py", "clip.mp4", str(table), folder=folder)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 25 * JOINTS
    assert {row["person"] for row in rows} == {"0"}
    assert [float(row["time_s"]) for row in rows[::JOINTS]] == pytest.approx(np.arange(25) / FPS)


def test_video_to_csv_leaves_nothing_of_what_it_can_t_finish(folder: Path, tmp_path: Path) -> None:
    _, complained, code = run("video_to_csv.py", "text.jpg", "clip.csv", folder=folder)
    assert code == 1
    assert complained.startswith("text.jpg: ")
    assert not (folder / "clip.csv").exists()


def test_webcam_waits_for_a_camera_that_is_away(folder: Path, tmp_path: Path) -> None:
    process = start("webcam.py", "camera.mp4", folder=tmp_path)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("camera: failed there is no such file")
        shutil.copyfile(folder / "clip.mp4", tmp_path / "part.mp4")
        (tmp_path / "part.mp4").rename(tmp_path / "camera.mp4")
        assert process.stdout.readline().startswith("camera: live")
        told = process.stdout.readline()  # after the first second
        assert "frames/s, 1 people" in told
        assert 2 < float(told.split()[2]) < 15  # of 10 a second
        said, complained = process.communicate(timeout=60)
        assert said.splitlines()[-1].startswith("camera: ended")
        assert (complained, process.returncode) == ("", 0)
    finally:
        process.kill()


@pytest.mark.parametrize("address", ["99", "clip.mp4"])
def test_webcam_ends_with_ctrl_c(address: str, folder: Path) -> None:
    process = start("webcam.py", address, folder=folder)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("camera: ")
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=15)
        assert (complained, process.returncode) == ("", 0)
    finally:
        process.kill()


def test_compare_clips(folder: Path) -> None:
    same = shown("compare_clips.py", "clip.mp4", "clip.mp4", folder=folder)
    assert same.startswith("similarity 100, ")
    assert "  0.0 degrees apart" in same
    other = shown("compare_clips.py", "clip.mp4", "hands.mp4", folder=folder)
    assert float(other.split()[1].rstrip(",")) < 90
    worst = [line.split()[0] for line in other.splitlines()[2:]]
    assert len(worst) == 5
    assert any("shoulder" in name or "arm" in name or "elbow" in name for name in worst[:2])


def test_compare_clips_where_nobody_is(folder: Path) -> None:
    _, complained, code = run("compare_clips.py", "wall.mp4", "clip.mp4", folder=folder)
    assert (complained, code) == ("wall.mp4: there is nobody to be seen in it.\n", 1)


def test_own_analysis(folder: Path) -> None:
    raised, lowered = shown("own_analysis.py", "hands.mp4", folder=folder).splitlines()
    assert raised.endswith(" s: person 0 raises both hands")
    assert 0.5 <= float(raised.split()[0]) <= 0.8
    assert float(lowered.split()[-2]) == pytest.approx(1.0, abs=0.35)
    assert shown("own_analysis.py", "clip.mp4", folder=folder) == ""


def test_rest_client(folder: Path, tmp_path: Path) -> None:
    with served(tmp_path, "--auth-token", TOKEN) as (url, _):

        def ask(photo: str, token: str) -> tuple[str, str, int]:
            return run("rest_client.py", photo, url, folder=folder, POSEMILL_AUTH_TOKEN=token)

        said, complained, code = ask("photo.jpg", TOKEN)
        assert (complained, code) == ("", 0)
        found = re.fullmatch(r"person 0: score (.*), nose at (.*), (.*)\n", said)
        assert found is not None
        assert [float(each) for each in found.groups()] == pytest.approx([1, 0.5, 0.18], abs=0.03)
        assert ask("photo.jpg", "wrong")[1].startswith("unauthorized: ")
        assert ask("photo.jpg", "")[2] == 1
        assert ask("text.jpg", TOKEN)[1].startswith("unsupported_media: ")


def test_rest_client_says_what_a_proxy_or_nobody_says(folder: Path) -> None:
    with proxy() as url:
        _, complained, code = run("rest_client.py", "photo.jpg", url, folder=folder)
    assert complained.startswith("HTTP Error 413: ")
    assert code == 1
    url = f"http://127.0.0.1:{free_port()}"
    _, complained, code = run("rest_client.py", "photo.jpg", url, folder=folder)
    assert "Connection refused" in complained
    assert code == 1


@contextmanager
def proxy() -> Iterator[str]:
    """A proxy that takes no photo."""

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(413)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        thread.join(10)
