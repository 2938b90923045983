"""HTTP: is it posemill that answers, under this prefix, and does it let us in."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.remote.refusals import needs_https, refusal
from posemill.doctor.remote.telling import answered, printable, unanswered
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import NoReply, Reply, ask, opened, secured


def http(visit: Visit) -> Iterator[Finding]:
    """Ask whether it is alive, who it is, and whether it is ready."""
    try:
        reply = ask(visit, "GET", "/healthz", has_token=False)
    except NoReply as error:
        visit.blocked = Words("HTTP gives no answer", "HTTP 没有响应")
        yield _silent(visit, error)
        return
    visit.server = printable(reply.server, 60)
    found = reply.json()
    if reply.status != 200 or not isinstance(found, dict) or found.get("status") != "alive":
        said = answered(reply)
        visit.blocked = Words(f"/healthz gives {said.en}", f"/healthz 处 {said.zh}")
        yield refusal(visit, reply)
        return
    yield from _status(visit)
    yield from _readiness(visit)


def _silent(visit: Visit, error: NoReply) -> Finding:
    if error.silence != "timeout" and not visit.address.is_https and _has_tls(visit):
        return needs_https(visit)
    what = Words("TCP connects, but HTTP fails", "TCP 已连接，但 HTTP 请求失败")
    if error.silence == "closed":
        return unanswered(
            "closed_at_once",
            what,
            error,
            Words(
                "That is how a container's published port looks when the service inside listens on "
                "127.0.0.1: start it with `posemill serve --host 0.0.0.0` there, and publish the "
                f"port that it listens on (`-p {visit.address.port}:5000`). Otherwise the service "
                "was just being stopped: look at its log.",
                "容器已映射端口、而其中的服务只监听 127.0.0.1 时就是这种现象：请在容器内用 "
                "`posemill serve --host 0.0.0.0` 启动，并映射服务实际监听的端口"
                f"（`-p {visit.address.port}:5000`）。否则可能是服务正在停止，请查看其日志。",
            ),
        )
    if error.silence == "timeout":
        return unanswered(
            "http_timeout",
            what,
            error,
            Words(
                "The service or the proxy hangs: look at its log and at the machine's load, and "
                "start it anew.",
                "服务或代理无响应：请查看日志和机器负载，然后重新启动。",
            ),
        )
    return unanswered(
        "not_http",
        what,
        error,
        Words(
            "Another program has this port: correct the address.",
            "该端口由其他程序占用：请更正地址。",
        ),
    )


def _has_tls(visit: Visit) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError), secured(visit, opened(visit, 3.0), context):
        return True
    return False


def _status(visit: Visit) -> Iterator[Finding]:
    """Ask who it is; the token is needed for that where there is one."""
    try:
        reply = ask(visit, "GET", "/api/v1/status")
    except NoReply as error:
        visit.blocked = Words("the API gives no answer", "API 没有响应")
        fix = Words("Look at the service's log.", "请查看服务日志。")
        yield unanswered("api_silent", Words("/api/v1/status", "/api/v1/status"), error, fix)
        return
    found: Any = reply.json()
    if reply.status == 401:
        yield _unauthorized(visit, reply)
    elif reply.status != 200 or not isinstance(found, dict) or "version" not in found:
        said = answered(reply)
        visit.blocked = Words(f"/api/v1/status gives {said.en}", f"/api/v1/status 处 {said.zh}")
        yield refusal(visit, reply, "/api/v1/status")
    else:
        limits = found.get("limits")
        visit.limits = limits if isinstance(limits, dict) else {}
        yield from _identified(visit, found)


def _identified(visit: Visit, found: dict[str, Any]) -> Iterator[Finding]:
    words = [printable(found.get(name, "?"), 30) for name in ("version", "model", "engine")]
    by = (f" through {visit.server}", f"，经由 {visit.server}") if visit.server else ("", "")
    yield good(
        "is_posemill",
        f"posemill {words[0]}{by[0]}; model {words[1]}, engine {words[2]}.",
        f"posemill {words[0]}{by[1]}；模型 {words[1]}，引擎 {words[2]}。",
    )
    if visit.token is None and not visit.address.is_this_machine:
        yield warning(
            "open_to_all",
            Words(
                "It asks for no token: everyone who reaches this address may use it, and see all "
                "videos and streams.",
                "服务未要求令牌：能访问此地址的任何人都可以使用，并可看到所有视频和视频流。",
            ),
            Words(
                "Set `auth_token` in posemill.toml, or POSEMILL_AUTH_TOKEN, unless only people who "
                "may are in this network.",
                "请在 posemill.toml 中设置 `auth_token`，或设置 POSEMILL_AUTH_TOKEN；"
                "若该网络中只有获准使用的人，可以不设置。",
            ),
        )


def _unauthorized(visit: Visit, reply: Reply) -> Finding:
    visit.closed = visit.closed or Words("the token is missing or wrong", "缺少令牌或令牌不正确")
    if not reply.code:
        return refusal(visit, reply, "/api/v1/status")
    if visit.token is None:
        return failed(
            "token_needed",
            Words(
                "It is posemill, and asks for a token; none was given.",
                "对方是 posemill，需要令牌，但未提供。",
            ),
            Words(
                "Give the one that is in the service's setting `auth_token`: `posemill doctor "
                "--url ... --auth-token TOKEN`.",
                "请提供服务设置 `auth_token` 中的令牌："
                "`posemill doctor --url ... --auth-token 令牌`。",
            ),
        )
    if not visit.is_trusted:
        return failed(
            "token_kept",
            Words(
                "It asks for a token, which wasn't sent: the certificate doesn't prove whom it "
                "would go to.",
                "服务需要令牌，但未发送：证书无法证明对方身份。",
            ),
            Words(
                "Have the certificate put right first (above), or name it by SSL_CERT_FILE.",
                "请先解决证书问题（见上），或用 SSL_CERT_FILE 指定证书。",
            ),
        )
    return failed(
        "token_wrong",
        Words("It asks for a token, and refused this one.", "服务需要令牌，但拒绝了所提供的令牌。"),
        Words(
            "Compare it with the service's setting `auth_token` (`posemill config show` there says "
            "where that comes from; a variable counts before posemill.toml). A proxy must pass the "
            "header Authorization on.",
            "请与服务的设置 `auth_token` 核对（在服务器上执行 `posemill config show` 可查看其来源；"
            "环境变量优先于 posemill.toml）。代理须转发 Authorization 请求头。",
        ),
    )


def _readiness(visit: Visit) -> Iterator[Finding]:
    with suppress(NoReply):
        reply = ask(visit, "GET", "/readyz", has_token=False)
        if reply.code == "not_ready":
            found = reply.json()
            reason = printable(found.get("detail", ""), 200)
            yield failed(
                "not_ready",
                Words(reason, f"服务尚未就绪：{reason}"),
                Words(
                    "If it was started just now, wait a few seconds and look again; otherwise run "
                    "`posemill doctor` on the server.",
                    "若刚刚启动，请等待几秒后重试；否则请在服务器上运行 `posemill doctor`。",
                ),
            )
