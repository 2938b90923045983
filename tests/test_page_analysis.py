"""What the page tells of movements, in a real browser: counts, angles, two in step, scores."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from browsers import SECONDS, chromium, driver, visit
from posemill.drawing.figure import draw_figure
from servers import served

WIDTH, HEIGHT, RATE = 640, 480, 15
BAR = 12  # rows, at the top, white up to how much of the clip is over
# How far the bar is white in each of the pictures that are shown, mirrored or not.
_BARS = """
() => [...document.querySelectorAll(".stage canvas")].map((canvas) => {
  const [x, y, width, height] = JSON.parse(canvas.dataset.frame);
  const ratio = canvas.width / canvas.clientWidth;
  const pen = canvas.getContext("2d");
  let white = 0;
  for (let place = 0; place < 500; place += 1) {
    const at = [(x + (place + 0.5) / 500 * width) * ratio, (y + 0.008 * height) * ratio];
    white += pen.getImageData(...at.map(Math.round), 1, 1).data[1] > 128 ? 1 : 0;
  }
  return white / 500;
})
"""
_NUMBER = re.compile(r"^\d+$")
SQUATS = "tfjs_pose/pose_squats.mp4"  # two squats, and one that the clip's end cuts off


def draw_clip(path: Path, seconds: float, pace: float) -> Path:
    """A person who lifts the arms again and again, with a bar that tells how much is over."""
    count = round(seconds * RATE)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "18", "g": "15"}
        for number in range(count):
            pixels = np.array(draw_figure(WIDTH, HEIGHT, number * pace / RATE))
            pixels[:BAR] = 0
            pixels[:BAR, : (number + 1) * WIDTH // (count + 1)] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def fast(folder: Path) -> Path:
    return draw_clip(folder / "fast.mp4", 6, 4)


@pytest.fixture(scope="module")
def slow(folder: Path) -> Path:
    """The same at half the speed."""
    return draw_clip(folder / "slow.mp4", 12, 2)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with driver() as found:
        yield found


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("analysis")) as (url, _):
        yield url


@pytest.fixture(scope="module")
def done(address: str, fast: Path, slow: Path) -> dict[str, str]:
    """The ids of finished jobs, by what they are of."""
    return {clip.stem: finished(address, clip) for clip in (fast, slow)}


@pytest.fixture(scope="module")
def squats(address: str, shared_data: Path) -> str:
    return finished(address, shared_data / SQUATS)


def finished(address: str, clip: Path, name: str = "") -> str:
    """Send a clip; return its job's id once it is done."""
    files = {"file": (name or clip.name, clip.read_bytes())}
    job: Any = httpx.post(f"{address}/api/v1/jobs", files=files, timeout=60).json()
    ends = time.monotonic() + 90
    while job["state"] != "succeeded":
        assert job["state"] in ("queued", "running") and time.monotonic() < ends, job
        time.sleep(0.2)
        job = httpx.get(f"{address}/api/v1/jobs/{job['id']}").json()
    return str(job["id"])


def position(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position")


def seek(page: Page, time_s: float) -> None:
    position(page).fill(str(time_s))
    position(page).blur()


def so_far(page: Page) -> Locator:
    return page.locator("[data-count] strong")


def side(page: Page, name: str) -> Locator:
    """Return what chooses one of two videos."""
    return page.get_by_role("group", name=name, exact=True).get_by_role("combobox")


def similarity(page: Page) -> float:
    """Wait for the comparison; return its number."""
    number = page.locator("[data-similarity] strong")
    expect(number).to_have_text(_NUMBER, timeout=60 * SECONDS)
    return float(number.inner_text())


def test_the_count_follows_the_player(browser: Browser, address: str, squats: str) -> None:
    with visit(browser, f"{address}/#/video/{squats}") as visiting:
        page = visiting.page
        page.get_by_text("Count", exact=True).click()
        page.get_by_label("Exercise").select_option("squat")
        expect(page.get_by_text("2 in all")).to_be_visible(timeout=30 * SECONDS)
        expect(page.get_by_text("It may be any number from 2 to 3.")).to_be_visible()
        expect(page.get_by_text("1 only begun, not counted")).to_be_visible()
        for time_s, count in ((0.5, "0"), (4.5, "1"), (9.5, "2"), (4.5, "1")):
            seek(page, time_s)
            expect(so_far(page)).to_have_text(count)
        page.get_by_role("button", name="Go to repetition 2").click()
        assert 4.5 < float(position(page).input_value()) < 6.5
        expect(page.locator("tr.current")).to_have_count(1)
        chart = page.locator(".u-over")
        box = chart.bounding_box()
        assert box is not None
        chart.click(position={"x": box["width"] * 0.95, "y": box["height"] / 2})
        expect(so_far(page)).to_have_text("2")
        seek(page, 0)
        expect(so_far(page)).to_have_text("0")
        page.get_by_label("Speed").select_option("2")
        page.get_by_role("button", name="Play").click()
        expect(so_far(page)).to_have_text("2", timeout=20 * SECONDS)
        # What is shown is in the address.
        page.reload()
        expect(page.get_by_role("heading", name="Repetitions")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "title", "count", "angle", "report"),
    [
        ("en-GB", "Repetitions", r"[345] in all", "Elbow flexion", "en"),
        ("zh-CN", "动作计数", r"共 [345] 次", "肘屈曲", "zh"),
    ],
)
def test_whatever_repeats_is_counted_and_angles_are_named(
    browser: Browser,
    address: str,
    done: dict[str, str],
    *,
    language: str,
    title: str,
    count: str,
    angle: str,
    report: str,
) -> None:
    place = f"{address}/#/video/{done['fast']}/count"
    with visit(browser, place, language=language) as visiting:
        page = visiting.page
        card = page.get_by_role("region", name=title)
        expect(card).to_contain_text(re.compile(count))
        page.get_by_text("Angles" if report == "en" else "角度", exact=True).click()
        chosen = page.get_by_role("button", name=angle)
        chosen.click()
        expect(chosen).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("row").filter(has=chosen)).to_contain_text("°")
        link = page.get_by_role("link", name="Report" if report == "en" else "报告", exact=True)
        written = httpx.get(str(link.get_attribute("href")), timeout=60)
        assert written.headers["content-type"].startswith("text/html")
        assert f'lang="{report}' in written.text


