"""Who may ask: the token, the origin of web pages, and what browsers are told."""

import hmac
from collections.abc import Callable, Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posemill.config import Settings
from posemill.server.problems import Problem

COOKIE: Final = "posemill_session"
# Open with a token set too: whether it is alive, and where the token is entered.
OPEN_PATHS: Final = ("/healthz", "/readyz", "/login", "/api/v1/session")
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
# Swagger UI, and the page where a token is entered, have styles in themselves.
DOCS_POLICY: Final = f"{_POLICY}; style-src 'self' 'unsafe-inline'"
_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    # With no-referrer, browsers would send our own forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def session_of(token: str) -> str:
    """Return what the page's cookie holds: it proves the token, and doesn't tell it."""
    return hmac.new(token.encode(), b"posemill page session", "sha256").hexdigest()


class Guard:
    """Lets requests and WebSockets through that have the token, from origins that may."""

    def __init__(
        self, app: ASGIApp, settings: Settings, refused: Callable[[Problem], None]
    ) -> None:
        self._app, self._token, self._refused = app, settings.auth_token, refused
        self._origins = frozenset(word for word in settings.cors_origins.split(",") if word)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = self._with_headers(send, headers.get("origin"))
        if self._is_preflight(scope, headers):
            await _preflight(headers, send)
            return
        try:
            self._check(scope, headers)
        except Problem as problem:
            self._refused(problem)
            await _refusal(problem, scope, headers)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        has_bearer = False
        if self._token is not None:
            given = headers.get("authorization", "")
            scheme, _, word = given.partition(" ")
            has_bearer = scheme.lower() == "bearer" and _same(word.strip(), self._token)
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            cookie = _cookie(headers)
            if not (has_bearer or path in OPEN_PATHS or _same(cookie, session_of(self._token))):
                raise Problem("unauthorized")
        is_unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        origin = headers.get("origin")
        if is_unsafe and origin is not None and not has_bearer and not self._may(origin, headers):
            raise Problem("foreign_origin")

    def _may(self, origin: str, headers: Headers) -> bool:
        # The host alone: behind a proxy that ends TLS the scheme differs.
        return origin in self._origins or origin.partition("://")[2] == headers.get("host")

    def _is_preflight(self, scope: Scope, headers: Headers) -> bool:
        return (
            scope["type"] == "http"
            and scope["method"] == "OPTIONS"
            and "access-control-request-method" in headers
            and headers.get("origin") in self._origins
        )

    def _with_headers(self, send: Send, origin: str | None) -> Send:
        allowed = origin if origin in self._origins else None

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _POLICY)
                for name, value in _headers(allowed):
                    headers[name] = value
                if allowed is not None:
                    headers.add_vary_header("Origin")
            await send(message)

        return sending


def _refusal(problem: Problem, scope: Scope, headers: Headers) -> Response:
    """Return the answer to who may not; a person without a token is sent to where it is entered."""
    is_page = scope["type"] == "http" and scope["method"] == "GET"
    if problem.code == "unauthorized" and is_page and "text/html" in headers.get("accept", ""):
        return RedirectResponse(f"{scope.get('root_path', '')}/login", 303)
    return problem.response(headers)


def _headers(allowed_origin: str | None) -> Iterable[tuple[str, str]]:
    yield from _HEADERS.items()
    if allowed_origin is not None:
        yield "Access-Control-Allow-Origin", allowed_origin
        yield "Access-Control-Expose-Headers", "Location, Retry-After, Upload-Offset, Upload-Length"
        yield "Cross-Origin-Resource-Policy", "cross-origin"


async def _preflight(headers: Headers, send: Send) -> None:
    asked = headers.get("access-control-request-headers", "")[:1000]
    answer = [
        (b"access-control-allow-methods", b"GET, POST, HEAD, PATCH, DELETE"),
        (b"access-control-allow-headers", asked.encode("latin-1")),
        (b"access-control-max-age", b"600"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": answer})
    await send({"type": "http.response.body"})


def _cookie(headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
