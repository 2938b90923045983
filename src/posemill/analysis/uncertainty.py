"""How sure an angle is: what the errors of landmarks do to it, and from where it is seen.

The errors are those of one camera against several calibrated ones (``docs/en/angles.md``). They are
mostly the same from frame to frame, so a filter makes an angle smoother and not truer; differences
within one clip, as a range of motion, are surer than the angle itself.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from posemill.analysis.joints import PICTURE_ANGLES, SIDES, SPREADS
from posemill.analysis.motion import Motion
from posemill.analysis.vectors import Array
from posemill.skeleton import LANDMARK_COUNT, LANDMARK_INDEX

# Standard deviations of landmarks that are well seen, by benchmarks/angles.py: metres in the plane
# of the picture, and in depth. What a torso, a hand or a foot has in common turns no angle.
_METRES: Final = {
    "shoulder": (0.02, 0.06),
    "hip": (0.02, 0.06),
    "ear": (0.02, 0.04),
    "elbow": (0.03, 0.08),
    "wrist": (0.03, 0.08),
    "index": (0.03, 0.04),
    "knee": (0.03, 0.08),
    "ankle": (0.03, 0.08),
    "heel": (0.02, 0.03),
    "foot_index": (0.02, 0.03),
}
# The same in the picture, as a part of the person's size.
_PICTURE: Final = 0.015
_LEAST_PX: Final = 1.0  # however near: heatmaps and pixels are no finer
_LEAST_VISIBILITY: Final = 0.2
_MOST_FRAMES: Final = 40
_USED: Final = tuple(
    (LANDMARK_INDEX[f"{side}_{part}"], *spread)
    for part, spread in _METRES.items()
    for side in SIDES
)


def uncertainty(
    motion: Motion, name: str, compute: Callable[[Array], Array], where: Array, flat: float = 0.0
) -> float:
    """Return the standard deviation of an angle, degrees: two of three are nearer to the truth.

    ``where``: bool (n,), the frames in which it is known. NaN where there are none. The errors of
    landmarks are taken as independent, and each is moved by its own deviation to see what comes
    of it. ``flat``: the distortion of an angle in the picture, which is an error too.
    """
    frames = np.flatnonzero(where)
    if not len(frames):
        return float("nan")
    some = frames[np.linspace(0, len(frames) - 1, min(len(frames), _MOST_FRAMES)).astype(int)]
    points, spread = _points(motion.at(some), is_flat=name in PICTURE_ANGLES)
    change = _changes(points, spread, compute)
    if name not in SPREADS:  # half a turn is the most
        change = (change + 180) % 360 - 180
    total = ((change / 2) ** 2).sum(axis=0)
    known = total[np.isfinite(total)]
    return float(np.hypot(np.sqrt(np.median(known)), flat)) if len(known) else float("nan")


def distortion(motion: Motion, name: str, where: Array) -> float:
    """Return how far a 2D angle is from the one in space, by the world landmarks alone.

    The median, degrees; 0 of an angle in space.
    """
    if name not in PICTURE_ANGLES or not where.any():
        return 0.0
    world = motion.world[where]
    compute = PICTURE_ANGLES[name]
    apart = np.abs(compute(world[:, :, :2]) - compute(world))
    known = apart[np.isfinite(apart)]
    return float(np.median(known)) if len(known) else 0.0


def _points(motion: Motion, *, is_flat: bool) -> tuple[Array, Array]:
    """Return points (n, 33, k) and the standard deviation of each number, the same shape."""
    points_px = motion.points_px
    size_px = np.maximum(np.ptp(points_px, axis=1).max(axis=1), 1.0)[:, None, None]
    hidden = 1 / np.maximum(motion.visibility, _LEAST_VISIBILITY)[..., None]
    if is_flat:
        spread = np.maximum(_PICTURE * size_px, _LEAST_PX) * hidden
        return points_px, np.broadcast_to(spread, points_px.shape)
    size_m = np.ptp(motion.world[..., :2], axis=1).max(axis=1)[:, None, None]
    pixel_m = size_m / size_px * _LEAST_PX
    own = np.zeros((LANDMARK_COUNT, 3))
    for landmark, plane, depth in _USED:
        own[landmark] = plane, plane, depth
    return motion.world, np.hypot(own, pixel_m) * hidden


def _changes(points: Array, spread: Array, compute: Callable[[Array], Array]) -> Array:
    """Return how far the angle is apart, (m, n), with each number of a landmark up and down."""
    axes = [(landmark, axis) for landmark, _, _ in _USED for axis in range(points.shape[-1])]
    step = np.zeros((len(axes), *points.shape))
    for at, (landmark, axis) in enumerate(axes):
        step[at, :, landmark, axis] = spread[:, landmark, axis]
    return np.asarray(compute(points + step) - compute(points - step))
