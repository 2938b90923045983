"""The cores and the memory that there really are, in a container too."""

import os
from collections.abc import Iterator
from typing import Final

from posemill.config import Settings
from posemill.cores import allowed_cores, core_quota, memory_limit, usable_cores
from posemill.doctor.checks.room import MIB, room
from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.premises import Premises

# Of a service at work with the full model; docs/en/service.md, "Measured".
_PROCESS_BYTES: Final = 110 * MIB
_LEAST_BYTES: Final = 512 * MIB
_FEW_CORES: Final = 1.0
# Addresses that a process with OpenVINO reserves, far more than it uses; measured: 1.6 GB.
_ADDRESSES_BYTES: Final = 2048 * MIB


def cores(_: Premises) -> Iterator[Finding]:
    """Look at the processor, who may run on it, and what the control groups pay for."""
    there, allowed, quota = os.cpu_count() or 1, allowed_cores(), core_quota()
    said_en, said_zh = f"{there} in the machine", f"本机 {there} 个"
    if allowed != there:
        said_en, said_zh = f"{said_en}, {allowed} allowed", f"{said_zh}，可用 {allowed} 个"
    if quota is not None:
        said_en = f"{said_en}, the control group pays for {quota:.2g}"
        said_zh = f"{said_zh}，控制组（cgroup）配额 {quota:.2g} 个"
    if quota is not None and quota < _FEW_CORES:
        yield warning(
            "few_cores",
            Words(said_en, said_zh),
            Words(
                "Everything stands still whenever the quota is used up. Give the "
                "container a core or "
                "more: docker --cpus 2, Kubernetes resources.limits.cpu, systemd CPUQuota=200%; or "
                "ask for less: --model-complexity 0 --max-fps 5.",
                "进程会经常因配额耗尽而等待。请给容器至少一个核心：docker --cpus 2、Kubernetes "
                "resources.limits.cpu 或 systemd CPUQuota=200%；或降低要求："
                "--model-complexity 0 --max-fps 5。",
            ),
        )
        return
    used = usable_cores()
    yield good("cores", f"{said_en}: {used} used", f"{said_zh}：使用 {used} 个")


def memory(given: Premises) -> Iterator[Finding]:
    """Compare the memory that may be used with what the service's processes take."""
    yield from _addresses()
    there, limit, left = _there(), memory_limit(), room()
    totals = [each for each in (there, limit) if each is not None]
    if not totals or left is None:
        yield skipped(
            "memory_unknown", "How much there is can't be told here", "此处无法得知内存大小"
        )
        return
    total = min(totals)
    available = min(left, total)
    need = _PROCESS_BYTES * _processes(given.settings)
    said_en = f"{_mib(total)} in all, {_mib(available)} free"
    said_zh = f"共 {_mib(total)}，可用 {_mib(available)}"
    if limit is not None and limit == total and limit != there:
        said_en, said_zh = f"{said_en} (limit of the control group)", f"{said_zh}（控制组限制）"
    said_en = f"{said_en}; a service with these settings takes about {_mib(need)}"
    said_zh = f"{said_zh}；按当前设置，服务约占用 {_mib(need)}"
    fix = Words(
        "Give it more memory (docker --memory, resources.limits.memory), or have fewer processes: "
        "--picture-workers 1 --live-workers 1.",
        "请增加内存（docker --memory、resources.limits.memory），或减少进程数："
        "--picture-workers 1 --live-workers 1。",
    )
    if total < _LEAST_BYTES:
        yield failed("no_memory", Words(said_en, said_zh), fix)
    elif total < need or (not given.in_service and available < need):
        yield warning("little_memory", Words(said_en, said_zh), fix)
    else:
        yield good("memory", said_en, said_zh)


def _there() -> int | None:
    """Return the bytes of memory in this machine, None where that can't be told."""
    try:
        import psutil  # noqa: PLC0415

        return int(psutil.virtual_memory().total)
    except (ImportError, OSError):  # not installed, or without /proc
        return None


def _addresses() -> Iterator[Finding]:
    """Look whether a process may reserve as many addresses as OpenVINO does."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most >= _ADDRESSES_BYTES:
        return
    yield warning(
        "few_addresses",
        Words(
            f"A process may have {_mib(most)} of addresses (ulimit -v); one with OpenVINO "
            f"reserves up to {_mib(_ADDRESSES_BYTES)}, and may fail",
            f"单个进程的地址空间限制为 {_mib(most)}（ulimit -v）；使用 OpenVINO 的进程最多会保留 "
            f"{_mib(_ADDRESSES_BYTES)}，可能失败",
        ),
        Words(
            "ulimit -v unlimited before posemill starts, in systemd LimitAS=infinity; limit its "
            "memory by a control group instead (docker --memory, MemoryMax=).",
            "请在启动 posemill 前执行 ulimit -v unlimited（systemd 中为 LimitAS=infinity）；"
            "限制内存请改用控制组（docker --memory、MemoryMax=）。",
        ),
    )


def _processes(settings: Settings) -> int:
    """Return how many processes a service has: its own, its workers, each with one for media."""
    count = usable_cores()
    pictures, live = settings.picture_workers or count + 1, settings.live_workers or count
    return 2 + pictures + live + settings.analysis_workers + 2 * settings.job_workers


def _mib(size: int) -> str:
    return f"{size / MIB / 1024:.1f} GiB" if size >= 1024 * MIB else f"{size / MIB:.0f} MiB"
