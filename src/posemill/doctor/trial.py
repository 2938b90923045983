"""What is tried in a process of its own: ``python -m posemill.doctor.trial NAME``.

Reads what it is given as JSON on stdin, and prints what it found as JSON. The heavy imports are
in each trial: that one of them fails is something to find.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from posemill.doctor.child import FAILURE, LONGEST
from posemill.errors import PosemillError

# ruff: noqa: PLC0415

SIZE: Final = (640, 480)
_WARM, _TIMED = 3, 12
_THREADS, _ROUNDS = 4, 3


def openvino(given: Mapping[str, Any]) -> dict[str, Any]:
    """Say what OpenVINO is, and what the processor can do."""
    from posemill.options import PoseOptions
    from posemill.runtime.precision import effective_precision
    from posemill.runtime.quiet_openvino import ov, shared_core

    core = shared_core()
    options = PoseOptions(model_complexity=given["model_complexity"], precision=given["precision"])
    return {
        "version": ov.get_version(),
        "processor": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": list(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        "precision": effective_precision(options),
    }


def landmarks(given: Mapping[str, Any]) -> dict[str, Any]:
    """Find the drawn person with one landmark model, compiled anew, in single precision."""
    from posemill.api import PoseEstimator
    from posemill.doctor.expected import JOINTS
    from posemill.drawing.figure import draw_figure
    from posemill.options import MODEL_NAMES

    name = given["model"]
    estimator = PoseEstimator(model_complexity=MODEL_NAMES.index(name), model_cache=False)
    people = estimator.estimate(draw_figure(*SIZE)).people
    return {
        name: [
            [[float(value) for value in person.landmarks[joint][:2]] for joint in JOINTS]
            for person in people
        ]
    }


def threads(given: Mapping[str, Any]) -> dict[str, Any]:
    """Have several threads use one estimator at once; count answers that are not their own."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    from posemill.api import PoseEstimator
    from posemill.drawing.figure import draw_figure

    estimator = PoseEstimator(model_complexity=given["model_complexity"])
    pictures = [draw_figure(*SIZE, time_s=number) for number in range(_THREADS)]

    def points(number: int) -> Any:
        people = estimator.estimate(pictures[number]).people
        return people[0].landmarks[:, :2] if people else np.zeros((33, 2))

    alone = [points(number) for number in range(_THREADS)]
    with ThreadPoolExecutor(_THREADS) as pool:
        at_once = list(pool.map(points, list(range(_THREADS)) * _ROUNDS))
    furthest = [
        float(np.abs(each - alone[number % _THREADS]).max()) for number, each in enumerate(at_once)
    ]
    return {"answers": len(furthest), "wrong": sum(each > 1e-3 for each in furthest)}


def pace(given: Mapping[str, Any]) -> dict[str, Any]:
    """Measure the processor time of a frame of a stream, in ms of one core."""
    from time import process_time

    from posemill.api import PoseTracker
    from posemill.drawing.figure import draw_figure

    tracker = PoseTracker(**given, threads=1)
    frames = [draw_figure(*SIZE, time_s=number / 15) for number in range(_WARM + _TIMED)]
    for number, frame in enumerate(frames[:_WARM]):
        tracker.track(frame, number / 15)
    began = process_time()
    for number, frame in enumerate(frames[_WARM:], _WARM):
        tracker.track(frame, number / 15)
    return {"frame_ms": 1000 * (process_time() - began) / _TIMED}


def encoding(_: Mapping[str, Any]) -> dict[str, Any]:
    """Encode a few frames as H.264 in MP4, and decode them again."""
    import av
    import numpy as np

    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(5):
            picture = np.full((64, 64, 3), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))
    size = file.tell()
    file.seek(0)
    with av.open(file, "r") as written:
        frames = len(list(written.decode(video=0)))
    return {"version": av.__version__, "frames": frames, "bytes": size}


def postgresql(given: Mapping[str, Any]) -> dict[str, Any]:
    """Connect as the service would, and ask what it is."""
    import psycopg
    from sqlalchemy.engine import make_url

    from posemill.config import Settings
    from posemill.errors import SettingError
    from posemill.jobs.database import database_url

    try:
        url = make_url(database_url(Settings(database_url=given["url"])))
    except SettingError:
        raise
    except ValueError:  # it would show a part, which may be the password's
        raise ValueError("it can't be read as an address") from None
    if "@" in (url.host or ""):  # of a password; the rest of it is taken for the host
        raise ValueError("there is an @ too many: in a password it is written %40")
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(text, connect_timeout=10) as connection:
        (version,) = connection.execute("show server_version").fetchone() or ("?",)
        (may,) = connection.execute(
            "select has_database_privilege(current_database(), 'CREATE')"
        ).fetchone() or (False,)
    return {"version": version, "may_create": may}


def lock(given: Mapping[str, Any]) -> dict[str, Any]:
    """Say whether another process' lock on an SQLite file is seen from here."""
    import sqlite3

    connection = sqlite3.connect(given["path"], timeout=0)
    try:
        connection.execute("begin immediate")
    except sqlite3.OperationalError as error:
        return {"is_seen": "locked" in str(error)}
    finally:
        connection.close()
    return {"is_seen": False}


TRIALS: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    each.__name__: each for each in (openvino, landmarks, threads, pace, encoding, postgresql, lock)
}


def _step_back() -> None:
    """Let a running service come first: in time, and in what is ended where memory runs out."""
    if hasattr(os, "nice"):
        os.nice(5)
    with suppress(OSError):  # not Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    _step_back()
    try:
        found = TRIALS[sys.argv[1]](json.load(sys.stdin))
    except Exception as error:  # whatever keeps it from working is what was asked for
        kind = "" if isinstance(error, PosemillError) else f"{type(error).__name__}: "
        found = {FAILURE: " ".join(f"{kind}{error}".split())[:LONGEST]}
    print(json.dumps(found))
