"""What of a body is compared, frame by frame: joint angles and the directions of its segments.

Both depend neither on place, size nor proportions. A joint's angle doesn't depend on the view
either; directions are put into the body's own frame, or turned onto each other (``turning``).
Hands, feet and the rotation of a limb about its own axis are left out: the landmarks don't say
enough of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from posemill.analysis.cleaning import MAX_GAP_S, lowpass
from posemill.analysis.joints import SIDES, inclination, index, picture_angle, place
from posemill.analysis.motion import Motion
from posemill.analysis.vectors import Array, unit, without
from posemill.skeleton import LANDMARK_NAMES

MIN_VISIBILITY: Final = 0.5


class Measure(NamedTuple):
    """One thing that is compared: ``kind`` is ``direction``, ``angle`` or ``inclination``.

    ``landmarks``: what it is between, and what must be seen. ``weight``: how much it counts.
    """

    kind: str
    landmarks: tuple[str, ...]
    weight: float = 1.0


def _measures() -> dict[str, Measure]:
    found = {}
    for side in SIDES:
        for name, kind, parts in (
            ("shoulder", "direction", ("shoulder", "elbow")),
            ("elbow", "angle", ("shoulder", "elbow", "wrist")),
            ("forearm", "direction", ("elbow", "wrist")),
            ("hip", "direction", ("hip", "knee")),
            ("knee", "angle", ("hip", "knee", "ankle")),
            ("shank", "direction", ("knee", "ankle")),
        ):
            found[f"{side}_{name}"] = Measure(kind, tuple(f"{side}_{part}" for part in parts))
    trunk = tuple(f"{side}_{part}" for part in ("hip", "shoulder") for side in SIDES)
    found["trunk"] = Measure("inclination", trunk)
    # Small, and as much a matter of where somebody looks as of the movement.
    ears = tuple(f"{side}_{part}" for part in ("shoulder", "ear") for side in SIDES)
    found["head"] = Measure("direction", ears, 0.5)
    return found


# A shoulder or hip is where its limb points; an elbow or knee is how far it is bent.
MEASURES: Final[Mapping[str, Measure]] = _measures()
NAMES: Final = tuple(MEASURES)
DIRECTIONS: Final = tuple(name for name in NAMES if MEASURES[name].kind == "direction")
ANGLES: Final = tuple(name for name in NAMES if MEASURES[name].kind == "angle")
_BASE: Final = np.array([each.weight for each in MEASURES.values()])
# What one body is turned onto another by: the directions, and the trunk as a body of its own.
_FRAME: Final = (
    ("hips", "shoulders"),
    ("right_hip", "left_hip"),
    ("right_shoulder", "left_shoulder"),
)
_COLUMNS: Final = np.array([NAMES.index(name) for name in DIRECTIONS])


# Some 5 KB each while they are compared; two hours at 15 Hz.
MOST_MOMENTS: Final = 108_000


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A person at ``n`` moments.

    ``time_s``: (n,). ``directions``: (n, len(DIRECTIONS), 3), of length 1, in the camera's axes.
    ``frame``: (n, 3, 3), trunk, hips and shoulders likewise. ``angles``: (n, len(ANGLES)) and
    ``inclination`` (n,) of the trunk, degrees. ``seen``: (n, len(NAMES)), 0 where unknown, else
    the visibility.
    """

    time_s: Array
    directions: Array
    frame: Array
    angles: Array
    inclination: Array
    seen: Array

    def __len__(self) -> int:
        return len(self.time_s)

    def at(self, which: "slice | npt.NDArray[np.int64]") -> "Features":
        """Return some of the moments."""
        return replace(self, **{name: getattr(self, name)[which] for name in self.__slots__})


def features(motion: Motion) -> Features:
    """Return what is compared of a motion, in each of its frames."""
    return features_of(motion.time_s, motion.world, seen_of(motion))


def seen_of(motion: Motion) -> Array:
    """Return how well each landmark is seen, (n, 33): 0 below half, or outside of the picture."""
    inside = ((motion.landmarks[:, :, :2] >= 0) & (motion.landmarks[:, :, :2] <= 1)).all(axis=2)
    visibility = motion.visibility
    return np.where(inside & (visibility >= MIN_VISIBILITY), visibility, 0.0)


def features_of(time_s: Array, world: Array, seen: Array) -> Features:
    """Return what is compared of world landmarks (n, 33, 3) and how well they are seen (n, 33)."""
    directions = np.stack([_direction(world, name) for name in DIRECTIONS], axis=1)
    frame = np.stack([unit(place(world, b) - place(world, a)) for a, b in _FRAME], axis=1)
    angles = np.stack([picture_angle(world, name) for name in ANGLES], axis=1)
    tilt = inclination(world, "hips", "shoulders")
    columns = [[index(name) for name in each.landmarks] for each in MEASURES.values()]
    known = np.stack([seen[:, column].min(axis=1) for column in columns], axis=1)
    finite = np.stack(
        [np.isfinite(_value(name, directions, angles, tilt)) for name in NAMES], axis=1
    )
    known = np.where(finite, known, 0.0)
    return Features(
        time_s,
        np.nan_to_num(directions),
        np.nan_to_num(frame),
        np.nan_to_num(angles),
        np.nan_to_num(tilt),
        known,
    )


