"""Whether two trackings of one stream see the same people in the same places, and who is who."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from posemill.types import FramePoses, Pose

# Two trackings are one when each person's landmarks are on average so near, in parts of the box.
SAME: Final = 0.001
# There are scenes, of people far off or half hidden, where one grey level more makes a larger
# difference than that, for ever. After so long, it is enough that the people are the same.
PATIENCE_S: Final = 20.0
SAME_PEOPLE: Final = 0.1


@dataclass(slots=True)
class Agreement:
    """For how long ``theirs`` have been where ``ours`` are.

    ``tolerance``: mean distance of a person's landmarks, in parts of the longer side of the
    box. ``ids``: our id for each of theirs. ``shift``: our frame number less theirs.
    """

    tolerance: float
    ids: dict[int, int] = field(default_factory=dict)
    shift: int = 0
    _since_s: float | None = None

    def lasts_s(self, ours: FramePoses, theirs: FramePoses | None) -> float:
        """Take one more frame; return for how many seconds they have agreed, -1 if not."""
        pairs = None if theirs is None else matched(ours.people, theirs.people, self.tolerance)
        if pairs is None or theirs is None:
            self._since_s, self.ids = None, {}
            return -1.0
        shift = ours.index - theirs.index
        others = any(self.ids.get(their, our) != our for their, our in pairs.items())
        if self._since_s is None or shift != self.shift or others:
            self._since_s, self.shift, self.ids = ours.time_s, shift, {}
        self.ids |= pairs
        return ours.time_s - self._since_s


class Settling:
    """Waits for two trackings, the second of which began at ``began_s``, to become one.

    ``settled_s``: for how long they must agree.
    """

    def __init__(self, began_s: float, settled_s: float) -> None:
        self._began_s = began_s
        self._settled_s = settled_s
        self._same, self._same_people = Agreement(SAME), Agreement(SAME_PEOPLE)

    def add(self, ours: FramePoses, theirs: FramePoses | None) -> Agreement | None:
        """Take one more frame; return what they agree on, None as long as they don't."""
        if self._same.lasts_s(ours, theirs) >= self._settled_s:
            return self._same
        has_lasted = self._same_people.lasts_s(ours, theirs) >= self._settled_s
        is_late = ours.time_s - self._began_s >= PATIENCE_S
        return self._same_people if has_lasted and is_late else None


def matched(
    ours: Sequence[Pose], theirs: Sequence[Pose], tolerance: float
) -> dict[int, int] | None:
    """Return our id for each of their ids; None unless all are in the same places."""
    if len(ours) != len(theirs):
        return None
    if not ours:
        return {}
    sides_px = np.array([max(pose.box_px[2:]) for pose in ours])
    our_points, their_points = (
        np.stack([pose.points_px for pose in people]) for people in (ours, theirs)
    )
    apart_px = np.linalg.norm(our_points[:, None] - their_points, axis=-1).mean(axis=-1)
    pairs = _assigned(apart_px)
    if any(apart_px[our, their] > tolerance * sides_px[our] for our, their in pairs):
        return None
    return {theirs[their].id: ours[our].id for our, their in pairs}


def _assigned(costs: npt.NDArray[Any]) -> list[tuple[int, int]]:
    if len(costs) == 1:
        return [(0, 0)]
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to load

    rows, columns = linear_sum_assignment(costs)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
