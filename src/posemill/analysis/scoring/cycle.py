"""One repetition on a scale of its own: 101 points from its start over its turn to its end.

As in gait analysis (Winter, Biomechanics and Motor Control of Human Movement, section 3.5), time is
counted in percent of the cycle; here the turn is always at 50, so that a slow way down doesn't hide
a fast way up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from posemill.analysis.angles import is_seen
from posemill.analysis.cleaning import CUTOFF_HZ, lowpass
from posemill.analysis.comparing.features import Features, features_of, mirrored, seen_of
from posemill.analysis.joints import SIDES, SPREADS, WORLD_ANGLES, landmarks_of, place
from posemill.analysis.motion import Motion
from posemill.analysis.vectors import Array

POINTS: Final = 101
TURN: Final = 50
_PAIRS: Final = ("knee_flexion", "hip_flexion", "elbow_flexion", "shoulder_elevation")
# Differences between the sides, left minus right, as angles of their own.
DIFFERENCES: Final = tuple(f"{name}_difference" for name in _PAIRS)
# The plane an arm is raised in turns by a half where it hangs: it has no mean.
_ANGLES: Final = {
    name: compute for name, compute in WORLD_ANGLES.items() if not name.endswith("_plane")
}
NAMED: Final = (*_ANGLES, *SPREADS, *DIFFERENCES)


class Span(Protocol):
    """When a repetition begins, turns and ends; what ``counting`` finds is one."""

    @property
    def start_s(self) -> float: ...
    @property
    def turn_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Times:
    """A span of one's own; ``side``: as in ``Repetition``; ``is_full``: not only a part."""

    start_s: float
    turn_s: float
    end_s: float
    side: str = "both"
    is_full: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """A repetition at 101 points.

    ``features``: turned so that the person faces the camera on the whole. ``named``: angles and
    spreads by name, NaN where unseen. ``height``: of the trunk above the ankles, and ``hands``:
    of the wrists above the shoulders, metres. ``yaw``: degrees by which it was turned.
    ``is_mirrored``: a repetition of the right side, told as one of the left side.
    """

    features: Features
    named: Mapping[str, Array]
    height: Array
    hands: Array
    yaw: float
    duration_s: float
    is_mirrored: bool


def side_of(span: Span) -> str:
    """Return which side a span is of; both where it doesn't say."""
    return str(getattr(span, "side", "both"))


def smoothed(motion: Motion) -> Array:
    """Return the world landmarks of a motion without what is faster than people are."""
    rows = motion.world.reshape(len(motion), -1)
    return lowpass(motion.time_s, rows, CUTOFF_HZ).reshape(motion.world.shape)


def cycle(motion: Motion, span: Span) -> Cycle:
    """Return one repetition of a motion; of the right side alone as in a mirror."""
    is_mirrored = side_of(span) == "right"
    moved = mirrored(motion) if is_mirrored else motion
    margin_s = 1.0  # for the filter
    moved = moved.between(span.start_s - margin_s, span.end_s + margin_s)
    times_s = np.interp(
        np.arange(POINTS), (0, TURN, POINTS - 1), (span.start_s, span.turn_s, span.end_s)
    )
    world = _at(moved.time_s, smoothed(moved), times_s)
    yaw = _yaw(world)
    seen = _at(moved.time_s, seen_of(moved), times_s)
    turned = world @ _about_vertical(yaw).T
    return Cycle(
        features_of(np.linspace(0.0, 1.0, POINTS), turned, seen),
        _named(moved, turned, times_s),
        place(world, "ankles")[:, 1]
        - (place(world, "shoulders")[:, 1] + place(world, "hips")[:, 1]) / 2,
        place(world, "shoulders")[:, 1] - place(world, "wrists")[:, 1],
        yaw,
        span.end_s - span.start_s,
        is_mirrored,
    )


def _at(time_s: Array, values: Array, wanted_s: Array) -> Array:
    rows = values.reshape(len(values), -1)
    found = np.stack([np.interp(wanted_s, time_s, column) for column in rows.T], axis=1)
    return found.reshape(len(wanted_s), *values.shape[1:])


def _named(motion: Motion, world: Array, times_s: Array) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name, compute in {**_ANGLES, **SPREADS}.items():
        visible = is_seen(motion, landmarks_of(name)).astype(float)
        known = np.interp(times_s, motion.time_s, visible) >= 0.5
        found[name] = np.where(known, compute(world), np.nan)
    for name in _PAIRS:
        left, right = (found[f"{side}_{name}"] for side in SIDES)
        found[f"{name}_difference"] = left - right
    return found


def _yaw(world: Array) -> float:
    """Return by how much the person is to be turned to face the camera, degrees."""
    left = (
        place(world, "left_hip")
        - place(world, "right_hip")
        + place(world, "left_shoulder")
        - place(world, "right_shoulder")
    ).sum(axis=0)
    return float(np.degrees(np.arctan2(left[2], left[0])))


def _about_vertical(degrees: float) -> Array:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
