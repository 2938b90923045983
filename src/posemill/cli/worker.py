"""`posemill worker`: works on jobs until it is told to stop."""

import signal
import threading
from types import FrameType

from posemill.cli.report import tell
from posemill.config import Settings, data_folder


def work(settings: Settings) -> int:
    """Take jobs until SIGTERM or Ctrl-C; what is at work goes on elsewhere, or later."""
    from posemill.jobs.worker import run  # noqa: PLC0415
    from posemill.workers import keep_private  # noqa: PLC0415

    keep_private()
    stop = threading.Event()

    def asked(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)
    tell(f"working on the jobs in {data_folder(settings)}")
    run(settings, stop=stop)
    return 0
