"""/api/v1/jobs/ID/count and its kin: what people do in the video of a job."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from posemill.analysis.angles import names_of
from posemill.analysis.behaviour import KINDS
from posemill.errors import SettingError
from posemill.exercises import exercise_names, load_exercise
from posemill.server.analysing import ANALYSIS_PROBLEMS, AUTO, analysed, checked_exercise
from posemill.server.describing import described, json_of

router = APIRouter(prefix="/api/v1", tags=["analysis"])

_JSON: Final = "application/json"
_MOST_WORDS: Final = 2000  # letters: the names of all angles are half as many
Words = Annotated[str, Query(max_length=_MOST_WORDS)]
Person = Annotated[int | None, Query(ge=0, le=2**53)]
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
    return _json(await analysed(request, "count", [job_id], exercise=checked_exercise(exercise)))


@router.get(
    "/jobs/{job_id}/angles",
    **described(answers=json_of("AnglesDocument"), problems=ANALYSIS_PROBLEMS),
)
async def angles(request: Request, job_id: str, names: Words = "3d") -> Response:
    """Compute joint angles over time.

    `names`: with commas, of angles or of groups: `main`, `3d`, `2d`, `segments`, `spreads`, `all`.
    """
    wanted = names_of(_words("names", names))
    return _json(await analysed(request, "angles", [job_id], names=list(wanted)))


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
    return _json(await analysed(request, "behaviour", [job_id], kinds=wanted))


@router.get(
    "/jobs/{job_id}/compare/{other_id}",
    **described(answers=json_of("ComparisonDocument"), problems=ANALYSIS_PROBLEMS),
)
async def compare(
    request: Request,
    job_id: str,
    other_id: str,
    mirror: Mirroring = "auto",
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
    return _json(made)


def _words(name: str, text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found:
        raise SettingError(f"{name} must name something.")
    return list(dict.fromkeys(found))


def _json(made: bytes) -> Response:
    # A result never changes, but the next version may see more in it.
    return Response(made, media_type=_JSON, headers={"Cache-Control": "private, no-cache"})
