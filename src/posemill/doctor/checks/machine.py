"""The cores and the memory that there really are, in a container too."""

import os
from collections.abc import Iterator
from typing import Final

from posemill.config import Settings
from posemill.cores import allowed_cores, core_quota, memory_limit, usable_cores
from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.premises import Premises

MIB: Final = 1024**2
# Of a service at work with the full model; docs/en/service.md, "Measured".
_PROCESS_BYTES: Final = 110 * MIB
_LEAST_BYTES: Final = 512 * MIB
_FEW_CORES: Final = 1.0


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
    import psutil  # noqa: PLC0415

    found = psutil.virtual_memory()
    limit = memory_limit()
    total = found.total if limit is None else min(limit, found.total)
    available = min(found.available, total)
    need = _PROCESS_BYTES * _processes(given.settings)
    said_en = f"{_mib(total)} in all, {_mib(available)} free"
    said_zh = f"共 {_mib(total)}，可用 {_mib(available)}"
    if limit is not None and limit < found.total:
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


def _processes(settings: Settings) -> int:
    """Return how many processes a service has: its own, its workers, each with one for media."""
    count = usable_cores()
    pictures, live = settings.picture_workers or count + 1, settings.live_workers or count
    return 2 + pictures + live + settings.analysis_workers + 2 * settings.job_workers


def _mib(size: int) -> str:
    return f"{size / MIB / 1024:.1f} GiB" if size >= 1024 * MIB else f"{size / MIB:.0f} MiB"
