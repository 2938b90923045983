"""Server-sent events: do they come one by one as they are sent, or all at once."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.remote.proxies import setting
from posemill.doctor.remote.telling import answered, unanswered
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import NoReply, Reply, Wire, ask

_PATH: Final = "/api/v1/probe"
_DATA: Final = b"data:"


def streaming(visit: Visit) -> Iterator[Finding]:
    """Follow the service's probe, and compare when its events arrive with when they were sent."""
    try:
        arrivals, told = _arrivals(visit)
        if told is None:
            yield _without(visit, ask(visit, "GET", _PATH))
            return
    except NoReply as error:
        fix = Words("Look at the proxy's log.", "请查看代理的日志。")
        yield unanswered("stream_cut", Words("The events", "事件流"), error, fix)
        return
    wanted_s = (told["of"] - 1) * told["interval_s"]
    spread_s = arrivals[-1] - arrivals[0]
    if len(arrivals) < told["of"]:
        yield _cut(len(arrivals), told["of"])
    elif spread_s < wanted_s / 2:
        yield _buffered(visit, len(arrivals), spread_s, wanted_s, arrivals[-1])
    else:
        yield good(
            "streams",
            f"{len(arrivals)} events came over {spread_s:.2f} s, as they were sent.",
            f"{len(arrivals)} 个事件在 {spread_s:.2f} s 内依次到达，与发送节奏一致。",
        )


def _arrivals(visit: Visit) -> tuple[list[float], Any]:
    """Return when each event came, in seconds, and what the first says; None where none came."""
    text, arrivals = b"", list[float]()
    with Wire(visit) as wire, closing(wire.parts(_PATH, visit.patience())) as parts:
        for seconds, part in parts:
            text += part
            # Those whose line is whole.
            count = sum(line.startswith(_DATA) for line in text.split(b"\n")[:-1])
            arrivals += [seconds] * (count - len(arrivals))
    return arrivals, _first(text)


def _first(text: bytes) -> Any:
    for line in text.split(b"\n"):
        if line.startswith(_DATA):
            try:
                told = json.loads(line.removeprefix(_DATA))
                return told if told["of"] > 1 and told["interval_s"] > 0 else None
            except (ValueError, LookupError, TypeError, RecursionError):
                return None
    return None


def _without(visit: Visit, reply: Reply) -> Finding:
    said = answered(reply)
    if reply.code == "not_found":
        return skipped(
            "no_probe",
            "This version of the service has nothing to try it with.",
            "该版本的服务不支持此项检查。",
        )
    return failed(
        "stream_refused",
        Words(f"{_PATH}: {said.en}.", f"{_PATH}：{said.zh}。"),
        Words("Look at the proxy's log.", "请查看代理的日志。"),
    )


def _cut(count: int, wanted: int) -> Finding:
    return failed(
        "stream_cut",
        Words(
            f"{count} of {wanted} events came, then the answer ended.",
            f"只收到 {wanted} 个事件中的 {count} 个，随后连接结束。",
        ),
        Words(
            "Something in between ends answers that go on: look at its time-outs, and for rules "
            "on text/event-stream.",
            "中间环节中断了持续的响应：请检查其超时设置，以及针对 text/event-stream 的规则。",
        ),
    )


def _buffered(
    visit: Visit, count: int, spread_s: float, wanted_s: float, after_s: float
) -> Finding:
    how = setting("buffering", visit.server, prefix=visit.address.prefix)
    return warning(
        "buffered",
        Words(
            f"{count} events, sent over {wanted_s:.1f} s, came within {spread_s:.2f} s, the last "
            f"after {after_s:.1f} s: a proxy holds answers back. The progress of jobs shows late.",
            f"{count} 个事件在 {wanted_s:.1f} s 内依次发出，却在 {spread_s:.2f} s 内一起到达"
            f"（最后一个在 {after_s:.1f} s 时）：代理缓冲了响应，任务进度会延迟显示。",
        ),
        Words(
            f"Switch it off there: {how.en}; and don't let it ignore the header X-Accel-Buffering "
            "(`proxy_ignore_headers`) or compress text/event-stream.",
            f"请关闭代理的缓冲：{how.zh}；不要让它忽略 X-Accel-Buffering 响应头"
            "（`proxy_ignore_headers`），也不要压缩 text/event-stream。",
        ),
    )
