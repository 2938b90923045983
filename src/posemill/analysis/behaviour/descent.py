"""How somebody went down in the last seconds: how far, how fast, in which time.

Where the numbers come from. Wu (2000, Distinguishing fall activities from normal activities by
velocity characteristics, J Biomech 33) found trunks to go down at less than 1 m/s in daily life and
two to three times as fast in falls; Bourke, O'Donovan and O'Laighin (2008, The identification of
vertical velocity profiles using an inertial sensor ..., Med Eng Phys 30) separated them at
1.3 m/s. Those are peaks of a sensor; here they are slopes over 0.3 s, which flattens short peaks,
and people who act falls go down more slowly than those who fall. So speed doesn't decide alone: who
goes from standing or from a chair to lying within 2 s falls, since lying down on purpose takes
longer, with a stop on the way; who loses no more height than the trunk's, as from sitting on a bed
to lying on it, must do it at the speed of a fall.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from posemill.analysis.behaviour.following import HISTORY_S, Moment, Person

# What shoulders and hips lose between a chair and the ground is about 0.7 and 0.4 m, between
# sitting and lying on a bed 0.45 and 0 m; the picture shortens both.
_FAR_M, _FAR_HIPS_M, _FAR_MPS, _FAR_S = 0.55, 0.15, 0.7, 2.0
_NEAR_M, _NEAR_MPS, NEAR_S = 0.35, 1.1, 1.2
# Where the fastest part wasn't seen, the mean speed counts: the peak of a smooth movement is 1.5 to
# 1.9 times as high.
_PEAK_OF_MEAN: Final = 1.5
# On the seat: hips hit the ground at 2.5 m/s and more in falls (Robinovitch et al. 2004); who sits
# down on the floor in half a second makes 1.6 m/s by the slope over 0.3 s.
SEAT_M, SEAT_MPS = 0.5, 1.8
# A descent begins where shoulders leave their level by so much; the level is seen for so long.
_LEVEL_M, LEVEL_S = 0.12, 0.2
# Who comes towards a raised camera goes down in the picture, and out of it at its lower edge: they
# grow, and go down by more than legs are long (0.83 m).
_GROWN, _LEGS_M = 1.2, 1.0
# But not as fast: with shoulders 1.2 m below a camera, one who walks at 1.4 m/s and is a metre away
# sinks by 1.7 m/s.
_APPROACH_MPS: Final = 1.8
# A tracker loses those who fall: after so much of a descent, and at such a speed.
_LOST_M, _LOST_MPS, LOST_S = 0.5, 0.8, 0.5
# Who moves across the picture faster than people walk leaps or runs.
_LEAP_MPS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Descent:
    """``drop_m``, ``hip_drop_m``: height lost; ``took_s``; ``speed``, ``hip_speed``: the most, m/s.

    ``growth``: how many times as large the person has become. ``began_s``: when. ``shoulders_y``,
    ``hips_y``: where they came from, pixels.
    """

    began_s: float
    took_s: float
    drop_m: float
    hip_drop_m: float
    speed: float
    hip_speed: float
    growth: float
    shoulders_y: float
    hips_y: float

    def going_on(self, person: Person) -> "Descent":
        """Return it with the height that has been lost since."""
        drop_m = person.metres(person.body.shoulders[1] - self.shoulders_y)
        hip_drop_m = person.metres(person.body.hips[1] - self.hips_y)
        return replace(
            self, drop_m=max(self.drop_m, drop_m), hip_drop_m=max(self.hip_drop_m, hip_drop_m)
        )

    @property
    def is_far(self) -> bool:
        """From standing or from a chair to the ground or a bed."""
        is_deep = self.drop_m >= _FAR_M and self.hip_drop_m >= _FAR_HIPS_M
        return is_deep and self._is_at_least(_FAR_MPS) and self.took_s <= _FAR_S

    @property
    def is_near(self) -> bool:
        """From sitting to lying."""
        is_fast = self._is_at_least(_NEAR_MPS) and self.took_s <= NEAR_S
        return self.drop_m >= _NEAR_M and is_fast

    def _is_at_least(self, speed: float) -> bool:
        mean = (self.drop_m - _LEVEL_M) / self.took_s
        return max(self.speed, _PEAK_OF_MEAN * mean) >= speed

    @property
    def is_onto_seat(self) -> bool:
        """Hard from standing to the ground."""
        is_hard = self.hip_drop_m >= SEAT_M and self.hip_speed >= SEAT_MPS
        return is_hard and not self._is_approach

    @property
    def _is_approach(self) -> bool:
        return self.growth > _GROWN or self.hip_drop_m > _LEGS_M

    def is_lost(self, person: Person) -> bool:
        """In the midst of a fall, so that who isn't seen after it may lie."""
        moments = person.moments
        last_s = moments[-1].time_s
        recent = [each for each in moments if last_s - each.time_s <= LOST_S]
        is_fast = max(each.speed for each in recent) >= _LOST_MPS and self.took_s <= _FAR_S
        across_m = person.metres(abs(recent[-1].x - recent[0].x))
        is_leap = across_m > _LEAP_MPS * (last_s - recent[0].time_s)
        is_deep = self.drop_m >= _LOST_M and self.hip_drop_m >= _FAR_HIPS_M
        is_approach = self._is_approach and self.speed < _APPROACH_MPS
        return is_deep and is_fast and not is_leap and not is_approach


def descent_of(person: Person, within_s: float = HISTORY_S) -> Descent | None:
    """Return the descent that a person's last seconds end with, None where there is none.

    ``within_s``: what was before doesn't count.
    """
    now = person.moments[-1]
    since_s = now.time_s - within_s
    moments = [each for each in person.moments if each.time_s >= since_s]
    high_y = _level(moments)
    onset: Moment | None = None
    for each in reversed(moments):
        if person.metres(each.shoulders_y - high_y) < _LEVEL_M:
            onset = each
            break
    if onset is None or onset is now:
        return None
    during = [each for each in moments if each.time_s >= onset.time_s]
    return Descent(
        began_s=onset.time_s,
        took_s=now.time_s - onset.time_s,
        drop_m=person.metres(now.shoulders_y - high_y),
        hip_drop_m=person.metres(now.hips_y - onset.hips_y),
        speed=max(each.speed for each in during),
        hip_speed=max(each.hip_speed for each in during),
        growth=_growth(onset, now),
        shoulders_y=high_y,
        hips_y=onset.hips_y,
    )


def _growth(onset: Moment, now: Moment) -> float:
    if onset.px_per_m is None or now.px_per_m is None:
        return 1.0
    return now.px_per_m / onset.px_per_m


def _level(moments: Iterable[Moment]) -> float:
    """Return the height that shoulders came from: the highest but one, as one may be misread."""
    heights = sorted(each.shoulders_y for each in moments)
    return heights[min(1, len(heights) - 1)]
