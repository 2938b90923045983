"""The page's section of streams: files played in real time, watched by the real service."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browsers import SECONDS, Visit, chromium, driver, visit
from live_media import jpegs, people
from live_web import MjpegServer
from posemill.bench.clips import write_figures
from servers import TOKEN, free_port, served

# How many pixels of a picture are as red as joints are drawn, and nothing else in it is.
_JOINTS = """
(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at] > 180 && data[at + 1] < 80 && data[at + 2] < 80) count += 1;
  return count;
}
"""
_SEVERAL = re.compile(r"[3-9]|\d\d+")
_BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with driver() as playwright, chromium(playwright) as found:
        yield found


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    write_figures(path, 90, size_px=(640, 360))
    return path


def settings(clip: Path) -> str:
    """Return a settings file: a stream that is there, one that isn't, and rules."""
    return f"""
model_complexity = 0
[[streams]]
name = "door"
url = {json.dumps(str(clip))}
max_fps = 10
clip_before_s = 1
clip_after_s = 1
zones = {{ mat = [[0.3, 0.3], [0.7, 0.3], [0.7, 1.0], [0.3, 1.0]] }}
[[streams]]
name = "gate"
url = "rtsp://user:hush@127.0.0.1:{free_port()}/stream"
[[alerts]]
name = "visit"
rule = "person"
streams = ["door"]
"""


