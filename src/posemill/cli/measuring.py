"""`posemill bench`: the request from the command line, and the result on stdout."""

import json as json_format
from collections.abc import Sequence

from posemill.assemble import pose_options
from posemill.bench.report import lines
from posemill.bench.run import BenchRequest, run_bench
from posemill.cli.listing import put
from posemill.config import Settings
from posemill.errors import UsageError

_MOST_FRAMES = 3000  # they are held in memory
_MOST_DIGITS = 9  # Python converts no more than some thousands


def measure(
    source: str | None,
    frames: str,
    against: Sequence[str],
    mediapipe_python: str | None,
    settings: Settings,
    *,
    json: bool,
) -> int:
    """Measure and print a table, or JSON."""
    short = frames.isdecimal() and len(frames) <= _MOST_DIGITS
    if not short or not 1 <= int(frames) <= _MOST_FRAMES:
        raise UsageError(f"--frames must be a whole number from 1 to {_MOST_FRAMES}, not {frames}")
    if settings.engine != "openvino":
        raise UsageError("bench measures engine openvino; --against mediapipe adds the other")
    options = pose_options(settings)
    request = BenchRequest(source, int(frames), against, mediapipe_python, options)
    result = run_bench(request)
    put(json_format.dumps(result, indent=2) if json else "\n".join(lines(result)))
    return 0
