"""What a document says of each person before anything else."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from posemill.analysis.motion import Array, Motion

Series = TypeVar("Series", Sequence[float], Array)


def about(motion: Motion) -> dict[str, Any]:
    """Return who somebody is: first id and all of them, from when to when, in how many frames."""
    return {
        "id": motion.id,
        "ids": list(motion.ids),
        "from_s": round(float(motion.time_s[0]), 3),
        "to_s": round(float(motion.time_s[-1]), 3),
        "frames": len(motion),
    }


def column(values: Iterable[float], digits: int) -> list[float | None]:
    """Return numbers as JSON has them, None where nothing is known."""
    found = np.asarray(values, float)
    known = np.isfinite(found).tolist()
    return [
        each if is_known else None
        for each, is_known in zip(found.round(digits).tolist(), known, strict=True)
    ]


def thinned(values: Series, most: int) -> Series:
    """Return every so-manyth value, so that there are ``most`` of them at the most."""
    return values[:: -(-len(values) // most) or 1]
