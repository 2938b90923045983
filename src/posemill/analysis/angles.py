"""Joint angles of a person over time, how sure they are, and what follows: speed, range, symmetry.

Each angle is known where its landmarks are seen; elsewhere it is NaN, never a guess. In the
picture plane an angle is right only for a limb that moves in that plane: ``distortion`` says by
how many degrees the view changes it, judged from the world landmarks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from posemill.analysis.angle_doubts import common_doubts, doubts_of
from posemill.analysis.cleaning import (
    CUTOFF_HZ,
    MAX_GAP_S,
    Array,
    clean,
    rate,
    unwrap,
)
from posemill.analysis.joints import (
    ALL_ANGLES,
    PICTURE_ANGLES,
    SEGMENTS,
    SIDES,
    SPREADS,
    WORLD_ANGLES,
    WRAPPING,
    index,
    landmarks_of,
)
from posemill.analysis.motion import Motion
from posemill.analysis.uncertainty import distortion, uncertainty
from posemill.errors import SettingError
from posemill.types import Pose

MIN_VISIBILITY: Final = 0.5
ANGLE_NAMES: Final = tuple(ALL_ANGLES)
_INCLINATIONS: Final = tuple(f"{name}_inclination" for name in SEGMENTS)
_OF_SIDES: Final = (
    *("hip_flexion", "hip_abduction", "knee_flexion", "ankle_dorsiflexion"),
    *("shoulder_elevation", "elbow_flexion"),
)
# Words for many angles at once; ``main`` is what most people ask for.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "main": (
        *(f"{side}_{name}" for name in _OF_SIDES for side in SIDES),
        *("trunk_lean", "trunk_tilt"),
    ),
    "all": ANGLE_NAMES,
    "3d": tuple(name for name in WORLD_ANGLES if name not in _INCLINATIONS),
    "2d": tuple(PICTURE_ANGLES),
    "segments": _INCLINATIONS,
    "spreads": tuple(SPREADS),
}
LEAST_SPAN: Final = 10.0  # degrees; less is no movement to compare sides by
_OUTLIER_DEG: Final = 15.0  # less is no outlier, however still the joint
_OUTLIER_SPREAD: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Angle:
    """One angle over time: ``values`` and ``speed`` (n,), degrees and degrees a second.

    Spreads are in hip widths. ``seen``: the share of frames in which its landmarks are seen.
    ``uncertainty``: the standard deviation of each value, by the errors of landmarks; NaN where
    nothing is known. ``distortion``: of a 2D angle, the median of how many degrees the view
    changes it; 0 of one in space. ``doubts``: why not to trust it: ``hidden`` (half of the time
    or more), ``gaps`` (a tenth of the time), ``oblique`` view, ``unsure`` (20 degrees or more),
    ``impossible`` for a body at some time, ``small`` person, ``outside`` the picture, ``slow`` (too
    few frames a second to filter, and for fast movements).
    """

    name: str
    values: Array
    speed: Array
    seen: float
    distortion: float = 0.0
    uncertainty: float = float("nan")
    doubts: tuple[str, ...] = ()

    @property
    def known(self) -> Array:
        """The values that are known."""
        return self.values[np.isfinite(self.values)]

    @property
    def range(self) -> tuple[float, float] | None:
        """The smallest and the largest value, None where nothing is known."""
        known = self.known
        return (float(known.min()), float(known.max())) if len(known) else None

    @property
    def range_of_motion(self) -> float | None:
        """From the smallest to the largest value."""
        span = self.range
        return None if span is None else span[1] - span[0]

    @property
    def max_speed(self) -> float | None:
        """The largest of all speeds, whichever way."""
        fast = np.abs(self.speed[np.isfinite(self.speed)])
        return float(fast.max()) if len(fast) else None

    def to_dict(self) -> dict[str, Any]:
        """Return a summary: range of motion, mean, fastest, and the reasons for doubt."""
        span, known = self.range, self.known
        return {
            "unit": "hip widths" if self.name in SPREADS else "deg",
            "min": None if span is None else round(span[0], 2),
            "max": None if span is None else round(span[1], 2),
            "range_of_motion": None if span is None else round(span[1] - span[0], 2),
            "mean": round(float(known.mean()), 2) if len(known) else None,
            "max_speed": None if self.max_speed is None else round(self.max_speed, 1),
            "seen": round(self.seen, 3),
            "uncertainty": None if np.isnan(self.uncertainty) else round(self.uncertainty, 1),
            "distortion": round(self.distortion, 1) if self.name in PICTURE_ANGLES else None,
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Angles:
    """The angles of one person: ``time_s`` (n,), and each by name."""

    time_s: Array
    by_name: Mapping[str, Angle] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Angle:
        return self.by_name[name]

    def symmetry(self) -> dict[str, float]:
        """Return how much the range of motion differs between the sides, in percent.

        (right - left) / mean of both (Robinson, Herzog and Nigg 1987): 0 is the same, positive
        more on the right. Of each angle that is seen on both sides and moves by ten degrees and
        its uncertainty or more: less would compare noise.
        """
        found = {}
        for name, left in self.by_name.items():
            base = name.removeprefix("left_")
            right = self.by_name.get(f"right_{base}")
            if name == base or right is None:
                continue
            if any("hidden" in each.doubts for each in (left, right)):
                continue
            a, b = left.range_of_motion, right.range_of_motion
            least = max(LEAST_SPAN, left.uncertainty, right.uncertainty)
            if a is not None and b is not None and (a + b) / 2 >= least:
                found[base] = round(100 * (b - a) / ((a + b) / 2), 1)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the summaries of all angles, and the symmetry of the sides."""
        return {
            "angles": {name: angle.to_dict() for name, angle in self.by_name.items()},
            "symmetry": self.symmetry(),
        }


