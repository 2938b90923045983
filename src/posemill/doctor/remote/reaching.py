"""TCP: does anything listen there, and where not, what is most likely in the way."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.remote.visit import Visit

_CONNECT_S: Final = 5.0
_MOST: Final = 4
_SLOW_S: Final = 1.0
_UNREACHABLE: Final = (
    *(errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL),
    *(10049, 10051, 10065),  # the same on Windows
)


def tcp(visit: Visit) -> Iterator[Finding]:
    """Connect to each address of the name; later checks go to the first that answers."""
    port = visit.address.port
    outcomes: dict[str, float | OSError] = {}
    for each in visit.found[:_MOST]:
        outcomes[each] = _connected(each, port, min(_CONNECT_S, visit.patience()))
    times = {each: took for each, took in outcomes.items() if isinstance(took, float)}
    silent = {each: error for each, error in outcomes.items() if isinstance(error, OSError)}
    if not times:
        visit.blocked = Words(f"nothing answers at port {port}", f"端口 {port} 无法连接")
        yield _failure(visit, silent)
        return
    visit.reached, took_s = next(iter(times.items()))
    shown = f"[{visit.reached}]" if ":" in visit.reached else visit.reached
    yield good(
        "connected",
        f"Connected to {shown}:{port} in {1000 * took_s:.1f} ms.",
        f"已连接 {shown}:{port}，用时 {1000 * took_s:.1f} ms。",
    )
    slow = [each for each, error in silent.items() if isinstance(error, TimeoutError)]
    if slow:
        yield _half(visit, slow)


def _connected(address: str, port: int, patience_s: float) -> float | OSError:
    """Return how long it took, in seconds, or why there is no connection."""
    began = time.monotonic()
    try:
        with socket.create_connection((address, port), timeout=patience_s):
            return time.monotonic() - began
    except OSError as error:
        return error


def _failure(visit: Visit, silent: dict[str, OSError]) -> Finding:
    """Return the finding of the first address that tells most: refused, unreachable, silent."""
    refused = [each for each, error in silent.items() if isinstance(error, ConnectionRefusedError)]
    if refused:
        return _refused(visit, refused[0])
    for each, error in silent.items():
        if error.errno in _UNREACHABLE:
            return _unreachable(each, str(error.strerror or error))
    return _silent(visit, next(iter(silent)))


def _refused(visit: Visit, address: str) -> Finding:
    port = visit.address.port
    if not _is_ours(address):
        return failed(
            "refused",
            Words(
                f"{address} is there, but refuses port {port}: nobody listens on it there.",
                f"{address} 可达，但拒绝了端口 {port} 的连接：该地址上没有程序监听此端口。",
            ),
            Words(
                "Most likely first: posemill doesn't run there (`posemill serve`); it listens on "
                "127.0.0.1 alone (start it with `--host 0.0.0.0`); the container doesn't publish "
                f"the port (`docker run -p {port}:5000 ...`); it is another port; a firewall "
                "rejects it.",
                "按可能性排序：该机器上未运行 posemill（`posemill serve`）；只监听了 127.0.0.1"
                "（请用 `--host 0.0.0.0` 启动）；容器未映射端口"
                f"（`docker run -p {port}:5000 ...`）；端口号不对；被防火墙拒绝。",
            ),
        )
    local = next((each for each in ("127.0.0.1", "::1") if _listens(each, port)), None)
    if local is None or local == address:
        return failed(
            "nothing_listens",
            Words(
                f"{address} is this machine, and nothing listens on port {port}.",
                f"{address} 就是本机，但没有程序监听端口 {port}。",
            ),
            Words(
                f"Start it: `posemill serve --port {port}`. If it runs in a container, publish the "
                f"port: `docker run -p {port}:5000 ...`. If it runs already, `posemill config "
                "show` names its port.",
                f"请启动服务：`posemill serve --port {port}`。若在容器中运行，请映射端口："
                f"`docker run -p {port}:5000 ...`。若已在运行，"
                "可用 `posemill config show` 查看其端口。",
            ),
        )
    return failed(
        "loopback_only",
        Words(
            f"Port {port} is open at {local} and refused at {address}, which is this machine too: "
            "the service listens on loopback alone, so no other machine can reach it.",
            f"端口 {port} 在 {local} 上可以连接，在同属本机的 {address} 上被拒绝："
            "服务只监听了本地回环地址，其他机器无法访问。",
        ),
        Words(
            f"Start it with `posemill serve --host 0.0.0.0 --port {port}`, or POSEMILL_HOST="
            "0.0.0.0. If a proxy in front is to be the only way in, open the proxy's address.",
            f"请用 `posemill serve --host 0.0.0.0 --port {port}` 启动，或设置 "
            "POSEMILL_HOST=0.0.0.0。若只应通过前面的代理访问，请访问代理的地址。",
        ),
    )


def _listens(address: str, port: int) -> bool:
    return isinstance(_connected(address, port, _SLOW_S), float)


def _is_ours(address: str) -> bool:
    """Whether an address is one of this machine's: only those can be bound to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return True
    return False


def _unreachable(address: str, reason: str) -> Finding:
    return failed(
        "unreachable",
        Words(f"There is no way to {address}: {reason}.", f"无法到达 {address}：{reason}。"),
        Words(
            "Check that both machines are on and in the same network (or the VPN is up), and that "
            f"the address is right: `ping {address}`.",
            "请确认两台机器均已开机且在同一网络中（或 VPN 已连接），并核对地址："
            f"`ping {address}`。",
        ),
    )


def _silent(visit: Visit, address: str) -> Finding:
    port = visit.address.port
    return failed(
        "connect_timeout",
        Words(
            f"{address} gives no answer at port {port}, not even a refusal: what is sent there is "
            "thrown away, or nobody has this address.",
            f"{address} 的端口 {port} 没有任何响应，也未拒绝连接：数据包被丢弃，或该地址不存在。",
        ),
        Words(
            "Most likely first: a firewall drops it (on the server: `ufw allow "
            f"{port}/tcp`, or `firewall-cmd --add-port={port}/tcp --permanent && firewall-cmd "
            "--reload`, or the inbound rules of Windows); the cloud's security group doesn't let "
            f"TCP {port} in; the machine is off; the address is wrong.",
            f"按可能性排序：被防火墙丢弃（在服务器上执行 `ufw allow {port}/tcp`，或 "
            f"`firewall-cmd --add-port={port}/tcp --permanent && firewall-cmd --reload`，"
            f"或添加 Windows 入站规则）；云服务器安全组未放行 TCP {port}；机器未开机；地址有误。",
        ),
    )


def _half(visit: Visit, slow: list[str]) -> Finding:
    shown = ", ".join(slow)
    return warning(
        "address_silent",
        Words(
            f"{visit.address.host} has other addresses too, which give no answer: {shown}. "
            "Programs that try them first wait for long.",
            f"{visit.address.host} 还有其他地址没有响应：{shown}。先尝试这些地址的程序会等待很久。",
        ),
        Words(
            "Have them removed from the DNS (often it is the AAAA entry, for IPv6), or let the "
            "service be reached there too.",
            "请从 DNS 中删除这些地址（通常是 IPv6 的 AAAA 记录），或使服务在这些地址上也可访问。",
        ),
    )
