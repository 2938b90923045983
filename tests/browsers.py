"""Debian's Chromium, driven by Playwright, and what tests of the page have in common."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

CHROMIUM = shutil.which("chromium")
SECONDS = 1000.0  # Playwright counts milliseconds

# What each of the page's own kinds of files is dropped as.
_DROP = """
([name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type }));
  return data;
}
"""


@contextmanager
def driver() -> Iterator[Playwright]:
    """Run Playwright; skip where there is no Chromium for it. One at a time in a process."""
    if CHROMIUM is None:
        pytest.skip("needs Debian's Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def chromium(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """Run Chromium."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])
    try:
        yield browser
    finally:
        browser.close()


class Visit:
    """One visit of the page: what it asked for, and what went wrong in it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.set_default_timeout(20 * SECONDS)
        self.page.goto(address)

    def serious(self, project_root: Path) -> list[object]:
        """Return what axe finds to be a serious hindrance."""
        axe = project_root / "web" / "node_modules" / "axe-core" / "axe.min.js"
        if not axe.is_file():
            pytest.skip("needs web/node_modules: make setup")
        self.page.evaluate(axe.read_text())
        return [
            (rule["id"], [node["html"] for node in rule["nodes"]])
            for rule in self.page.evaluate("axe.run()")["violations"]
            if rule["impact"] in ("serious", "critical")
        ]

    def put(self, how: str, files: Sequence[Path]) -> None:
        """Drop or paste one file anywhere on the page."""
        from base64 import b64encode

        kinds = {".jpg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4"}
        for file in files:
            content = b64encode(file.read_bytes()).decode()
            kind = kinds.get(file.suffix, "application/octet-stream")
            data = self.page.evaluate_handle(_DROP, [file.name, kind, content])
            if how == "drop":
                for event in ("dragover", "drop"):
                    self.page.dispatch_event("body", event, {"dataTransfer": data})
            else:
                self.page.evaluate(
                    "(data) => window.dispatchEvent("
                    "new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))",
                    data,
                )


@contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    language: str = "en-GB",
    size: tuple[int, int] = (1280, 900),
    theme: str = "light",
) -> Iterator[Visit]:
    """Open the page in a browser of its own; whatever it asks of others fails the test."""
    width, height = size
    context = browser.new_context(
        locale=language,
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        accept_downloads=True,
    )
    try:
        visiting = Visit(context, address)
        yield visiting
        origin = "/".join(address.split("/")[:3])
        allowed = (origin, origin.replace("http", "ws", 1), "blob:", "data:")
        assert not [url for url in visiting.asked if not url.startswith(allowed)]
        assert not visiting.faults
    finally:
        context.close()
