"""How many cores, and how much memory, this process really has, in a container too."""

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

_GROUPS_OF = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # version 1 has a number of that size where there is none


def usable_cores() -> int:
    """Return the cores that this process may run on, and no more than its quota pays for."""
    quota = core_quota()
    cores = allowed_cores()
    return cores if quota is None else max(1, min(cores, ceil(quota)))


def allowed_cores() -> int:
    """Return the cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def core_quota() -> float | None:
    """Return how many cores' time the control groups of this process pay for, None for any."""
    return min(_quotas(_GROUPS_OF, _MOUNT), default=None)


def memory_limit() -> int | None:
    """Return the bytes of memory that the control groups of this process allow, None for any."""
    return min(_memory_limits(_GROUPS_OF, _MOUNT), default=None)


def _quotas(groups_of: Path, mount: Path) -> Iterator[float]:
    """Yield the quotas, in cores, of the control groups that this process is in."""
    for group, is_v2 in _groups(groups_of, mount, "cpu"):
        quota = _quota_v2(group) if is_v2 else _quota_v1(group)
        if quota is not None:
            yield quota


def _memory_limits(groups_of: Path, mount: Path) -> Iterator[int]:
    for group, is_v2 in _groups(groups_of, mount, "memory"):
        try:
            limit = (group / ("memory.max" if is_v2 else "memory.limit_in_bytes")).read_text()
        except OSError:
            continue
        if limit.strip().isdecimal() and int(limit) < _NO_LIMIT:
            yield int(limit)


def _groups(groups_of: Path, mount: Path, controller: str) -> Iterator[tuple[Path, bool]]:
    """Yield the folders of this process' groups that a controller has, and whether of version 2.

    Of a group and those above it, the smallest limit counts. In a container the path may be that
    on the host, where nothing is found; then the mount itself is the container's group.
    Source: Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
    """
    try:
        lines = groups_of.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        is_v2 = not controllers
        if is_v2:
            folders = [mount, mount / "unified"]
        elif controller in controllers.split(","):
            folders = [mount / controllers, mount / controller]
        else:
            continue
        inside = PurePosixPath(path.lstrip("/"))
        for folder in folders:
            for group in (inside, *inside.parents):
                yield folder / group, is_v2


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
