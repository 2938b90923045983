"""The pages of the documentation as the tests see them: blocks, commands, headings, endpoints."""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LANGUAGES: Final = ("en", "zh")
PYTHON: Final = ("python", "py")
_FENCE: Final = re.compile(r"^ *```(\S*)[^\n]*\n(.*?)^ *```[ ]*$", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"(^|\s)#\s.*$")
_ENDPOINT: Final = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|WS)\s+(/\S*)(.*)")
_SERVICE: Final = re.compile(r"(?:https?|wss?)://localhost:5000|localhost:5000|\$J")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: of which page, what follows the fence, and the lines."""

    page: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A line that calls posemill or curl, without its comment."""

    page: str
    kind: str
    line: str

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables before the command."""
        found = dict(re.findall(r"(POSEMILL_\w+)=(\S+)\s", self.line.partition("posemill ")[0]))
        return {str(name): str(value) for name, value in found.items()}

    @property
    def arguments(self) -> list[str]:
        """What follows the command, without what the shell does with its output."""
        words = shlex.split(re.split(r"\s[>|]\s", self.line)[0])
        return words[words.index("posemill") + 1 :]


def pages(language: str) -> list[Path]:
    """Return the pages in a language, the README with them."""
    name = "README.md" if language == "en" else "README.zh-CN.md"
    own = sorted((ROOT / "docs" / language).glob("*.md"))
    return [each for each in (ROOT / name, *own) if each.is_file()]


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    page = str(path.relative_to(ROOT))
    return [Block(page, kind, text) for kind, text in _FENCE.findall(path.read_text())]


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", path.read_text())


def headings(path: Path) -> list[int]:
    """Return the levels of a page's headings, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(path), re.MULTILINE)]


def without_words(text: str) -> list[str]:
    """Return a block's lines without what is translated: comments, and what an endpoint does."""
    lines = [_COMMENT.sub("", line).rstrip() for line in text.splitlines()]
    found = [_ENDPOINT.match(line) for line in lines]
    kept = [f"{m[1]} {m[2]}" if m else line for line, m in zip(lines, found, strict=True)]
    return [line for line in kept if line]


def once(found: Iterable[Command]) -> list[Command]:
    """Return commands once each, whatever pages have them."""
    known: dict[str, Command] = {}
    for each in found:
        known.setdefault(" ".join(each.line.split()), each)
    return list(known.values())


def commands(name: str) -> Iterator[Command]:
    """Yield the lines of all pages that call posemill or curl; of curl, those to our service."""
    start = re.compile(rf"(POSEMILL_\w+=\S+ )*{name} ")
    for language in LANGUAGES:
        for path in pages(language):
            for block in blocks(path):
                if block.kind not in ("", "sh"):
                    continue
                for line in block.text.replace("\\\n", " ").splitlines():
                    stripped = _COMMENT.sub("", line.strip()).strip()
                    if start.match(stripped) and (name != "curl" or _SERVICE.search(stripped)):
                        yield Command(block.page, block.kind, stripped)


def mentioned(language: str) -> set[tuple[str, str]]:
    """Return the endpoints that the pages of a language name, as method and path.

    A path in the text alone is one to get, or to open as a WebSocket.
    """
    found: set[tuple[str, str]] = set()
    for path in pages(language):
        text = path.read_text()
        jobs = re.search(r"^J=https?://localhost:5000(/\S+)", text, re.MULTILINE)
        text = text.replace("$J", jobs[1] if jobs else "$J")
        for method, address, rest in _ENDPOINT.findall(text):
            found.add((method, _plain(address)))
            # "GET /api/v1/alerts/ID    and /snapshot, /clip"
            found |= {
                (method, _plain(address) + "/" + word)
                for word in re.findall(r"(?<![\w/])/([a-z]+)\b(?![/\w])", rest)
            }
        for line in text.splitlines():
            if re.search(r"\bcurl\b", line):
                found |= {(_method(line), _plain(each)) for each in _paths(line)}
        for method, address in re.findall(r"\.(get|post|put|patch|delete)\(\s*f?\"([^\"]+)", text):
            found |= {(method.upper(), _plain(each)) for each in _paths(address)}
        lines = [each for each in text.splitlines() if not re.search(r"\bcurl\b", each)]
        for each in _paths("\n".join(lines)):
            found |= {("GET", _plain(each)), ("WS", _plain(each))}
    return found


def _paths(text: str) -> list[str]:
    """Return what looks like a path of the service."""
    return re.findall(
        r"/(?:api/v1/[\w/{}$-]+|healthz|readyz|metrics|docs|login|openapi\.json)\b", text
    )


def _plain(address: str) -> str:
    return re.split(r"[?'\"`()，。、；]", address)[0].rstrip("/.,;:") or "/"


def _method(line: str) -> str:
    if asked := re.search(r"-X ([A-Z]+)", line):
        return asked[1]
    if re.search(r"\s(-I|--head)\b", line):
        return "HEAD"
    if re.search(r"\s-T\b", line):
        return "PUT"
    return "POST" if re.search(r"\s(-F|-d|--data\S*|--json)\b", line) else "GET"
