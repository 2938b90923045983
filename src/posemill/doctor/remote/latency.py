"""How long the way there and back takes, for a word and for a picture."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from posemill.doctor.finding import Finding, Words, good, warning
from posemill.doctor.remote.telling import unanswered
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import NoReply, Wire

_TIMES: Final = 10
# Two frames of a live session are under way at most; 15 a second leave each this long.
_SLOW_S: Final = 0.13
_SLOW_PICTURE_S: Final = 2.0


def latency(visit: Visit) -> Iterator[Finding]:
    """Ask ten times over one connection; the picture's time is known from its upload."""
    try:
        times_s, connections = _times(visit)
    except NoReply as error:
        fix = Words("Look at the proxy's log.", "请查看代理的日志。")
        yield unanswered("latency_silent", Words("/healthz", "/healthz"), error, fix)
        return
    usual_s, worst_s = median(times_s), max(times_s)
    en = (
        f"/healthz {len(times_s)} times: median {1000 * usual_s:.1f}, worst {1000 * worst_s:.1f} ms"
    )
    zh = f"{len(times_s)} 次 /healthz：中位数 {1000 * usual_s:.1f} ms，最长 {1000 * worst_s:.1f} ms"
    if visit.picture_s:
        en += f"; a picture {1000 * visit.picture_s:.0f} ms"
        zh += f"；一张图片 {1000 * visit.picture_s:.0f} ms"
    if connections > 1:
        en += f"; {connections} connections, since none is kept"
        zh += f"；共建立 {connections} 次连接（对方未保持连接）"
    if usual_s > _SLOW_S:
        yield warning(
            "slow_way",
            Words(f"{en}.", f"{zh}。"),
            Words(
                "Live sessions lag on such a way: use them nearer to the service, by cable rather "
                "than Wi-Fi, without VPN, or with a lower `max_fps`.",
                "实时画面会延迟：请在更靠近服务的网络中使用，改用有线网络、不经过 VPN，"
                "或降低 `max_fps`。",
            ),
        )
    elif visit.picture_s > _SLOW_PICTURE_S:
        yield warning(
            "slow_pictures",
            Words(f"{en}.", f"{zh}。"),
            Words(
                "The way is fast, the service slow: see `waiting` and `cores` in /api/v1/status; "
                "give it more cores, or `model_complexity = 0`.",
                "网络正常，但服务较慢：请查看 /api/v1/status 中的 `waiting` 和 `cores`；"
                "可增加 CPU 核心，或设置 `model_complexity = 0`。",
            ),
        )
    else:
        yield good("fast", f"{en}.", f"{zh}。")


def _times(visit: Visit) -> tuple[list[float], int]:
    """Return the times in seconds, and how many connections that took. NoReply."""
    times_s: list[float] = []
    wire, connections = Wire(visit), 1
    try:
        while len(times_s) < _TIMES and not visit.is_over:
            if not wire.is_open:
                wire.close()
                wire, connections = Wire(visit), connections + 1
            try:
                times_s.append(wire.ask("GET", "/healthz", has_token=False).seconds)
            except NoReply as error:
                # One that was kept may end between two requests.
                if error.silence != "closed" or connections > len(times_s):
                    raise
                wire.close()
                wire, connections = Wire(visit), connections + 1
    finally:
        wire.close()
    return times_s, connections