def resampled(motion: Motion, rate_hz: float, cutoff_hz: float | None = None) -> Features:
    """Return a motion's features on an even grid of time, as ``resampled_to``.

    A motion of hours has a lower rate: there are ``MOST_MOMENTS`` at most.
    """
    count = min(round(motion.duration_s * rate_hz) + 1, MOST_MOMENTS)
    return resampled_to(motion, count, cutoff_hz)


def resampled_to(motion: Motion, count: int, cutoff_hz: float | None = None) -> Features:
    """Return a motion's features at ``count`` moments, through a low-pass filter if any.

    Between frames further apart than half a second nothing is known.
    """
    grid_s = np.linspace(motion.time_s[0], motion.time_s[-1], count)
    before = np.clip(np.searchsorted(motion.time_s, grid_s, "right") - 1, 0, len(motion) - 1)
    after = np.minimum(before + 1, len(motion) - 1)
    gap_s = motion.time_s[after] - motion.time_s[before]
    share = np.divide(grid_s - motion.time_s[before], gap_s, out=np.zeros(count), where=gap_s > 0)
    share = np.clip(share, 0.0, 1.0)
    world = motion.world if cutoff_hz is None else _smooth(motion, cutoff_hz)
    points = world[before] + share[:, None, None] * (world[after] - world[before])
    seen = seen_of(motion)
    least = np.where(share[:, None] > 0, np.minimum(seen[before], seen[after]), seen[before])
    least = np.where((gap_s > MAX_GAP_S)[:, None] & (share[:, None] > 0), 0.0, least)
    return features_of(grid_s, points, least)


def mirrored(motion: Motion) -> Motion:
    """Return a motion as in a mirror: the left arm does what the right one did."""
    swap = [index(_other(name)) for name in LANDMARK_NAMES]
    landmarks = motion.landmarks[:, swap].copy()
    landmarks[:, :, 0] = 1 - landmarks[:, :, 0]
    world = motion.world[:, swap] * np.array([-1.0, 1.0, 1.0])
    return replace(motion, landmarks=landmarks, world=world)


def body_axes(found: Features) -> Array:
    """Return rotations (n, 3, 3) into the body's own frame: forward, up along the trunk, left."""
    left = unit(found.frame[:, 1] + found.frame[:, 2])
    up = unit(without(found.frame[:, 0], left))
    return np.nan_to_num(np.stack([np.cross(left, up), up, left], axis=1))


def table(found: Features) -> tuple[Array, Array]:
    """Return each moment as numbers whose distances are angles in radians, and their weights.

    Directions in the body's own frame count as chords. (n, k) each; a weight is visibility times
    the share of its measure, 0 where unknown.
    """
    own = np.einsum("nij,nsj->nsi", body_axes(found), found.directions).reshape(len(found), -1)
    values = np.concatenate(
        [own, np.radians(found.angles), np.radians(found.inclination)[:, None]], axis=1
    )
    return values, found.seen[:, TABLE_COLUMNS]


# Which measure each column of the table belongs to.
TABLE_COLUMNS: Final = np.array(
    [
        *np.repeat(_COLUMNS, 3),
        *(NAMES.index(name) for name in ANGLES),
        NAMES.index("trunk"),
    ]
)


def spreads(found: Features) -> Array:
    """Return how far each measure strays from its mean over time, degrees (len(NAMES),)."""
    values, seen = table(found)
    total = seen.sum(axis=0)
    total = np.where(total > 0, total, np.inf)
    mean = (values * seen).sum(axis=0) / total
    variance = ((values - mean) ** 2 * seen).sum(axis=0) / total
    summed = np.bincount(TABLE_COLUMNS, variance, minlength=len(NAMES))
    return np.asarray(np.degrees(np.sqrt(summed)))


def base_weights() -> Array:
    """Return how much each measure counts where nothing moves, (len(NAMES),)."""
    return _BASE.copy()


def _direction(world: Array, name: str) -> Array:
    landmarks = MEASURES[name].landmarks
    if name == "head":
        return unit(place(world, "ears") - place(world, "shoulders"))
    return unit(place(world, landmarks[1]) - place(world, landmarks[0]))


def _value(name: str, directions: Array, angles: Array, tilt: Array) -> Array:
    kind = MEASURES[name].kind
    if kind == "direction":
        return np.asarray(directions[:, DIRECTIONS.index(name)].sum(axis=-1))
    return tilt if kind == "inclination" else angles[:, ANGLES.index(name)]


def _smooth(motion: Motion, cutoff_hz: float) -> Array:
    rows = motion.world.reshape(len(motion), -1)
    return lowpass(motion.time_s, rows, cutoff_hz).reshape(motion.world.shape)


def _other(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")
