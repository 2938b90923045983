"""/api/v1/jobs/ID/count and its kin: what people do in the video of a job."""

from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from posemill.analysis.angles import names_of
from posemill.analysis.behaviour import KINDS
from posemill.config import TABLE, plain
from posemill.errors import SettingError
from posemill.exercises import exercise_names, load_exercise
from posemill.reports.document import POLICY
from posemill.server.analysing import (
    ANALYSIS_PROBLEMS,
    AUTO,
    Person,
    Words,
    analysed,
    answer_of,
    checked_exercise,
)
from posemill.server.describing import BYTES, described, json_of, two_pictures_body
from posemill.server.pictures import find, sent_as
from posemill.server.problems import language_of
from posemill.server.service import service_of

router = APIRouter(prefix="/api/v1", tags=["analysis"])

Points = Annotated[int | None, Query(ge=1, le=1_000_000)]
Mirroring = Literal["auto", "true", "false"]
_ALL_KINDS: Final = ",".join(KINDS)


@router.get("/exercises", **described(answers=json_of("Exercises"), problems=("unauthorized",)))
async def exercises(request: Request) -> Response:
    """List the exercises that repetitions can be counted of."""
    known = [load_exercise(name) for name in exercise_names()]
    rows = [
        {"name": each.name, "names": each.names, "view": each.view, "sides": each.sides}
        for each in known
    ]
    return JSONResponse({"exercises": rows})


@router.get(
    "/jobs/{job_id}/count",
    **described(answers=json_of("CountDocument"), problems=ANALYSIS_PROBLEMS),
)
async def count(request: Request, job_id: str, exercise: Words = AUTO) -> Response:
    """Count repetitions; `exercise`: a name of `/exercises`, or `auto` for whatever repeats."""
    return answer_of(
        await analysed(request, "count", [job_id], exercise=checked_exercise(exercise))
    )


@router.get(
    "/jobs/{job_id}/angles",
    **described(answers=json_of("AnglesDocument"), problems=ANALYSIS_PROBLEMS),
)
async def angles(
    request: Request, job_id: str, names: Words = "3d", points: Points = None
) -> Response:
    """Compute joint angles over time.

    `names`: with commas, of angles or of groups: `main`, `3d`, `2d`, `segments`, `spreads`, `all`.
    `points`: at most so many values of each, every so-manyth then; without it one a frame.
    """
    wanted = list(names_of(_words("names", names)))
    return answer_of(await analysed(request, "angles", [job_id], names=wanted, points=points))


@router.get(
    "/jobs/{job_id}/behaviour",
    **described(answers=json_of("EventsDocument"), problems=ANALYSIS_PROBLEMS),
)
async def behaviour(request: Request, job_id: str, kinds: Words = _ALL_KINDS) -> Response:
    """Find what happened: falls, lying, stillness, raised hands, running; `kinds`: some of them."""
    wanted = _words("kinds", kinds)
    for kind in wanted:
        if kind not in KINDS:
            raise SettingError(f"kinds must be some of {','.join(KINDS)}; not {kind[:40]!r}.")
    return answer_of(await analysed(request, "behaviour", [job_id], kinds=wanted))


@router.get(
    "/jobs/{job_id}/compare/{other_id}",
    **described(answers=json_of("ComparisonDocument"), problems=ANALYSIS_PROBLEMS),
)
async def compare(
    request: Request,
    job_id: str,
    other_id: str,
    mirror: Mirroring = "false",
    find: bool | None = None,
    person: Person = None,
    other_person: Person = None,
) -> Response:
    """Compare the movement of somebody in one job with that of somebody in another one.

    `mirror`: whether the other one is taken as in a mirror, `auto` for whichever is more alike.
    `find`: look for the shorter movement within the longer one. `person`, `other_person`: their
    ids, without which those are compared who are seen most.
    """
    made = await analysed(
        request,
        "compare",
        [job_id, other_id],
        mirror=mirror,
        find=find,
        person=person,
        other_person=other_person,
    )
    return answer_of(made)


@router.post(
    "/compare",
    **described(
        body=two_pictures_body(),
        answers=json_of("PictureComparison"),
        problems=(
            *("bad_body", "too_large", "unsupported_media", "broken_media", "media_too_large"),
            *("unsupported_extension", "too_many_uploads", "request_timeout", "bad_option", "busy"),
            *("worker_crashed", "worker_timeout", "not_analysable", "unauthorized"),
            "foreign_origin",
        ),
    ),
)
async def compare_pictures(request: Request, mirror: Mirroring = "false") -> Response:
    """Compare the postures in two pictures, the parts `a` and `b` of a form."""
    settings = replace(service_of(request).settings, max_people=1)
    async with sent_as(request, "a", "b") as pictures:
        found = [await find(request, settings, picture, "records") for picture in pictures]
    both = b"[" + b",".join(bytes(each.data) for each in found) + b"]"
    return answer_of(await analysed(request, "compare_pictures", data=both, mirror=mirror))


@router.get(
    "/jobs/{job_id}/report",
    **described(answers={"text/html": BYTES}, problems=ANALYSIS_PROBLEMS),
)
async def report(
    request: Request,
    job_id: str,
    language: Literal["en", "zh"] | None = None,
    exercise: Words = AUTO,
) -> Response:
    """Return a report to read and to print, one HTML page that needs nothing else.

    `language`: by `Accept-Language` where it is not given.
    """
    service = service_of(request)
    job = await run_in_threadpool(service.jobs.get, job_id)
    source = await run_in_threadpool(service.jobs.source, job_id)
    options = {name: value for name, value in job.options.items() if name in TABLE}
    made = await analysed(
        request,
        "report",
        [job_id],
        media=str(source[0]) if source else "",
        settings={**plain(service.settings), **options},
        exercise=checked_exercise(exercise),
        language=language or language_of(request.headers),
    )
    headers = {
        "Content-Disposition": "inline",
        "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language",
    }
    return Response(made, media_type="text/html; charset=utf-8", headers=headers)


def _words(name: str, text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found:
        raise SettingError(f"{name} must name something.")
    return list(dict.fromkeys(found))
