"""What an engine is asked to do. Without numpy, since the command line reads it for its help."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Final

from posemill.errors import SettingError

MODEL_NAMES: Final = ("lite", "full", "heavy")  # by model_complexity
PRECISIONS: Final = ("f32", "fast", "auto")
TILES: Final = ("off", "auto", "2", "3")
ROTATIONS: Final = ("off", "auto")
SUBJECTS: Final = ("score", "largest", "central")
FLAGS: Final = ("outside", "bone_jump", "swapped")
PEOPLE_CAP: Final = 32  # what max_people = 0 means


@dataclass(frozen=True, slots=True)
class PoseOptions:
    """MediaPipe Pose's options under their own names, and how to run the models.

    ``static_image_mode``: treat every frame as a picture of its own. ``model_complexity``:
    0 lite, 1 full, 2 heavy. ``max_people``: 0 for everyone. ``min_people``: with fewer, the
    detector looks at every frame, otherwise every ``redetect_every`` frames, 0 for half a
    second. ``detect_tiles``, ``detect_rotations``: None chooses, see ``config.py``. ``region``:
    x, y, width, height in pixels. ``threads``: cores for one inference, 0 for all that there
    are. ``model_cache``: keep compiled models between runs.
    """

    static_image_mode: bool = False
    model_complexity: int = 1
    smooth_landmarks: bool = True
    enable_segmentation: bool = False
    smooth_segmentation: bool = True
    min_detection_confidence: float = 0.5
    min_tracking_confidence: float = 0.5
    max_people: int = 1
    min_people: int = 1
    redetect_every: int = 0
    track_patience_s: float = 2.0
    detect_tiles: str | None = None
    detect_rotations: str | None = None
    region: tuple[int, int, int, int] | None = None
    refine_passes: int = 0
    subject: str | None = None
    repair_swaps: bool = False
    engine: str = "openvino"
    precision: str = "f32"
    threads: int = 0
    model_cache: bool = True

    def __post_init__(self) -> None:
        """Raise ``SettingError`` on a value that has no meaning."""
        for option in fields(self):
            _check_type(option.name, getattr(self, option.name), option.default)
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingError(f"{name} must be from {low} to {high}, not {value}")
        if not 0 <= self.track_patience_s < inf:
            raise SettingError("track_patience_s must be a number of seconds from 0 up")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                known = ", ".join(str(value) for value in values if value is not None)
                raise SettingError(f"{name} must be one of {known}")
        if self.region is not None:
            _check_region(self.region)
        if self.subject is not None and not (
            isinstance(self.subject, str) and is_subject(self.subject)
        ):
            raise SettingError(f"subject must be an id or one of {', '.join(SUBJECTS)}")
        if self.subject is not None and self.subject.isdecimal() and self.max_people == 1:
            raise SettingError("subject as an id needs max_people to be 0 (everyone) or above 1")


_CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "model_complexity": (0, 1, 2),
    "detect_tiles": (None, *TILES),
    "detect_rotations": (None, *ROTATIONS),
    "precision": PRECISIONS,
}

_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "min_detection_confidence": (0, 1),
    "min_tracking_confidence": (0, 1),
    "max_people": (0, PEOPLE_CAP),  # 0 for everyone
    "min_people": (0, PEOPLE_CAP),
    "redetect_every": (0, 1_000_000),
    "refine_passes": (0, 3),
    "threads": (0, 1024),
}


def _check_type(name: str, value: object, default: object) -> None:
    kind = type(default)
    if default is None or type(value) is kind or (kind is float and type(value) is int):
        return
    raise SettingError(f"{name} must be of type {kind.__name__}")


def is_subject(value: str) -> bool:
    """Whether ``value`` chooses one person: a word of ``SUBJECTS``, or an id."""
    return value in SUBJECTS or (value.isdecimal() and value.isascii() and len(value) < 10)


def _check_region(region: tuple[int, ...]) -> None:
    whole = isinstance(region, tuple) and all(type(value) is int for value in region)
    if not whole or len(region) != 4 or min(region) < 0 or min(region[2:]) < 1:
        raise SettingError("region must be x, y, width, height: whole pixels of the picture")
