"""WS /api/v1/live: frames up, records down; one tracker a connection.

The client sends each frame as one binary message (JPEG, WebP or PNG) and gets a posemill/1 header
with the first answer, and again where the size of its frames changes; then a record for each frame
that was processed. While one is in work, the newest of those that arrive waits, and the others are
dropped. A record names its frame, counted from 0 as they arrived, and ``received``, ``processed``
and ``dropped`` so far. With ``exercise`` or ``angles`` each person has ``analysis``. What is wrong
with one frame is a message with ``problem``.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from posemill.config import Settings, plain
from posemill.errors import Busy, PosemillError, SettingError
from posemill.server.options import PICTURE_SECTIONS, choosable, chosen
from posemill.server.problems import language_of, problem_of
from posemill.server.service import Service, service_of
from posemill.workers import Answer, Seat

router = APIRouter(prefix="/api/v1")

OPTIONS: Final = choosable((*PICTURE_SECTIONS, "analysis"), "max_fps")
# Codes of RFC 6455, and ours from 4000 on; the reasons are stable words.
CLOSE_CODES: Final[Mapping[int, str]] = {
    1001: "going_away",
    1003: "binary_only",
    1009: "too_large",
    1011: "internal",
    4400: "bad_option",
    4408: "idle",
    4409: "slow_reader",
    4429: "too_many_sessions",
}
_SEND_S: Final = 10.0  # a client that takes no answer for so long reads too slowly
_CLOSE_S: Final = 1.0  # the same client wouldn't take the end either
_EARLY: Final = 1.0  # of an interval, that a frame may be early by: after a late one, it is


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Follow people through the frames of one client."""
    service = service_of(socket)
    await socket.accept()
    if service.live.sessions >= service.settings.max_live:
        service.metrics.rejections.labels("too_many_sessions").inc()
        await socket.close(4429, "too_many_sessions")
        return
    try:
        settings = chosen(socket.query_params.multi_items(), service.settings, OPTIONS)
    except SettingError as error:
        await socket.send_json({"problem": problem_of(error).body(language_of(socket.headers))})
        await socket.close(4400, "bad_option")
        return
    service.metrics.live_sessions.inc()
    session = Session(socket, service, settings)
    try:
        await session.run()
    finally:
        service.metrics.live_sessions.dec()


class Session:
    """One connection: frames come in by ``_receive``, records go out by ``_process``."""

    def __init__(self, socket: WebSocket, service: Service, settings: Settings) -> None:
        self._socket, self._service, self._settings = socket, service, settings
        self._id = secrets.token_hex(8)
        self._plain = plain(settings)
        self._newest: tuple[int, float, bytes] | None = None
        self._arrived = asyncio.Event()
        self._began: float | None = None
        self._counts = {"received": 0, "processed": 0, "dropped": 0}
        self._language = language_of(socket.headers)

    async def run(self) -> None:
        """Serve the connection to its end."""
        seat = self._service.live.take()
        processing = asyncio.create_task(self._process(seat))
        receiving = asyncio.create_task(self._receive())
        try:
            done, _ = await asyncio.wait(
                (processing, receiving), return_when=asyncio.FIRST_COMPLETED
            )
            code, reason = next(iter(done)).result()
            if self._socket.application_state is not WebSocketState.DISCONNECTED and code:
                async with asyncio.timeout(_CLOSE_S):
                    await self._socket.close(code, reason)
        except (WebSocketDisconnect, TimeoutError):
            pass  # it is gone, or nearly so
        finally:
            for task in (processing, receiving):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
            with suppress(PosemillError):
                seat.submit({"do": "live_close", "session": self._id}, timeout_s=_SEND_S)
            seat.leave()

    async def _receive(self) -> tuple[int, str]:
        """Take frames until the connection ends; return the code to close it with."""
        interval_s, due = 1 / self._settings.max_fps, 0.0
        while True:
            try:
                async with asyncio.timeout(self._settings.live_idle_s):
                    data = await self._frame()
            except TimeoutError:
                return 4408, "idle"
            except WebSocketDisconnect:
                return 0, ""
            if data is None:
                return 1003, "binary_only"
            now = time.monotonic()
            self._began = now if self._began is None else self._began
            number = self._counts["received"]
            self._counts["received"] += 1
            self._count("received")
            if now < due - _EARLY * interval_s:
                self._drop()
                continue
            due = max(due, now) + interval_s
            if self._newest is not None:
                self._drop()
            self._newest = (number, now - self._began, data)
            self._arrived.set()

    async def _frame(self) -> bytes | None:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        data: bytes | None = message.get("bytes")
        return data

    async def _process(self, seat: Seat) -> tuple[int, str]:
        """Answer the newest frame, again and again; return the code to close with."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            assert self._newest is not None
            (number, time_s, data), self._newest = self._newest, None
            request = {
                "do": "live_frame",
                "session": self._id,
                "frame": number,
                "time_s": time_s,
                "settings": self._plain,
            }
            try:
                answer = await self._answer(seat, request, data)
                if answer is not None:
                    await self._tell(answer)
            except TimeoutError:
                return 4409, "slow_reader"

    async def _answer(self, seat: Seat, request: Mapping[str, Any], data: bytes) -> Answer | None:
        """Have a frame looked at; where that can't be, say so and return None. TimeoutError."""
        try:
            future = seat.submit(request, data, timeout_s=self._settings.picture_timeout_s)
            return await asyncio.wrap_future(future)
        except PosemillError as error:
            self._drop()
            if not isinstance(error, Busy):
                body = problem_of(error).body(self._language)
                await self._say({"frame": request["frame"], **self._counts, "problem": body})
        return None

    async def _tell(self, answer: Answer) -> None:
        """Count an answer, and send it. TimeoutError."""
        self._counts["processed"] += 1
        self._count("processed")
        self._service.metrics.people.labels("live").inc(answer.fields["people"])
        for stage, seconds in answer.fields["stages"].items():
            self._service.metrics.stage_seconds.labels(f"live_{stage}").observe(seconds)
        if "header" in answer.fields:
            await self._say(answer.fields["header"])
        await self._send(self._with_counts(bytes(answer.data)))

    def _with_counts(self, record: bytes) -> str:
        counts = json.dumps(self._counts)[:-1]
        return f"{counts}, {record[1:].decode()}"

    async def _say(self, message: Mapping[str, Any]) -> None:
        await self._send(json.dumps(message))

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(_SEND_S):
            await self._socket.send_text(text)

    def _drop(self) -> None:
        self._counts["dropped"] += 1
        self._count("dropped")

    def _count(self, fate: str) -> None:
        self._service.metrics.frames.labels("live", fate).inc()
