"""Text made into HTML: whatever it says, a page shows it and does nothing else with it."""

from html import escape
from typing import Final, Literal, NewType

from posemill.errors import SettingError

# A part of a document: HTML in which all text is escaped already.
Html = NewType("Html", str)
Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


def language_of(word: str) -> Language:
    """Return the language that a word names. SettingError."""
    for known in LANGUAGES:
        if word == known:
            return known
    raise SettingError(f"language must be {' or '.join(LANGUAGES)}, not {word!r}.")


def text(value: object) -> str:
    """Return text escaped for HTML, also within an attribute.

    Control characters, marks that turn the direction of writing and broken Unicode, which file
    names may hold, are shown as their numbers.
    """
    return escape("".join(map(_shown, str(value))), quote=True)


def heading(words: str, level: int = 2) -> Html:
    """Return a heading; 1 is the title, which ``document`` writes itself."""
    return Html(f"<h{level}>{text(words)}</h{level}>")


def paragraph(words: str) -> Html:
    """Return a paragraph."""
    return Html(f"<p>{text(words)}</p>")


def section(title: str, *parts: Html, new_page: bool = False) -> Html:
    """Return parts under a heading, on a new page when printed if wanted."""
    kind = ' class="new-page"' if new_page else ""
    return Html(f"<section{kind}>\n" + "\n".join([heading(title), *parts]) + "\n</section>")


def beside(*parts: Html) -> Html:
    """Return parts next to each other, as far as there is room."""
    return Html('<div class="beside">\n' + "\n".join(parts) + "\n</div>")


def _shown(char: str) -> str:
    if char in "\n\t":
        return " "
    return char if char.isprintable() else repr(char)[1:-1]
