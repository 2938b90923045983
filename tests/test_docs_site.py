"""The documentation's site: whole, in two languages, and nothing of it from elsewhere."""

import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import Page, expect

from browsers import chromium, driver, visit
from docs_pages import LANGUAGES, ROOT

OUTSIDE = re.compile(r"^(?:https?:)?//")
# Of features that no page uses; a browser that visits them all asks for none of it.
FEATURES = re.compile(r"mermaid|MathJax|katex|glightbox|data-md-source|asciinema|pyodide")


class Links(HTMLParser):
    """What a page has: ids, links, and what a browser fetches for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.add(found["id"])
        other_page = tag == "link" and found.get("rel") in ("alternate", "prev", "next")
        if other_page or (tag == "a" and "href" in found):
            self.links.append(found["href"])
        elif tag == "link":
            self.fetched.append(found["href"])
        elif "src" in found:
            self.fetched.append(found["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site") / "docs"
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("site", ".cache"))
    for language in LANGUAGES:
        config = folder / f"zensical.{language}.toml"
        done = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(config)],
            capture_output=True,
            text=True,
            check=False,
        )
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        assert done.returncode == 0, said.partition("Traceback")[0]
    join = [sys.executable, str(folder / "reference" / "joined.py"), str(folder / "site" / "zh")]
    subprocess.run(join, check=True)
    shutil.copy(folder / "index.html", folder / "site" / "index.html")
    return folder / "site"


@pytest.fixture(scope="module")
def html(site: Path) -> dict[Path, Links]:
    return {path: Links(path.read_text()) for path in site.rglob("*.html")}


def config(language: str) -> dict[str, Any]:
    text = (ROOT / "docs" / f"zensical.{language}.toml").read_text()
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def listed(nav: Any) -> Iterator[str]:
    for section in nav:
        for pages in section.values():
            yield from (name for page in pages for name in page.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_navigation(language: str) -> None:
    names = list(listed(config(language)["nav"]))
    assert sorted(names) == sorted(each.name for each in (ROOT / "docs" / language).glob("*.md"))


def test_both_halves_are_configured_alike() -> None:
    english, chinese = map(config, LANGUAGES)
    assert list(listed(english["nav"])) == list(listed(chinese["nav"]))
    assert english["theme"]["features"] == chinese["theme"]["features"]
    assert english["markdown_extensions"] == chinese["markdown_extensions"]
    assert english["theme"]["font"] is chinese["theme"]["font"] is False


def test_lines_of_chinese_text_are_joined(site: Path) -> None:
    text = (site / "zh" / "pitfalls.html").read_text()
    inside = re.findall(
        "[\u3400-\u9fff，。；：、]\n[\u3400-\u9fff]", re.sub("(?s)<pre.*?</pre>", "", text)
    )
    assert not inside
    assert text.count("<pre") == (site / "en" / "pitfalls.html").read_text().count("<pre")


def test_every_link_leads_somewhere(site: Path, html: dict[Path, Links]) -> None:
    broken = [
        f"{path.relative_to(site)}: {link}"
        for path, page in html.items()
        for link in (*page.links, *page.fetched)
        if path.name != "404.html" and not leads_somewhere(link, path, site, html)
    ]
    assert not broken


def leads_somewhere(link: str, path: Path, site: Path, html: dict[Path, Links]) -> bool:
    address, anchor = urldefrag(link)
    if re.match(r"[a-z]+:|//", address):
        return True
    target = (path.parent / unquote(address)).resolve() if address else path
    if not target.is_file() or not target.is_relative_to(site.resolve()):
        return False
    return not anchor or target not in html or unquote(anchor) in html[target].ids


def test_every_page_leads_to_itself_in_the_other_language(html: dict[Path, Links]) -> None:
    for path, page in html.items():
        if path.parent.name in LANGUAGES and path.name != "404.html":
            other = "zh" if path.parent.name == "en" else "en"
            assert f"../{other}/{path.name}" in page.links


def test_nothing_is_fetched_from_elsewhere(site: Path, html: dict[Path, Links]) -> None:
    for path, page in html.items():
        assert not [each for each in page.fetched if OUTSIDE.match(each)], path
        text = re.sub(r"<(pre|code)\b.*?</\1>", "", path.read_text(), flags=re.DOTALL)
        assert not FEATURES.search(text), path
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", path.read_text()), path


@contextmanager
def shown(site: Path) -> Iterator[str]:
    handler = partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def search(page: Page, words: str) -> str:
    """Search for words; return what is found first."""
    page.keyboard.press("/")
    page.keyboard.type(words)
    first = page.get_by_role("option").first
    expect(first).to_be_visible()
    return first.inner_text()


def test_a_reader_changes_the_language_and_searches_in_both(site: Path) -> None:
    with driver() as playwright, chromium(playwright) as browser, shown(site) as url:
        with visit(browser, url + "/", language="zh-CN") as visiting:
            page = visiting.page
            expect(page).to_have_url(f"{url}/zh/index.html")
            assert "跌倒" in search(page, "跌倒")
        with visit(browser, f"{url}/en/behaviour.html") as visiting:
            page = visiting.page
            assert "fall" in search(page, "falls").lower()
            page.keyboard.press("Escape")
            page.get_by_role("link", name="中文").click()
            expect(page).to_have_url(f"{url}/zh/behaviour.html")
            assert page.locator("html").get_attribute("lang") == "zh"
            page.get_by_role("link", name="English").click()
            expect(page).to_have_url(f"{url}/en/behaviour.html")
