"""The page's video section in a real browser: from upload to a skeleton in step."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from browsers import SECONDS, chromium, driver, visit
from posemill.drawing.figure import draw_figure
from servers import served

WIDTH, HEIGHT, FRAMES, RATE = 640, 480, 60, 15
BAR = 12  # rows, at the top, white up to where a frame's number says
# How far the bar is white, and what is at some places, of what the canvas shows.
_SHOWN = """
(points) => {
  const canvas = document.querySelector(".stage canvas");
  const [x, y, width, height] = JSON.parse(canvas.dataset.frame);
  const ratio = canvas.width / canvas.clientWidth;
  const pen = canvas.getContext("2d");
  const at = (px, py) => {
    const place = [(x + px * width) * ratio, (y + py * height) * ratio].map(Math.round);
    return pen.getImageData(...place, 1, 1);
  };
  let white = 0;
  while (white < 1000 && at((white + 0.5) / 1000, 0.008).data[1] > 128) white += 1;
  return [white / 1000, points.map(([px, py]) => Math.min(...at(px, py).data.slice(0, 3)))];
}
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person who moves, with a bar that tells which frame it is."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "18", "g": "15"}
        for number in range(FRAMES):
            pixels = np.array(draw_figure(WIDTH, HEIGHT, number / 5))
            pixels[:BAR] = 0
            pixels[:BAR, : (number + 1) * WIDTH // (FRAMES + 1)] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with driver() as playwright, chromium(playwright) as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("video"), "--max-video-length", "3 MiB") as (url, _):
        yield url + "/#/video"


def send(page: Page, file: Path) -> None:
    page.set_input_files("input[type=file] >> nth=0", str(file))


def done(page: Page) -> str:
    """Wait for the player; return the job's id."""
    expect(page.get_by_role("button", name="Play")).to_be_enabled(timeout=90 * SECONDS)
    return page.url.rsplit("/", 1)[1]


def records(address: str, job: str) -> list[Any]:
    url = urlsplit(address)
    said = httpx.get(f"{url.scheme}://{url.netloc}/api/v1/jobs/{job}/results/records").text
    return [json.loads(line) for line in said.splitlines()[1:]]


def test_from_upload_to_a_skeleton_in_step(browser: Browser, address: str, clip: Path) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        send(page, clip)
        job = done(page)
        frames = records(address, job)
        url = urlsplit(address)
        told = httpx.get(f"{url.scheme}://{url.netloc}/api/v1/jobs/{job}").json()
        assert told["options"]["style"] == "limbs"  # the copy looks as the page does
        assert len(frames) == FRAMES
        position = page.get_by_role("slider", name="Position")
        seen = set()
        for time_s in (0.6, 1.9, 3.2):
            position.fill(str(time_s))
            page.wait_for_timeout(SECONDS)
            (white, _) = page.evaluate(_SHOWN, [])
            number = round(white * (FRAMES + 1)) - 1  # of the picture that is shown
            assert abs(frames[number]["time_s"] - time_s) < 1.5 / RATE
            seen.add(number)
            (person,) = frames[number]["people"]
            sure = [mark[:2] for mark in person["landmarks"][11:] if mark[3] > 0.9]
            assert len(sure) > 10
            _, joints = page.evaluate(_SHOWN, sure)
            assert sum(light > 180 for light in joints) >= 0.8 * len(joints)
        assert len(seen) == 3
        before = page.evaluate(_SHOWN, [])[0]
        page.get_by_role("button", name="One frame on").click()
        page.wait_for_timeout(SECONDS)
        assert round((page.evaluate(_SHOWN, [])[0] - before) * (FRAMES + 1)) == 1


def test_the_chart_seeks_and_the_rest_is_there(browser: Browser, address: str, clip: Path) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        send(page, clip)
        done(page)
        chart = page.locator(".u-over")
        expect(chart).to_be_visible()
        box = chart.bounding_box()
        assert box is not None
        chart.click(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
        shown = float(page.get_by_role("slider", name="Position").input_value())
        assert abs(shown - 0.75 * FRAMES / RATE) < 0.5
        expect(page.get_by_label("Skeleton in 3D")).to_be_visible()
        names = page.get_by_label("Download").get_by_role("link").all_inner_texts()
        assert "Annotated video" in names and "Table (CSV)" in names
        page.keyboard.press(" ")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_jobs_are_listed_after_a_reload_and_go_when_asked(
    browser: Browser, address: str, clip: Path, tmp_path: Path
) -> None:
    other = tmp_path / "to-be-deleted.mp4"
    other.write_bytes(clip.read_bytes())
    with visit(browser, address) as visiting:
        page = visiting.page
        send(page, other)
        done(page)
        page.goto(address)
        page.reload()
        row = page.get_by_role("listitem").filter(has_text="to-be-deleted.mp4")
        expect(row).to_be_visible()
        row.get_by_role("button").click()
        page.get_by_role("button", name="Cancel").click()
        expect(row).to_be_visible()
        row.get_by_role("button").click()
        page.get_by_role("dialog").get_by_role("button", name=re.compile("Delete")).click()
        expect(row).to_be_hidden()


@pytest.mark.parametrize(("language", "said"), [("en-GB", "damaged"), ("zh-CN", "文件无法读取")])
def test_a_job_that_fails_says_why(
    browser: Browser, address: str, tmp_path: Path, language: str, said: str
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    with visit(browser, address, language=language) as visiting:
        page = visiting.page
        send(page, broken)
        expect(page.get_by_role("alert")).to_contain_text(said, timeout=60 * SECONDS)


def test_what_can_not_be_taken_is_told_before_it_is_sent(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    large, text = tmp_path / "large.mp4", tmp_path / "notes.txt"
    large.write_bytes(bytes(4_000_000))
    text.write_text("no video")
    with visit(browser, address) as visiting:
        page = visiting.page
        expect(page.get_by_text("up to 3 MiB")).to_be_visible()
        send(page, large)
        expect(page.get_by_text("large.mp4 is too large")).to_be_visible()
        send(page, text)
        expect(page.get_by_text("notes.txt is neither a picture nor a video")).to_be_visible()
        assert not [url for url in visiting.asked if "uploads" in url]


@pytest.mark.parametrize(("size", "theme"), [((390, 844), "dark"), ((1280, 900), "light")])
def test_nothing_is_cut_off_and_axe_finds_nothing_serious(
    browser: Browser,
    address: str,
    clip: Path,
    project_root: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    with visit(browser, address, size=size, theme=theme) as visiting:
        page = visiting.page
        send(page, clip)
        done(page)
        page.wait_for_timeout(SECONDS)
        for place in (page.url, address):
            page.goto(place)
            page.wait_for_selector("h1")
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert not visiting.serious(project_root)
