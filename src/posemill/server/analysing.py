"""Having the analysis processes look at what jobs found."""

import asyncio
from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from posemill.errors import (
    PosemillError,
    SettingError,
    SourceError,
    SourceNotFound,
    SourceTooLarge,
    UsageError,
)
from posemill.exercises import exercise_names
from posemill.jobs import FINAL_STATES, Jobs
from posemill.server.problems import Problem
from posemill.server.service import service_of
from posemill.server.waiting import unless_gone
from posemill.workers import Answer

AUTO: Final = "auto"
_MOST_WORDS: Final = 2000  # letters: the names of all angles are half as many
Words = Annotated[str, Query(max_length=_MOST_WORDS)]
Exercise = Annotated[str | None, Query(max_length=_MOST_WORDS)]
Person = Annotated[int | None, Query(ge=0, le=2**53)]
# What may come of asking for the analysis of a job.
ANALYSIS_PROBLEMS: Final = (
    *("job_not_found", "job_not_finished", "no_records", "not_analysable", "bad_option"),
    *("media_too_large", "broken_media", "busy", "worker_crashed", "worker_timeout"),
    *("unauthorized", "store_unavailable"),
)


async def analysed(
    request: Request, do: str, jobs: Sequence[str] = (), data: bytes = b"", **options: Any
) -> bytes:
    """Return the JSON that an analysis process makes of jobs' records.

    ``options``: checked. Errors: Problem; PosemillError; ClientDisconnect.
    """
    service = service_of(request)
    paths = [await run_in_threadpool(records_of, service.jobs, job_id) for job_id in jobs]
    metrics, kind = service.metrics, do.partition("_")[0]
    asked = {"do": do, "records": paths, **options}
    try:
        answer = await _answer(request, asked, data)
    except (PosemillError, Problem):
        metrics.analyses.labels(kind, "refused").inc()
        raise
    metrics.analyses.labels(kind, "done").inc()
    metrics.stage_seconds.labels(f"analysis_{kind}").observe(answer.fields["seconds"])
    return bytes(answer.data)


def answer_of(made: bytes) -> Response:
    """Return JSON as an answer. A result never changes, but the next version may see more in it."""
    headers = {"Cache-Control": "private, no-cache"}
    return Response(made, media_type="application/json", headers=headers)


async def _answer(request: Request, asked: dict[str, Any], data: bytes) -> Answer:
    service = service_of(request)
    timeout_s = service.settings.analysis_timeout_s
    try:
        future = service.analysis.submit(asked, data, timeout_s=timeout_s)
        return await unless_gone(request, asyncio.wrap_future(future))
    except SourceNotFound:  # removed under our hands
        raise Problem("job_not_found") from None
    except SourceTooLarge:
        raise
    except SourceError as error:  # where we keep things is nobody's business
        reason = str(error)
        for path in (*asked["records"], asked.get("template", "")):
            reason = reason.replace(path, PurePath(path).name) if path else reason
        raise Problem("broken_media", reason=reason) from error
    except UsageError as error:
        raise Problem("not_analysable", reason=str(error)) from error


def records_of(jobs: Jobs, job_id: str) -> str:
    """Return where the records of a job are; it blocks. Problem where there are none; JobNotFound.

    Those of a zip of pictures are none: nothing moves from one picture to the next.
    """
    job = jobs.get(job_id)
    if job.state not in FINAL_STATES:
        raise Problem("job_not_finished")
    found = jobs.result(job_id, "records")
    if found is None or job.kind == "pictures":
        raise Problem("no_records")
    return str(found[0])


def checked_exercise(name: str) -> str:
    """Return the name of an exercise, or ``auto``. SettingError for anything else, as a path."""
    if name != AUTO and name not in exercise_names():
        known = ", ".join(exercise_names())
        raise SettingError(f"exercise must be auto or one of {known}; not {name[:40]!r}.")
    return name
