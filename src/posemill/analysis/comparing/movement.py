"""How much of a movement two people share, whatever their posture otherwise.

Postures alone say too little of movements: most of the time most limbs hang or stand. So what
changes is compared as well. Over the aligned pairs each number of a body has a variance over time;
that of the differences between the two is what they don't share:

    movement = 100 * (1 - var(a - b) / (var(a) + var(b)))

It is Lin's concordance (1989) without its penalty for a constant offset, which the posture has:
100 where both do the same, 0 where one's doing says nothing of the other's, or only one moves.
What the model gets wrong is forgiven, less and less as there is more movement, so that two who
stand still share all of it.
"""

from typing import Final

import numpy as np

from posemill.analysis.comparing.features import (
    ANGLES,
    DIRECTIONS,
    MEASURES,
    NAMES,
    Features,
    body_axes,
)
from posemill.analysis.comparing.turning import Differences
from posemill.analysis.vectors import Array

# About what two cameras differ by in a joint: less may be the model's doing.
NOISE_DEG: Final = 10.0
_BASE: Final = np.array([each.weight for each in MEASURES.values()])
_OWNERS: Final = np.array(
    [
        *np.repeat([NAMES.index(name) for name in DIRECTIONS], 3),
        *(NAMES.index(name) for name in ANGLES),
        NAMES.index("trunk"),
    ]
)


def movement(
    a: Features, b: Features, found: Differences, weight: Array, noise_deg: float = NOISE_DEG
) -> float | None:
    """Return how much of their movement two bodies share over aligned pairs, 0..100.

    ``found``: of these pairs. ``weight``: (p,). ``noise_deg``: what trembling is forgiven. None
    where nothing is seen in both.
    """
    weights = (found.known * weight[:, None])[:, _OWNERS]
    total = weights.sum(axis=0)
    is_known = total > 0
    if not is_known.any():
        return None
    total = np.where(is_known, total, 1.0)
    counts = _BASE[_OWNERS] * is_known

    def energy(values: Array) -> float:
        return float((_variance(values, weights, total) * counts).sum())

    apart = moved = 0.0
    # In the body's own axes, as either of them has it: the view differs from pair to pair, by what
    # the model gets wrong, and must not count.
    back = np.swapaxes(found.rotation, 1, 2)
    for first_axes, second_axes in (
        (body_axes(a), body_axes(a) @ found.rotation),
        (body_axes(b) @ back, body_axes(b)),
    ):
        first, second = _numbers(a, first_axes), _numbers(b, second_axes)
        apart += energy(first - second) / 2
        moved += (energy(first) + energy(second)) / 2
    noise = 2 * float(_BASE.sum()) * float(np.radians(noise_deg)) ** 2
    if not moved and not noise:
        return 0.0
    forgiven = noise * noise / (moved + noise)
    return 100 * float(np.clip(1 - apart / (moved + forgiven), 0.0, 1.0))


def _numbers(found: Features, axes: Array) -> Array:
    turned = np.einsum("pij,psj->psi", axes, found.directions).reshape(len(found), -1)
    return np.concatenate(
        [turned, np.radians(found.angles), np.radians(found.inclination)[:, None]], axis=1
    )


def _variance(values: Array, weights: Array, total: Array) -> Array:
    mean = (values * weights).sum(axis=0) / total
    return np.asarray(((values - mean) ** 2 * weights).sum(axis=0) / total)
