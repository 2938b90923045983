"""Takes the documentation's pictures of the page, with a drawn person: make screenshots.

.venv/bin/python tests/screenshots.py docs/
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from math import sin
from pathlib import Path

import av
import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from browsers import SECONDS, chromium, driver, visit
from posemill.drawing.figure import draw_figure
from servers import served

PHOTO_SIZE, VIDEO_SIZE, STREAMS_SIZE = (1280, 860), (1280, 1420), (1280, 560)
COUNT_SIZE, COMPARE_SIZE = (1280, 1480), (1280, 1180)
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
STREAMS = """
[[streams]]
name = "hall"
url = "{clip}"
max_fps = 10
zones = {{ mat = [[0.3, 0.6], [0.7, 0.6], [0.7, 1.0], [0.3, 1.0]] }}
[[streams]]
name = "gym"
url = "{clip}"
[[streams]]
name = "yard"
url = "rtsp://127.0.0.1:9/stream"
[[alerts]]
name = "on-the-mat"
rule = "zone"
zone = "mat"
streams = ["hall"]
"""


def photo(path: Path) -> Path:
    Image.fromarray(draw_figure(1280, 720, 1.2)).save(path, quality=92)
    return path


def clip(path: Path, moment: Callable[[float], float] = float) -> Path:
    """A person whose movement is at `moment` of each second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(150):
            frame = av.VideoFrame.from_ndarray(draw_figure(1280, 720, moment(number / 15)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class Shown:
    """The page in one language, and what is shown on it."""

    def __init__(self, page: Page, url: str, language: str, folder: Path) -> None:
        self.page, self.url, self.folder = page, url, folder
        self.texts = texts(language)

    def photo(self) -> None:
        figure = photo(self.folder / "figure.jpg")
        self.page.set_input_files("input[type=file] >> nth=0", str(figure))
        expect(self.page.get_by_text(self.texts["photo.found.one"])).to_be_visible()
        self.page.wait_for_timeout(SECONDS)

    def video(self) -> None:
        figure = clip(self.folder / "figure.mp4")
        self.page.goto(f"{self.url}/#/video/{self.send(figure)}")
        playing = self.page.get_by_role("button", name=self.texts["player.play"])
        expect(playing).to_be_visible(timeout=90 * SECONDS)
        self.seek(4)

    def count(self) -> None:
        lifts = clip(self.folder / "lifts.mp4", lambda time_s: 2.5 * time_s)
        self.page.goto(f"{self.url}/#/video/{self.send(lifts)}/count")
        self.page.wait_for_selector("[data-count]", timeout=90 * SECONDS)
        self.seek(6.1)

    def compare(self) -> None:
        wide = clip(self.folder / "wide.mp4", lambda time_s: 2.5 * time_s)
        narrow = clip(self.folder / "narrow.mp4", lambda time_s: 1.2 + 0.3 * sin(3.3 * time_s))
        self.page.goto(f"{self.url}/#/compare/{self.send(wide)}/{self.send(narrow)}")
        self.page.wait_for_selector("[data-similarity]", timeout=90 * SECONDS)
        differences = self.page.get_by_role("region", name=self.texts["compare.joints"])
        differences.get_by_role("button").nth(1).click()
        self.page.wait_for_timeout(2 * SECONDS)

    def streams(self) -> None:
        self.page.goto(f"{self.url}/#/streams")
        alert = self.page.get_by_text(self.texts["alert.rule.zone"]).first
        expect(alert).to_be_visible(timeout=30 * SECONDS)
        self.page.wait_for_timeout(8 * SECONDS)

    def send(self, file: Path) -> str:
        """Return the job's id."""
        sent = {"file": (file.name, file.read_bytes())}
        return str(httpx.post(f"{self.url}/api/v1/jobs", files=sent).json()["id"])

    def seek(self, time_s: float) -> None:
        position = self.page.get_by_role("slider", name=self.texts["player.position"])
        position.fill(str(time_s))
        position.blur()
        self.page.wait_for_timeout(2 * SECONDS)


PICTURES: Mapping[str, tuple[Callable[[Shown], None], tuple[int, int], str]] = {
    "photo": (Shown.photo, PHOTO_SIZE, "light"),
    "video": (Shown.video, VIDEO_SIZE, "dark"),
    "count": (Shown.count, COUNT_SIZE, "light"),
    "compare": (Shown.compare, COMPARE_SIZE, "light"),
    "streams": (Shown.streams, STREAMS_SIZE, "light"),
}


def texts(language: str) -> dict[str, str]:
    """Return the page's own words."""
    file = Path(__file__).parent.parent / "web" / "src" / "lib" / "texts" / f"{language}.ts"
    return dict(re.findall(r'^  "([\w.]+)":\s+"(.*)",$', file.read_text(), re.MULTILINE))


def take(browser: Browser, url: str, language: str, folder: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for name, (show, size, theme) in PICTURES.items():
        locale = LOCALES[language]
        with visit(browser, url + "/", language=locale, size=size, theme=theme) as visiting:
            show(Shown(visiting.page, url, language, folder))
            visiting.page.screenshot(path=target / f"page-{name}.png")


def main(docs: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "posemill.toml").write_text(STREAMS.format(clip=clip(folder / "hall.mp4")))
        os.environ["POSEMILL_CONFIG"] = str(folder / "posemill.toml")
        for language in LOCALES:
            with (
                served(folder / language) as (url, _),
                driver() as playwright,
                chromium(playwright) as browser,
            ):
                take(browser, url, language, folder, docs / language / "pictures")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
