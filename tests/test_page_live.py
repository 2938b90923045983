"""The page's live section: a fake camera that shows a drawn person, and the real service."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from browsers import SECONDS, chromium, driver, visit
from posemill.drawing.figure import draw_figure
from servers import free_port, served

# Keeps what the page was given, for whoever wants to know what became of it.
_KEEP_STREAMS = """
const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.streams = [];
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await given(wanted);
  window.streams.push(stream);
  return stream;
};
"""
_TRACKS = "window.streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState))"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person who moves, as the pictures that a camera would give."""
    path = tmp_path_factory.mktemp("camera") / "clip.mjpeg"
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=15)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuvj420p"
        stream.bit_rate = 8_000_000
        for number in range(45):
            picture = av.VideoFrame.from_ndarray(draw_figure(640, 480, number / 15))
            container.mux(stream.encode(picture.reformat(format="yuvj420p")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with driver() as found:
        yield found


@pytest.fixture(scope="module")
def browser(playwright: Playwright, clip: Path) -> Iterator[Browser]:
    with chromium(
        playwright,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    ) as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("live"), "--job-workers", "0") as (url, _):
        yield url + "/#/live"


def start(page: Page) -> None:
    page.add_init_script(_KEEP_STREAMS)
    page.reload()
    page.get_by_role("button", name="Switch the camera on").click()


def person(page: Page) -> None:
    expect(page.get_by_text("Person 1")).to_be_visible(timeout=30 * SECONDS)


def test_the_skeleton_follows_and_the_camera_is_let_go(browser: Browser, address: str) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        start(page)
        person(page)
        page.wait_for_function(
            "() => parseFloat(document.querySelector('[data-readout] dd').textContent) > 2"
        )
        elbows = set()
        for _ in range(20):
            elbows.add(page.get_by_role("row", name="Left elbow").inner_text())
            page.wait_for_timeout(200)
        assert len(elbows) > 2  # the figure moves its arms
        assert page.evaluate(_TRACKS) == ["live"]
        page.get_by_role("link", name="Photo").click()
        assert page.evaluate(_TRACKS) == ["ended"]


def test_a_recording_is_saved_as_records(browser: Browser, address: str, tmp_path: Path) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        start(page)
        person(page)
        page.get_by_role("button", name="Record", exact=True).click()
        page.wait_for_timeout(2 * SECONDS)
        page.get_by_role("button", name="Stop recording").click()
        with page.expect_download() as started:
            page.get_by_role("button", name="Records (JSON lines)").click()
        started.value.save_as(tmp_path / "live.jsonl")
    header, *frames = map(json.loads, (tmp_path / "live.jsonl").read_text().splitlines())
    assert (header["schema"], header["kind"]) == ("posemill/1", "video")
    assert len(frames) > 5
    times = [frame["time_s"] for frame in frames]
    assert times == sorted(times)
    assert all(len(each["landmarks"]) == 33 for frame in frames for each in frame["people"])
    assert sum(bool(frame["people"]) for frame in frames) > 0.8 * len(frames)


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_a_camera_that_is_refused_says_how_to_allow_it(
    playwright: Playwright, address: str, language: str
) -> None:
    flags = ("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    with (
        chromium(playwright, *flags) as strict,
        visit(strict, address, language=language) as visiting,
    ):
        page = visiting.page
        on = "Switch the camera on" if language == "en-GB" else "打开摄像头"
        page.get_by_role("button", name=on).click()
        said = "The camera was not allowed" if language == "en-GB" else "未获准使用摄像头"
        expect(page.get_by_role("alert")).to_contain_text(said)


def test_an_address_that_may_not_use_cameras_says_which_one_may(
    browser: Browser, address: str
) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        # What browsers do on plain http of another machine.
        page.add_init_script(
            "Object.defineProperty(window, 'isSecureContext', { value: false });"
            "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"
        )
        page.reload()
        page.get_by_role("button", name="Switch the camera on").click()
        port = address.split(":")[2].split("/", 1)[0]
        expect(page.get_by_role("alert")).to_contain_text(f"http://localhost:{port}")


def test_a_service_that_is_killed_and_comes_back(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        _, process = stack.enter_context(served(tmp_path, "--job-workers", "0", port=port))
        visiting = stack.enter_context(visit(browser, f"http://127.0.0.1:{port}/#/live"))
        page = visiting.page
        start(page)
        person(page)
        process.kill()
        process.wait(10)
        expect(page.get_by_text("The service is gone")).to_be_visible()
        assert page.evaluate(_TRACKS) == ["live"]
        stack.enter_context(served(tmp_path, "--job-workers", "0", port=port))
        expect(page.get_by_text("The service is gone")).to_be_hidden(timeout=60 * SECONDS)
        elbow = page.get_by_role("row", name="Left elbow")
        before = elbow.inner_text()
        expect(elbow).not_to_have_text(before, use_inner_text=True, timeout=30 * SECONDS)
