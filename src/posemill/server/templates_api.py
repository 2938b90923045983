"""/api/v1/templates: movements as they should be, made of jobs; and scores against them."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from posemill.errors import SourceError, SourceNotFound, UsageError
from posemill.exercises.templates import Templates, read_template, summary
from posemill.server.analysing import (
    ANALYSIS_PROBLEMS,
    Exercise,
    Person,
    analysed,
    answer_of,
    checked_exercise,
)
from posemill.server.describing import described, json_body, json_of
from posemill.server.problems import Problem
from posemill.server.reading import json_object
from posemill.server.service import service_of

router = APIRouter(prefix="/api/v1", tags=["analysis"])

_NO_STORE: Final = {"Cache-Control": "no-store"}
_ONE: Final = ("template_not_found", "unauthorized", "broken_media", "store_unavailable")
_MOST_CLIPS: Final = 16
_MOST: Final = 500
_BODY: Final = ("name", "jobs", "exercise")


@router.get("/templates", **described(answers=json_of("Templates"), problems=("unauthorized",)))
async def listed(request: Request) -> Response:
    """List the templates that are stored, those of the command too."""
    found = await run_in_threadpool(service_of(request).templates.summaries)
    return JSONResponse({"templates": found}, headers=_NO_STORE)


@router.post(
    "/templates",
    **described(
        body=json_body("TemplateBody"),
        status=201,
        answers=json_of("TemplateSummary"),
        problems=(*ANALYSIS_PROBLEMS, "bad_body", "template_exists", "no_room", "foreign_origin"),
    ),
)
async def make(request: Request) -> Response:
    """Make a template of jobs whose videos show how it is done."""
    name, jobs, exercise = _body(await json_object(request))
    templates = service_of(request).templates
    await run_in_threadpool(_refuse_taken, templates, name)
    made = await analysed(request, "template", jobs, name=name, exercise=exercise)

    def save() -> dict[str, Any]:
        _refuse_taken(templates, name)  # somebody else may have been quicker
        return summary(read_template(templates.save(name, made.decode() + "\n")))

    address = f"{request.scope.get('root_path', '')}/api/v1/templates"
    return JSONResponse(await run_in_threadpool(save), 201, {"Location": address})


@router.get("/templates/{name}", **described(answers=json_of("Template"), problems=_ONE))
async def one(request: Request, name: str) -> Response:
    """Return a template itself, a posemill-template/1 document."""
    path = _path(service_of(request).templates, name)
    template = await run_in_threadpool(_read, path)
    return JSONResponse(template, headers=_NO_STORE)


@router.delete(
    "/templates/{name}",
    **described(
        status=204,
        problems=("template_not_found", "unauthorized", "foreign_origin", "store_unavailable"),
    ),
)
async def remove(request: Request, name: str) -> Response:
    """Remove a template."""
    templates = service_of(request).templates
    if not await run_in_threadpool(templates.remove, _name(templates, name)):
        raise Problem("template_not_found")
    return Response(status_code=204)


@router.get(
    "/jobs/{job_id}/score",
    **described(
        answers=json_of("ScoreDocument"), problems=(*ANALYSIS_PROBLEMS, "template_not_found")
    ),
)
async def score(
    request: Request,
    job_id: str,
    template: str,
    exercise: Exercise = None,
    person: Person = None,
) -> Response:
    """Score the movement of somebody in a job against a template, with advice.

    `exercise`: what to count repetitions by, `auto` for the movement's own period; without it as
    the template was made. `person`: their id, without which whoever is seen most is scored.
    """
    path = _path(service_of(request).templates, template)
    if not await run_in_threadpool(path.is_file):
        raise Problem("template_not_found")
    made = await analysed(
        request,
        "score",
        [job_id],
        template=str(path),
        exercise=None if exercise is None else checked_exercise(exercise),
        person=person,
    )
    return answer_of(made)


def _body(found: dict[str, Any]) -> tuple[str, list[str], str | None]:
    """Return the name, jobs and exercise in a body. Problem; SettingError."""
    name, jobs, exercise = (found.get(key) for key in _BODY)
    is_right = (
        isinstance(name, str)
        and isinstance(jobs, list)
        and 0 < len(jobs) <= _MOST_CLIPS
        and all(isinstance(each, str) for each in jobs)
        and isinstance(exercise, str | None)
        and found.keys() <= {*_BODY}
    )
    if not is_right:
        reason = f"it must have a name, and as jobs a list of 1 to {_MOST_CLIPS} ids."
        raise Problem("bad_body", reason=reason)
    by = None if exercise is None else checked_exercise(exercise)
    return str(name), list(dict.fromkeys(jobs or [])), by


def _refuse_taken(templates: Templates, name: str) -> None:
    if templates.path(name).exists():
        raise Problem("template_exists")
    if len(templates.paths()) >= _MOST:
        raise Problem("no_room", reason=f"there are {_MOST} templates, as many as are kept.")


def _name(templates: Templates, name: str) -> str:
    """Return a name that a template may have; Problem: there is none of another one."""
    try:
        templates.path(name)
    except UsageError:
        raise Problem("template_not_found") from None
    return name


def _path(templates: Templates, name: str) -> Path:
    return templates.path(_name(templates, name))


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_template(path).to_dict()
    except SourceNotFound:
        raise Problem("template_not_found") from None
    except SourceError as error:
        reason = str(error).replace(str(path), path.name)
        raise Problem("broken_media", reason=reason) from error
