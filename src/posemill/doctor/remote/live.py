"""The WebSocket of live sessions: does the upgrade get through, and does a frame come back."""

import json
import logging
from collections.abc import Iterator
from typing import Any, Final

from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.remote.page import host_lost
from posemill.doctor.remote.proxies import setting
from posemill.doctor.remote.telling import answered, printable
from posemill.doctor.remote.uploads import picture
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import Reply, opened

_PATH: Final = "/api/v1/live"
_MOST_BYTES: Final = 1024 * 1024
# What a plain GET gets there: of posemill, of other services, and of whoever wants an upgrade.
_NOT_UPGRADED: Final = (200, 400, 404, 405, 426, 501)
_HEADER_AND_RECORD: Final = 2


def websocket(visit: Visit) -> Iterator[Finding]:
    """Open a session as the page does, send one frame, and wait for its record."""
    from websockets.exceptions import (  # noqa: PLC0415 - nobody else needs it
        ConnectionClosed,
        InvalidHandshake,
        InvalidStatus,
    )

    try:
        yield _session(visit)
    except InvalidStatus as error:
        yield _refused(visit, _reply(error.response))
    except ConnectionClosed as error:
        yield _closed(error)
    except TimeoutError:
        yield _silent()
    except (InvalidHandshake, OSError, EOFError, ValueError, RecursionError) as error:
        yield _broken(visit, error)


def _quiet() -> logging.Logger:
    logger = logging.Logger("posemill.doctor.websocket")
    logger.addHandler(logging.NullHandler())
    return logger


def _session(visit: Visit) -> Finding:
    from websockets.sync import client  # noqa: PLC0415

    connect: Any = client.connect
    address = visit.address
    uri = address.root.replace("http", "ws", 1)[:-1] + _PATH
    headers = {}
    if visit.token is not None and visit.is_trusted:
        headers["Authorization"] = f"Bearer {visit.token}"
    patience_s = visit.patience()
    with (
        connect(
            uri,
            sock=opened(visit),  # so that it goes where the others went, and follows no redirect
            ssl=visit.context,
            origin=address.origin,
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=patience_s,
            close_timeout=1.0,
            max_size=_MOST_BYTES,
            logger=_quiet(),  # what it says of servers that misbehave is said below
        ) as session,
    ):
        session.send(picture())
        answers: list[Any] = [
            json.loads(session.recv(visit.patience())) for _ in range(_HEADER_AND_RECORD)
        ]
    people = _people(answers[1])
    return good(
        "live_works",
        f"101 at {_PATH}; a frame came back as a record with {people} "
        f"{'person' if people == 1 else 'people'}.",
        f"{_PATH} 升级成功（101）；发送一帧后收到记录，其中有 {people} 人。",
    )


def _people(record: Any) -> int:
    """Return how many people a record has. ValueError for what is none."""
    people = record.get("people") if isinstance(record, dict) else None
    if not isinstance(people, list):
        raise ValueError("what came back is no record")
    return len(people)


def _reply(response: Any) -> Reply:
    headers = {str(name).lower(): str(value) for name, value in response.headers.raw_items()}
    return Reply(response.status_code, headers, bytes(response.body or b""), 0.0)


def _refused(visit: Visit, reply: Reply) -> Finding:
    if reply.code == "foreign_origin":
        return host_lost(visit)
    said = answered(reply)
    if reply.status in _NOT_UPGRADED:
        return _not_upgraded(visit, reply)
    return failed(
        "live_refused",
        Words(f"{_PATH}: {said.en} instead of 101.", f"{_PATH}：{said.zh}，应为 101。"),
        Words(
            "Let the proxy pass this path on as it does the others: no login of its own, no "
            "redirect, WebSockets allowed (some firewalls and CDNs have a switch for them).",
            "请让代理像其他路径一样转发该路径：不要求额外登录、不重定向，并允许 WebSocket"
            "（部分防火墙和 CDN 有单独开关）。",
        ),
    )


def _not_upgraded(visit: Visit, reply: Reply) -> Finding:
    said = answered(reply)
    how = setting("upgrade", visit.server, prefix=visit.address.prefix)
    return failed(
        "no_upgrade",
        Words(
            f"{_PATH}: {said.en} instead of 101. The headers Upgrade and Connection get lost on "
            "the way; live sessions and watched streams don't work.",
            f"{_PATH}：{said.zh}，应为 101。Upgrade 和 Connection 请求头在途中丢失，"
            "实时画面和视频流监看无法使用。",
        ),
        Words(f"Have the proxy pass them on: {how.en}.", f"请让代理转发它们：{how.zh}。"),
    )


def _closed(error: Any) -> Finding:
    frame = error.rcvd
    code, reason = (frame.code, printable(frame.reason, 60)) if frame else (1006, "")
    if code == 4429:
        return warning(
            "live_full",
            Words(
                "The upgrade gets through; there are as many live sessions as `max_live` allows.",
                "升级成功；但实时会话数已达 `max_live` 上限。",
            ),
            Words("Look again later, or raise `max_live`.", "请稍后重试，或调大 `max_live`。"),
        )
    return failed(
        "live_closed",
        Words(
            f"The upgrade gets through, then the session is closed: {code} {reason}.",
            f"升级成功，但会话随即被关闭：{code} {reason}。",
        ),
        Words(
            "1006: something in between cut it off; look at the proxy's log. Other codes are in "
            "the service's documentation, under Live.",
            "1006：中间环节断开了连接，请查看代理日志。其他代码见服务文档的“实时”一节。",
        ),
    )


def _silent() -> Finding:
    return failed(
        "live_silent",
        Words(
            "The WebSocket opens late or not at all, or the frame gets no answer.",
            "WebSocket 迟迟未能建立，或发送的帧没有得到响应。",
        ),
        Words(
            "Look at `/api/v1/status`: `ready`, `waiting`, `live_sessions`; then at the proxy, "
            "which may hold the first messages back.",
            "请查看 `/api/v1/status` 中的 `ready`、`waiting`、`live_sessions`；"
            "再检查代理是否滞留了最初的消息。",
        ),
    )


def _broken(visit: Visit, error: Exception) -> Finding:
    how = setting("upgrade", visit.server, prefix=visit.address.prefix)
    shown = printable(f"{type(error).__name__}: {error}", 160)
    return failed(
        "live_broken",
        Words(f"{_PATH}: {shown}.", f"{_PATH}：{shown}。"),
        Words(
            f"The proxy has to pass WebSockets on as they are: {how.en}.",
            f"代理须原样转发 WebSocket：{how.zh}。",
        ),
    )
