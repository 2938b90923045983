"""Angles frame by frame as they come: the One-Euro filter in place of one that knows the future.

Source: Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012. At rest it smooths much, in movement it
lags little.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from posemill.analysis.angles import frame_angles, names_of
from posemill.analysis.cleaning import MAX_GAP_S
from posemill.blazepose.constants import OneEuroConstants
from posemill.blazepose.smoothing import OneEuroState, one_euro
from posemill.types import Pose

# Tuned as the paper says: the cut-off down until a limb at rest is still, then beta up until one
# at 200 degrees a second lags by less than a frame or two.
_CONSTANTS: Final = OneEuroConstants(min_cutoff=1.5, beta=0.03)


class LiveAngles:
    """Angles of one person in a stream; SettingError for a name that is not known."""

    def __init__(self, names: Iterable[str], max_gap_s: float = MAX_GAP_S) -> None:
        self.names = names_of(names)
        self._max_gap_s = max_gap_s
        self._states: dict[str, tuple[float, OneEuroState]] = {}

    def update(self, time_s: float, pose: Pose) -> dict[str, float | None]:
        """Return the angles of a frame, filtered; None where landmarks are not seen.

        After a gap, or where time goes back, an angle begins anew.
        """
        found = frame_angles(pose, self.names)
        return {name: self._filtered(name, time_s, value) for name, value in found.items()}

    def _filtered(self, name: str, time_s: float, value: float | None) -> float | None:
        if value is None:
            return None
        before, state = self._states.get(name, (time_s, None))
        interval_s = time_s - before
        if state is not None and interval_s == 0:
            return float(state.value[0])
        if not 0 < interval_s <= self._max_gap_s:
            state = None
        following = one_euro(state, np.array([value], np.float32), interval_s, _CONSTANTS)
        self._states[name] = time_s, following
        return round(float(following.value[0]), 2)
