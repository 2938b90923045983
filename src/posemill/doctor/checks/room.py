"""How much memory may still be taken, in a container too."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from posemill.doctor.finding import Finding, skipped

MIB: Final = 1024**2
_GROUPS_OF: Final = Path("/proc/self/cgroup")
_MOUNT: Final = Path("/sys/fs/cgroup")
# Of control groups of version 2 and 1: the limit, what is used, and what of that goes when wanted.
_V2: Final = ("memory.max", "memory.current", "inactive_file")
_V1: Final = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def room() -> int | None:
    """Return the bytes that this machine and its control groups have left, None where unknown."""
    left = list(_left_in_groups(_GROUPS_OF, _MOUNT))
    try:
        import psutil  # noqa: PLC0415

        left.append(psutil.virtual_memory().available)
    except (ImportError, OSError):  # not installed, or without /proc
        pass
    return min(left, default=None)


def no_room(need: int) -> Finding | None:
    """Return that there is too little memory to try something; None where there is enough.

    A running service would be what pays for it.
    """
    left = room()
    if left is None or left >= need:
        return None
    return skipped(
        "no_room_to_try",
        f"Not tried: that takes about {need // MIB} MiB of memory, and {left // MIB} are left",
        f"未尝试：需要约 {need // MIB} MiB 内存，目前只剩 {left // MIB} MiB",
    )


def _left_in_groups(groups_of: Path, mount: Path) -> Iterator[int]:
    """Yield what is left in each control group with a limit; places as in posemill.cores."""
    try:
        lines = groups_of.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        inside = PurePosixPath(path.lstrip("/"))
        tops = [mount / controllers, mount / "memory"] if controllers else [mount]
        for top in tops:
            for group in (inside, *inside.parents):
                yield from _left(top / group, _V1 if controllers else _V2)


def _left(group: Path, names: tuple[str, str, str]) -> Iterator[int]:
    limit, used, inactive = names
    try:
        most = (group / limit).read_text(encoding="ascii").strip()
        taken = int((group / used).read_text(encoding="ascii"))
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return
    if most.isdecimal():
        given_back = sum(int(line.split()[1]) for line in lines if line.split()[0] == inactive)
        yield max(0, int(most) - taken + given_back)
