"""A running service, looked at from where its user sits.

All goes to one address, without redirects, within a bounded time. The token goes there alone, and
not where a certificate doesn't prove who that is.
"""

import time
from collections.abc import Iterator
from typing import Final

from posemill.config import Settings
from posemill.doctor.check import Check, Examined, examine
from posemill.doctor.finding import Words
from posemill.doctor.premises import Premises
from posemill.doctor.remote.address import Address, parse_address
from posemill.doctor.remote.answering import http
from posemill.doctor.remote.certificate import tls
from posemill.doctor.remote.latency import latency
from posemill.doctor.remote.live import websocket
from posemill.doctor.remote.naming import name
from posemill.doctor.remote.page import page
from posemill.doctor.remote.reaching import tcp
from posemill.doctor.remote.streaming import streaming
from posemill.doctor.remote.uploads import uploads
from posemill.doctor.remote.visit import Look, Visit, looking
from posemill.errors import UsageError

__all__ = ["CHECKS", "Address", "examine_url", "parse_address"]

PATIENCE_S: Final = 10.0
TOTAL_S: Final = 60.0
# Name, title, what looks, whether it asks for what a token may be needed for, and the pitfall.
CHECKS: Final[tuple[tuple[str, Words, Look, bool, int | None], ...]] = (
    ("name", Words("Name", "域名"), name, False, None),
    ("tcp", Words("TCP connection", "TCP 连接"), tcp, False, 1),
    ("tls", Words("Encryption (TLS)", "加密（TLS）"), tls, False, None),
    ("http", Words("Service (HTTP)", "服务（HTTP）"), http, False, 1),
    ("page", Words("Page under its prefix", "页面与路径前缀"), page, True, None),
    ("upload", Words("Uploads", "上传"), uploads, True, 2),
    ("websocket", Words("Live (WebSocket)", "实时（WebSocket）"), websocket, True, None),
    ("streaming", Words("Events without delay", "事件流不缓冲"), streaming, True, None),
    ("latency", Words("Latency", "延迟"), latency, False, 4),
)


def examine_url(
    url: str, token: str | None = None, *, patience_s: float = PATIENCE_S, total_s: float = TOTAL_S
) -> Iterator[Examined]:
    """Return an iterator over what each check finds at a deployment's address, as it is found.

    ``patience_s``: for one answer; ``total_s``: for all of them, after which the rest is skipped.
    UsageError, at once, where ``url`` is no address, or ``token`` nothing that can be sent.
    """
    if token is not None and not (token.isascii() and token.isprintable()):
        raise UsageError("the token has signs that can't be sent: only those of ASCII can.")
    visit = Visit(parse_address(url), token, patience_s, time.monotonic() + total_s)
    checks = [
        Check(word, title, looking(visit, look, has_token=has_token), pitfall)
        for word, title, look, has_token, pitfall in CHECKS
    ]
    return examine(checks, Premises(Settings()))
