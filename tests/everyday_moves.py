"""What a figure does that is a fall, and what only looks like one: key postures over time.

Times follow published durations: falls from standing take 0.6 to 1.2 s from the loss of balance,
sitting down 1.5 s or 0.7 s in a hurry, lying down on a bed 2 to 4 s.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import sin
from typing import Final

from moving_figure import Posture, body_m

Move = Callable[[float], Posture]
Keys = list[tuple[float, Posture]]

STAND: Final = Posture()
BENT_KNEES: Final = Posture(hip_flexion=(70, 70), knee_flexion=(80, 80), pitch=20)
SIT: Final = Posture(hip_flexion=(88, 88), knee_flexion=(85, 85), height_m=0.5)
SIT_BED: Final = Posture(hip_flexion=(85, 85), knee_flexion=(80, 80), height_m=0.55)
SIT_FLOOR: Final = Posture(hip_flexion=(85, 85), knee_flexion=(20, 20), height_m=0.1)
SAT_UP: Final = replace(SIT_FLOOR, knee_flexion=(90, 90), hip_flexion=(120, 120))
SIT_LEGS_FOLDED: Final = Posture(
    pitch=-8, trunk_flexion=30, hip_flexion=(95, 95), hip_abduction=(40, 40),
    knee_flexion=(130, 130), height_m=0.12,
)  # fmt: skip
ON_BACK: Final = Posture(pitch=-88, height_m=0.12)
ON_BACK_KNEES: Final = Posture(
    pitch=-85, hip_flexion=(50, 50), knee_flexion=(90, 90), height_m=0.12
)
PRONE: Final = Posture(pitch=86, shoulder_flexion=(150, 150), elbow_flexion=(60, 60), height_m=0.13)
ON_SIDE: Final = Posture(roll=86, hip_flexion=(30, 20), knee_flexion=(40, 30), height_m=0.18)
SQUAT: Final = Posture(pitch=35, hip_flexion=(115, 115), knee_flexion=(130, 130))
SHOES: Final = Posture(
    pitch=55, trunk_flexion=10, hip_flexion=(140, 130), knee_flexion=(135, 120),
    shoulder_flexion=(60, 60),
)  # fmt: skip
STOOP: Final = Posture(pitch=80, hip_flexion=(85, 85), shoulder_flexion=(90, 90))
PLANK: Final = Posture(pitch=72, shoulder_flexion=(75, 75), shoulder_abduction=(5, 5))
PUSHED_DOWN: Final = Posture(
    pitch=84, shoulder_flexion=(30, 30), shoulder_abduction=(40, 40), elbow_flexion=(110, 110)
)
FOURS: Final = Posture(
    pitch=80, hip_flexion=(85, 85), knee_flexion=(90, 90), shoulder_flexion=(80, 80)
)


def over(keys: Keys, *, falls: bool = False) -> Move:
    """Return the move through key postures; a fall gathers speed, people do things smoothly."""

    def at(time_s: float) -> Posture:
        before = keys[0]
        for key in keys:
            if key[0] > time_s:
                share = (time_s - before[0]) / (key[0] - before[0])
                eased = share**1.7 if falls else share * share * (3 - 2 * share)
                return before[1].towards(key[1], eased)
            before = key
        return keys[-1][1]

    return at


def _floored(posture: Posture) -> Posture:
    height_m = posture.height_m
    lowest_m = float(body_m(posture)[:, 1].max())
    return replace(posture, height_m=lowest_m if height_m is None else height_m)


def keyed(*keys: tuple[float, Posture], falls: bool = False) -> Move:
    """As ``over``, with heights of all, so that they mix."""
    return over([(time_s, _floored(posture)) for time_s, posture in keys], falls=falls)


def _fall(end: Posture, took_s: float, start: Posture = STAND, at_s: float = 1.0) -> Move:
    return keyed((0, start), (at_s, start), (at_s + took_s, end), (at_s + 9, end), falls=True)


def _collapse(end: Posture, took_s: float, at_s: float = 1.0) -> Move:
    middle = at_s + 0.55 * took_s
    return keyed(
        (0, STAND), (at_s, STAND), (middle, BENT_KNEES), (at_s + took_s, end),
        (at_s + 9, end), falls=True,
    )  # fmt: skip


FALLS: Final[Mapping[str, Move]] = {
    "backward": _fall(ON_BACK, 0.9),
    "backward_knees_up": _collapse(ON_BACK_KNEES, 1.2),
    "forward": _fall(PRONE, 0.9),
    "forward_collapse": _collapse(PRONE, 1.1),
    "sideways": _fall(ON_SIDE, 0.9),
    "sideways_collapse": _collapse(ON_SIDE, 1.2),
    "at_once": _fall(ON_BACK, 0.9, at_s=0.4),
    "from_chair": _fall(ON_SIDE, 0.9, SIT),
    "from_chair_forward": _fall(PRONE, 1.0, SIT),
    "onto_bed": _fall(replace(ON_BACK, height_m=0.6), 0.8),
    "forward_onto_bed": _fall(replace(PRONE, height_m=0.6), 0.8),
    "from_bed": _fall(ON_SIDE, 0.9, replace(ON_SIDE, roll=60, height_m=0.75)),
    "over_seat": keyed(
        (0, STAND), (1, STAND), (1.7, SIT_FLOOR), (2.5, ON_BACK), (9, ON_BACK), falls=True
    ),
}


def _repeated(low: Posture, high: Posture, down_s: float, up_s: float, hold_s: float = 0.1) -> Move:
    keys: Keys = [(0, high)]
    for _ in range(8):
        time_s = keys[-1][0]
        keys += [
            (time_s + down_s, low),
            (time_s + down_s + hold_s, low),
            (time_s + down_s + hold_s + up_s, high),
            (time_s + down_s + 2 * hold_s + up_s, high),
        ]
    return keyed(*keys)


def _then(*parts: tuple[float, Posture]) -> Move:
    """Return a move through postures, each reached in so many seconds."""
    time_s, keys = 0.0, []
    for length_s, posture in parts:
        time_s += length_s
        keys.append((time_s, posture))
    return keyed(*keys)


def _walk(x_from: float, x_to: float, z_from: float, z_to: float) -> Move:
    def at(time_s: float) -> Posture:
        share = min(1.0, time_s / 4)
        swing = 28 * sin(time_s * 5.5)
        return Posture(
            yaw=90 if x_to > x_from else (-90 if x_to < x_from else 0),
            hip_flexion=(swing, -swing),
            knee_flexion=(max(0, -swing), max(0, swing)),
            shoulder_flexion=(-swing, swing),
            x_m=x_from + share * (x_to - x_from),
            z_m=z_from + share * (z_to - z_from),
        )

    return at


def _jump(time_s: float) -> Posture:
    phase = time_s % 1.2
    if phase < 0.5:
        return keyed((0, STAND), (0.3, BENT_KNEES), (0.5, STAND))(phase)
    flight = (phase - 0.5) / 0.5
    return replace(STAND, lift_m=max(0.0, 4 * 0.35 * flight * (1 - flight)))


_BURPEE: Final = (
    (0.8, SQUAT), (0.3, PLANK), (0.5, PUSHED_DOWN), (0.4, PLANK), (0.4, SQUAT), (0.4, STAND),
)  # fmt: skip
_BED = replace(ON_BACK, height_m=0.6)
LOOKALIKES: Final[Mapping[str, Move]] = {
    "lying_down_in_4_s": _then((0, STAND), (1, STAND), (1.5, SIT_BED), (2.5, _BED), (6, _BED)),
    "lying_down_in_3_s": _then(
        (0, STAND), (1, STAND), (1.3, SIT_BED), (0.5, SIT_BED), (1.4, _BED), (6, _BED)
    ),
    "sitting_to_lying_in_1_s": _then((0, SIT_BED), (0.5, SIT_BED), (1.0, _BED), (6, _BED)),
    "sitting_to_lying_side": _then(
        (0, SIT_BED), (0.5, SIT_BED), (1.0, replace(ON_SIDE, height_m=0.65)),
        (6, replace(ON_SIDE, height_m=0.65)),
    ),
    "lying_down_on_floor": _then(
        (0, STAND), (1, STAND), (1.6, SIT_FLOOR), (0.5, SIT_FLOOR), (1.5, ON_BACK), (6, ON_BACK)
    ),
    "prone_on_bed": _then(
        (0, STAND), (0.3, STAND), (1.4, replace(FOURS, height_m=0.95)),
        (1.2, replace(PRONE, height_m=0.6)), (6, replace(PRONE, height_m=0.6)),
    ),
    "sitting_down": _then((0, STAND), (1, STAND), (1.5, SIT), (5, SIT)),
    "sitting_down_fast": _then((0, STAND), (1, STAND), (0.7, SIT), (5, SIT)),
    "sitting_on_floor": _then((0, STAND), (1, STAND), (1.5, SIT_FLOOR), (5, SIT_FLOOR)),
    "sitting_on_floor_fast": _then(
        (0, STAND), (0.5, STAND), (0.8, SIT_LEGS_FOLDED), (5, SIT_LEGS_FOLDED)
    ),
    "legs_folded": _then((0, SIT_LEGS_FOLDED), (6, SIT_LEGS_FOLDED)),
    "picking_up": _then(
        (0, STAND), (1, STAND), (0.8, STOOP), (0.5, STOOP), (0.9, STAND), (3, STAND)
    ),
    "picking_up_sitting": _then(
        (0, SIT), (1, SIT), (0.8, replace(SIT, pitch=75, hip_flexion=(150, 150))),
        (2.5, replace(SIT, pitch=75, hip_flexion=(150, 150))), (0.9, SIT), (2, SIT),
    ),
    "stooping_long": _then((0, STAND), (1, STAND), (0.7, STOOP), (4, STOOP), (0.9, STAND)),
    "squatting_fast": _then((0, STAND), (1, STAND), (0.6, SQUAT), (3, SQUAT), (0.8, STAND)),
    "shoes": _then((0, STAND), (1, STAND), (0.8, SHOES), (4, SHOES), (0.9, STAND)),
    "squats": _repeated(SQUAT, STAND, 0.7, 0.7),
    "push_ups": _repeated(PUSHED_DOWN, PLANK, 0.6, 0.6),
    "into_push_ups": _then(
        (0, STAND), (0.5, STAND), (0.7, SQUAT), (0.4, PLANK),
        *((0.5, posture) for _ in range(5) for posture in (PUSHED_DOWN, PLANK)),
        (0.6, SQUAT), (0.6, STAND), (1, STAND),
    ),
    "plank": _then((0, STAND), (0.5, STAND), (0.7, SQUAT), (0.4, PLANK), (6, PLANK)),
    "sit_ups": _repeated(ON_BACK_KNEES, SAT_UP, 0.7, 0.7, 0.3),
    "burpees": _then((0, STAND), *(_BURPEE * 4), (2, STAND)),
    "jumping": _jump,
    "crawling": _then((0, STAND), (0.7, STAND), (1.0, FOURS), (6, replace(FOURS, x_m=1.0))),
    "walking": _walk(-1.5, 1.5, 0, 0),
    "walking_near": _walk(0, 0, 2, -2.3),
    "walking_out": _walk(0, 4, 0, 0),
}  # fmt: skip
