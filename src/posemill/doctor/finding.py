"""What a check finds: a result, its evidence and the fix, in two languages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


class Result(StrEnum):
    """How it is, from good to bad."""

    OK = "ok"
    SKIPPED = "skipped"  # there is nothing to look at, or no way to look
    WARNING = "warning"
    FAILED = "failed"  # something would fail


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in both languages."""

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        """Return it in one of them."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``code`` is a stable word for it; ``fix`` says exactly what to do."""

    code: str
    result: Result
    evidence: Words
    fix: Words | None = None


def good(code: str, en: str, zh: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(code, Result.OK, Words(en, zh))


def skipped(code: str, en: str, zh: str) -> Finding:
    """Return that there is nothing to look at, and why."""
    return Finding(code, Result.SKIPPED, Words(en, zh))


def warning(code: str, evidence: Words, fix: Words) -> Finding:
    """Return what works, but not as well or as safely as it could."""
    return Finding(code, Result.WARNING, evidence, fix)


def failed(code: str, evidence: Words, fix: Words) -> Finding:
    """Return what would fail."""
    return Finding(code, Result.FAILED, evidence, fix)
