"""Joint angles of a person over time, how sure they are, and what follows: speed, range, symmetry.

Each angle is known where its landmarks are seen; elsewhere it is NaN, never a guess. In the
picture plane an angle is right only for a limb that moves in that plane: ``distortion`` says by
how many degrees the view changes it, judged from the world landmarks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from posemill.analysis.cleaning import CUTOFF_HZ, MAX_GAP_S, Array, clean
from posemill.analysis.joints import (
    PICTURE_ANGLES,
    SIDES,
    SPREADS,
    WORLD_ANGLES,
    index,
    landmarks_of,
)
from posemill.analysis.motion import Motion
from posemill.errors import SettingError
from posemill.types import Pose

MIN_VISIBILITY: Final = 0.5
ANGLE_NAMES: Final = (*WORLD_ANGLES, *PICTURE_ANGLES, *SPREADS)
# More than that, and a reader of the number would be misled.
DISTORTED_DEG: Final = 10.0
_OUTLIER_DEG: Final = 15.0  # less is no outlier, however still the joint


@dataclass(frozen=True, slots=True, eq=False)
class Angle:
    """One angle over time: ``values`` and ``speed`` (n,), degrees and degrees a second.

    ``seen``: the share of frames in which its landmarks are seen. ``distortion``: of a 2D angle,
    the median of how many degrees the view changes it; 0 of one in space.
    """

    name: str
    values: Array
    speed: Array
    seen: float
    distortion: float = 0.0

    @property
    def range(self) -> tuple[float, float] | None:
        """The smallest and the largest value, None where nothing is known."""
        known = self.values[np.isfinite(self.values)]
        return (float(known.min()), float(known.max())) if len(known) else None

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why not to trust it: ``hidden`` (half of the time or more), ``oblique`` view."""
        found = []
        if self.seen < 0.5:
            found.append("hidden")
        if self.distortion > DISTORTED_DEG:
            found.append("oblique")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return a summary: range of motion, mean, fastest, and the reasons for doubt."""
        span = self.range
        known = self.values[np.isfinite(self.values)]
        fast = np.abs(self.speed[np.isfinite(self.speed)])
        return {
            "min": None if span is None else round(span[0], 2),
            "max": None if span is None else round(span[1], 2),
            "range_of_motion": None if span is None else round(span[1] - span[0], 2),
            "mean": round(float(known.mean()), 2) if len(known) else None,
            "max_speed": round(float(fast.max()), 1) if len(fast) else None,
            "seen": round(self.seen, 3),
            "distortion": round(self.distortion, 1),
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Angles:
    """The angles of one person: ``time_s`` (n,), and each by name. ``interval_s``: of frames."""

    time_s: Array
    by_name: Mapping[str, Angle] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Angle:
        return self.by_name[name]

    def symmetry(self) -> dict[str, float]:
        """Return how much the range of motion differs between the sides, in percent.

        (right - left) / mean of both, of each angle that is known on both sides and moves by ten
        degrees or more (Robinson, Herzog and Nigg 1987): 0 is the same, positive more on the right.
        """
        found = {}
        for name in self.by_name:
            base = name.removeprefix("left_")
            pair = [self.by_name.get(f"{side}_{base}") for side in SIDES]
            spans = [
                each.range for each in pair if each is not None and "hidden" not in each.doubts
            ]
            if name == base or len(spans) != 2 or None in spans:
                continue
            left, right = (span[1] - span[0] for span in spans if span is not None)
            if (left + right) / 2 >= 10:
                found[base] = round(100 * (right - left) / ((left + right) / 2), 1)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the summaries of all angles, and the symmetry of the sides."""
        return {
            "angles": {name: angle.to_dict() for name, angle in self.by_name.items()},
            "symmetry": self.symmetry(),
        }


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
    found = {}
    for name in ANGLE_NAMES if names is None else names:
        raw, is_seen = _raw(motion, name)
        values = np.where(is_seen, raw, np.nan)
        if cutoff_hz is not None and len(values):
            floor = 0.5 if name in SPREADS else _OUTLIER_DEG
            values = clean(
                motion.time_s, values, cutoff_hz=cutoff_hz, max_gap_s=max_gap_s, floor=floor
            )
        speed = _speed(motion.time_s, values)
        seen = float(is_seen.mean()) if len(is_seen) else 0.0
        found[name] = Angle(name, values, speed, seen, _distortion(motion, name, is_seen))
    return Angles(motion.time_s, found)


def frame_angles(pose: Pose, names: Iterable[str]) -> dict[str, float | None]:
    """Return angles of one frame, None where landmarks are not seen. SettingError."""
    world = pose.world[None].astype(float)
    points = pose.points_px[None].astype(float)
    found: dict[str, float | None] = {}
    for name in names:
        value = float(_compute(name, world, points)[0])
        least = min(pose[each].visibility for each in landmarks_of(name))
        found[name] = round(value, 2) if least >= MIN_VISIBILITY and np.isfinite(value) else None
    return found


def is_seen(motion: Motion, names: Iterable[str]) -> Array:
    """Return in which frames all of some landmarks are seen, bool (n,)."""
    columns = [index(name) for name in names]
    return np.asarray(motion.visibility[:, columns].min(axis=1) >= MIN_VISIBILITY)


def _raw(motion: Motion, name: str) -> tuple[Array, Array]:
    return _compute(name, motion.world, motion.points_px), is_seen(motion, landmarks_of(name))


def _compute(name: str, world: Array, points_px: Array) -> Array:
    if name in PICTURE_ANGLES:
        return PICTURE_ANGLES[name](points_px)
    compute = WORLD_ANGLES.get(name) or SPREADS.get(name)
    if compute is None:
        raise SettingError(f"angle must be one of {', '.join(ANGLE_NAMES)}; not {name!r}.")
    return compute(world)


def _distortion(motion: Motion, name: str, where: Array) -> float:
    """Return how far a 2D angle is from the one in space, by the world landmarks alone."""
    if name not in PICTURE_ANGLES or not where.any():
        return 0.0
    world = motion.world[where]
    compute = PICTURE_ANGLES[name]
    return float(np.nanmedian(np.abs(compute(world[:, :, :2]) - compute(world))))


def _speed(time_s: Array, values: Array) -> Array:
    if len(values) < 2:
        return np.full_like(values, np.nan)
    return np.gradient(values, time_s)
