"""The documentation says all there is, in two languages that say the same."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import WebSocketRoute
from typer.main import get_command

from docs_pages import LANGUAGES, ROOT, blocks, headings, mentioned, pages, without_words
from posemill.analysis.counting import parse_exercise
from posemill.cli.app import app
from posemill.config import TABLE, Settings, parse_watching
from posemill.config.alerting import AlertConfig
from posemill.config.watching import WebhookConfig
from posemill.server.app import api

GENERATED = ("settings.md", "commands.md")
NAMES = sorted(
    {path.name for language in LANGUAGES for path in (ROOT / "docs" / language).glob("*.md")}
)
# Documented by the tus protocol, which the pages name.
BY_TUS = {(method, "/api/v1/uploads/{upload_id}") for method in ("HEAD", "PATCH", "DELETE")}
BY_TUS |= {("POST", "/api/v1/uploads")}


def text_of(language: str) -> str:
    return "\n".join(path.read_text() for path in pages(language))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_there_in_both_languages_and_alike(name: str) -> None:
    both = [ROOT / "docs" / language / name for language in LANGUAGES]
    for path in both:
        assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    assert headings(both[0]) == headings(both[1])
    english, chinese = (
        [(block.kind, without_words(block.text)) for block in blocks(path)] for path in both
    )
    assert english == chinese


def test_the_generated_pages_are_what_is_generated(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
    maker = ROOT / "docs" / "reference" / "make.py"
    done = subprocess.run(
        [sys.executable, str(maker), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for language in LANGUAGES:
        for name in GENERATED:
            made = (tmp_path / language / name).read_text()
            assert (ROOT / "docs" / language / name).read_text() == made, "make docs-pages"


def test_no_translation_is_left_over() -> None:
    code = (
        "import tomllib, make, words, settings_page, commands_page, pathlib;"
        "read = tomllib.loads(pathlib.Path(make.__file__).with_name('zh.toml').read_text());"
        "said = words.Words(read); settings_page.settings_page(said);"
        "commands_page.commands_page(said); print(*said.unused(), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "docs" / "reference",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_is_documented(language: str) -> None:
    text = text_of(language)
    assert not [name for name in TABLE if f"`{name}`" not in text]
    keys = {*AlertConfig.__dataclass_fields__, *WebhookConfig.__dataclass_fields__}
    assert not [name for name in (*keys, "zones") if f"`{name}`" not in text]
    assert not [row.variable for row in TABLE.values() if row.variable not in text]


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
    for word, each in (below or {}).items():
        yield from leaves(each, f"{name} {word}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_and_option_is_documented(language: str) -> None:
    text = (ROOT / "docs" / language / "commands.md").read_text()
    sections = dict(re.findall(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    found = dict(leaves(get_command(app), "posemill"))
    assert sections.keys() == found.keys()
    everywhere = text_of(language)
    for name, command in found.items():
        for parameter in command.params:
            if getattr(parameter, "rich_help_panel", None) is not None:
                assert f"`{parameter.opts[0]}`" in everywhere or parameter.hidden
            elif parameter.param_type_name == "option":
                assert all(f"`{each}`" in sections[name] for each in parameter.opts), name


def endpoints() -> set[tuple[str, str]]:
    """All that the service answers, but for the parts of the page."""
    service = api()
    routes = [
        route
        for included in service.routes
        for route in getattr(included, "original_router", service).routes
    ]
    found = {
        (method.upper(), path)
        for path, methods in service.openapi()["paths"].items()
        for method in methods
    }
    found |= {("WS", route.path) for route in routes if isinstance(route, WebSocketRoute)}
    return found | {("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/login")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_endpoint_is_documented(language: str) -> None:
    named = mentioned(language)
    assert len([each for each in endpoints() if each[0] == "WS"]) == 2
    missing = []
    for method, path in sorted(endpoints() - BY_TUS):
        shape = re.compile(re.sub(r"{\w+}", "[^/]+", path))
        if not any(method == each and shape.fullmatch(address) for each, address in named):
            missing.append(f"{method} {path}")
    assert not missing
    assert ("GET", "/api/v1/uploads") in named
    assert re.search(r"\btus\b", text_of(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_names_an_endpoint_that_is_not_there(language: str) -> None:
    shapes = [re.compile(re.sub(r"{\w+}", "[^/]+", path)) for _, path in endpoints()]
    others = re.compile(r"/(api/v1(/session)?)?")  # all of it; what the form of /login sends to
    unknown = {
        path
        for _, path in mentioned(language)
        if path.startswith("/api/") and not others.fullmatch(path)
        if not any(shape.fullmatch(path) for shape in shapes)
    }
    assert not unknown


SETTINGS_FILES = [
    block
    for language in LANGUAGES
    for path in pages(language)
    for block in blocks(path)
    if block.kind == "toml"
]


@pytest.mark.parametrize("block", SETTINGS_FILES, ids=lambda block: block.page)
def test_every_settings_file_is_one(block: Any) -> None:
    tables = tomllib.loads(block.text)
    if "signals" in tables:
        assert parse_exercise("mine", tables)
        return
    rows = {name: tables.pop(name) for name in list(tables) if name in TABLE}
    values: dict[str, Any] = {name: TABLE[name].parse(raw, "-") for name, raw in rows.items()}
    found = parse_watching(tables, Settings(**values), block.page)
    assert rows or found.streams or found.alerts or found.webhooks
    assert not tables.keys() - {"streams", "alerts", "webhooks"}