def names_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return the names of angles that words mean: a name, or one of ``GROUPS``. SettingError."""
    found: dict[str, None] = {}
    for word in words:
        if word not in GROUPS and word not in ALL_ANGLES:
            raise SettingError(
                f"angle must be {', '.join(GROUPS)}, or one of {', '.join(ANGLE_NAMES)}; "
                f"not {word!r}."
            )
        found |= dict.fromkeys(GROUPS.get(word, (word,)))
    return tuple(found)


def angles(
    motion: Motion,
    names: Iterable[str] | None = None,
    *,
    cutoff_hz: float | None = CUTOFF_HZ,
    max_gap_s: float = MAX_GAP_S,
) -> Angles:
    """Return a person's angles; all of them where none are named.

    ``cutoff_hz``: of the zero-phase filter, None for the angles as they are in each frame.
    ``max_gap_s``: gaps up to that are filled. SettingError for a name that is not known.
    """
    wanted = ANGLE_NAMES if names is None else names_of(names)
    points_px = motion.points_px
    common = common_doubts(motion, points_px, cutoff_hz)
    found = {}
    for name in wanted:
        points = points_px if name in PICTURE_ANGLES else motion.world
        seen = is_seen(motion, landmarks_of(name))
        values = np.where(seen, ALL_ANGLES[name](points), np.nan)
        values = _cleaned(motion.time_s, values, name, cutoff_hz, max_gap_s)
        speed = rate(motion.time_s, values, max_gap_s)
        if name in WRAPPING:
            values = (values + 180) % 360 - 180
        share = float(seen.mean()) if len(seen) else 0.0
        known = np.isfinite(values)
        flat = distortion(motion, name, known)
        sure = uncertainty(motion, name, ALL_ANGLES[name], known, flat)
        doubts = (*doubts_of(motion, name, values, share, flat, sure), *common)
        found[name] = Angle(name, values, speed, share, flat, sure, doubts)
    return Angles(motion.time_s, found)


def frame_angles(pose: Pose, names: Iterable[str]) -> dict[str, float | None]:
    """Return angles of one frame, None where landmarks are not seen. SettingError."""
    world = pose.world[None].astype(float)
    points = pose.points_px[None].astype(float)
    visibility = pose.landmarks[:, 3].tolist()
    found: dict[str, float | None] = {}
    for name in names_of(names):
        value = float(ALL_ANGLES[name](points if name in PICTURE_ANGLES else world)[0])
        least = min(visibility[index(each)] for each in landmarks_of(name))
        found[name] = round(value, 2) if least >= MIN_VISIBILITY and np.isfinite(value) else None
    return found


def is_seen(motion: Motion, names: Iterable[str]) -> Array:
    """Return in which frames all of some landmarks are seen, bool (n,)."""
    columns = [index(name) for name in names]
    return np.asarray(motion.visibility[:, columns].min(axis=1) >= MIN_VISIBILITY)


def _cleaned(
    time_s: Array, values: Array, name: str, cutoff_hz: float | None, max_gap_s: float
) -> Array:
    if name in WRAPPING:
        values = unwrap(values)
    if cutoff_hz is None or not len(values):
        return values
    floor = _OUTLIER_SPREAD if name in SPREADS else _OUTLIER_DEG
    return clean(time_s, values, cutoff_hz=cutoff_hz, max_gap_s=max_gap_s, floor=floor)
