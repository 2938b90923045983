"""Human skeletons from pictures and videos, on a plain CPU.

    from posemill import PoseEstimator, PoseTracker, open_source, draw

    people = PoseEstimator().estimate(picture).people
    with open_source("clip.mp4") as source:
        tracker = PoseTracker()
        for frame in source:
            poses = tracker.track(frame)

Names load when they are first used, so that importing posemill costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posemill.api import PoseEstimator, PoseTracker
    from posemill.drawing import DrawingStyle, draw
    from posemill.errors import PosemillError
    from posemill.options import PoseOptions
    from posemill.sinks import open_sink
    from posemill.skeleton import BONES, CONNECTIONS, LANDMARK_NAMES
    from posemill.sources import Selection, open_source
    from posemill.sources.recordings import read_records
    from posemill.types import Frame, FramePoses, Landmark, Pose, SourceInfo

__version__ = "0.1.0"

__all__ = [
    "BONES",
    "CONNECTIONS",
    "LANDMARK_NAMES",
    "DrawingStyle",
    "Frame",
    "FramePoses",
    "Landmark",
    "Pose",
    "PoseEstimator",
    "PoseOptions",
    "PoseTracker",
    "PosemillError",
    "Selection",
    "SourceInfo",
    "draw",
    "open_sink",
    "open_source",
    "read_records",
]

_HOMES = {
    "posemill.api": ("PoseEstimator", "PoseTracker"),
    "posemill.drawing": ("DrawingStyle", "draw"),
    "posemill.errors": ("PosemillError",),
    "posemill.sinks": ("open_sink",),
    "posemill.skeleton": ("BONES", "CONNECTIONS", "LANDMARK_NAMES"),
    "posemill.sources": ("Selection", "open_source"),
    "posemill.sources.recordings": ("read_records",),
    "posemill.options": ("PoseOptions",),
    "posemill.types": ("Frame", "FramePoses", "Landmark", "Pose", "SourceInfo"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'posemill' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
