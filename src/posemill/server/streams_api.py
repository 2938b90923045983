"""/api/v1/streams: cameras that are watched: how they are, what they show, adding and removing."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse

from posemill.server.describing import BYTES, described, json_body, json_of
from posemill.server.problems import Problem
from posemill.server.reading import json_object
from posemill.server.service import Service, service_of
from posemill.server.watching import Feed, left, told, wants
from posemill.streams import Event

router = APIRouter(prefix="/api/v1/streams", tags=["streams"])

_JPEG: Final = {"image/jpeg": BYTES}
_UNBUFFERED: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_BOUNDARY: Final = "posemill"
_FIRST_S: Final = 10.0  # until a picture comes
_IDLE_S: Final = 15.0
_PROBE_S: Final = 30.0
_NAMED: Final = ("stream_not_found", "unauthorized", "busy", "worker_crashed", "worker_timeout")
_CHANGING: Final = (
    *("token_needed", "bad_option", "bad_body", "store_unavailable", "busy", "worker_timeout"),
    *("unauthorized", "foreign_origin"),
)
Width = Annotated[int, Query(ge=160, le=3840)]


@router.get("", **described(answers=json_of("Streams"), problems=("unauthorized",)))
async def listed(request: Request) -> Response:
    """List the streams that are watched, how each is, and the alerts' rules."""
    service = service_of(request)
    rules = [
        {"name": each.name, "rule": each.rule, "streams": list(each.streams), "zone": each.zone}
        for each in service.watch.watching.alerts
    ]
    found = {
        "streams": service.watch.statuses,
        "may_change": service.settings.auth_token is not None,
        "alerts": rules,
    }
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


@router.post(
    "",
    **described(
        body=json_body("StreamBody"),
        status=201,
        answers=json_of("Stream"),
        problems=(*_CHANGING, "stream_exists"),
    ),
)
async def add(request: Request) -> Response:
    """Watch one more stream, from now on and after every restart. It takes a token to be set."""
    service = _changeable(request)
    raw = await json_object(request)
    service.watch.start()
    found = await _asked(service, "add", raw=raw)
    return JSONResponse(found, 201)


@router.post(
    "/test",
    **described(body=json_body("StreamBody"), answers=json_of("StreamTest"), problems=_CHANGING),
)
async def test(request: Request) -> Response:
    """Say whether there is a stream at an address: a picture of it, or the reason why not."""
    service = _changeable(request)
    raw = await json_object(request)
    service.watch.start()
    return JSONResponse(await _asked(service, "probe", _PROBE_S, raw=raw))


@router.get("/{name}", **described(answers=json_of("Stream"), problems=_NAMED))
async def one(request: Request, name: str) -> Response:
    """Tell how a stream is, with its own settings."""
    found = await _asked(service_of(request), "one", name=name)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


@router.put(
    "/{name}",
    **described(
        body=json_body("StreamBody"),
        answers=json_of("Stream"),
        problems=(*_CHANGING, *_NAMED, "stream_fixed"),
    ),
)
async def change(request: Request, name: str) -> Response:
    """Change a stream that was added here; without `url` it keeps its address."""
    service = _changeable(request)
    raw = await json_object(request)
    return JSONResponse(await _asked(service, "change", name=name, raw=raw))


@router.delete("/{name}", **described(status=204, problems=(*_CHANGING, *_NAMED, "stream_fixed")))
async def remove(request: Request, name: str) -> Response:
    """Watch a stream no longer that was added here. Its records and alerts stay."""
    await _asked(_changeable(request), "remove", name=name)
    return Response(status_code=204)


@router.get("/{name}/snapshot", **described(answers=_JPEG, problems=(*_NAMED, "no_picture")))
async def snapshot(request: Request, name: str, width: Width = 1280) -> Response:
    """Return the next picture of a stream, skeletons drawn in."""
    service = service_of(request)
    await _asked(service, "one", name=name)
    async with _following(service, name, width, records=False) as feed:
        try:
            async with asyncio.timeout(_FIRST_S):
                picture = await _picture(feed)
        except TimeoutError:
            raise Problem("no_picture") from None
    return Response(picture.data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get(
    "/{name}/mjpeg",
    **described(
        answers={f"multipart/x-mixed-replace; boundary={_BOUNDARY}": BYTES},
        problems=(*_NAMED, "too_many_followers"),
    ),
)
async def mjpeg(request: Request, name: str, width: Width = 1280) -> Response:
    """Return the pictures of a stream, skeletons drawn in, one after the other (Motion JPEG)."""
    service = await _room(request, name)
    media_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
    return StreamingResponse(_pictures(service, name, width), 200, _UNBUFFERED, media_type)


@router.get(
    "/{name}/events",
    **described(answers={"text/event-stream": BYTES}, problems=(*_NAMED, "too_many_followers")),
)
async def events(request: Request, name: str) -> Response:
    """Follow a stream by server-sent events: `header`, `record`, `state`, `alert`, `removed`."""
    service = await _room(request, name)
    return StreamingResponse(_events(service, name), 200, _UNBUFFERED, "text/event-stream")


async def _asked(service: Service, do: str, timeout_s: float = 10.0, **fields: Any) -> Any:
    return await run_in_threadpool(service.watch.ask, do, timeout_s, **fields)


def _changeable(request: Request) -> Service:
    """Return the service where it asks for a token: an open one must not lead to other hosts."""
    service = service_of(request)
    if service.settings.auth_token is None:
        raise Problem("token_needed")
    return service


async def _room(request: Request, name: str) -> Service:
    service = service_of(request)
    await _asked(service, "one", name=name)
    if service.followers.locked():
        raise Problem("too_many_followers")
    return service


@asynccontextmanager
async def _following(
    service: Service, name: str, width: int, *, records: bool
) -> AsyncIterator[Feed]:
    who, feed = secrets.token_hex(8), Feed(wants({name}, records=records))
    try:
        service.watch.follow(feed)
        await run_in_threadpool(service.watch.look, who, {name: width})
        yield feed
    finally:
        await left(service.watch, feed, who)


async def _picture(feed: Feed) -> Event:
    while (event := await feed.next()).kind != "picture":
        pass
    return event


async def _pictures(service: Service, name: str, width: int) -> AsyncIterator[bytes]:
    async with service.followers, _following(service, name, width, records=False) as feed:
        while not service.stopping.is_set():
            event = await _within(feed, 1.0)
            if event is None:
                continue
            if event.kind == "removed":
                return
            if event.kind == "picture":
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(event.data)}\r\n\r\n"
                yield f"--{_BOUNDARY}\r\n{head}".encode() + event.data + b"\r\n"


async def _events(service: Service, name: str) -> AsyncIterator[str]:
    async with service.followers, _following(service, name, 0, records=True) as feed:
        yield "retry: 2000\n\n"
        silent_s = 0.0
        while not service.stopping.is_set():
            event = await _within(feed, 1.0)
            silent_s = silent_s + 1.0 if event is None else 0.0
            if silent_s > _IDLE_S:
                silent_s = 0.0
                yield ": still here\n\n"
            if event is not None and event.kind not in ("status", "picture"):
                yield f"event: {event.kind}\ndata: {json.dumps(told(event))}\n\n"
                if event.kind == "removed":
                    return


async def _within(feed: Feed, seconds: float) -> Event | None:
    try:
        async with asyncio.timeout(seconds):
            return await feed.next()
    except TimeoutError:
        return None