@contextmanager
def watching(folder: Path, text: str, *flags: str, port: int | None = None) -> Iterator[Any]:
    """Run the service with a settings file."""
    file = folder / "posemill.toml"
    file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSEMILL_CONFIG", str(file))
        with served(folder / "data", "--job-workers", "0", *flags, port=port) as running:
            yield running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[str]:
    """An open service: anybody may look."""
    with watching(tmp_path_factory.mktemp("open"), settings(clip)) as (url, _):
        yield url


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that asks for a token, and watches nothing yet."""
    folder = tmp_path_factory.mktemp("guarded")
    with watching(folder, "model_complexity = 0\n", "--auth-token", TOKEN) as (url, _):
        yield url


@contextmanager
def let_in(browser: Browser, address: str, **how: Any) -> Iterator[Visit]:
    """Visit a service that asks for a token."""
    with visit(browser, address + "/login", **how) as visiting:
        page = visiting.page
        page.get_by_role("textbox").or_(page.locator("input[type=password]")).first.fill(TOKEN)
        page.keyboard.press("Enter")
        page.wait_for_selector("nav")
        page.goto(address + "/#/streams")
        yield visiting


def tile(page: Page, name: str) -> Locator:
    return page.locator(f"li[data-stream={name}]")


def shows(picture: Locator) -> None:
    """Wait until pictures with skeletons come, one after the other."""
    canvas = picture.locator("canvas")
    expect(canvas).to_have_attribute("data-pictures", _SEVERAL, timeout=30 * SECONDS)
    assert canvas.evaluate(_JOINTS) > 20


def status(address: str, name: str) -> Any:
    return httpx.get(f"{address}/api/v1/streams/{name}", headers=_BEARER).json()


def test_the_wall_shows_pictures_states_and_rates(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams") as visiting:
        page = visiting.page
        shows(tile(page, "door"))
        expect(tile(page, "door")).to_contain_text("of 10 /s", timeout=20 * SECONDS)
        expect(tile(page, "door")).to_contain_text("live")
        expect(tile(page, "gate")).to_contain_text("failed")
        expect(tile(page, "gate")).to_contain_text("refused")
        expect(tile(page, "gate")).to_contain_text("since")
        expect(tile(page, "door").get_by_text("Somebody is there")).to_be_visible()
        assert "hush" not in page.content()
        sockets = [url for url in visiting.asked if url.startswith("ws")]
        assert len(sockets) == 1  # for all of them


def test_the_service_draws_for_nobody_who_has_gone(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams") as visiting:
        page = visiting.page
        shows(tile(page, "door"))
        assert status(address, "door")["looking"] == 1
        page.get_by_role("link", name="Photo").click()
        page.wait_for_timeout(SECONDS)
        assert status(address, "door")["looking"] == 0


def test_one_stream_has_figures_a_chart_and_its_zones(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams") as visiting:
        page = visiting.page
        tile(page, "door").get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("door")
        shows(page.locator(".picture"))
        expect(page.get_by_label("Picture of door, with skeletons")).to_be_visible()
        expect(page.get_by_text("mat", exact=True)).to_be_visible()
        expect(page.locator("[data-figure=rate]")).to_contain_text("of 10 /s")
        expect(page.locator("[data-figure=people]")).to_have_text("1")
        expect(page.get_by_label("Figures")).to_contain_text("h264")
        expect(page.locator(".u-over")).to_be_visible()
        page.get_by_text("Angles", exact=True).click()
        elbow = page.locator(".joint", has_text="left elbow").locator(".value")
        expect(elbow).to_contain_text("°", timeout=10 * SECONDS)
        before = elbow.inner_text()
        expect(elbow).not_to_have_text(before, timeout=10 * SECONDS)  # it moves its arms
        page.get_by_text("Age", exact=True).click()
        expect(page.get_by_label("The last minutes: Age")).to_be_visible()


def test_a_stream_that_is_not_there_says_so(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams/gate") as visiting:
        page = visiting.page
        expect(page.get_by_text("connection refused")).to_be_visible()
        page.goto(address + "/#/streams/nowhere")
        expect(page.get_by_text("There is no stream of this name")).to_be_visible()


def test_alerts_are_counted_looked_at_and_acknowledged(browser: Browser, address: str) -> None:
    with visit(browser, address + "/") as visiting:
        page = visiting.page
        link = page.get_by_role("link", name="Streams (alerts not acknowledged: 1)")
        expect(link).to_be_visible(timeout=30 * SECONDS)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.set_viewport_size({"width": 1280, "height": 800})
        link.click()
        row = page.locator("li[data-alert]").first
        expect(row).to_contain_text("Somebody is there")
        row.get_by_role("button", name="Show alert visit").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Clip around the alert").wait_for()
        page.wait_for_function("() => document.querySelector('dialog video')?.readyState >= 2")
        page.keyboard.press("Escape")
        row.get_by_role("button", name="Acknowledge").focus()
        page.keyboard.press("Enter")
        expect(row).to_contain_text("Acknowledged")
        assert row.evaluate("(row) => row === document.activeElement")  # not lost
        expect(page.get_by_role("link", name="Streams", exact=True)).to_be_visible()
        (alert,) = httpx.get(f"{address}/api/v1/alerts").json()["alerts"]
        assert alert["acknowledged"] is not None


def test_a_rule_can_be_tried(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams") as visiting:
        page = visiting.page
        page.get_by_text("Rules").click()
        page.get_by_role("button", name="Test: visit").click()
        expect(page.get_by_text("A test alert went out.")).to_be_visible()
        row = page.locator("li[data-alert]", has_text="test").first
        row.get_by_role("button", name="Acknowledge").click()
        expect(row).to_contain_text("Acknowledged")


def test_an_open_page_adds_no_streams(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams") as visiting:
        page = visiting.page
        expect(page.get_by_text("only where the service asks for a token")).to_be_visible()
        expect(page.get_by_role("link", name="Add a stream")).to_be_hidden()
        page.goto(address + "/#/streams/+")
        expect(page.get_by_text("only where the service asks for a token")).to_be_visible()
        expect(page.get_by_role("textbox")).to_have_count(0)


def test_streams_are_tested_added_changed_and_removed(browser: Browser, guarded: str) -> None:
    pictures = jpegs(people(40, (640, 360)))
    with MjpegServer(pictures, 10) as camera, let_in(browser, guarded) as visiting:
        page = visiting.page
        expect(page.get_by_text("No streams are watched yet")).to_be_visible()
        expect(page.get_by_text('rule = "hands_up"')).to_be_visible()
        page.get_by_role("link", name="Add a stream").click()
        page.get_by_role("button", name="Watch it").click()
        expect(page.get_by_text("Enter an address.")).to_be_visible()
        url = page.get_by_label("Address")
        url.fill(f"rtsp://user:hush@127.0.0.1:{free_port()}/a")
        page.get_by_role("button", name="Test").click()
        expect(page.get_by_text("That doesn't work")).to_be_visible(timeout=30 * SECONDS)
        url.fill(camera.url)
        page.get_by_role("button", name="Test").click()
        expect(page.get_by_text("That works: 640 × 360, mjpeg")).to_be_visible(timeout=30 * SECONDS)
        page.get_by_label("Name", exact=False).first.fill("yard")
        page.get_by_label("Frames a second, at most").fill("5")
        draw_a_zone(page)
        page.get_by_role("button", name="Watch it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("yard")
        shows(page.locator(".picture"))
        found = status(guarded, "yard")
        assert (found["max_fps"], found["settings"]["max_fps"]) == (5, 5)
        assert found["zones"] == {"zone-1": [[0.25, 0.25], [0.76, 0.25], [0.75, 0.75]]}
        page.get_by_role("link", name="Edit").click()
        page.get_by_label("Frames a second, at most").fill("8")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("[data-figure=rate]")).to_contain_text("of 8 /s")
        assert status(guarded, "yard")["zones"] == found["zones"]
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No streams are watched yet")).to_be_visible()
        assert status(guarded, "yard")["code"] == "stream_not_found"


def draw_a_zone(page: Page) -> None:
    """Draw a triangle on the picture, and move one corner by the keyboard."""
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Add a zone").click()
    board = page.locator(".board")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    assert box is not None
    for x, y in ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75)):
        board.click(position={"x": x * box["width"], "y": y * box["height"]})
    page.get_by_label("Corner 2 of zone-1").press("ArrowRight")
    expect(page.get_by_label("Corners:")).to_have_value("0.25 0.25, 0.76 0.25, 0.75 0.75")


def test_a_service_that_is_killed_and_comes_back(
    browser: Browser, tmp_path: Path, clip: Path
) -> None:
    port = free_port()
    with ExitStack() as stack:
        _, process = stack.enter_context(watching(tmp_path, settings(clip), port=port))
        visiting = stack.enter_context(visit(browser, f"http://127.0.0.1:{port}/#/streams"))
        page = visiting.page
        shows(tile(page, "door"))
        process.kill()
        process.wait(10)
        expect(page.get_by_text("The service is gone")).to_be_visible()
        expect(tile(page, "door")).to_be_visible()  # what was seen last
        stack.enter_context(watching(tmp_path, settings(clip), port=port))
        expect(page.get_by_text("The service is gone")).to_be_hidden(timeout=60 * SECONDS)
        expect(tile(page, "door")).to_contain_text("live", timeout=30 * SECONDS)
        canvas = tile(page, "door").locator("canvas")
        before = canvas.get_attribute("data-pictures") or ""
        expect(canvas).not_to_have_attribute("data-pictures", before, timeout=30 * SECONDS)


def test_the_keyboard_is_enough(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams") as visiting:
        page = visiting.page
        expect(tile(page, "door")).to_contain_text("live")
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('[data-stream]')?.dataset.stream"):
                break
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("door")
        page.get_by_label("People", exact=True).first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_label("The last minutes: Angles")).to_be_visible()


def test_the_wall_is_in_chinese_as_well(browser: Browser, address: str) -> None:
    with visit(browser, address + "/#/streams", language="zh-CN") as visiting:
        page = visiting.page
        expect(page.get_by_role("heading", level=1)).to_have_text("监控摄像头与视频流")
        expect(tile(page, "door")).to_contain_text("正常")
        expect(tile(page, "gate")).to_contain_text("连接失败")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_nothing_is_cut_off_and_axe_finds_nothing_serious(
    browser: Browser,
    address: str,
    guarded: str,
    project_root: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    def looked_at(visiting: Visit) -> None:
        page = visiting.page
        page.wait_for_selector("h1")
        page.wait_for_timeout(SECONDS)
        for folded in page.locator("details:not([open]) > summary").all():
            folded.click()  # what is inside must fit as well
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert not visiting.serious(project_root)

    with visit(browser, address + "/#/streams", size=size, theme=theme) as visiting:
        page = visiting.page
        shows(tile(page, "door"))
        looked_at(visiting)
        page.locator("li[data-alert]").get_by_role("button", name="Show alert").last.click()
        looked_at(visiting)
        page.goto(address + "/#/streams/door")
        page.get_by_text("Angles", exact=True).click()
        looked_at(visiting)
    with let_in(browser, guarded, size=size, theme=theme) as visiting:
        looked_at(visiting)
        visiting.page.goto(guarded + "/#/streams/+")
        visiting.page.get_by_text("More", exact=True).click()
        visiting.page.get_by_role("button", name="Add a zone").click()
        looked_at(visiting)
