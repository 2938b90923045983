"""What travels through posemill: a frame goes in, the people in it come out.

Units are in the names: ``_px`` pixels of the upright picture, ``_norm`` 0..1 of its width
or height, ``_m`` metres, ``_s`` seconds. Pictures are RGB, uint8, (height, width, 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from posemill.skeleton import LANDMARK_INDEX

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture of a source.

    ``pixels``: RGB uint8 (height, width, 3). ``index``: its number in the source, from 0.
    ``time_s``: its true timestamp in seconds from the start of the source.
    """

    pixels: Picture
    index: int = 0
    time_s: float = 0.0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` on what is no RGB picture."""
        pixels = self.pixels
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ValueError(
                "a picture must be RGB, uint8, of shape (height, width, 3), "
                f"not {pixels.dtype} {pixels.shape}"
            )

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


class Landmark(NamedTuple):
    """One landmark: ``x``, ``y`` 0..1 of the picture, ``z`` in the scale of ``x``."""

    x: float
    y: float
    z: float
    visibility: float
    presence: float


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One person.

    ``id``: the same for the same person as long as they are tracked. ``score``: the model's
    belief, 0..1, that there is a person. ``landmarks``: float32 (33, 5), columns x, y
    (0..1 of the picture), z (scale of x), visibility, presence (0..1). ``world``: float32
    (33, 3), metres from the middle of the hips. ``size_px``: (width, height) of the picture.
    ``mask``: float32 (height, width), 0..1, or None when segmentation is off. ``flags``: what
    is not plausible, and the landmarks it concerns: ``outside`` of the picture,
    ``bone_jump`` (the length of a bone leaps), ``swapped`` (left and right changed places).
    ``analysis``: what is told of the movement up to here, as plain values, where it was asked for.
    """

    id: int
    score: float
    landmarks: Floats
    world: Floats
    size_px: tuple[int, int]
    mask: Floats | None = None
    flags: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Landmark:
        """Return the landmark called ``name``, as in ``pose["left_wrist"]``."""
        return Landmark(*self.landmarks[LANDMARK_INDEX[name]].tolist())

    @property
    def points_px(self) -> Floats:
        """The landmarks in pixels of the upright picture, float32 (33, 2)."""
        return self.landmarks[:, :2] * np.array(self.size_px, np.float32)

    @property
    def box_px(self) -> tuple[float, float, float, float]:
        """The smallest box around all 33 landmarks: x, y, width, height in pixels."""
        points = self.points_px
        low, high = points.min(axis=0), points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])

    def to_dict(self) -> dict[str, Any]:
        """Return this person as in a posemill/1 record: plain lists and numbers."""
        landmarks = _rounded(self.landmarks)
        # From the rounded landmarks, so that reading and writing again changes nothing.
        points = landmarks[:, :2] * self.size_px
        low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        box = (low[0], low[1], high[0] - low[0], high[1] - low[1])
        return {
            "id": self.id,
            "score": round(float(self.score), 4),
            "box": [round(value, 2) for value in box],
            "landmarks": landmarks.tolist(),
            "world": _rounded(self.world).tolist(),
            "flags": {name: list(landmarks) for name, landmarks in self.flags.items()},
            **({"analysis": dict(self.analysis)} if self.analysis else {}),
        }


def _rounded(values: Floats) -> npt.NDArray[np.float64]:
    # In float64, whose shortest text has no digits beyond the rounding; + 0.0 undoes -0.0.
    return np.asarray(values.astype(np.float64).round(6) + 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class FramePoses:
    """The people in one frame, empty when there is nobody.

    ``index`` and ``time_s`` are the frame's; ``size_px`` is (width, height).
    """

    index: int
    time_s: float
    size_px: tuple[int, int]
    people: tuple[Pose, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the posemill/1 record of this frame."""
        return {
            "frame": self.index,
            "time_s": round(self.time_s, 6),
            "people": [person.to_dict() for person in self.people],
        }


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its first frame is asked for.

    ``name``: as the user wrote it. ``kind``: ``picture`` or ``video``. ``width``, ``height``:
    of the upright frames, in pixels. ``fps``: average frames a second, None for a picture.
    ``frames``, ``duration_s``: what the container says, None where it doesn't.
    """

    name: str
    kind: str
    width: int
    height: int
    fps: float | None = None
    frames: int | None = None
    duration_s: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
