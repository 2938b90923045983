"""Running the models: one file an engine, and the table that they are chosen from."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from posemill.errors import SettingError
from posemill.options import PoseOptions

if TYPE_CHECKING:  # numpy: a look at the model files does without
    from posemill.types import Frame, FramePoses


class Estimator(Protocol):
    """Finds people in pictures that have nothing to do with each other."""

    def estimate(self, frame: "Frame") -> "FramePoses": ...


class Tracker(Protocol):
    """Follows people through one stream."""

    def track(self, frame: "Frame") -> "FramePoses": ...

    def reset(self) -> None: ...


class Engine(Protocol):
    """Loaded models, to be shared; estimators and trackers from it are cheap."""

    def estimator(self) -> Estimator: ...

    def tracker(self) -> Tracker: ...


class LoadedEngine(Engine, Protocol):
    """An engine that other options can use the models of."""

    def sharing(self, options: PoseOptions) -> "LoadedEngine":
        """Return an engine for other ``options`` over the same models.

        Those of ``MODEL_OPTIONS`` must be the same.
        """


# The options that models are loaded by.
MODEL_OPTIONS: Final = (
    *("engine", "model_complexity", "enable_segmentation", "precision", "threads", "model_cache"),
)

ENGINES: Final = {
    "openvino": "posemill.runtime.openvino",
    "mediapipe": "posemill.runtime.mediapipe",
}


def load_engine(options: PoseOptions) -> LoadedEngine:
    """Load the models that ``options`` ask for; a second or so the first time.

    Raises ``SettingError`` on an unknown engine, ``EngineUnavailable`` on one that is not
    installed, ``ModelError`` where a model file is missing or damaged.
    """
    if options.engine not in ENGINES:
        raise SettingError(f"engine must be one of {', '.join(ENGINES)}, not {options.engine!r}")
    load = cast(Callable[[PoseOptions], LoadedEngine], import_module(ENGINES[options.engine]).load)
    return load(options)
