"""The application: routes, what goes around them, and what becomes of errors."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from posemill import __version__
from posemill.errors import PosemillError
from posemill.server import (
    alerts_api,
    analysis_api,
    health,
    jobs_api,
    live,
    looks,
    pages,
    pictures,
    probe_api,
    streams_api,
    streams_socket,
    templates_api,
    tus,
)
from posemill.server.describing import completed
from posemill.server.forwarding import Prefix
from posemill.server.limits import BodyLimits
from posemill.server.problems import Problem, problem_of
from posemill.server.security import Guard
from posemill.server.service import Service

_LOG: Final = logging.getLogger("posemill")
_SWEEP_S: Final = 60.0
_UPLOADS: Final = ("/api/v1/jobs", "/api/v1/uploads")
_PICTURES: Final = ("/api/v1/detect", "/api/v1/compare")
_ROUTES: Final = (
    *(health, probe_api, looks, pictures, jobs_api, tus, live),
    *(analysis_api, templates_api, streams_socket, streams_api, alerts_api, pages),
)
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ABOUT: Final = (
    "Human skeletons from pictures, videos and live frames: 33 landmarks in 3D per person. "
    "Problems are `application/problem+json` with a stable `code`, in Chinese or English by "
    "`Accept-Language`.\n\n"
    "Live sessions are a WebSocket at `/api/v1/live`, with the parameters of `/api/v1/detect`, "
    "`max_fps`, `exercise` and `angles`: each binary message up is a frame (JPEG, WebP or PNG); "
    "down come a posemill/1 header, and a record for each frame that was looked at, with "
    "`received`, `processed` and `dropped`. Close codes: 1003 `binary_only`, 1009 `too_large`, "
    "4400 `bad_option`, 4408 `idle`, 4409 `slow_reader`, 4429 `too_many_sessions`.\n\n"
    "All watched streams come over a WebSocket at `/api/v1/streams/watch`, with the parameters "
    "`streams` (names, without it all), `width` (of the pictures, 0 for none) and `records`; a "
    "text message up with these as JSON changes them. Down come `status`, `state`, `alert`, "
    "`header`, `record` and `removed` as JSON with `event`, and pictures as binary messages: four "
    "bytes of length, a JSON object of that length with `stream`, `frame` and `time_s`, and a JPEG."
)


def api() -> FastAPI:
    """Return the routes, and with them the OpenAPI document, without a service behind them."""
    app = FastAPI(
        title="posemill",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        swagger_ui_oauth2_redirect_url=None,
    )
    for module in _ROUTES:
        app.include_router(module.router)
    plain_document = app.openapi
    app.openapi = lambda: completed(plain_document())  # type: ignore[method-assign]
    return app


def build_app(service: Service) -> ASGIApp:
    """Return the application, with all that guards it around the routes."""
    app, settings = api(), service.settings
    app.state.service = service
    health.watch(service)
    _answer_errors(app, service)

    def refused(problem: Problem) -> None:
        service.metrics.rejections.labels(problem.code).inc()

    guarded: ASGIApp = BodyLimits(app, settings, _kind_of, refused)
    guarded = Guard(guarded, settings, refused)
    guarded = Measured(guarded, service, app)
    guarded = ProxyHeadersMiddleware(guarded, settings.trusted_proxies)  # type: ignore[arg-type, assignment]
    return Prefix(guarded, settings.root_path, settings.trusted_proxies)


def _kind_of(path: str) -> str | None:
    """Return what a path takes, whatever prefix it is under."""
    if any(word in path for word in _UPLOADS):
        return "videos"
    return "pictures" if path.endswith(_PICTURES) else None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    sweeping = asyncio.create_task(_sweep(app.state.service))
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping


async def _sweep(service: Service) -> None:
    while True:
        try:
            await run_in_threadpool(service.jobs.sweep)
        except PosemillError as error:
            _LOG.warning("jobs can't be swept: %s", error)
        except Exception:  # the next round may do; without any, nothing is ever handed on
            _LOG.exception("jobs can't be swept")
        await asyncio.sleep(_SWEEP_S)


def _answer_errors(app: FastAPI, service: Service) -> None:
    def answered(request: Request, problem: Problem) -> Response:
        service.metrics.rejections.labels(problem.code).inc()
        return problem.response(request.headers)

    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answered(request, error)

    async def of_posemill(request: Request, error: Exception) -> Response:
        assert isinstance(error, PosemillError)
        found = problem_of(error)
        if found.code == "internal":
            _LOG.error("%s %s: %s", request.method, request.url.path, error)
        return answered(request, found)

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        codes = {404: "not_found", 405: "method_not_allowed"}
        code = codes.get(error.status_code, "bad_request")
        found = Problem(code, method=request.method, reason=str(error.detail))
        answer = answered(request, found)
        answer.headers.update(error.headers or {})
        return answer

    async def of_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first: dict[str, Any] = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return answered(request, Problem("bad_option", reason=f"{where}: {first['msg']}."))

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nobody is there to read it

    async def ours(request: Request, error: Exception) -> Response:
        _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
        return answered(request, Problem("internal"))

    handlers: dict[Any, Callable[[Request, Exception], Any]] = {
        Problem: problem,
        PosemillError: of_posemill,
        HTTPException: of_http,
        RequestValidationError: of_validation,
        ClientDisconnect: gone,
        Exception: ours,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


class Measured:
    """Counts requests and their times, by route."""

    def __init__(self, app: ASGIApp, service: Service, routes: FastAPI) -> None:
        self._app, self._metrics = app, service.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watching)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            # Whoever sends made-up methods must not make up metrics.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(time.perf_counter() - began)
