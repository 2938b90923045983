"""Problem details (RFC 9457): a stable ``code`` for programs, sentences for people."""

import math
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from posemill.errors import (
    BY_NAME,
    AlertStoreError,
    Busy,
    JobError,
    JobNotFound,
    JobStoreError,
    NoRoom,
    PosemillError,
    SettingError,
    SinkError,
    SourceError,
    SourceTooLarge,
    StreamExists,
    StreamFixed,
    StreamNotFound,
    UnsupportedSource,
    UsageError,
    WorkerCrashed,
    WorkerTimeout,
)
from posemill.reasons import in_chinese
from posemill.server.problem_texts import PROBLEMS

MEDIA_TYPE: Final = "application/problem+json"
LANGUAGES: Final = ("en", "zh")

# The first that fits counts; what is not here is our fault.
_OF_ERRORS: Final[tuple[tuple[type[PosemillError], str], ...]] = (
    (SourceTooLarge, "media_too_large"),
    (UnsupportedSource, "unsupported_media"),
    (SourceError, "broken_media"),
    (SettingError, "bad_option"),
    (UsageError, "bad_option"),
    (Busy, "busy"),
    (WorkerTimeout, "worker_timeout"),
    (WorkerCrashed, "worker_crashed"),
    (NoRoom, "no_room"),
    (StreamNotFound, "stream_not_found"),
    (StreamExists, "stream_exists"),
    (StreamFixed, "stream_fixed"),
    (JobNotFound, "job_not_found"),
    (JobStoreError, "store_unavailable"),
    (AlertStoreError, "store_unavailable"),
    (SinkError, "store_unavailable"),
    (JobError, "conflict"),
)


class Problem(Exception):
    """Raised anywhere below a route: ``code`` is a row of the table, ``values`` fill its text."""

    def __init__(self, code: str, *, retry_after_s: float | None = None, **values: object) -> None:
        self.entry = PROBLEMS[code]
        super().__init__(self.entry.en.detail.format_map(values))
        self.code, self.values = code, values
        self.retry_after_s = retry_after_s or self.entry.retry_after_s

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.entry.status

    def body(self, language: str) -> dict[str, Any]:
        """Return the problem details in a language."""
        words, values = self.entry.en, self.values
        if language == "zh":
            words = self.entry.zh
            values = {
                name: in_chinese(value) if name == "reason" and isinstance(value, str) else value
                for name, value in values.items()
            }
        return {
            "type": f"urn:posemill:problem:{self.code}",
            "title": words.title,
            "status": self.status,
            "code": self.code,
            "detail": words.detail.format_map(values),
            "advice": words.advice.format_map(values),
        }

    def response(self, headers: Headers) -> JSONResponse:
        """Return the answer to a request with ``headers``."""
        language = language_of(headers)
        more = {"Content-Language": language, "Vary": "Accept-Language"}
        if self.retry_after_s is not None:
            more["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        if self.status == 401:
            more["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.body(language), self.status, more, MEDIA_TYPE)


def problem_of(error: PosemillError) -> Problem:
    """Return the problem that an error of posemill is to whoever asked."""
    if isinstance(error, Busy):
        return Problem("busy", retry_after_s=error.retry_after_s)
    return Problem(_code_of(type(error)), reason=str(error))


def problem_named(name: str, detail: str) -> Problem:
    """Return the problem of a job that ended with an error; ``name``: as ``name_of`` has it."""
    return Problem(_code_of(BY_NAME.get(name, PosemillError)), reason=detail)


def _code_of(kind: type[PosemillError]) -> str:
    return next((code for known, code in _OF_ERRORS if issubclass(kind, known)), "internal")


def language_of(headers: Headers) -> str:
    """Return ``zh`` or ``en``, whichever Accept-Language likes better (RFC 9110, 12.5.4)."""
    best, language = 0.0, "en"
    for part in headers.get("accept-language", "")[:500].split(","):
        tag, _, parameter = part.strip().lower().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        name = tag.split("-")[0]
        if name in LANGUAGES and weight > best:
            best, language = weight, name
    return language
