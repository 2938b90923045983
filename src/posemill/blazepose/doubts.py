"""What about a followed person is not plausible from one frame to the next.

Two things go wrong with single-frame models in videos: left and right change places, and bones
change their length. Both are flagged; left and right can be put back.
"""

from dataclasses import dataclass, replace
from math import exp
from typing import Final

import numpy as np
import numpy.typing as npt

from posemill.blazepose.look import Body
from posemill.skeleton import LANDMARK_COUNT, LANDMARK_INDEX, LANDMARK_NAMES
from posemill.types import Floats

Flags = dict[str, tuple[int, ...]]

# Left and right may change places in each of these by itself.
GROUPS: Final = (np.arange(1, 11), np.arange(11, 23), np.arange(23, 33))  # face, arms, legs
SWAP_SHARE: Final = 0.5  # changed back, a group must be twice as near to where it was
SWAP_DISTANCE: Final = 0.03  # of the person's size; nearer sides can't be told apart
# A step that takes longer may be a step: walking exchanges the legs twice a second.
SWAP_INTERVAL_S: Final = 0.15
SWAP_PATIENCE_S: Final = 1.0  # what lasts longer is how the person stands
JUMP_FACTOR: Final = 1.5
JUMP_MEMORY_S: Final = 1.0
SHORTEST_M: Final = 1e-3
_NEVER: Final = (0.0,) * len(GROUPS)

_BONE_ENDS: Final = tuple(
    np.array([LANDMARK_INDEX[f"{side}_{end}"] for side in ("left", "right") for end in ends])
    for ends in zip(
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("shoulder", "hip"),
        ("hip", "knee"),
        ("knee", "ankle"),
        strict=True,
    )
)


def _mirror() -> npt.NDArray[np.intp]:
    other = {"left": "right", "right": "left"}
    return np.array(
        [
            LANDMARK_INDEX["_".join(other.get(part, part) for part in name.split("_"))]
            for name in LANDMARK_NAMES
        ]
    )


MIRROR: Final = _mirror()


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What the next frame is held against.

    ``points``: float32 (33, 2), pixels, left and right as they were trusted. ``swapped_s``:
    for how long each group has been the other way round. ``bones``: lengths in metres.
    """

    points: Floats
    swapped_s: tuple[float, ...]
    bones: Floats


def find_swaps(
    memory: Memory | None, body: Body, interval_s: float
) -> tuple[npt.NDArray[np.bool_] | None, tuple[float, ...]]:
    """Return which landmarks have changed sides, (33,), and for how long each group has."""
    if memory is None or interval_s > SWAP_INTERVAL_S:
        return None, _NEVER
    points = body.landmarks[:, :2]
    moved = np.abs(points - memory.points).sum(axis=1)
    least = SWAP_DISTANCE * body.extent.side_px
    if moved.max() <= least:
        return None, _NEVER
    exchanged = np.abs(points[MIRROR] - memory.points).sum(axis=1)
    swapped = np.zeros(LANDMARK_COUNT, np.bool_)
    times = []
    for group, before_s in zip(GROUPS, memory.swapped_s, strict=True):
        as_is, other_way = float(moved[group].mean()), float(exchanged[group].mean())
        lasting_s = before_s + interval_s
        changed = as_is > least and other_way < SWAP_SHARE * as_is
        changed = changed and lasting_s <= SWAP_PATIENCE_S
        swapped[group] = changed
        times.append(lasting_s if changed else 0.0)
    return (swapped if swapped.any() else None), tuple(times)


def exchanged(body: Body, which: npt.NDArray[np.bool_]) -> Body:
    """Return the body with left and right exchanged in the landmarks that ``which`` marks."""
    order = np.where(which, MIRROR, np.arange(LANDMARK_COUNT))
    return replace(body, landmarks=body.landmarks[order], world=body.world[order])


def doubt(
    memory: Memory | None, body: Body, interval_s: float, *, repair: bool
) -> tuple[Memory, Body, Flags]:
    """Return what to remember, the body, repaired where asked for, and what is doubtful."""
    swapped, swapped_s = find_swaps(memory, body, interval_s)
    trusted = body if swapped is None else exchanged(body, swapped)
    flags: Flags = {} if swapped is None else {"swapped": _places(swapped)}
    one, other = _BONE_ENDS
    between = body.world[one] - body.world[other]
    bones = np.sqrt((between * between).sum(axis=1))
    if memory is not None:
        longer = bones / (memory.bones + SHORTEST_M)
        jumping = (longer > JUMP_FACTOR) | (longer < 1 / JUMP_FACTOR)
        if jumping.any():
            ends = np.concatenate([one[jumping], other[jumping]])
            flags["bone_jump"] = tuple(np.unique(ends).tolist())
        bones = memory.bones + (bones - memory.bones) * np.float32(
            1 - exp(-interval_s / JUMP_MEMORY_S)
        )
    memory = Memory(trusted.landmarks[:, :2], swapped_s, bones)
    return memory, trusted if repair else body, flags


def _places(which: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(which).tolist())


def outside(landmarks: Floats) -> Flags:
    """Return the flag of the landmarks that lie outside of the picture, if any do.

    ``landmarks``: float32 (33, 5), x and y in 0..1 of the picture.
    """
    points = landmarks[:, :2]
    if points.min() >= 0 and points.max() <= 1:
        return {}
    beyond = (points < 0) | (points > 1)
    return {"outside": _places(beyond[:, 0] | beyond[:, 1])}
