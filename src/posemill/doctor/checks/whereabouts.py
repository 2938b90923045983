"""Whether this is a container, and whether an address is this machine's own."""

import ipaddress
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_MARKS: Final = ("/.dockerenv", "/run/.containerenv")
_GROUPS_OF: Final = Path("/proc/1/cgroup")
_IN_GROUPS: Final = ("docker", "kubepods", "containerd", "libpod", "lxc")


def container(environ: Mapping[str, str], root: Path = Path("/")) -> str | None:
    """Return what says that this is a container, None where nothing does."""
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "Kubernetes"
    for mark in _MARKS:
        if (root / mark.lstrip("/")).exists():
            return mark
    try:
        groups = (root / _GROUPS_OF.relative_to("/")).read_text()
    except OSError:  # not Linux
        return None
    return next((word for word in _IN_GROUPS if word in groups), None)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address to listen on."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or _is_short_loopback(host)
    # ::ffff:127.0.0.1; before Python 3.13 that isn't seen.
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_short_loopback(host: str) -> bool:
    """Whether it is 127.0.0.1 as the C library takes it too, such as 127.1."""
    try:
        return socket.inet_aton(host)[0] == 127
    except OSError:
        return False


def user() -> str:
    """Return who this process is, as a person would say it."""
    try:
        import getpass  # noqa: PLC0415

        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name, as in containers
        return str(os.getuid()) if hasattr(os, "getuid") else "this user"
