"""Tables, facts and notes."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from posemill.reports.html import Html, Language, text

# A number is set to the right; None is not known.
Cell = str | float | None
Level = Literal["good", "doubt", "bad", "note"]

# As ``-12.5``, ``+3 %`` or ``90°``.
_NUMBER: Final = re.compile("[-+\N{MINUS SIGN}]?[0-9][0-9.,:]* ?[%°]?")
_SHORT: Final = 12  # rows; so few go to the next page together
UNKNOWN: Final = "\N{EN DASH}"
# A sign and a word as well as a colour: nobody should have to tell colours apart.
_SIGNS: Final[dict[Level, str]] = {"good": "✓", "doubt": "?", "bad": "✗", "note": "i"}
_WORDS: Final[dict[Language, dict[Level, str]]] = {
    "en": {"good": "Good", "doubt": "Doubt", "bad": "Bad", "note": "Note"},
    "zh": {"good": "良好", "doubt": "存疑", "bad": "不足", "note": "说明"},
}


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    caption: str = "",
    digits: int = 1,
) -> Html:
    """Return a table; the first column heads each row.

    A cell is text, a number (told with ``digits`` after the point; a whole one with none), or
    None for what is not known. A column is set to the right where it holds numbers, also as text.
    """
    kept = [list(row) for row in rows]
    is_number = [
        any(_is_number(row[at]) for row in kept if at < len(row)) for at in range(len(columns))
    ]
    head = "".join(
        f"<th scope=col{_kind(right)}>{text(name)}</th>"
        for name, right in zip(columns, is_number, strict=True)
    )
    body = []
    for row in kept:
        cells = [
            f"<{tag}{_kind(right)}>{text(_shown(cell, digits))}</{tag[:2]}>"
            for tag, cell, right in zip(
                ["th scope=row", *["td"] * (len(row) - 1)], row, is_number, strict=True
            )
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    kind = "wide short" if len(kept) <= _SHORT else "wide"
    return Html(
        f'<div class="{kind}"><table>{title}<thead><tr>{head}</tr></thead>\n<tbody>'
        + "\n".join(body)
        + "</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return names and what there is to say of each."""
    return Html(
        '<dl class="facts">'
        + "\n".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in pairs)
        + "</dl>"
    )


def notes(items: Iterable[tuple[Level, str]], language: Language = "en") -> Html:
    """Return remarks, each with how bad it is: ``good``, ``doubt``, ``bad`` or just a ``note``."""
    lines = [
        f'<li class="{level}"><b>{_SIGNS[level]} {_WORDS[language][level]}</b>{text(words)}</li>'
        for level, words in items
    ]
    return Html('<ul class="notes">\n' + "\n".join(lines) + "\n</ul>")


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) or bool(_NUMBER.fullmatch(cell or ""))


def _kind(right: bool) -> str:
    return " class=number" if right else ""


def _shown(cell: Cell, digits: int) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 - NaN
        return UNKNOWN
    if isinstance(cell, float):
        return f"{cell:.{digits}f}"
    return str(cell)
