"""A job worker that belongs to a service: it ends when the service does, however that comes.

    python -m posemill.server.job_worker

The first line of its stdin holds the settings, as JSON; the end of it is the service's end.
"""

import json
import os
import signal
import sys
import threading
from typing import Any, Final

from posemill.config import Settings
from posemill.errors import PosemillError
from posemill.jobs.worker import run
from posemill.workers import keep_private

_STOP_S: Final = 5.0


def main() -> int:
    """Work on jobs until stdin ends or SIGTERM comes; return the exit code."""
    keep_private()
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's; it tells us by stdin
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = _settings(sys.stdin.buffer.readline())
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()
    try:
        run(settings, stop=stop)
    except PosemillError as error:
        print(f"posemill worker: {error}", file=sys.stderr)
        return 1
    return 0


def _settings(line: bytes) -> Settings:
    values: dict[str, Any] = json.loads(line)
    if values["region"] is not None:
        values["region"] = tuple(values["region"])
    return Settings(**values)


def _watch(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()
    threading.Event().wait(_STOP_S)
    os._exit(1)  # whatever it hangs at: nothing may outlive the service


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # a step may be under way in a thread of its own; it is done again
