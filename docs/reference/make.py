"""Makes settings.md and commands.md in both languages: make docs-pages.

.venv/bin/python docs/reference/make.py docs
"""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from commands_page import commands_page
from settings_page import settings_page
from words import Words

LANGUAGES: Final = ("en", "zh")


def made() -> dict[str, str]:
    """Return what each page has to hold, by its path in docs/. SystemExit names what is missing."""
    found: dict[str, str] = {}
    missing: dict[str, list[str]] = {}
    for language in LANGUAGES:
        words = Words(_read(language))
        found[f"{language}/settings.md"] = settings_page(words)
        found[f"{language}/commands.md"] = commands_page(words)
        if words.missing:
            missing[language] = list(words.missing)
    if missing:
        lines = [f"{language}.toml: {each!r}" for language in missing for each in missing[language]]
        raise SystemExit("\n".join(["docs/reference lacks:", *lines]))
    return found


def _read(language: str) -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text())


if __name__ == "__main__":
    for name, text in made().items():
        (Path(sys.argv[1]) / name).write_text(text)
