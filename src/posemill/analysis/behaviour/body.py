"""One person in one frame, as what they do is told from: few places, in pixels and metres.

A picture has no metres of its own. BlazePose also gives each person in metres (``world``), seen
along the same axis, so the scale is what lays these onto the picture: both are compared as they
are seen, and limbs that point to the camera are short in both. The model knows nobody's height:
its metres are those of an adult of about 1.7 m, and all lengths and speeds here are in them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from posemill.skeleton import LANDMARK_INDEX
from posemill.types import Pose

Place = tuple[float, float]

MIN_VISIBILITY: Final = 0.5
# From the middle of the hips to that of the shoulders: 0.288 of a stature of 1.7 m (Winter,
# Biomechanics and Motor Control of Human Movement, figure 4.1), as the model's upright people
# have it too. In people who lie it is often wrong, so it isn't measured.
TRUNK_M: Final = 0.48
# A scale from less than so much of the body, as seen, would be noise.
_LEAST_M: Final = 0.1

_PAIRS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_AT: Final = {
    part: (LANDMARK_INDEX[f"left_{part}"], LANDMARK_INDEX[f"right_{part}"]) for part in _PAIRS
}
_HEAD: Final = tuple(LANDMARK_INDEX[name] for name in ("nose", "left_ear", "right_ear"))
_RIGID: Final = tuple(at for part in ("shoulder", "hip", "knee", "ankle") for at in _AT[part])


@dataclass(frozen=True, slots=True)
class Body:
    """One person in one frame.

    Places are (x, y) in pixels, y down. ``px_per_m``: the scale, None where too little is seen.
    ``knees_y``, ``ankles_y``: heights in the picture, None where they aren't seen.
    ``wrists_y``: that of the higher wrist, None unless both are seen; ``wrists_m``: how far it is
    under shoulders and hips by ``world``, which has no perspective. ``hip_angle``: between trunk
    and thighs, degrees, 180 straight, None where knees aren't seen. ``is_inside``: whether the
    trunk is well within the picture. ``points``: x and y of the limbs' landmarks and the head,
    None of those that aren't seen.
    """

    id: int
    time_s: float
    shoulders: Place
    hips: Place
    head: Place
    px_per_m: float | None
    knees_y: float | None
    ankles_y: float | None
    wrists_y: float | None
    wrists_m: Place | None
    hip_angle: float | None
    is_inside: bool
    points: tuple[Place | None, ...]


_Rows = Sequence[Sequence[float]]
# What moves when somebody does.
POINTS: Final = tuple(_HEAD[:1]) + tuple(at for part in _PAIRS for at in _AT[part])


def body_of(pose: Pose, time_s: float) -> Body:
    """Return what a pose says."""
    width, height = pose.size_px
    rows: _Rows = pose.landmarks.tolist()
    world: _Rows = pose.world.tolist()
    shoulders, hips = _middle(rows, "shoulder", width, height), _middle(rows, "hip", width, height)
    seen = [row[3] >= MIN_VISIBILITY for row in rows]
    heads = [(rows[at][0] * width, rows[at][1] * height) for at in _HEAD if seen[at]]
    wrists = [rows[at][1] * height for at in _AT["wrist"] if seen[at]]
    return Body(
        id=pose.id,
        time_s=time_s,
        shoulders=shoulders,
        hips=hips,
        head=mean(heads) if heads else shoulders,
        px_per_m=_scale(rows, world, seen, width, height),
        knees_y=_height_of(rows, seen, "knee", height),
        ankles_y=_height_of(rows, seen, "ankle", height),
        wrists_y=min(wrists) if len(wrists) == 2 else None,
        wrists_m=_wrists_m(world) if len(wrists) == 2 else None,
        hip_angle=_hip_angle(world) if all(seen[at] for at in _AT["knee"]) else None,
        is_inside=_is_inside(hips, width, height) and _is_inside(shoulders, width, height),
        points=tuple(
            (rows[at][0] * width, rows[at][1] * height) if seen[at] else None for at in POINTS
        ),
    )


def mean(places: Sequence[Place]) -> Place:
    """Return the middle of places."""
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _middle(rows: _Rows, part: str, width: float, height: float) -> Place:
    left, right = (rows[at] for at in _AT[part])
    return (left[0] + right[0]) / 2 * width, (left[1] + right[1]) / 2 * height


def _height_of(rows: _Rows, seen: Sequence[bool], part: str, height: float) -> float | None:
    found = [rows[at][1] * height for at in _AT[part] if seen[at]]
    return sum(found) / len(found) if found else None


def _scale(
    rows: _Rows, world: _Rows, seen: Sequence[bool], width: float, height: float
) -> float | None:
    """Return the pixels of a metre: spread in the picture over spread in metres, both as seen."""
    used = [at for at in _RIGID if seen[at]]
    if len(used) < 3:
        return None
    spread_px = _spread([(rows[at][0] * width, rows[at][1] * height) for at in used])
    spread_m = _spread([(world[at][0], world[at][1]) for at in used])
    return spread_px / spread_m if spread_m >= _LEAST_M and spread_px > 0 else None


def _spread(places: Sequence[Place]) -> float:
    x, y = mean(places)
    return math.sqrt(sum((px - x) ** 2 + (py - y) ** 2 for px, py in places) / len(places))


def _hip_angle(world: _Rows) -> float:
    def middle(part: str) -> list[float]:
        left, right = (world[at] for at in _AT[part])
        return [(a + b) / 2 for a, b in zip(left, right, strict=True)]

    hips = middle("hip")
    trunk = [a - b for a, b in zip(middle("shoulder"), hips, strict=True)]
    thigh = [a - b for a, b in zip(middle("knee"), hips, strict=True)]
    lengths = math.hypot(*trunk) * math.hypot(*thigh)
    if lengths <= 0:
        return 180.0
    cosine = sum(a * b for a, b in zip(trunk, thigh, strict=True)) / lengths
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _wrists_m(world: _Rows) -> Place:
    wrist, shoulder, hip = (
        [world[at][1] for at in _AT[part]] for part in ("wrist", "shoulder", "hip")
    )
    return min(wrist) - sum(shoulder) / 2, min(wrist) - sum(hip) / 2


def _is_inside(place: Place, width: float, height: float) -> bool:
    # Who leaves does so over the sides; who lies near the camera reaches the lower edge.
    return 0.03 * width <= place[0] <= 0.97 * width and 0.0 <= place[1] <= 1.02 * height
