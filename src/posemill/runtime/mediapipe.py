"""The original as an optional engine: MediaPipe 0.10.21 through its own Python API.

For those who want its very numbers. It sees one person, runs one thread, takes frames at a
pretended 30 a second, and keeps two things to itself: presence, for which visibility (never
larger) stands here, and the score, which is 1 for whoever it returns.
"""

import shutil
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from posemill.errors import EngineUnavailable, SettingError
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime.model_files import path_of
from posemill.types import Floats, Frame, FramePoses, Pose

_INSTALL: Final = (
    "install posemill with its extra `mediapipe`, then "
    "`pip install --no-deps mediapipe==0.10.21` (docs/en/python.md, Engines)"
)

_DEFAULTS: Final = PoseOptions()
_NOT_HERE: Final = ("region", "subject", "detect_tiles", "refine_passes", "repair_swaps")


class MediaPipePose:
    """One MediaPipe graph: an estimator or a tracker, by its options.

    MediaPipe crashes when two threads call one graph, so calls wait for each other.
    """

    def __init__(self, solution: Any, options: PoseOptions, *, static: bool) -> None:
        self._solution = solution
        self._options = {
            "static_image_mode": static,
            "model_complexity": options.model_complexity,
            "smooth_landmarks": options.smooth_landmarks,
            "enable_segmentation": options.enable_segmentation,
            "smooth_segmentation": options.smooth_segmentation,
            "min_detection_confidence": options.min_detection_confidence,
            "min_tracking_confidence": options.min_tracking_confidence,
        }
        self._lock = Lock()
        self._followed = False
        self._id = -1
        self._graph = solution.Pose(**self._options)

    def reset(self) -> None:
        with self._lock:
            self._graph.close()
            self._graph = self._solution.Pose(**self._options)
            self._followed = False

    def estimate(self, frame: Frame) -> FramePoses:
        return self._process(frame, 0)

    def track(self, frame: Frame) -> FramePoses:
        poses = self._process(frame, self._id if self._followed else self._id + 1)
        self._followed = bool(poses.people)
        self._id = max([self._id, *(person.id for person in poses.people)])
        return poses

    def _process(self, frame: Frame, identity: int) -> FramePoses:
        size_px = frame.width, frame.height
        with self._lock:
            result = self._graph.process(np.ascontiguousarray(frame.pixels))
        if result.pose_landmarks is None:
            return FramePoses(frame.index, frame.time_s, size_px)
        landmarks = _array(result.pose_landmarks, ("x", "y", "z", "visibility", "visibility"))
        world = _array(result.pose_world_landmarks, ("x", "y", "z"))
        pose = Pose(identity, 1.0, landmarks, world, size_px, result.segmentation_mask)
        return FramePoses(frame.index, frame.time_s, size_px, (pose,))


class MediaPipeEngine:
    """Makes graphs; each of them loads the models anew, as MediaPipe does."""

    def __init__(self, solution: Any, options: PoseOptions) -> None:
        self._solution = solution
        self._options = options

    def estimator(self) -> MediaPipePose:
        return MediaPipePose(self._solution, self._options, static=True)

    def tracker(self) -> MediaPipePose:
        static = self._options.static_image_mode
        return MediaPipePose(self._solution, self._options, static=static)

    def sharing(self, options: PoseOptions) -> "MediaPipeEngine":
        return MediaPipeEngine(self._solution, options)


def load(options: PoseOptions) -> MediaPipeEngine:
    """Import MediaPipe and give it its model file, so that it downloads nothing."""
    try:
        package = import_module("mediapipe")
        solution = import_module("mediapipe.python.solutions.pose")
    except ImportError as error:
        raise EngineUnavailable(f"engine mediapipe needs mediapipe 0.10.21: {_INSTALL}") from error
    if options.threads > 1:
        raise SettingError("threads can't be more than 1 with engine mediapipe")
    if options.max_people != 1:
        raise SettingError("max_people must be 1 with engine mediapipe, which sees one person")
    for name in _NOT_HERE:
        if getattr(options, name) != getattr(_DEFAULTS, name):
            raise SettingError(f"{name} is not for engine mediapipe; leave it out")
    if options.precision == "fast":
        raise SettingError("precision must be f32 or auto with engine mediapipe")
    _provide_model(Path(str(package.__file__)).parent, MODEL_NAMES[options.model_complexity])
    return MediaPipeEngine(solution, options)


def _provide_model(package: Path, name: str) -> None:
    source = path_of(name)
    target = package / "modules" / "pose_landmark" / source.name
    if target.exists():
        return
    partial = target.with_suffix(".part")
    try:
        shutil.copyfile(source, partial)
        partial.replace(target)
    except OSError as error:
        raise EngineUnavailable(
            f"engine mediapipe looks for its model at {target}, which can't be written: "
            "make the folder writable once, or use engine openvino"
        ) from error


def _array(landmarks: Any, fields: tuple[str, ...]) -> Floats:
    return np.array([[getattr(p, name) for name in fields] for p in landmarks.landmark], np.float32)
