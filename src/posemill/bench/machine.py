"""The machine that is measured on, and the memory of a process there."""

import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from posemill.cores import usable_cores


def machine() -> dict[str, Any]:
    """Return what the figures depend on, as plain data."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "openvino": version("openvino"),
        "numpy": version("numpy"),
        "av": version("av"),
        "posemill": version("posemill"),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def peak_mib() -> float:
    """Return the most memory that this process has had, 0 where the system doesn't say.

    Not ru_maxrss on Linux: a child begins with its parent's.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:  # not Linux
        pass
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return 0.0
    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
