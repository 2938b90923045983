"""Whether this is a container, and whether an address is this machine's own."""

import ipaddress
import os
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
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def user() -> str:
    """Return who this process is, as a person would say it."""
    try:
        import getpass  # noqa: PLC0415

        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name, as in containers
        return str(os.getuid()) if hasattr(os, "getuid") else "this user"
