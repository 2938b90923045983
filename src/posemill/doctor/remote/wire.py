"""Connections to the service: to one address, bounded in time and size, without redirects."""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self

from posemill.doctor.remote.visit import OutOfTime, Visit

MOST_BYTES: Final = 4 * 1024 * 1024
_PART: Final = 64 * 1024
_TOKEN: Final = "Authorization"
_PROBLEM: Final = "urn:posemill:problem:"

Silence = Literal["timeout", "closed", "not_http", "tls"]


class NoReply(Exception):
    """There was no answer: ``silence`` says how, ``after_s`` when."""

    def __init__(self, silence: Silence, text: str, after_s: float) -> None:
        super().__init__(text)
        self.silence, self.after_s = silence, after_s


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names are in small letters. ``seconds``: from the request to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def server(self) -> str:
        return self.headers.get("server", "")

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the body as JSON, None where it isn't."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def code(self) -> str:
        """The code of a problem that posemill itself answered, or nothing."""
        found = self.json() if self.kind == "application/problem+json" else None
        name = str(found.get("type", "")) if isinstance(found, dict) else ""
        return name.removeprefix(_PROBLEM) if name.startswith(_PROBLEM) else ""


def opened(visit: Visit, patience_s: float | None = None) -> socket.socket:
    """Return a connection to the address that was reached. OSError."""
    where = (visit.reached, visit.address.port)
    return socket.create_connection(where, timeout=visit.patience(patience_s))


def secured(visit: Visit, plain: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a connection with TLS over it. OSError, ssl.SSLError."""
    host = visit.address.host
    connection = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        with bounded(connection, visit.patience()):
            connection.do_handshake()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def bounded(connection: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Cut a connection off after so long; time-outs of sockets begin anew with each byte.

    Yields what is set when that has happened.
    """
    is_cut = threading.Event()

    def cut() -> None:
        is_cut.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield is_cut
    finally:
        timer.cancel()


class Wire:
    """One connection, over which requests go one after the other. NoReply where there is none."""

    def __init__(self, visit: Visit) -> None:
        from urllib3.connection import HTTPConnection  # noqa: PLC0415 - nobody else needs it

        self._visit = visit
        self._http = HTTPConnection(visit.address.host, visit.address.port)
        self._http.auto_open = 0  # it would look the name up anew, and know nothing of TLS
        with _silences(visit, time.monotonic(), threading.Event()):
            plain = opened(visit)
            context = visit.context
            self._http.sock = plain if context is None else secured(visit, plain, context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    @property
    def is_open(self) -> bool:
        """Whether the other side has kept the connection for another request."""
        return self._http.sock is not None

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        has_token: bool = True,
        has_prefix: bool = True,
        patience_s: float | None = None,
    ) -> Reply:
        """Return the answer to a request. ``path`` is below the prefix. Redirects are answers."""
        where = self._visit.address.prefix + path if has_prefix else path
        with self._asked(method, where, body, headers, has_token, patience_s) as (response, began):
            parts: list[bytes] = []
            while sum(map(len, parts)) < MOST_BYTES and (part := response.read1(_PART)):
                parts.append(part)
            if not response.closed and len(b"".join(parts)) >= MOST_BYTES:
                self._http.close()
            names = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, names, b"".join(parts), time.monotonic() - began)

    def parts(self, path: str, patience_s: float) -> Generator[tuple[float, bytes], None, None]:
        """Yield the parts of an answer as they come, with the seconds since the request.

        The first is empty, and comes with the headers; none at all where the status isn't 200.
        """
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, deflate"}
        where = self._visit.address.prefix + path
        with self._asked("GET", where, None, headers, True, patience_s) as (response, began):
            if response.status != 200:
                return
            yield time.monotonic() - began, b""
            count = 0
            while count < MOST_BYTES and (part := response.read1(_PART)):
                count += len(part)
                yield time.monotonic() - began, part

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        body: Iterable[bytes] | None,
        headers: Mapping[str, str] | None,
        has_token: bool,
        patience_s: float | None,
    ) -> Iterator[tuple[Any, float]]:
        address, connection = self._visit.address, self._http.sock
        assert connection is not None
        seconds = self._visit.patience(patience_s)
        sent = {"Host": address.netloc, "User-Agent": "posemill doctor", **(headers or {})}
        if has_token and self._visit.token is not None and self._visit.is_trusted:
            sent[_TOKEN] = f"Bearer {self._visit.token}"
        began = time.monotonic()
        self._http.timeout = seconds
        with bounded(connection, seconds) as is_cut, _silences(self._visit, began, is_cut):
            with suppress(ConnectionError):  # it may have said why before it hung up
                self._http.request(method, path, body, sent, preload_content=False)
            response = self._http.getresponse()
            try:
                yield response, began
            finally:
                response.close()  # it holds the connection where the other side ends that


@contextmanager
def _silences(visit: Visit, began: float, is_cut: threading.Event) -> Iterator[None]:
    """Turn the errors of a connection into NoReply, or OutOfTime."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError  # noqa: PLC0415

    silence: Silence
    caught: Exception
    try:
        yield
        if not is_cut.is_set():
            return
        raise TimeoutError("no end of the answer")
    except (TimeoutError, ReadTimeoutError) as error:
        silence, caught = "timeout", error
    except ssl.SSLError as error:
        silence, caught = "tls", error
    except http.client.RemoteDisconnected as error:  # a BadStatusLine too
        silence, caught = "closed", error
    except http.client.HTTPException as error:
        silence, caught = "not_http", error
    except (OSError, HTTPError) as error:
        silence, caught = "closed", error
    if visit.is_over:
        raise OutOfTime from caught
    silence = "timeout" if is_cut.is_set() else silence
    raise NoReply(silence, str(caught), time.monotonic() - began) from caught


def ask(visit: Visit, method: str, path: str, **request: Any) -> Reply:
    """Return the answer to one request over a connection of its own. NoReply."""
    with Wire(visit) as wire:
        return wire.ask(method, path, **request)
