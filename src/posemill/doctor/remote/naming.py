"""The name: which addresses it has, and whether others would go there by another way."""

import os
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.remote.visit import Visit


def name(visit: Visit) -> Iterator[Finding]:
    """Look up the name."""
    host = visit.address.host
    try:
        visit.found = _addresses(host, visit.address.port, visit.patience())
    except OSError as error:
        visit.blocked = Words(f"the name {host} has no address", f"域名 {host} 无法解析")
        yield _unknown(host, str(error.strerror or error))
        return
    if ip_address(visit.found[0].partition("%")[0]).is_unspecified:
        yield _unspecified(visit)
    else:
        yield _known(visit)
    yield from _detour(visit)


def _addresses(host: str, port: int, patience_s: float) -> list[str]:
    """Return the addresses of a name, in the order in which programs try them. OSError."""
    answers: list[list[str] | OSError] = []

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.append(list(dict.fromkeys(str(each[4][0]) for each in found)))
        except (OSError, UnicodeError) as error:
            answers.append(error if isinstance(error, OSError) else OSError(str(error)))

    # The system's own time-out may be much longer, and can't be set.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(patience_s)
    answer = answers[0] if answers else TimeoutError(0, f"no answer within {patience_s:.0f} s")
    if isinstance(answer, OSError):
        raise answer
    return answer


def _unknown(host: str, reason: str) -> Finding:
    return failed(
        "name_unknown",
        Words(f"{host} has no address: {reason}.", f"{host} 无法解析：{reason}。"),
        Words(
            "Correct the name, or have it entered in the DNS; to go round it, use the machine's "
            f"IP address, or add the line `IP {host}` to /etc/hosts.",
            "请更正域名，或在 DNS 中添加解析；也可直接使用该机器的 IP 地址，"
            f"或在 /etc/hosts 中添加一行 `IP {host}`。",
        ),
    )


def _unspecified(visit: Visit) -> Finding:
    port = visit.address.port
    return warning(
        "address_unspecified",
        Words(
            f"{visit.address.host} is where a service listens, not an address to open; on some "
            "systems it leads to this machine, on others nowhere.",
            f"{visit.address.host} 是服务监听时使用的地址，不能用来访问；"
            "在部分系统上会指向本机，在其他系统上无法访问。",
        ),
        Words(
            f"On this machine open http://localhost:{port}, from others its address in the "
            "network (`ip addr`, `ipconfig`).",
            f"在本机请访问 http://localhost:{port}，在其他机器上请使用本机的局域网地址"
            "（用 `ip addr` 或 `ipconfig` 查看）。",
        ),
    )


def _known(visit: Visit) -> Finding:
    host, found = visit.address.host, ", ".join(visit.found)
    en = f"{host} is an address itself." if visit.found == [host] else f"{host}: {found}."
    zh = f"{host} 本身就是地址。" if visit.found == [host] else f"{host} 解析为 {found}。"
    if all(ip_address(each.partition("%")[0]).is_loopback for each in visit.found):
        en += " That is this machine alone: others need its address in the network."
        zh += "它只指向本机：其他机器需使用本机的局域网地址。"
    return good("name_known", en, zh)


def _detour(visit: Visit) -> Iterator[Finding]:
    """Tell of a proxy in the environment; it isn't used here."""
    from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415

    address = visit.address
    proxies = getproxies_environment()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(address.netloc):
        return
    variable = next(
        (each for each in os.environ if each.lower() in (f"{address.scheme}_proxy", "all_proxy")),
        f"{address.scheme.upper()}_PROXY",
    )
    shown = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    yield warning(
        "proxy_in_environment",
        Words(
            f"{variable} is set: curl and Python's clients would ask {shown} for {address.host}. "
            "This look goes there directly.",
            f"已设置 {variable}：curl 和 Python 客户端访问 {address.host} 时会经过 {shown}。"
            "此次检查为直接连接。",
        ),
        Words(
            f"If they shouldn't: add {address.host} to NO_PROXY, as in "
            f"`export NO_PROXY={address.host},localhost,127.0.0.1`.",
            f"如不希望经过代理，请将 {address.host} 加入 NO_PROXY，例如 "
            f"`export NO_PROXY={address.host},localhost,127.0.0.1`。",
        ),
    )
