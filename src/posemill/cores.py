"""How many processor cores this process really has, in a container too."""

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

_GROUPS_OF = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return the cores that this process may run on, and no more than its quota pays for."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quotas = [ceil(quota) for quota in _quotas(_GROUPS_OF, _MOUNT)]
    return max(1, min([cores, *quotas]))


def _quotas(groups_of: Path, mount: Path) -> Iterator[float]:
    """Yield the quotas, in cores, of the control groups that this process is in.

    Of a group and those above it, the smallest counts. In a container the path may be that on
    the host, where nothing is found; then the mount itself is the container's group.
    Source: Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
    """
    try:
        lines = groups_of.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            folders, read = [mount, mount / "unified"], _quota_v2
        elif "cpu" in controllers.split(","):
            folders, read = [mount / controllers, mount / "cpu"], _quota_v1
        else:
            continue
        inside = PurePosixPath(path.lstrip("/"))
        for folder in folders:
            for group in (inside, *inside.parents):
                quota = read(folder / group)
                if quota is not None:
                    yield quota


def _quota_v2(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(group: Path) -> float | None:
    try:
        quota = int((group / "cpu.cfs_quota_us").read_text())
        period = int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return None if quota <= 0 else quota / period
