"""The confined process behind the service: people in pictures, and in the frames of live sessions.

    python -m posemill.server.media_process

It speaks ``posemill.workers.messages``. What it is asked for has been checked by then; what it
decodes has not.
"""

from base64 import b64encode
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

import numpy as np

from posemill.assemble import (
    Engines,
    analysing,
    analysis_header,
    drawing_style,
    pose_options,
    selection,
)
from posemill.config import Settings
from posemill.drawing import draw
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.records import dumps, frame_record, header
from posemill.runtime import Tracker
from posemill.runtime.precision import effective_precision
from posemill.sinks.picture import encoded
from posemill.sources import open_picture_bytes
from posemill.types import Frame, FramePoses, SourceInfo
from posemill.workers import Answer, Handler, run_as_media_process

# Each takes some 60 to 150 MB, in each of the processes.
_MAX_ENGINES: Final = 2
_MAX_SESSIONS: Final = 1000


class Media:
    """The handlers, and what they keep between requests."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._engines = Engines(_MAX_ENGINES)
        engine = self._engines.get(pose_options(Settings(**arguments["settings"])))
        # The first inference takes memory and time that no request should wait for.
        engine.estimator().estimate(Frame(np.zeros((256, 256, 3), np.uint8)))
        self._sessions: dict[str, Session] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what to do by the word for it."""
        return {
            "detect": self.detect,
            "live_open": self.live_open,
            "live_frame": self.live_frame,
            "live_close": self.live_close,
        }

    def detect(self, request: Mapping[str, Any], data: bytes) -> Answer:
        """Find people in one picture: records, or the annotated picture."""
        settings = Settings(**request["settings"])
        options, name, answer = pose_options(settings), request["name"], request["answer"]
        began = perf_counter()
        with open_picture_bytes(data, name, selection(settings)) as source:
            info = source.info
            (frame,) = source
        decoded = perf_counter()
        poses = self._engines.get(options).estimator().estimate(frame)
        inferred = perf_counter()
        if answer == "records":
            document = {**_header(info, options), "frames": [_record(poses)]}
            made: bytes | memoryview = dumps(document).encode()
        else:
            picture = draw(frame, poses, drawing_style(settings, "picture"))
            made = encoded(picture, f".{answer}", name)
        ended = perf_counter()
        stages = {
            "decode": decoded - began,
            "infer": inferred - decoded,
            "encode": ended - inferred,
        }
        return Answer({"people": len(poses.people), "stages": stages}, made)

    def live_open(self, request: Mapping[str, Any], _: bytes) -> Answer:
        """Begin a session; its header comes with the first frame, whose size it names."""
        settings = Settings(**request["settings"])
        options = pose_options(settings)
        if len(self._sessions) >= _MAX_SESSIONS:  # their ends were never told
            self._sessions.clear()
        engine = self._engines.get(options)
        self._sessions[request["session"]] = Session(settings, options, engine.tracker())
        return Answer()

    def live_frame(self, request: Mapping[str, Any], data: bytes) -> Answer:
        """Follow people into one more frame of a session."""
        session = self._sessions.get(request["session"])
        if session is None:  # this process took the place of one that fell
            self.live_open(request, b"")
            session = self._sessions[request["session"]]
        return session.frame(request, data)

    def live_close(self, request: Mapping[str, Any], _: bytes) -> Answer:
        """Forget a session."""
        self._sessions.pop(request["session"], None)
        return Answer()


class Session:
    """One live session: its tracker, and the size its last frame had."""

    def __init__(self, settings: Settings, options: PoseOptions, tracker: Tracker) -> None:
        self._selection, self._options, self._tracker = selection(settings), options, tracker
        self._analyse, self._about = analysing(settings), analysis_header(settings)
        self._size_px = (0, 0)

    def frame(self, request: Mapping[str, Any], data: bytes) -> Answer:
        began = perf_counter()
        with open_picture_bytes(data, "frame", self._selection) as source:
            info = source.info
            (still,) = source
        decoded = perf_counter()
        frame = Frame(still.pixels, request["frame"], request["time_s"])
        poses = self._analyse(self._tracker.track(frame))
        fields: dict[str, Any] = {
            "people": len(poses.people),
            "stages": {"decode": decoded - began, "infer": perf_counter() - decoded},
        }
        if poses.size_px != self._size_px:
            self._size_px = poses.size_px
            live = SourceInfo("live", "video", info.width, info.height)
            fields["header"] = {**_header(live, self._options), **self._about}
        return Answer(fields, dumps(frame_record(poses)).encode())


def _record(poses: FramePoses) -> dict[str, Any]:
    """Return the record of a picture, each person's mask with it as a grey PNG in Base64."""
    record = frame_record(poses)
    for person, pose in zip(record["people"], poses.people, strict=True):
        if pose.mask is not None:
            grey = np.rint(pose.mask * 255).astype(np.uint8)
            person["mask"] = b64encode(encoded(grey, ".png", "mask")).decode()
    return record


def _header(info: SourceInfo, options: PoseOptions) -> dict[str, Any]:
    return header(
        info,
        model=MODEL_NAMES[options.model_complexity],
        engine=options.engine,
        precision=effective_precision(options),
    )


def build(arguments: Mapping[str, Any]) -> Mapping[str, Handler]:
    """Load the models that most requests will ask for."""
    return Media(arguments).handlers()


if __name__ == "__main__":
    run_as_media_process(build)
