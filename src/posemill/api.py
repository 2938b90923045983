"""What Python programs use: an estimator for pictures and a tracker for streams."""

from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np

from posemill.errors import SettingError
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.records import header
from posemill.runtime import Engine, load_engine
from posemill.types import Frame, FramePoses, Picture, SourceInfo


class PoseEstimator:
    """Finds people in single pictures; one instance may serve many threads.

    Options are those of ``PoseOptions``, by name: ``PoseEstimator(model_complexity=2)``.
    """

    def __init__(self, **options: Any) -> None:
        self._options = _checked(options)
        self._estimator = _shared_engine(self._options).estimator()

    def estimate(self, picture: Picture | Frame) -> FramePoses:
        """Return the people in ``picture``, RGB uint8 (height, width, 3), or in a frame."""
        return self._estimator.estimate(_as_frame(picture))

    def header(self, info: SourceInfo) -> dict[str, Any]:
        """Return the posemill/1 header of a source, which its sink asks for."""
        return _header(self._options, info)


class PoseTracker:
    """Follows people through the frames of one stream; one instance a stream.

    Options are those of ``PoseOptions``, by name: ``PoseTracker(smooth_landmarks=False)``.
    """

    def __init__(self, **options: Any) -> None:
        self._options = _checked(options)
        self._tracker = _shared_engine(self._options).tracker()
        self._count = 0

    def track(self, picture: Picture | Frame, time_s: float | None = None) -> FramePoses:
        """Return the people in the next frame.

        ``picture``: RGB uint8 (height, width, 3), or a frame. ``time_s``: its timestamp in
        seconds; without one pictures count as 30 a second.
        """
        if not isinstance(picture, Frame):
            time_s = self._count / 30 if time_s is None else time_s
        if time_s is not None and not isfinite(time_s):
            raise ValueError(f"time_s must be a number of seconds, not {time_s}")
        frame = _as_frame(picture, self._count, time_s)
        self._count += 1
        return self._tracker.track(frame)

    def reset(self) -> None:
        """Forget the stream, to start another one."""
        self._tracker.reset()
        self._count = 0

    def header(self, info: SourceInfo) -> dict[str, Any]:
        """Return the posemill/1 header of a source, which its sink asks for."""
        return _header(self._options, info)


def _checked(options: dict[str, Any]) -> PoseOptions:
    unknown = options.keys() - PoseOptions.__dataclass_fields__.keys()
    if unknown:
        known = ", ".join(PoseOptions.__dataclass_fields__)
        raise SettingError(f"unknown option {sorted(unknown)[0]!r}; the options are {known}")
    return PoseOptions(**options)


@lru_cache(maxsize=4)
def _shared_engine(options: PoseOptions) -> Engine:
    return load_engine(options)  # models are shared, state is per estimator and tracker


def _header(options: PoseOptions, info: SourceInfo) -> dict[str, Any]:
    from posemill.runtime.precision import effective_precision  # noqa: PLC0415 - only for records

    return header(
        info,
        model=MODEL_NAMES[options.model_complexity],
        engine=options.engine,
        precision=effective_precision(options),
    )


def _as_frame(picture: Picture | Frame, index: int = 0, time_s: float | None = None) -> Frame:
    if isinstance(picture, Frame):
        if time_s is None or time_s == picture.time_s:
            return picture
        return Frame(picture.pixels, picture.index, time_s)
    return Frame(np.asarray(picture), index, time_s or 0.0)
