"""Alerts as POST requests, signed, to an address of the user's own.

The body is the alert's JSON. Headers: ``X-Posemill-Id``, the same in each attempt, so that a
receiver can pass over what it has already; ``X-Posemill-Timestamp``, unix seconds; and, where the
webhook has a secret, ``X-Posemill-Signature``: see ``verify``. Any 2xx means received.
"""

import base64
import hmac
import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from typing import Final
from urllib.parse import unquote

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader, LocationParseError
from urllib3.util import Retry, parse_url

from posemill.alerts.outbox import Delivery
from posemill.alerts.sink import Outcome, reason_of
from posemill.config import WebhookConfig
from posemill.errors import SettingError
from posemill.records import dumps

ID_HEADER: Final = "X-Posemill-Id"
TIMESTAMP_HEADER: Final = "X-Posemill-Timestamp"
SIGNATURE_HEADER: Final = "X-Posemill-Signature"
_FRESH_S: Final = 300.0
_GONE: Final = 410
_FOR_NOW: Final = (408, 425, 429)

# It would log the address, in which there may be a key.
logging.getLogger("urllib3.connection").addFilter(lambda _: False)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a request: ``sha256=`` and an HMAC of ``timestamp.body`` in hex."""
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.digest(secret.encode(), signed, 'sha256').hex()}"


def verify(
    secret: str, timestamp: str, body: bytes, signature: str, *, fresh_s: float = _FRESH_S
) -> bool:
    """Return whether a request comes from whoever knows the secret, and is not an old one.

    For receivers: ``timestamp`` and ``signature`` are the headers' values, ``body`` the bytes as
    they came.
    """
    try:
        is_fresh = abs(time.time() - float(timestamp)) <= fresh_s
    except ValueError:
        return False
    expected = sign(secret, timestamp, body).encode()
    return hmac.compare_digest(expected, signature.encode(errors="replace")) and is_fresh


class Webhook:
    """Posts to one address; an attempt takes ``timeout_s`` to connect and as long for the answer.

    SettingError for an address that is none.
    """

    def __init__(self, config: WebhookConfig) -> None:
        refused = f"the url of the webhook {config.name!r} can't be used."
        try:
            url = parse_url(config.url)
        except LocationParseError:
            raise SettingError(refused) from None
        if url.scheme not in ("http", "https") or not url.host:
            raise SettingError(refused)
        self._host, self._port = url.host.strip("[]"), url.port
        self._path = url.request_uri
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._secret, self._timeout_s = config.secret, config.timeout_s
        self._headers = {
            "Content-Type": "application/json",
            "Connection": "close",
            "User-Agent": "posemill",
        }
        if url.auth:
            word = base64.b64encode(unquote(url.auth).encode()).decode()
            self._headers["Authorization"] = f"Basic {word}"
        self._under_way: HTTPConnection | None = None
        self._is_ended = False

    def send(self, delivery: Delivery) -> Outcome:
        """Post an alert once. The answer's body is not read."""
        body = dumps(delivery.alert.to_dict()).encode()
        began_s = time.monotonic()
        try:
            status, retry_after = self._post(self._signed(delivery.id, body), body)
        except (OSError, HTTPException, HTTPError, ValueError) as error:
            if time.monotonic() - began_s >= self._timeout_s:
                return Outcome("away", f"there was no answer within {self._timeout_s:g} s")
            return Outcome("away", reason_of(error))
        if 200 <= status < 300:
            return Outcome("done")
        said = f"it answered {status}"
        if status == _GONE:
            return Outcome("never", said)
        is_for_now = status >= 500 or status in _FOR_NOW
        return Outcome("again" if is_for_now else "slowly", said, _seconds(retry_after))

    def abort(self) -> None:
        """Cut the connection, and make no further one."""
        self._is_ended = True
        self._cut()

    def _cut(self) -> None:
        connection = self._under_way
        sock = None if connection is None else connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _signed(self, delivery_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        headers = {**self._headers, ID_HEADER: delivery_id, TIMESTAMP_HEADER: timestamp}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = sign(self._secret, timestamp, body)
        return headers

    def _post(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """Return the answer's status and its Retry-After."""
        connection = self._connection()
        # A time-out of the socket begins again with each byte that comes.
        cut = threading.Timer(self._timeout_s, self._cut)
        cut.daemon = True
        try:
            connection.connect()
            self._under_way = connection
            if self._is_ended:
                raise ConnectionAbortedError
            cut.start()
            connection.request(
                "POST", self._path, body=body, headers=headers, preload_content=False
            )
            answer = connection.getresponse()
            answer.close()
            return answer.status, answer.headers.get("Retry-After", "")
        finally:
            cut.cancel()
            self._under_way = None
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, ssl_context=self._tls
        )


def _seconds(retry_after: str) -> float:
    """Return what Retry-After, a number of seconds or a date, asks for; 0 where it is neither."""
    try:
        return Retry().parse_retry_after(retry_after) if retry_after else 0.0
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0
