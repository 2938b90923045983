"""The HTTP server: uvicorn with a limit on how long headers may take and how many may connect."""

import asyncio
import errno
import logging
import socket
import threading
from http import HTTPStatus
from typing import Any, Final

import h11
import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from posemill.config import Settings
from posemill.errors import UsageError
from posemill.server.problems import Problem

_BACKLOG: Final = 128
_MAX_CONNECTIONS: Final = 1000
_MAX_HEADER_BYTES: Final = 64 * 1024
_KEEP_ALIVE_S: Final = 15
# Proxies may see the end of such a request elsewhere, so nothing may follow it (RFC 9112, 6.1).
_TWO_LENGTHS: Final = frozenset((b"content-length", b"transfer-encoding"))


def protocol(header_timeout_s: float) -> type[H11Protocol]:
    """Return uvicorn's protocol, which also closes connections whose headers don't come."""

    class Impatient(H11Protocol):
        """Waits so long for the whole headers of a connection's next request, and no longer."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._patience: asyncio.TimerHandle | None = None
            if len(self.connections) > _MAX_CONNECTIONS:
                transport.write(_answer(Problem("too_many_connections")))
                transport.close()
                return
            self._wait_for_headers()

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before:  # the headers are there
                self._stop_waiting()
                if {name for name, _ in self.headers} >= _TWO_LENGTHS:
                    self.headers.append((b"connection", b"close"))

        def send_400_response(self, msg: str) -> None:
            self.transport.write(_answer(Problem("bad_request", reason=msg)))
            self.transport.close()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            self._stop_waiting()
            super().handle_websocket_upgrade(event)

        def data_received(self, data: bytes) -> None:
            if self._patience is None and (self.cycle is None or self.cycle.response_complete):
                self._wait_for_headers()
            super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait_for_headers(self) -> None:
            self._patience = self.loop.call_later(header_timeout_s, self._give_up)

        def _stop_waiting(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

        def _give_up(self) -> None:
            self._patience = None
            if not self.transport.is_closing():
                self.transport.close()

    return Impatient


def _answer(problem: Problem) -> bytes:
    """Return a whole answer, to what is no request, or to one too many."""
    response = problem.response(Headers())
    response.headers["Connection"] = "close"
    status = f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}\r\n"
    head = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    return status.encode() + head + b"\r\n" + bytes(response.body)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of the log is one: uvicorn takes a WebSocket refused by 401 for a fault."""
    return "without completing handshake" not in str(record.msg)


class _Server(uvicorn.Server):
    """Tells when it stops, before it waits for the answers under way."""

    def __init__(self, config: uvicorn.Config, stopping: threading.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


def server(app: ASGIApp, settings: Settings, stopping: threading.Event) -> uvicorn.Server:
    """Return a server for ``app``, which runs with ``serve(sockets=[...])``.

    ``stopping`` is set when it is asked to stop.
    """
    # Whoever sends nonsense is told so; a warning for each would let them fill the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config = uvicorn.Config(
        app,
        http=protocol(settings.header_timeout_s),
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="on",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(settings.stop_timeout_s)),
        h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
        ws_max_size=settings.max_content_length,
        ws_max_queue=4,
        ws_per_message_deflate=False,
    )
    return _Server(config, stopping)


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say. UsageError where that can't be."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio doesn't turn Nagle's algorithm off: 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        cure = "stop what uses it (posemill doctor says what), or choose another one with --port"
        if isinstance(error, PermissionError):
            cure = "ports below 1024 need privileges; choose another one with --port"
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            cure = "name an address of this machine with --host, or 0.0.0.0 for all"
        raise UsageError(
            f"can't listen on {host}:{port}: {error.strerror or error}; {cure}."
        ) from error
    listening.setblocking(False)
    return listening
