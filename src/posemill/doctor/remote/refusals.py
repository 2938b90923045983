"""Answers that are not the service's, by what they show of whoever gave them."""

from shlex import quote
from typing import Final
from urllib.parse import urljoin

from posemill.doctor.finding import Finding, Words, failed
from posemill.doctor.remote.proxies import setting
from posemill.doctor.remote.telling import answered, printable
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import NoReply, Reply, Wire

_REDIRECTS: Final = (301, 302, 303, 307, 308)
# Of a proxy that gets no answer itself; 52x are Cloudflare's.
_BEHIND: Final = (502, 503, 504, 520, 521, 522, 523, 524)


def refusal(visit: Visit, reply: Reply, path: str = "/healthz") -> Finding:
    """Return what an answer other than the expected one at ``path`` means."""
    if reply.status in _REDIRECTS:
        return _redirect(visit, reply, path)
    if reply.status == 400 and b"HTTPS port" in reply.body:
        return needs_https(visit)
    if reply.code and reply.status != 404:
        return _own_problem(reply, path)
    if reply.status in _BEHIND:
        return _behind(reply)
    return _guarded(reply) if reply.status in (401, 403, 407) else _elsewhere(visit, reply, path)


def _elsewhere(visit: Visit, reply: Reply, path: str) -> Finding:
    """Return where the service is instead, if that can be told."""
    if visit.address.prefix and _answers_at_root(visit):
        return _at_root(visit, reply)
    if reply.code == "not_found":
        return _other_path(visit)
    return _stranger(visit, reply, path)


def _redirect(visit: Visit, reply: Reply, path: str) -> Finding:
    asked = visit.address.root.rstrip("/") + path
    try:
        target = printable(urljoin(asked, reply.headers.get("location", "?")), 200)
    except ValueError:
        target = printable(reply.headers.get("location", "?"), 200)
    shown = quote(target.removesuffix(path).removesuffix("/healthz"))  # it may go into a shell
    return failed(
        "redirected",
        Words(
            f"{reply.status} to {target}; redirects are not followed here.",
            f"{reply.status} 重定向到 {target}；此处不跟随重定向。",
        ),
        Words(
            f"If that is where the service is: `posemill doctor --url {shown}`, and open that "
            "address. API clients have to use it too: many turn POST into GET when redirected.",
            f"如果服务确实在那里，请运行 `posemill doctor --url {shown}`，并访问该地址。"
            "API 客户端也必须使用它：许多客户端在重定向时会把 POST 变为 GET。",
        ),
    )


def needs_https(visit: Visit) -> Finding:
    """Return that the port expects another protocol than it was asked by."""
    secure = f"https://{visit.address.host}:{visit.address.port}{visit.address.prefix}/"
    return failed(
        "needs_https",
        Words(
            "This port speaks https, and was asked by http.",
            "该端口使用 https，而请求使用了 http。",
        ),
        Words(f"Open {secure}.", f"请访问 {secure}。"),
    )


def _own_problem(reply: Reply, path: str) -> Finding:
    found = reply.json()
    detail, advice = (printable(found.get(name, ""), 200) for name in ("detail", "advice"))
    said = answered(reply)
    return failed(
        "refused_by_posemill",
        Words(f"{path}: {said.en}: {detail}", f"{path}：{said.zh}：{detail}"),
        Words(advice, advice),
    )


def _behind(reply: Reply) -> Finding:
    said = answered(reply)
    is_slow = reply.status in (504, 522, 524)
    return failed(
        "proxy_gateway",
        Words(
            f"{said.en}: the proxy works, but "
            + ("gets no answer in time" if is_slow else "can't reach")
            + (" from the service." if is_slow else " the service behind it."),
            f"{said.zh}：代理正常，但"
            + ("未及时收到其后服务的响应。" if is_slow else "无法连接其后的服务。"),
        ),
        Words(
            "On the proxy's machine: `curl http://127.0.0.1:5000/healthz`, with the address that "
            "is in its proxy_pass. No answer: start posemill. An answer: correct proxy_pass; from "
            "a container 127.0.0.1 is the container itself, so name the service (`http://posemill:"
            "5000`), which then must listen on 0.0.0.0. 13: Permission denied in the log: "
            "`setsebool -P httpd_can_network_connect 1`.",
            "请在代理所在机器上执行 `curl http://127.0.0.1:5000/healthz`"
            "（地址与其 proxy_pass 一致）。"
            "无响应：启动 posemill。有响应：更正 proxy_pass；在容器内 127.0.0.1 指容器自身，"
            "应写服务名（`http://posemill:5000`），且服务须监听 0.0.0.0。"
            "若日志中有 13: Permission denied：执行 `setsebool -P httpd_can_network_connect 1`。",
        ),
    )


