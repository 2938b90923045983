"""Reports as a browser shows them: nothing asked for, nothing wrong, readable for everyone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from browsers import chromium, driver
from posemill.reports import document
from test_reports import all_parts


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with driver() as playwright, chromium(playwright) as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(document("A report", all_parts("some words"), footer="posemill"))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_needs_nothing_and_hinders_nobody(
    scheme: Literal["light", "dark"], browser: Browser, report: Path, project_root: Path
) -> None:
    page = browser.new_page(color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    assert [each for each in asked if not each.startswith("data:")] == [report.as_uri()]
    assert not said  # a policy that is broken is told there
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    axe = project_root / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if axe.is_file():
        page.evaluate(axe.read_text())
        found = page.evaluate("axe.run().then((found) => found.violations)")
        assert not [each["id"] for each in found if each["impact"] in ("serious", "critical")]
    page.close()


def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, report: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 700})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_it_is_printed_dark_on_white_on_a4(browser: Browser, report: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pdf = page.pdf(prefer_css_page_size=True)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box is not None
    assert (round(float(box[1])), round(float(box[2]))) == (595, 842)
    page.close()
