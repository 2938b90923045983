"""WS /api/v1/streams/watch: all streams over one connection, as the page's wall shows them.

Text messages down are events as JSON; binary ones are pictures: the length of a JSON object in
four bytes, that object (``stream``, ``frame``, ``time_s``), and a JPEG. A text message up changes
what is told: ``streams`` (without it all), ``width`` of the pictures (0 for none), ``records``.
"""

import asyncio
import json
import secrets
import struct
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter, WebSocket
from fastapi.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect, WebSocketState

from posemill.server.service import Service, service_of
from posemill.server.watching import Feed, left, told, wants
from posemill.streams import Event

router = APIRouter(prefix="/api/v1/streams")

_SEND_S: Final = 10.0
_MOST_NAMES: Final = 256
_MOST_TEXT: Final = 20_000
_DIGITS: Final = 6


@router.websocket("/watch")
async def watch(socket: WebSocket) -> None:
    """Show streams to one client."""
    service = service_of(socket)
    await socket.accept()
    if service.followers.locked():
        await socket.close(4429, "too_many_sessions")
        return
    async with service.followers:
        await Follower(socket, service).run()


class Follower:
    """One connection."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket, self._service = socket, service
        self._who = secrets.token_hex(8)
        self._streams: frozenset[str] | None = None
        self._width, self._records = 640, False
        self._looking: dict[str, int] = {}
        self._feed = Feed(self._wants)

    async def run(self) -> None:
        """Serve it to its end."""
        query = self._socket.query_params
        asked: dict[str, Any] = {"records": query.get("records") in ("true", "1")}
        if "streams" in query:
            asked["streams"] = [name for name in query["streams"].split(",") if name]
        if "width" in query:
            width = query["width"]
            asked["width"] = int(width) if width.isdecimal() and len(width) < _DIGITS else -1
        if not self._choose(asked):
            await self._socket.close(4400, "bad_option")
            return
        watch = self._service.watch
        watch.follow(self._feed)
        self._feed.offer(Event("status", "", {"streams": watch.statuses}))
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
            await left(watch, self._feed, self._who)
            if self._socket.application_state is WebSocketState.CONNECTED:
                with suppress(Exception):
                    await self._socket.close(1001, "going_away")

    def _wants(self, event: Event) -> bool:
        if event.kind == "picture" and not self._width:
            return False
        # What happens on streams that are out of sight is to be seen too.
        is_news = event.kind in ("state", "alert", "removed")
        return is_news or wants(self._streams, records=self._records)(event)

    def _choose(self, asked: object) -> bool:
        """Change what is told; False, and nothing done, where it makes no sense."""
        if not isinstance(asked, dict):
            return False
        names, width = asked.get("streams"), asked.get("width", self._width)
        records = asked.get("records", self._records)
        if type(width) is not int or not 0 <= width <= 3840 or type(records) is not bool:
            return False
        if names is not None and not _are_names(names):
            return False
        self._streams = None if names is None else frozenset(names)
        self._width, self._records = width, records
        return True

    async def _look(self) -> None:
        """Have the streams rendered that are looked at, and no others."""
        there = {status["name"] for status in self._service.watch.statuses}
        names = there if self._streams is None else there & self._streams
        wanted = dict.fromkeys(names, self._width) if self._width or self._records else {}
        if wanted != self._looking:
            gone: dict[str, int | None] = dict.fromkeys(self._looking.keys() - wanted.keys(), None)
            changed = {k: v for k, v in wanted.items() if self._looking.get(k) != v}
            await run_in_threadpool(self._service.watch.look, self._who, {**gone, **changed})
            self._looking = wanted

    async def _send(self) -> None:
        while not self._service.stopping.is_set():
            await self._look()
            try:
                async with asyncio.timeout(1.0):
                    event = await self._feed.next()
            except TimeoutError:
                continue
            async with asyncio.timeout(_SEND_S):
                if event.kind == "picture":
                    await self._socket.send_bytes(_with_head(event))
                else:
                    await self._socket.send_text(json.dumps(told(event)))

    async def _receive(self) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                text = await self._socket.receive_text()
                try:
                    asked = json.loads(text[:_MOST_TEXT])
                except (ValueError, RecursionError):
                    asked = None
                if not self._choose(asked):
                    await self._socket.close(4400, "bad_option")
                    return


def _are_names(names: object) -> bool:
    return (
        isinstance(names, list)
        and len(names) <= _MOST_NAMES
        and all(isinstance(each, str) for each in names)
    )


def _with_head(event: Event) -> bytes:
    head = json.dumps({"stream": event.stream, **event.fields}).encode()
    return struct.pack("!I", len(head)) + head + event.data
