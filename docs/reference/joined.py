"""Joins lines that break within Chinese text: browsers show a break as a space. make docs.

.venv/bin/python docs/reference/joined.py docs/site/zh
"""

import re
import sys
from pathlib import Path
from typing import Final

# Ideographs, and the punctuation and forms of their width.
_WIDE: Final = "[\u2018-\u201d\u2026\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_TAGS: Final = r"(?:</?(?:a|strong|em)\b[^<>]*>)*"
_BREAK: Final = re.compile(f"({_WIDE}{_TAGS})\n(?={_TAGS}{_WIDE})")
_AS_IT_IS: Final = re.compile("(<(pre|script|style|textarea)\\b.*?</\\2>)", re.DOTALL)


def joined(html: str) -> str:
    """Return ``html`` without line breaks between Chinese characters, but as it is in code."""
    # Odd places hold what is kept, those after them the name of its tag.
    parts = _AS_IT_IS.split(html)
    for at in range(0, len(parts), 3):
        parts[at] = _BREAK.sub(r"\1", parts[at])
    del parts[2::3]
    return "".join(parts)


if __name__ == "__main__":
    for path in Path(sys.argv[1]).rglob("*.html"):
        path.write_text(joined(path.read_text(encoding="utf-8")), encoding="utf-8")
