"""Takes the README's pictures of the page, with a drawn person: make screenshots.

.venv/bin/python tests/screenshots.py docs/
"""

import os
import sys
import tempfile
from collections.abc import Callable
from math import sin
from pathlib import Path

import av
import httpx
from PIL import Image
from playwright.sync_api import Page, expect

from browsers import SECONDS, chromium, driver, visit
from posemill.bench.figure import draw_figure
from servers import served

PHOTO_SIZE, VIDEO_SIZE, STREAMS_SIZE = (1280, 860), (1280, 1420), (1280, 560)
COUNT_SIZE, COMPARE_SIZE = (1280, 1480), (1280, 1180)
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


def show_photo(page: Page, folder: Path) -> None:
    page.set_input_files("input[type=file] >> nth=0", str(photo(folder / "figure.jpg")))
    expect(page.get_by_text("1 person found")).to_be_visible()


def send(url: str, file: Path) -> str:
    """Return the job's id."""
    job = httpx.post(f"{url}/api/v1/jobs", files={"file": (file.name, file.read_bytes())}).json()
    return str(job["id"])


def seek(page: Page, time_s: float) -> None:
    position = page.get_by_role("slider", name="Position")
    position.fill(str(time_s))
    position.blur()
    page.wait_for_timeout(2 * SECONDS)


def show_video(page: Page, url: str, folder: Path) -> None:
    page.goto(f"{url}/#/video/{send(url, clip(folder / 'figure.mp4'))}")
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=90 * SECONDS)
    seek(page, 4)


def show_count(page: Page, url: str, folder: Path) -> None:
    lifts = clip(folder / "lifts.mp4", lambda time_s: 2.5 * time_s)
    page.goto(f"{url}/#/video/{send(url, lifts)}/count")
    page.wait_for_selector("[data-count]", timeout=90 * SECONDS)
    seek(page, 6.1)


def show_compare(page: Page, url: str, folder: Path) -> None:
    wide = clip(folder / "wide.mp4", lambda time_s: 2.5 * time_s)
    narrow = clip(folder / "narrow.mp4", lambda time_s: 1.2 + 0.3 * sin(3.3 * time_s))
    page.goto(f"{url}/#/compare/{send(url, wide)}/{send(url, narrow)}")
    page.wait_for_selector("[data-similarity]", timeout=90 * SECONDS)
    page.get_by_role("region", name="What differs most").get_by_role("button").nth(1).click()
    page.wait_for_timeout(2 * SECONDS)


def show_streams(page: Page, url: str) -> None:
    page.goto(f"{url}/#/streams")
    expect(page.get_by_text("Somebody is in a zone").first).to_be_visible(timeout=30 * SECONDS)
    page.wait_for_timeout(8 * SECONDS)


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "posemill.toml").write_text(STREAMS.format(clip=clip(folder / "hall.mp4")))
        os.environ["POSEMILL_CONFIG"] = str(folder / "posemill.toml")
        with (
            served(folder / "data") as (url, _),
            driver() as playwright,
            chromium(playwright) as browser,
        ):
            with visit(browser, url + "/", size=PHOTO_SIZE) as visiting:
                show_photo(visiting.page, folder)
                visiting.page.wait_for_timeout(SECONDS)
                visiting.page.screenshot(path=target / "page-photo.png")
            with visit(browser, url + "/", size=VIDEO_SIZE, theme="dark") as visiting:
                show_video(visiting.page, url, folder)
                visiting.page.screenshot(path=target / "page-video.png")
            with visit(browser, url + "/", size=COUNT_SIZE) as visiting:
                show_count(visiting.page, url, folder)
                visiting.page.screenshot(path=target / "page-count.png")
            with visit(browser, url + "/", size=COMPARE_SIZE) as visiting:
                show_compare(visiting.page, url, folder)
                visiting.page.screenshot(path=target / "page-compare.png")
            with visit(browser, url + "/", size=STREAMS_SIZE) as visiting:
                show_streams(visiting.page, url)
                visiting.page.screenshot(path=target / "page-streams.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