def _guarded(reply: Reply) -> Finding:
    said = answered(reply)
    if reply.server.lower().startswith("airtunes"):
        return failed(
            "airplay",
            Words(
                f"{said.en}: macOS' AirPlay receiver has this port.",
                f"{said.zh}：该端口被 macOS 的“隔空播放接收器”占用。",
            ),
            Words(
                "Start posemill with another one: `posemill serve --port 5050`; or switch AirPlay "
                "Receiver off in System Settings, General, AirDrop & Handoff.",
                "请用其他端口启动：`posemill serve --port 5050`；或在“系统设置 > 通用 > "
                "隔空投送与接力”中关闭“隔空播放接收器”。",
            ),
        )
    return failed(
        "proxy_guards",
        Words(
            f"{said.en}: something in front wants a login of its own, or lets only some in.",
            f"{said.zh}：前面的程序要求自己的登录，或只允许部分来源访问。",
        ),
        Words(
            "Let this machine in there (in nginx: `allow`, `deny`, `auth_basic`), or leave who may "
            "to posemill's `auth_token`: both would use the header Authorization.",
            "请在代理中放行本机（nginx：`allow`、`deny`、`auth_basic`），"
            "或改用 posemill 的 `auth_token` 控制访问："
            "两者都使用 Authorization 请求头，会相互冲突。",
        ),
    )


def _answers_at_root(visit: Visit) -> bool:
    try:
        with Wire(visit) as wire:
            found = wire.ask("GET", "/healthz", has_token=False, has_prefix=False).json()
    except NoReply:
        return False
    return isinstance(found, dict) and found.get("status") == "alive"


def _at_root(visit: Visit, reply: Reply) -> Finding:
    prefix, said = visit.address.prefix, answered(reply)
    how = setting("prefix", visit.server, prefix=prefix)
    return failed(
        "prefix_unknown",
        Words(
            f"Under {prefix}: {said.en}; without the prefix posemill answers.",
            f"在 {prefix} 下：{said.zh}；去掉前缀后 posemill 有响应。",
        ),
        Words(
            f"Open {visit.address.origin}/, or have the proxy serve the prefix: {how.en}.",
            f"请访问 {visit.address.origin}/，或让代理提供该前缀：{how.zh}。",
        ),
    )


def _other_path(visit: Visit) -> Finding:
    prefix = visit.address.prefix
    if not prefix:
        return failed(
            "prefix_unknown",
            Words(
                "404 not_found from posemill itself: the proxy asks it for another path.",
                "posemill 自身返回 404 not_found：代理转发的路径不正确。",
            ),
            Words(
                "In nginx, `location / { proxy_pass http://127.0.0.1:5000; }` passes paths on as "
                "they are.",
                "在 nginx 中，`location / { proxy_pass http://127.0.0.1:5000; }` 会原样转发路径。",
            ),
        )
    how = setting("prefix", visit.server, prefix=prefix)
    return failed(
        "prefix_kept",
        Words(
            f"404 not_found from posemill itself: the proxy passes {prefix}/healthz on to it, but "
            f"not so that it knows {prefix}.",
            f"posemill 自身返回 404 not_found：代理转发了 {prefix}/healthz，"
            f"但 posemill 不知道前缀 {prefix}。",
        ),
        Words(
            f"Either take the prefix away and tell of it: {how.en} (both with / at the end), or "
            f'start posemill with `root_path = "{prefix}"`.',
            f"可让代理去掉前缀并告知 posemill：{how.zh}（两处末尾都要有 /），"
            f'或在 posemill 中设置 `root_path = "{prefix}"`。',
        ),
    )


def _stranger(visit: Visit, reply: Reply, path: str) -> Finding:
    said, where = answered(reply), visit.address.root
    how = setting("prefix", visit.server, prefix=visit.address.prefix)
    return failed(
        "not_posemill",
        Words(
            f"{said.en}, at {visit.address.prefix}{path}: posemill isn't at {where}.",
            f"{visit.address.prefix}{path} 处 {said.zh}：{where} 不是 posemill。",
        ),
        Words(
            "Correct port and prefix of the address (`posemill serve` names its own when it "
            f"starts), or have the proxy pass this path on: {how.en}.",
            "请更正地址中的端口和前缀（`posemill serve` 启动时会显示自己的地址），"
            f"或让代理转发该路径：{how.zh}。",
        ),
    )
