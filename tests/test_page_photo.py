"""The page's photo section in a real browser, with the real service behind it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from browsers import chromium, driver, visit
from servers import served

# Where a landmark is drawn, and what is there: the middle of a joint, which is white.
_PIXELS = """
(points) => {
  const canvas = document.querySelector(".stage canvas");
  const [x, y, width, height] = JSON.parse(canvas.dataset.frame);
  const ratio = canvas.width / canvas.clientWidth;
  const pen = canvas.getContext("2d");
  return points.map(([px, py]) => {
    const at = [(x + px * width) * ratio, (y + py * height) * ratio].map(Math.round);
    return [...pen.getImageData(...at, 1, 1).data];
  });
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with driver() as playwright, chromium(playwright) as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    with served(folder, "--job-workers", "0", "--max-content-length", "2 MiB") as (url, _):
        yield url + "/"


@pytest.fixture(scope="module")
def empty_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "wall.png"
    Image.new("RGB", (320, 240), (120, 130, 140)).save(path)
    return path


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("input[type=file] >> nth=0", [str(file) for file in files])


def show(page: Page, photo: Path) -> None:
    """Choose a photo of one person, and wait until it is looked at."""
    choose(page, photo)
    expect(page.get_by_text("1 person found")).to_be_visible()


def found(address: str, photo: Path) -> list[Any]:
    answer = httpx.post(f"{address}api/v1/detect", content=photo.read_bytes(), timeout=30)
    people: list[Any] = answer.json()["frames"][0]["people"]
    return people


@pytest.mark.parametrize("how", ["drop", "paste", "choose"])
def test_a_photo_shows_its_skeleton_where_the_joints_are(
    browser: Browser, address: str, astronaut_path: Path, how: str
) -> None:
    (person,) = found(address, astronaut_path)
    sure = [m for m in person["landmarks"] if m[3] > 0.9 and 0 < m[0] < 1 and 0 < m[1] < 1]
    assert len(sure) > 8
    with visit(browser, address) as visiting:
        page = visiting.page
        if how == "choose":
            choose(page, astronaut_path)
        else:
            page.wait_for_selector("h1")
            visiting.put(how, [astronaut_path])
        expect(page.get_by_text("1 person found")).to_be_visible()
        page.get_by_label("Picture: 100 %").fill("0")  # the skeleton alone, on black
        pixels = page.evaluate(_PIXELS, [mark[:2] for mark in sure])
        lit = [min(pixel[:3]) > 180 for pixel in pixels]
        assert sum(lit) >= 0.8 * len(lit)  # one joint may lie over another one's rim
        elsewhere = page.evaluate(_PIXELS, [[0.01, 0.01], [0.99, 0.01]])
        assert [max(pixel[:3]) for pixel in elsewhere] == [0, 0]


def test_the_look_changes_at_once_and_without_the_service(
    browser: Browser, address: str, astronaut_path: Path
) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        show(page, astronaut_path)
        before, asked = page.locator(".stage canvas").screenshot(), len(visiting.asked)
        page.get_by_text("Plain", exact=True).click()
        plain = page.locator(".stage canvas").screenshot()
        page.get_by_label("Names").check()
        named = page.locator(".stage canvas").screenshot()
        assert len({before, plain, named}) == 3
        assert not [url for url in visiting.asked[asked:] if "detect" in url]


def test_a_joint_tells_what_it_is(browser: Browser, address: str, astronaut_path: Path) -> None:
    (person,) = found(address, astronaut_path)
    nose = person["landmarks"][0]
    with visit(browser, address) as visiting:
        page = visiting.page
        show(page, astronaut_path)
        canvas = page.locator(".stage canvas")
        x, y, width, height = json.loads(canvas.get_attribute("data-frame") or "")
        canvas.hover(position={"x": x + nose[0] * width, "y": y + nose[1] * height})
        tip = page.locator(".tip")
        expect(tip).to_contain_text("nose")
        expect(tip).to_contain_text(f"x {nose[0]:.3f}, y {nose[1]:.3f}")
        expect(tip).to_contain_text(f"visibility {nose[3]:.3f}")


def test_downloads_hold_what_was_found(
    browser: Browser, address: str, astronaut_path: Path, tmp_path: Path
) -> None:
    (person,) = found(address, astronaut_path)
    with visit(browser, address) as visiting:
        page = visiting.page
        choose(page, astronaut_path)
        files = {}
        for name in ("Annotated picture", "Records (JSON)", "Table (CSV)"):
            with page.expect_download() as started:
                page.get_by_role("button", name=name).click()
            files[name] = tmp_path / started.value.suggested_filename
            started.value.save_as(files[name])
    document = json.loads(files["Records (JSON)"].read_text())
    assert document["frames"][0]["people"] == [person]
    rows = files["Table (CSV)"].read_text().splitlines()
    assert len(rows) == 34
    assert rows[1].split(",")[4] == "nose"
    with Image.open(files["Annotated picture"]) as drawn, Image.open(astronaut_path) as plain:
        assert drawn.size == plain.size


def test_masks_are_fetched_when_they_are_wanted(
    browser: Browser, address: str, astronaut_path: Path
) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        show(page, astronaut_path)
        assert not [url for url in visiting.asked if "segmentation" in url]
        page.get_by_label("Picture: 100 %").fill("0")
        page.get_by_label("Skeleton", exact=True).uncheck()
        with page.expect_response(lambda answer: "enable_segmentation" in answer.url):
            page.get_by_label("Mask").check()
        page.wait_for_function(f"() => ({_PIXELS})([[0.45, 0.8]])[0][2] > 60")


def test_nobody_gives_tips_and_a_way_on(browser: Browser, address: str, empty_photo: Path) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        choose(page, empty_photo)
        expect(page.get_by_text("Nobody was found in this photo")).to_be_visible()
        with page.expect_response(lambda answer: "max_people=0" in answer.url):
            page.get_by_role("button", name="Look for everyone").click()


def test_what_is_too_large_or_no_picture_is_told_before_it_is_sent(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    large, text = tmp_path / "large.jpg", tmp_path / "notes.txt"
    large.write_bytes(b"\xff\xd8\xff" + bytes(3_000_000))
    text.write_text("no picture")
    with visit(browser, address) as visiting:
        page = visiting.page
        page.wait_for_function("() => performance.getEntriesByName !== undefined")
        expect(page.get_by_text("up to 2 MiB each")).to_be_visible()
        choose(page, large, text)
        expect(page.get_by_text("large.jpg is too large")).to_be_visible()
        expect(page.get_by_text("notes.txt is neither a picture nor a video")).to_be_visible()
        assert not [url for url in visiting.asked if "detect" in url]


def test_a_broken_picture_is_a_sentence_and_can_be_tried_again(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 and nothing more")
    with visit(browser, address, language="zh-CN") as visiting:
        page = visiting.page
        choose(page, broken)
        alert = page.get_by_role("alert")
        expect(alert).to_be_visible()
        assert not (alert.text_content() or "").isascii()
        expect(alert.get_by_role("button", name="重试")).to_be_visible()


def test_a_busy_service_is_asked_again_by_itself(
    browser: Browser, address: str, astronaut_path: Path
) -> None:
    refused: list[str] = []

    def refuse_once(route: Any) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        problem = {"code": "busy", "title": "Busy", "detail": "", "advice": "", "status": 503}
        route.fulfill(status=503, headers={"Retry-After": "1"}, body=json.dumps(problem))

    with visit(browser, address) as visiting:
        visiting.page.route("**/api/v1/detect*", refuse_once)
        choose(visiting.page, astronaut_path)
        expect(visiting.page.get_by_text("Trying again in 1 s")).to_be_visible()
        expect(visiting.page.get_by_text("1 person found")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "title"), [("en-GB", "Find the people in a photo"), ("zh-CN", "识别图片中的人体")]
)
def test_the_language_is_the_browsers_and_can_be_switched(
    browser: Browser, address: str, language: str, title: str
) -> None:
    with visit(browser, address, language=language) as visiting:
        page = visiting.page
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.get_by_role("button", name="中文" if language == "en-GB" else "English").click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text(title)
        page.reload()
        expect(page.get_by_role("heading", level=1)).not_to_have_text(title)


def test_the_keyboard_is_enough(browser: Browser, address: str, astronaut_path: Path) -> None:
    with visit(browser, address) as visiting:
        page = visiting.page
        # Playwright begins to wait for choosers a moment after it is asked to.
        page.on("filechooser", lambda _: None)
        page.wait_for_selector("h1")
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == "Choose photos":
                break
        with page.expect_file_chooser() as choosing:
            page.keyboard.press("Enter")
        choosing.value.set_files(str(astronaut_path))
        expect(page.get_by_text("1 person found")).to_be_visible()
        canvas = page.locator(".stage canvas")
        before = canvas.get_attribute("data-frame")
        canvas.focus()
        page.keyboard.press("+")
        zoomed = canvas.get_attribute("data-frame")
        page.keyboard.press("ArrowRight")
        moved = canvas.get_attribute("data-frame")
        page.keyboard.press("0")
        assert len({before, zoomed, moved}) == 3
        assert canvas.get_attribute("data-frame") == before


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_nothing_is_cut_off_and_axe_finds_nothing_serious(
    browser: Browser,
    address: str,
    astronaut_path: Path,
    project_root: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    with visit(browser, address, size=size, theme=theme) as visiting:
        page = visiting.page
        for step in ("empty", "photo"):
            if step == "photo":
                show(page, astronaut_path)
            page.wait_for_selector("h1")
            for folded in page.locator("details:not([open]) > summary").all():
                folded.click()  # what is inside must fit as well
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size[0]
            assert not visiting.serious(project_root)
