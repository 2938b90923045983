"""Whether the clock can be right."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from posemill.doctor.finding import Finding, Words, good, warning
from posemill.doctor.premises import Premises

_DAY_S: Final = 86_400.0
# systemd-timesyncd touches it each time that it has set the clock.
_SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")


def look(_: Premises) -> Iterator[Finding]:
    """Compare the clock with the age of this file: it can't be earlier."""
    now = time.time()
    installed = Path(__file__).stat().st_mtime
    shown = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if now < installed - _DAY_S:
        yield warning(
            "clock_behind",
            Words(
                f"The clock says {shown}, which is before posemill was installed",
                f"系统时间为 {shown}，早于 posemill 的安装时间",
            ),
            Words(
                "Certificates, retention and the times of alerts go wrong: set the clock, and keep "
                "it by NTP (timedatectl set-ntp true).",
                "证书校验、保留期限和警报时间都会出错：请校准系统时间并启用 NTP（"
                "timedatectl set-ntp true）。",
            ),
        )
        return
    synchronized = _SYNCHRONIZED.exists()
    yield good(
        "clock",
        f"{shown}" + ", kept by NTP" * synchronized,
        f"{shown}" + "，由 NTP 同步" * synchronized,
    )
