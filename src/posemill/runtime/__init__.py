"""Running the models: one file an engine, and the table that they are chosen from."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, Protocol, cast

from posemill.errors import SettingError
from posemill.options import PoseOptions
from posemill.types import Frame, FramePoses


class Estimator(Protocol):
    """Finds people in pictures that have nothing to do with each other."""

    def estimate(self, frame: Frame) -> FramePoses: ...


class Tracker(Protocol):
    """Follows people through one stream."""

    def track(self, frame: Frame) -> FramePoses: ...

    def reset(self) -> None: ...


class Engine(Protocol):
    """Loaded models, to be shared; estimators and trackers from it are cheap."""

    def estimator(self) -> Estimator: ...

    def tracker(self) -> Tracker: ...


ENGINES: Final = {
    "openvino": "posemill.runtime.openvino",
    "mediapipe": "posemill.runtime.mediapipe",
}


def load_engine(options: PoseOptions) -> Engine:
    """Load the models that ``options`` ask for; a second or so the first time.

    Raises ``SettingError`` on an unknown engine, ``EngineUnavailable`` on one that is not
    installed, ``ModelError`` where a model file is missing or damaged.
    """
    if options.engine not in ENGINES:
        raise SettingError(f"engine must be one of {', '.join(ENGINES)}, not {options.engine!r}")
    load = cast(Callable[[PoseOptions], Engine], import_module(ENGINES[options.engine]).load)
    return load(options)
