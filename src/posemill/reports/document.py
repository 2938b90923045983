"""The page around the parts: one file that needs nothing else, on a screen or on paper."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from posemill.reports.html import Html, Language, text

_LIGHT: Final = """\
--paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --shade: #f3f5f7;
--s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #aa3377; --s4: #8a6d00; --s5: #56606a;
--good: #1a7f37; --doubt: #8a5a00; --bad: #b42318;"""
_DARK: Final = """\
--paper: #14171a; --ink: #e6e8ea; --soft: #a2abb4; --line: #3b424a; --shade: #1e2328;
--s0: #56b4e9; --s1: #f0883e; --s2: #2cc295; --s3: #e07fbd; --s4: #e0c04a; --s5: #a2abb4;
--good: #56d364; --doubt: #e3b341; --bad: #ff7b72;"""
# Series differ by dashes as well, for print in grey and for every kind of colour vision.
_STYLE: Final = f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0 auto; padding: 24px; max-width: 1000px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC",
  "Microsoft YaHei", sans-serif; overflow-wrap: anywhere }}
h1 {{ font-size: 1.7em; line-height: 1.25; margin: 0 0 .6em }}
h2 {{ font-size: 1.25em; margin: 1.8em 0 .5em; border-bottom: 1px solid var(--line) }}
h3 {{ font-size: 1.05em; margin: 1.3em 0 .3em }}
h1, h2, h3 {{ break-after: avoid }}
p {{ margin: .5em 0; max-width: 75ch }}
figure {{ margin: .8em 0; break-inside: avoid }}
figcaption, caption, .small, footer {{ color: var(--soft); font-size: .87em }}
caption {{ text-align: left; padding: .2em 0 }}
img {{ display: block; width: auto; height: auto; max-width: 100%; max-height: 620px;
  border-radius: 4px }}
svg {{ display: block; width: 100%; height: auto }}
.wide {{ overflow-x: auto; overflow-wrap: normal }}
.wide :is(th, td) {{ word-break: keep-all }}
table {{ border-collapse: collapse; margin: .6em 0; font-variant-numeric: tabular-nums;
  font-size: .93em }}
th, td {{ padding: .28em .7em; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; font-weight: inherit }}
thead th {{ font-weight: 600; vertical-align: bottom; background: var(--shade) }}
thead {{ display: table-header-group }}
tr, .short {{ break-inside: avoid }}
.number {{ text-align: right; white-space: nowrap }}
.beside {{ display: grid; gap: 4px 20px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)) }}
.facts {{ display: grid; grid-template-columns: max-content 1fr; gap: .15em 1.2em; margin: .6em 0 }}
.facts dt {{ color: var(--soft) }} .facts dd {{ margin: 0 }}
.notes {{ list-style: none; margin: .6em 0; padding: 0 }}
.notes li {{ margin: .3em 0; padding: .3em .8em; border-left: 4px solid var(--line);
  background: var(--shade); break-inside: avoid }}
.notes b {{ margin-right: .5em }}
.notes .good {{ border-color: var(--good) }} .good b {{ color: var(--good) }}
.notes .doubt {{ border-color: var(--doubt) }} .doubt b {{ color: var(--doubt) }}
.notes .bad {{ border-color: var(--bad) }} .bad b {{ color: var(--bad) }}
footer {{ margin-top: 2.5em; padding-top: .6em; border-top: 1px solid var(--line) }}
.chart text {{ font: 12px system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  fill: var(--ink) }}
.chart .title {{ font-size: 14px; font-weight: 600 }}
.chart .soft {{ fill: var(--soft) }}
.chart .grid {{ stroke: var(--line); stroke-width: .7 }}
.chart .axis {{ stroke: var(--soft); stroke-width: 1 }}
.chart .line {{ fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }}
.chart .band {{ stroke: none; opacity: .16 }}
.chart .span {{ fill: var(--soft); opacity: .14 }}
.chart .moment {{ stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 2 3 }}
.chart .limit {{ stroke: var(--good); stroke-width: 1.2; stroke-dasharray: 8 4 }}
.s0 {{ stroke: var(--s0); fill: var(--s0) }} .s1 {{ stroke: var(--s1); fill: var(--s1) }}
.s2 {{ stroke: var(--s2); fill: var(--s2) }} .s3 {{ stroke: var(--s3); fill: var(--s3) }}
.s4 {{ stroke: var(--s4); fill: var(--s4) }} .s5 {{ stroke: var(--s5); fill: var(--s5) }}
.line.s1 {{ stroke-dasharray: 7 4 }} .line.s2 {{ stroke-dasharray: 2 4 }}
.line.s3 {{ stroke-dasharray: 10 3 2 3 }} .line.s4 {{ stroke-dasharray: 14 4 }}
.line.s5 {{ stroke-dasharray: 4 2 }}
@page {{ size: A4; margin: 14mm 15mm }}
@media print {{
  body {{ padding: 0; max-width: none; font-size: 10.5pt; print-color-adjust: exact;
    -webkit-print-color-adjust: exact }}
  img {{ max-height: 78mm }} .wide {{ overflow: visible }}
  .new-page {{ break-before: page }}
  .beside {{ grid-template-columns: repeat(auto-fit, minmax(min(100%, 52mm), 1fr)) }}
}}
"""


_DIGEST: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
# What browsers may do with a report: show it.
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def document(title: str, parts: Iterable[Html], language: Language = "en", footer: str = "") -> str:
    """Return a whole HTML5 document of parts.

    It has no scripts and no addresses, and its Content-Security-Policy allows none. ``footer``:
    a line at the end, as who made it and when. Nothing here looks at a clock.
    """
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{"zh-Hans" if language == "zh" else "en"}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<link rel="icon" href="data:,">',  # or browsers ask for one
        f"<title>{text(title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{text(title)}</h1>",
        *parts,
        "</main>",
    ]
    if footer:
        lines.append(f"<footer>{text(footer)}</footer>")
    return "\n".join([*lines, "</body>", "</html>", ""])
