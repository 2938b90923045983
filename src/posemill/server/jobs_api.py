"""/api/v1/jobs: send a video, follow it, fetch what came of it, remove it."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse

from posemill.config import TABLE
from posemill.jobs import FINAL_STATES, Job
from posemill.server.describing import BYTES, described, json_of, video_body
from posemill.server.events import MEDIA_TYPE, digest, events, told
from posemill.server.problems import Problem, language_of
from posemill.server.results import file_response, result_name
from posemill.server.service import service_of
from posemill.server.uploads import OPTIONS, WANTED, job_options, job_path, take_file

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

State = Literal["uploading", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
Kind = Literal["records", "csv", "annotated", "analysis", "thumbnail", "summary", "source"]
_ONE: Final = ("job_not_found", "unauthorized", "store_unavailable")
_TAKING: Final = (
    *("bad_request", "bad_body", "bad_option", "too_large", "unsupported_extension"),
    *("no_room", "too_many_uploads", "request_timeout", "busy", "store_unavailable"),
    *("unauthorized", "foreign_origin"),
)
_MAX_PAGE: Final = 100
_VARIES: Final = {"Vary": "Accept-Language"}


def taking(**more: Any) -> dict[str, Any]:
    """Return the description of a route that takes a job's options."""
    found = described(OPTIONS, **more)
    texts = {
        "results": f"Which results to make, some of {','.join(WANTED)}; without it all.",
        "exercise": "Count the repetitions of an exercise, or of whatever repeats (`auto`), in a "
        f"video: the result `analysis`. It must be auto or {TABLE['exercise'].kind.expects}.",
    }
    for name, text in texts.items():
        wanted = {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        found["openapi_extra"]["parameters"].append({**wanted, "required": False})
    return found


@router.post(
    "",
    **taking(
        body=video_body(),
        status=202,
        answers=json_of("Job"),
        problems=_TAKING,
    ),
)
async def create(request: Request) -> Response:
    """Send a video, or a zip of pictures, as the body or as the part `file` of a form.

    The answer comes when all of it is on the disk. `X-File-Name` names a body.
    """
    service = service_of(request)
    options = job_options(request.query_params.multi_items(), service.settings)
    job = await take_file(request, service, options)
    return _answer(request, job, 202, {"Location": job_path(request, job.id)})


@router.get(
    "",
    **described(
        answers=json_of("Jobs"), problems=("bad_option", "unauthorized", "store_unavailable")
    ),
)
async def listed(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 20,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    state: State | None = None,
) -> Response:
    """List the jobs, newest first."""
    jobs = service_of(request).jobs
    page, total = await run_in_threadpool(jobs.list, limit, offset, state)
    language = language_of(request.headers)
    found = {"jobs": [told(job, language) for job in page], "total": total}
    return JSONResponse({**found, "limit": limit, "offset": offset}, headers=_VARIES)


@router.get("/{job_id}", **described(answers=json_of("Job"), problems=_ONE))
async def one(request: Request, job_id: str) -> Response:
    """Tell how a job is."""
    job = await run_in_threadpool(service_of(request).jobs.get, job_id)
    return _answer(request, job, 200, {"Cache-Control": "no-store"})


@router.delete("/{job_id}", **described(status=204, problems=_ONE))
async def remove(request: Request, job_id: str) -> Response:
    """Cancel a job where it is still at work, and remove its files."""
    await run_in_threadpool(service_of(request).jobs.delete, job_id)
    return Response(status_code=204)


@router.get(
    "/{job_id}/events",
    **described(answers={MEDIA_TYPE: BYTES}, problems=(*_ONE, "too_many_followers")),
)
async def follow(request: Request, job_id: str) -> Response:
    """Follow a job by server-sent events until it is over; each `job` event is the whole job."""
    service = service_of(request)
    job = await run_in_threadpool(service.jobs.get, job_id)
    known = request.headers.get("last-event-id", "")
    if job.state in FINAL_STATES and known == digest(job):
        return Response(status_code=204)  # an EventSource then stays away
    if service.followers.locked():
        raise Problem("too_many_followers")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    told_as = language_of(request.headers)
    return StreamingResponse(events(service, job, known, told_as), 200, headers, MEDIA_TYPE)


@router.get(
    "/{job_id}/results/{kind}",
    **described(
        answers={"application/octet-stream": BYTES},
        problems=(*_ONE, "result_not_found", "bad_range"),
    ),
)
async def result(request: Request, job_id: str, kind: Kind) -> Response:
    """Fetch a result, or what was sent (`source`), whole or one range of it."""
    return await run_in_threadpool(_result, request, job_id, kind)


router.head("/{job_id}/results/{kind}", include_in_schema=False)(result)


def _answer(request: Request, job: Job, status: int, headers: dict[str, str]) -> Response:
    found = told(job, language_of(request.headers))
    return JSONResponse(found, status, {**headers, **_VARIES})


def _result(request: Request, job_id: str, kind: str) -> Response:
    jobs = service_of(request).jobs
    job = jobs.get(job_id)
    found = jobs.source(job_id) if kind == "source" else jobs.result(job_id, kind)
    if found is None:
        raise Problem("result_not_found")
    path, media_type = found
    name = job.name if kind == "source" else result_name(job.name, path)
    return file_response(request, path, media_type, name)
