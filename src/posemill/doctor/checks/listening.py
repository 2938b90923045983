"""Whether others can reach the service: its address and its port."""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from posemill.config import Settings
from posemill.doctor.checks.whereabouts import container, is_loopback
from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.premises import Premises

# Browsers refuse to open these, whoever answers there. Source: the Fetch standard, "port blocking".
_BLOCKED: Final = frozenset(
    (*(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566), 6679, 6697, 10080)
) | frozenset(range(6665, 6670))
_ANSWER_S: Final = 2.0


def look(given: Premises) -> Iterator[Finding]:
    """Try to listen where the settings say, and look who can reach that."""
    settings = given.settings
    yield from _reachable(given)
    if settings.port in _BLOCKED:
        yield failed(
            "port_blocked",
            Words(
                f"Browsers refuse to open port {settings.port}, whoever answers there",
                f"浏览器会拒绝打开端口 {settings.port}",
            ),
            Words("Choose another one: --port 5000.", "请换一个端口：--port 5000。"),
        )
    if not given.in_service:
        yield _free(settings)


def _reachable(given: Premises) -> Iterator[Finding]:
    settings = given.settings
    inside = container(given.environ)
    where = f"{settings.host}:{settings.port}"
    if not is_loopback(settings.host):
        if inside:
            yield good(
                "open_in_container",
                f"Listens on {where} in a container ({inside}); its port must be published: "
                f"docker run -p 5000:{settings.port}; posemill doctor --url from outside tells",
                f"容器内（{inside}）监听 {where}；端口需对外映射：docker run -p "
                f"5000:{settings.port}，"
                "可在容器外用 posemill doctor --url 检查",
            )
        else:
            yield good("open", f"Listens on {where}", f"监听 {where}")
        return
    if inside:
        # Who reads it of a running service has reached it, through a proxy beside it.
        make = warning if given.in_service else failed
        yield make(
            "loopback_in_container",
            Words(
                f"Listens on {where} inside a container ({inside}): no published port leads there",
                f"在容器内（{inside}）只监听 {where}：端口映射无法到达",
            ),
            Words(
                "--host 0.0.0.0 (or POSEMILL_HOST=0.0.0.0), and publish the port: "
                f"docker run -p 5000:{settings.port}",
                "--host 0.0.0.0（或 POSEMILL_HOST=0.0.0.0），并映射端口：docker "
                f"run -p 5000:{settings.port}",
            ),
        )
        return
    yield warning(
        "loopback",
        Words(
            f"Listens on {where}: no other machine can open it",
            f"只监听 {where}：其他机器无法打开",
        ),
        Words(
            "Right behind a proxy on this machine; otherwise --host 0.0.0.0.",
            "若由本机代理转发则无妨；否则请使用 --host 0.0.0.0。",
        ),
    )


def _free(settings: Settings) -> Finding:
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as listening:
            if os.name == "posix":  # on Windows two would then have one port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(1)
    except OSError as error:
        return _not_free(host, port, error)
    return good("port_free", f"Port {port} is free", f"端口 {port} 空闲")


def _not_free(host: str, port: int, error: OSError) -> Finding:
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        return _taken(host, port)
    if isinstance(error, PermissionError):
        return failed(
            "port_privileged",
            Words(f"Port {port} needs privileges: {reason}", f"端口 {port} 需要特权：{reason}"),
            Words(
                "Use a port from 1024 up (--port 5000) behind a proxy, or give the right: systemd "
                "AmbientCapabilities=CAP_NET_BIND_SERVICE.",
                "请使用 1024 以上的端口（--port 5000）并由代理转发，或授予权限：systemd "
                "AmbientCapabilities=CAP_NET_BIND_SERVICE。",
            ),
        )
    return failed(
        "no_such_address",
        Words(f"Can't listen on {host}: {reason}", f"无法监听 {host}：{reason}"),
        Words(
            "--host 0.0.0.0 for all addresses of this machine, or one that it has.",
            "--host 0.0.0.0 监听本机所有地址，或填写本机已有的地址。",
        ),
    )


def _taken(host: str, port: int) -> Finding:
    if _is_posemill(host, port):
        return good(
            "already_serving",
            f"Port {port}: a posemill service is running there already",
            f"端口 {port}：已有 posemill 服务在运行",
        )
    owner = _owner(port)
    airplay = sys.platform == "darwin" and port in (5000, 7000)
    return failed(
        "port_taken",
        Words(
            f"Port {port} is taken by {owner or 'another program'}",
            f"端口 {port} 已被{f' {owner} ' if owner else '其他程序'}占用",
        ),
        Words(
            "Stop it, or choose another port: --port 5001."
            + " On macOS it is the AirPlay Receiver (System Settings, General, AirDrop & Handoff)."
            * airplay,
            "请停止该程序，或换一个端口：--port 5001。"
            + "macOS 上为“隔空播放接收器”（系统设置、通用、隔空投送与接力）。" * airplay,
        ),
    )


def _is_posemill(host: str, port: int) -> bool:
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415

    target = "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host
    with closing(HTTPConnection(target, port, timeout=_ANSWER_S)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().read(200) == b'{"status":"alive"}'
        except (OSError, HTTPException):
            return False


def _owner(port: int) -> str | None:
    """Return the program that listens on ``port``, as far as this user may know."""
    try:
        import psutil  # noqa: PLC0415
    except ImportError:
        return None
    try:
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid:
                return f"{psutil.Process(each.pid).name()} (pid {each.pid})"
    except (psutil.Error, OSError):  # it may not be known, or there is no /proc
        return None
    return None
