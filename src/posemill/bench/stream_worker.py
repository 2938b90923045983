"""One stream in a process of its own: orders on stdin, times on stdout, a line of JSON each.

The first order, {"path", "frames", "options"}, is answered with peak_mib, the memory for
tracking these frames as they come from the file. Then they are held, and each further order
has all of them tracked and is answered with cpu_s.
"""

import json
import sys
import time
from itertools import islice
from typing import Any

from posemill.bench.clips import open_clip
from posemill.bench.machine import peak_mib
from posemill.options import PoseOptions
from posemill.runtime import load_engine
from posemill.sources import open_source


def main() -> None:
    """Serve until stdin ends."""
    order = json.loads(sys.stdin.readline())
    options = order["options"]
    if options.get("region") is not None:
        options["region"] = tuple(options["region"])
    tracker = load_engine(PoseOptions(**options)).tracker()
    with open_source(order["path"]) as source:
        for frame in islice(source, order["frames"]):
            tracker.track(frame)
    _answer(peak_mib=peak_mib())
    clip = open_clip(order["path"], order["frames"])
    for _ in sys.stdin:
        tracker.reset()
        started = time.process_time()
        for frame in clip.frames:
            tracker.track(frame)
        _answer(cpu_s=time.process_time() - started)


def _answer(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