def test_two_videos_are_in_step(browser: Browser, address: str, done: dict[str, str]) -> None:
    with visit(browser, f"{address}/#/compare") as visiting:
        page = visiting.page
        side(page, "First").select_option(done["fast"])
        side(page, "Second").select_option(done["slow"])
        assert similarity(page) > 90
        expect(page.get_by_text("The second takes 2 times as long.")).to_be_visible()
        assert page.url.endswith(f"/{done['fast']}/{done['slow']}")
        for time_s in (1.5, 4.8, 0.9):
            seek(page, time_s)
            page.wait_for_timeout(SECONDS)
            first, second = page.evaluate(_BARS)
            assert first == pytest.approx(time_s / 6, abs=0.03)
            assert second == pytest.approx(first, abs=0.04)
        chart = page.locator(".u-over")
        box = chart.bounding_box()
        assert box is not None
        chart.click(position={"x": box["width"] * 0.1, "y": box["height"] / 2})
        page.wait_for_timeout(SECONDS)
        first, second = page.evaluate(_BARS)
        assert second == pytest.approx(first, abs=0.04)
        page.get_by_label("Speed").select_option("0.75")
        page.get_by_role("button", name="Play").click()
        seen = []
        for _ in range(12):
            page.wait_for_timeout(SECONDS / 3)
            seen.append(page.evaluate(_BARS))
        assert max(first for first, _ in seen) > 0.4
        apart = sorted(abs(first - second) for first, second in seen)
        assert apart[len(apart) // 2] < 0.05 and apart[-2] < 0.1, seen


def test_the_largest_difference_is_a_click_away(
    browser: Browser, address: str, done: dict[str, str]
) -> None:
    place = f"{address}/#/compare/{done['fast']}/{done['slow']}"
    with visit(browser, place) as visiting:
        page = visiting.page
        similarity(page)
        joints = page.get_by_role("region", name="What differs most")
        row = joints.get_by_role("row").nth(1)
        row.get_by_role("button").first.click()
        expect(row.get_by_role("button").first).to_have_attribute("aria-pressed", "true")
        before = position(page).input_value()
        row.get_by_role("button").nth(1).click()
        expect(position(page)).not_to_have_value(before)
        page.get_by_label("Second in a mirror").select_option("false")
        expect(page.get_by_text("as in a mirror; left and right")).to_have_count(0)
        similarity(page)


def test_two_videos_that_are_dropped_are_sent_and_compared(
    browser: Browser, address: str, folder: Path
) -> None:
    clips = [draw_clip(folder / f"dropped-{name}.mp4", 2, 4) for name in "ab"]
    with visit(browser, f"{address}/#/compare") as visiting:
        page = visiting.page
        page.wait_for_selector("h1")
        visiting.put("drop", clips[:1])
        visiting.put("drop", clips[1:])
        assert similarity(page) > 90
        for which, name in (("First", "dropped-a.mp4"), ("Second", "dropped-b.mp4")):
            expect(side(page, which).locator("option:checked")).to_have_text(name)


@pytest.mark.parametrize(("language", "joint"), [("en-GB", "forearm"), ("zh-CN", "前臂")])
def test_two_photos_are_compared(
    browser: Browser, address: str, tmp_path: Path, language: str, joint: str
) -> None:
    photos = []
    for name, time_s in (("down", 3.6), ("up", 1.2)):
        photos.append(tmp_path / f"{name}.jpg")
        Image.fromarray(draw_figure(WIDTH, HEIGHT, time_s)).save(photos[-1], quality=92)
    with visit(browser, f"{address}/#/compare", language=language) as visiting:
        page = visiting.page
        page.set_input_files("input[type=file] >> nth=0", [str(photo) for photo in photos])
        similarity(page)
        rows = page.get_by_role("row").all_inner_texts()
        assert any(joint in row for row in rows[1:5])  # the arms differ most
        assert page.locator(".stage canvas").count() == 2


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_a_template_is_made_and_scores(
    browser: Browser, address: str, done: dict[str, str], language: str
) -> None:
    is_english = language == "en-GB"
    words = (
        ("Name", "Make the template", "slow.mp4", "Way|Raising|Lowering", "Delete: arms")
        if is_english
        else ("名称", "创建标准动作", "slow.mp4", "程|抬起|放下|降|升", "删除: arms")
    )
    name, make, other, phase, remove = words
    place = f"{address}/#/video/{done['fast']}/score"
    with visit(browser, place, language=language) as visiting:
        page = visiting.page
        page.get_by_role("textbox", name=name).fill("arms")
        page.get_by_label(other).check()
        page.get_by_role("button", name=make).click()
        total = page.locator("[data-score] strong")
        expect(total).to_have_text(_NUMBER, timeout=30 * SECONDS)
        assert float(total.inner_text()) > 80  # it was made of this very video, too
        rows = page.get_by_role("row").filter(has_text=re.compile(phase))
        expect(rows.first).to_be_visible()
        page.get_by_role("button", name=remove).click()
        page.get_by_role("dialog").get_by_role("button").last.click()
        expect(page.get_by_role("textbox", name=name)).to_be_visible()


@pytest.fixture(scope="module")
def camera(folder: Path, shared_data: Path) -> Path:
    """Squats, as the pictures that a camera would give."""
    path = folder / "camera.mjpeg"
    with (
        av.open(str(shared_data / SQUATS)) as clip,
        av.open(str(path), "w", format="mjpeg") as container,
    ):
        stream = container.add_stream("mjpeg", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        stream.bit_rate = 8_000_000
        for frame in clip.decode(video=0):
            small = frame.reformat(width=HEIGHT * 9 // 16, height=HEIGHT, format="rgb24")
            pixels = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
            left = (WIDTH - small.width) // 2
            pixels[:, left : left + small.width] = small.to_ndarray()
            for _ in range(3):  # of five a second
                picture = av.VideoFrame.from_ndarray(pixels).reformat(format="yuvj420p")
                container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_a_live_count_is_large_and_silent(
    playwright: Playwright, address: str, camera: Path, project_root: Path
) -> None:
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with (
        chromium(playwright, *flags, f"--use-file-for-fake-video-capture={camera}") as filming,
        visit(filming, f"{address}/#/live") as visiting,
    ):
        page = visiting.page
        page.get_by_role("button", name="Switch the camera on").click()
        page.get_by_label("Exercise").select_option("squat")
        digits = page.locator("[data-digits] strong")
        expect(digits).to_have_text("0")
        expect(digits).to_have_text("1", timeout=30 * SECONDS)
        assert (digits.bounding_box() or {"height": 0})["height"] > 150
        assert not page.get_by_label("Beep").is_checked()
        page.get_by_label("Beep").check()
        page.get_by_role("button", name="Start from 0").click()
        expect(digits).to_have_text("0")
        expect(digits).to_have_text("1", timeout=30 * SECONDS)
        assert not visiting.serious(project_root)
        page.get_by_label("Exercise").select_option("")
        expect(digits).to_have_count(0)


@pytest.mark.parametrize(("size", "theme"), [((390, 844), "dark"), ((1280, 900), "light")])
def test_nothing_is_cut_off_and_axe_finds_nothing_serious(
    browser: Browser,
    address: str,
    done: dict[str, str],
    fast: Path,
    project_root: Path,
    *,
    size: tuple[int, int],
    theme: str,
) -> None:
    video = f"video/{done['fast']}"
    # As long as names may be.
    finished(address, fast, f"{'a' * 190}.mp4")
    places = {
        "compare": ".zone",
        f"compare/{done['fast']}/{done['slow']}": "[data-similarity]",
        f"{video}/count": "[data-count]",
        f"{video}/angles": "table button[aria-pressed]",
        f"{video}/score": "form fieldset",
    }
    with visit(browser, f"{address}/#/compare", size=size, theme=theme) as visiting:
        page = visiting.page
        for place, shown in places.items():
            page.goto(f"{address}/#/{place}")
            page.reload()
            page.wait_for_selector(shown)
            page.wait_for_timeout(SECONDS / 2)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert not visiting.serious(project_root), place


def test_an_address_that_was_cut_off_shows_something(browser: Browser, address: str) -> None:
    with visit(browser, f"{address}/#/compare/%E4/%") as visiting:
        expect(visiting.page.get_by_role("heading", name="Compare two people")).to_be_visible()
