"""The words of the generated pages, in one language, and how they stand in Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class Words:
    """What en.toml or zh.toml says; ``missing`` grows by what it doesn't."""

    def __init__(self, read: Mapping[str, Any]) -> None:
        self._page: Mapping[str, str] = read["page"]
        self._sections: Mapping[str, str] = read["sections"]
        self._keys: Mapping[str, Mapping[str, Mapping[str, str]]] = read["keys"]
        # English is what the program itself says.
        self._sentences: Mapping[str, str] | None = read.get("sentences")
        self.missing: dict[str, None] = {}
        self.used: set[str] = set()

    def page(self, name: str) -> str:
        """Return a text of the page itself."""
        return self._page[name].strip("\n")

    def section(self, name: str) -> str:
        """Return the title of a section of settings."""
        return self._found(self._sections, name)

    def key(self, table: str, name: str) -> Mapping[str, str]:
        """Return what is said of a key of [[streams]] and the others."""
        found = self._keys.get(table, {}).get(name)
        if found is None:
            self.missing[f"keys.{table}.{name}"] = None
        return found or {"text": ""}

    def say(self, english: str) -> str:
        """Return a sentence of the program in this language."""
        if self._sentences is None or not english:
            return english
        self.used.add(english)
        return self._found(self._sentences, english)

    def unused(self) -> list[str]:
        """Return the sentences that the program no longer says."""
        return [each for each in self._sentences or () if each not in self.used]

    def either(self, choices: Sequence[str]) -> str:
        """Return `a`, `b` or `c`."""
        codes = [code(each) for each in choices]
        if len(codes) == 1:
            return codes[0]
        return self.page("comma").join(codes[:-1]) + self.page("or") + codes[-1]

    def listed(self, names: Iterable[str]) -> str:
        """Return `a`, `b`, `c`."""
        return self.page("comma").join(names)

    def _found(self, texts: Mapping[str, str], name: str) -> str:
        if name not in texts:
            self.missing[name] = None
        return texts.get(name, "")


def code(text: str) -> str:
    """Return a text as code."""
    return f"`{text}`"


def slug(title: str) -> str:
    """Return a heading's anchor, as the site and GitHub make it."""
    return re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
