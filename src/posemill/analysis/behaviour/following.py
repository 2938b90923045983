"""People over time: each one's last seconds, over short losses and changes of their id.

The model was made for upright people: who falls is often lost for some frames, or comes back
under another id. Here they stay the same person, by where they are.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from posemill.analysis.behaviour.body import TRUNK_M, Body, body_of
from posemill.types import FramePoses

# What is kept of everybody; a fall takes up to 2 s.
HISTORY_S: Final = 3.0
_MAX_MOMENTS: Final = 200
_MAX_PEOPLE: Final = 64
# Velocities are the slope over so long: landmarks tremble by centimetres from frame to frame.
# Frames may be 0.2 s apart; then it is two of them.
VELOCITY_S: Final = 0.3
_LEAST_S = 0.06
_LOST_VELOCITY_S: Final = 1.0
# Where somebody may be after a while, metres and metres a second: the pelvis of a sprinter makes
# 10 m/s, but the image of one who comes near more. Beyond it is somebody else.
_NEAR_M, _NEAR_MPS = 1.0, 6.0
# A new id is the one lost before only if it is nearer than that, and about as large: the scale of
# one who lies may be misread by half.
_AGAIN_M, _AGAIN_MPS, _AGAIN_MOST_M, _SIZE = 0.8, 1.0, 2.0, 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Heights (pixels, y down) at a time, and the scale; ``speed``, ``hip_speed``: m/s, down."""

    time_s: float
    shoulders_y: float
    hips_y: float
    x: float
    px_per_m: float | None
    speed: float
    hip_speed: float


@dataclass(slots=True)
class Person:
    """One person over time. ``body``: as last seen; ``moments``: the last seconds.

    ``px_per_m``: the scale to count with: what is high among those of the last seconds, since it
    is too small rather than too large where the body is foreshortened or misread.
    """

    body: Body
    px_per_m: float = 100.0
    moments: deque[Moment] = field(default_factory=lambda: deque(maxlen=_MAX_MOMENTS))

    @property
    def id(self) -> int:
        """The id that they have now."""
        return self.body.id

    def see(self, body: Body) -> None:
        """Take what a new frame shows."""
        self.body = body
        while self.moments and body.time_s - self.moments[0].time_s > HISTORY_S:
            self.moments.popleft()
        scales = [each.px_per_m for each in self.moments if each.px_per_m is not None]
        if body.px_per_m is not None:
            scales.append(body.px_per_m)
        if scales:
            scales.sort()
            self.px_per_m = scales[int(0.75 * (len(scales) - 1))]
        elif not self.moments:
            apart = math.dist(body.shoulders, body.hips)
            self.px_per_m = max(apart / TRUNK_M, 1.0)
        speed, hip_speed = self._speeds(body)
        self.moments.append(
            Moment(
                *(body.time_s, body.shoulders[1], body.hips[1], body.hips[0], body.px_per_m),
                *(speed, hip_speed),
            )
        )

    def _speeds(self, body: Body) -> tuple[float, float]:
        """Return how fast shoulders and hips go down, m/s: the slopes of the last moments."""
        times, shoulders, hips = [body.time_s], [body.shoulders[1]], [body.hips[1]]
        for each in reversed(self.moments):
            ago_s = body.time_s - each.time_s
            is_next = len(times) == 1 or times[0] - times[-1] < _LEAST_S
            if ago_s > VELOCITY_S + 1e-6 and not (is_next and ago_s <= _LOST_VELOCITY_S):
                break
            times.append(each.time_s)
            shoulders.append(each.shoulders_y)
            hips.append(each.hips_y)
        if times[0] - times[-1] < _LEAST_S:
            return 0.0, 0.0
        return slope(times, shoulders) / self.px_per_m, slope(times, hips) / self.px_per_m

    def forget(self) -> None:
        """Forget all but the last moment."""
        while len(self.moments) > 1:
            self.moments.popleft()

    def metres(self, pixels: float) -> float:
        """Return a length of the picture in metres."""
        return pixels / self.px_per_m

    def apart_m(self, body: Body) -> float:
        """Return how far a body is from where this person was."""
        return math.dist(body.hips, self.body.hips) / self.px_per_m

    def is_size_of(self, body: Body) -> bool:
        """Whether a body is about as large as this person."""
        if body.px_per_m is None:
            return True
        small, large = sorted((body.px_per_m, self.px_per_m))
        return large <= _SIZE * small


def slope(times: list[float], values: list[float]) -> float:
    """Return the slope of the straight line through values, by least squares."""
    count = len(times)
    middle, mean = sum(times) / count, sum(values) / count
    below = sum((time - middle) ** 2 for time in times)
    above = sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True))
    return above / below if below else 0.0


class Following:
    """Everybody in a stream. ``lost``: those not seen now, for up to ``keep_s``."""

    def __init__(self, keep_s: float = 2.0, *, gap_s: float = 2.0) -> None:
        self._keep_s, self._gap_s = keep_s, gap_s
        self._time_s: float | None = None
        self.seen: list[Person] = []
        self.lost: list[Person] = []

    def update(self, poses: FramePoses) -> bool:
        """Take a frame; return whether time goes on: False where all begins anew."""
        time_s = poses.time_s
        before = self._time_s
        self._time_s = time_s
        is_next = before is not None and 0 < time_s - before <= self._gap_s
        if not is_next:
            self.seen, self.lost = [], []
        known = self.seen + self.lost
        bodies = [body_of(pose, time_s) for pose in poses.people[:_MAX_PEOPLE]]
        found = {id(body): _take(known, _same(known, body)) for body in bodies}
        for body in bodies:
            person = found[id(body)] or _take(known, _nearest(known, body)) or Person(body)
            person.see(body)
            found[id(body)] = person
        self.seen = [person for person in found.values() if person is not None]
        kept = [each for each in known if time_s - each.body.time_s <= self._keep_s]
        self.lost = kept[:_MAX_PEOPLE]
        return is_next


def _take(known: list[Person], person: Person | None) -> Person | None:
    if person is not None:
        known.remove(person)
    return person


def _same(known: list[Person], body: Body) -> Person | None:
    """Return the one with that id, if they can have got there."""
    for person in known:
        reach = _NEAR_M + _NEAR_MPS * (body.time_s - person.body.time_s)
        if person.id == body.id and person.apart_m(body) <= reach:
            return person
    return None


def _nearest(known: list[Person], body: Body) -> Person | None:
    """Return the nearest one lost who may have come back under another id."""
    near = []
    for person in known:
        reach = min(_AGAIN_MOST_M, _AGAIN_M + _AGAIN_MPS * (body.time_s - person.body.time_s))
        apart = person.apart_m(body)
        if apart <= reach and person.is_size_of(body):
            near.append((apart, person))
    return min(near, key=lambda each: each[0])[1] if near else None
