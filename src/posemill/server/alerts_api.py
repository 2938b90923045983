"""/api/v1/alerts: what happened on the streams, what it looked like, and that somebody knows."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from posemill.alerts import Alert
from posemill.server.describing import BYTES, described, json_body, json_of
from posemill.server.problems import Problem
from posemill.server.reading import json_object
from posemill.server.results import file_response
from posemill.server.service import Service, service_of

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

_NO_STORE: Final = {"Cache-Control": "no-store"}
_ONE: Final = ("alert_not_found", "unauthorized", "store_unavailable")


@router.get(
    "",
    **described(
        answers=json_of("Alerts"), problems=("unauthorized", "bad_option", "store_unavailable")
    ),
)
async def listed(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(max_length=64)] = None,
    stream: Annotated[str | None, Query(max_length=64)] = None,
    unacknowledged: bool = False,
) -> Response:
    """List alerts, the newest first; `before`: those older than the one of this id."""
    alerts = service_of(request).alerts
    found = await run_in_threadpool(
        alerts.list, limit, before=before, stream=stream, unacknowledged=unacknowledged
    )
    return JSONResponse({"alerts": [each.to_dict() for each in found]}, headers=_NO_STORE)


@router.post(
    "/test",
    **described(
        body=json_body("AlertTest"),
        status=202,
        answers=json_of("Alert"),
        problems=(
            "stream_not_found",
            "bad_body",
            "busy",
            "worker_timeout",
            "bad_option",
            "unauthorized",
            "foreign_origin",
        ),
    ),
)
async def test(request: Request) -> Response:
    """Raise a test alert by a rule of the settings, through all that it goes to."""
    name = (await json_object(request)).get("name")
    if not isinstance(name, str):
        raise Problem("bad_body", reason="name must be that of an alert.")
    watch = service_of(request).watch
    if name in {each.name for each in watch.watching.alerts}:
        watch.start()
    found = await run_in_threadpool(watch.ask, "test_alert", name=name)
    return JSONResponse(found, 202)


@router.get("/{alert_id}", **described(answers=json_of("Alert"), problems=_ONE))
async def one(request: Request, alert_id: str) -> Response:
    """Return one alert."""
    found = await run_in_threadpool(_found, service_of(request), alert_id)
    return JSONResponse(found.to_dict(), headers=_NO_STORE)


@router.post(
    "/{alert_id}/acknowledge",
    **described(answers=json_of("Alert"), problems=(*_ONE, "foreign_origin")),
)
async def acknowledge(request: Request, alert_id: str) -> Response:
    """Say that somebody knows of an alert; again does nothing."""
    found = await run_in_threadpool(service_of(request).alerts.acknowledge, alert_id)
    if found is None:
        raise Problem("alert_not_found")
    return JSONResponse(found.to_dict())


@router.get(
    "/{alert_id}/snapshot",
    **described(answers={"image/jpeg": BYTES}, problems=(*_ONE, "result_not_found", "bad_range")),
)
async def snapshot(request: Request, alert_id: str) -> Response:
    """Return the picture in which an alert began, skeletons drawn in."""
    return await run_in_threadpool(_file, request, alert_id, "jpg", "image/jpeg")


@router.get(
    "/{alert_id}/clip",
    **described(answers={"video/mp4": BYTES}, problems=(*_ONE, "result_not_found", "bad_range")),
)
async def clip(request: Request, alert_id: str) -> Response:
    """Return the clip around an alert, whole or one range of it."""
    return await run_in_threadpool(_file, request, alert_id, "mp4", "video/mp4")


def _found(service: Service, alert_id: str) -> Alert:
    alert = service.alerts.get(alert_id)
    if alert is None:
        raise Problem("alert_not_found")
    return alert


def _file(request: Request, alert_id: str, suffix: str, media_type: str) -> Response:
    service = service_of(request)
    alert = _found(service, alert_id)  # so that the name below is one of ours
    name = f"{alert.id}.{suffix}"
    return file_response(request, service.alerts.folder / name, media_type, name)
