"""The page's section on the service itself, in a real browser against the real service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browsers import SECONDS, chromium, driver, visit
from servers import served


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("status"), "--debug") as (url, _):
        yield url


def test_what_doctor_finds_is_told_with_its_fix(service: str, project_root: Path) -> None:
    with (
        driver() as playwright,
        chromium(playwright) as browser,
        visit(browser, service + "/#/status") as visiting,
    ):
        page = visiting.page
        checks = page.get_by_role("region", name="What posemill doctor finds here")
        expect(checks.get_by_text("debug is on")).to_be_visible(timeout=60 * SECONDS)
        expect(checks.get_by_text("→ Take debug out of the settings file")).to_be_visible()
        expect(checks.get_by_text("published SHA-256")).to_be_hidden()
        checks.get_by_text("or don't apply").click()
        expect(checks.get_by_text("published SHA-256")).to_be_visible()
        assert visiting.serious(project_root) == []
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_text("debug 已开启")).to_be_visible(timeout=10 * SECONDS)
        assert visiting.faults == []
