"""What a request may send: how much, how slowly, and how many at once."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posemill.config import Settings
from posemill.server.problems import Problem

# Slower than that on the whole is no connection but an attack.
_LEAST_BYTES_S: Final = 8 * 1024
# A client that sends on hears of the refusal only if it is listened to for a moment.
_DRAIN_S: Final = 2.0
_DRAIN_BYTES: Final = 64 * 1024 * 1024
_BODILESS: Final = ("GET", "HEAD", "OPTIONS", "DELETE")
# Of everything else: a token, or what nobody asked for.
_SMALL_BYTES: Final = 16 * 1024


@dataclass(slots=True)
class Gate:
    """Which bodies may come at the same time: ``limit`` bytes each, ``room`` of them at most.

    ``setting``: what the limit on bytes is called, empty where it is none.
    """

    limit: int
    setting: str
    room: int
    inside: int = 0


class BodyLimits:
    """Refuses bodies that are too large, too slow or too many; what is refused is a Problem.

    ``kind_of``: whether a path takes ``pictures`` or ``videos``; those don't wait for each other,
    and whatever else there is may be a few KiB. A declared length is refused before anything is
    read, an undeclared one at the byte.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        kind_of: Callable[[str], str | None],
        refused: Callable[[Problem], None],
    ) -> None:
        self._app, self._settings, self._kind_of = app, settings, kind_of
        self._refused = refused
        most = settings.max_uploads
        self._gates: dict[str | None, Gate] = {
            "pictures": Gate(settings.max_content_length, "max_content_length", most),
            "videos": Gate(settings.max_video_length, "max_video_length", most),
            None: Gate(_SMALL_BYTES, "", most),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _BODILESS:
            await self._app(scope, receive, send)
            return
        try:
            body = self._body(scope, receive)
        except Problem as problem:
            await self._refuse(problem, scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, body.watched(send))
        except Problem as problem:
            if body.is_answered:
                raise
            await self._refuse(problem, scope, receive, send)
        finally:
            body.release()

    def _body(self, scope: Scope, receive: Receive) -> "_Body":
        gate = self._gates[self._kind_of(scope["path"])]
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        if not declared.isdecimal():
            raise Problem("bad_request", reason="Content-Length is not a number.")
        if int(declared) > gate.limit:
            raise _too_large(gate)
        if gate.inside >= gate.room:
            raise Problem("too_many_uploads")
        body = _Body(receive, gate, self._settings.body_timeout_s)
        body.is_over = int(declared) == 0 and "transfer-encoding" not in headers
        return body

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, and listen on for a moment, or the client might not hear it."""
        self._refused(problem)
        response = problem.response(Headers(scope=scope))
        response.headers["Connection"] = "close"
        start = {"type": "http.response.start", "status": response.status_code}
        await send({**start, "headers": response.raw_headers})
        body = {"type": "http.response.body", "body": bytes(response.body)}
        await send({**body, "more_body": True})
        await _listen_on(receive)
        await send({"type": "http.response.body"})


def _too_large(gate: Gate) -> Problem:
    if not gate.setting:
        return Problem("too_large_here", limit=gate.limit)
    return Problem("too_large", limit=gate.limit, setting=gate.setting)


async def _listen_on(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            await _drain(receive)


async def _drain(receive: Receive) -> None:
    count, more = 0, True
    while more and count < _DRAIN_BYTES:
        message = await receive()
        count += len(message.get("body", b""))
        more = bool(message.get("more_body", False))


class _Body:
    """The body of one request as it arrives."""

    def __init__(self, receive: Receive, gate: Gate, timeout_s: float) -> None:
        self._receive, self._gate, self._timeout_s = receive, gate, timeout_s
        gate.inside += 1
        self._began = time.monotonic()
        self._count = 0
        self._is_released = False
        self.is_over = self.is_answered = False

    async def receive(self) -> Message:
        if self.is_over:  # what comes now is the end of the connection
            return await self._receive()
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await self._receive()
        except TimeoutError:
            raise Problem("request_timeout", seconds=self._timeout_s) from None
        if message["type"] != "http.request":
            return message
        self._count += len(message.get("body", b""))
        if self._count > self._gate.limit:
            raise _too_large(self._gate)
        if not message.get("more_body", False):
            self.is_over = True
            self.release()
        elif time.monotonic() - self._began > self._timeout_s + self._count / _LEAST_BYTES_S:
            raise Problem("request_timeout", seconds=self._timeout_s)
        return message

    def watched(self, send: Send) -> Send:
        """Return ``send``, noting when the answer begins, and closing where it comes early."""

        async def watching(message: Message) -> None:
            self.is_answered = True
            if not self.is_over:  # no more of it is wanted, so the connection can't go on
                if message["type"] == "http.response.start":
                    close = (b"connection", b"close")
                    message = {**message, "headers": [*message.get("headers", []), close]}
                elif not message.get("more_body", False):
                    await send({**message, "more_body": True})
                    await _listen_on(self._receive)
                    message = {"type": "http.response.body"}
            await send(message)

        return watching

    def release(self) -> None:
        """Let the next upload in; again does nothing."""
        if not self._is_released:
            self._is_released = True
            self._gate.inside -= 1
