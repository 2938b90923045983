"""`posemill doctor`: what the checks find, as a table for people or JSON for programs."""

import json as json_format
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from posemill import __version__
from posemill.cli.listing import put
from posemill.cli.report import Report, State, one_line
from posemill.config import TABLE
from posemill.doctor import LANGUAGES, Examined, Language, Result, examine, premises
from posemill.errors import SinkError, UsageError

SCHEMA: Final = "posemill.doctor/1"
_MARKS: Final[Mapping[Result, tuple[str, str]]] = {
    Result.OK: ("✓", "green"),
    Result.SKIPPED: ("-", "dim"),
    Result.WARNING: ("!", "yellow"),
    Result.FAILED: ("✗", "bold red"),
}
_SUMS: Final[Mapping[Language, str]] = {
    "en": "{ok} good, {warning} to think about, {failed} that would fail, {skipped} not applicable",
    "zh": "{ok} 项正常，{warning} 项需留意，{failed} 项会失败，{skipped} 项不适用",
}


def look_here(flags: Mapping[str, object], language: str | None, *, json: bool) -> int:
    """Look at this machine with the settings of a service."""
    from posemill.doctor.checks import CHECKS  # noqa: PLC0415

    words = _language(language)
    return tell_of(examine(CHECKS, premises(flags)), len(CHECKS), words, json=json)


def look_at_deployment(
    url: str, flags: Mapping[str, object], language: str | None, *, json: bool
) -> int:
    """Look at the service behind ``url``. UsageError for what is none.

    The token is that of --auth-token or POSEMILL_AUTH_TOKEN, never that of a settings file: the
    service that is asked need not be the one that the file is for.
    """
    from posemill.doctor.remote import CHECKS, examine_url  # noqa: PLC0415

    given = flags.get("auth_token") or os.environ.get(TABLE["auth_token"].variable)
    token = str(given).strip() if given else None
    words = _language(language)
    return tell_of(examine_url(url, token), len(CHECKS), words, json=json)


def _language(asked: str | None) -> Language:
    if asked is None:
        return language_here()
    for language in LANGUAGES:
        if asked == language:
            return language
    raise UsageError(f"--language knows en and zh, not {asked!r}.")


def language_here(environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the terminal."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def tell_of(examined: Iterable[Examined], count: int, language: Language, *, json: bool) -> int:
    """Print each of ``count`` checks as it is done; return 1 where something would fail."""
    found: list[Examined] = []
    report = Report(bars=sys.stderr.isatty())
    try:
        report.show(State("doctor", "doctor", 0, count, 0))
        for each in examined:
            found.append(each)
            if not json:
                report.close()
                _print(each, language)
            report.show(
                State("doctor", each.check.title.in_language(language), len(found), count, 0)
            )
    finally:
        report.close()
    if json:
        document = as_document(found, language)
        put(json_format.dumps(document, ensure_ascii=not _is_unicode(), indent=2))
    else:
        counts = {str(result): sum(each.result is result for each in found) for result in Result}
        put(_encodable("\n" + _SUMS[language].format(**counts)))
    return int(any(each.result is Result.FAILED for each in found))


def as_document(found: Iterable[Examined], language: Language) -> dict[str, Any]:
    """Return all of it as plain data."""
    checks = [each.to_dict(language) for each in found]
    is_ok = all(each["result"] != "failed" for each in checks)
    return {"schema": SCHEMA, "version": __version__, "ok": is_ok, "checks": checks}


def _print(examined: Examined, language: Language) -> None:
    plain = not _is_unicode()
    try:
        from rich.console import Console  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415
    except ImportError:  # one of the packages that may be missing
        for parts in _lines(examined, language, plain=plain):
            put(_encodable("".join(text for text, _ in parts)))
        return
    console = Console(highlight=False, soft_wrap=True)
    try:
        for parts in _lines(examined, language, plain=plain):
            shown = [(_encodable(text), style) for text, style in parts]
            console.print(Text.assemble(*shown))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SinkError(f"stdout can't be written: {error.strerror or error}.") from error


def _lines(
    examined: Examined, language: Language, *, plain: bool
) -> Iterable[Sequence[tuple[str, str]]]:
    """Yield lines, each as parts with a style."""
    for finding in examined.findings:
        mark, style = _MARKS[finding.result]
        mark = {"✓": "+", "✗": "x"}.get(mark, mark) if plain else mark
        title = examined.check.title.in_language(language)
        evidence = one_line(finding.evidence.in_language(language))
        yield (f"{mark} ", style), (title, "bold"), (f" ({examined.check.name})  {evidence}", "")
        if finding.fix is not None:
            arrow = "-> " if plain else "→ "
            yield ("    ", ""), (arrow, style), (one_line(finding.fix.in_language(language)), "")


def _encodable(text: str) -> str:
    """Return text with what this terminal can't show escaped, rather than left out."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _is_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
