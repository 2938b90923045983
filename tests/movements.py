"""Movements of the figure, for what compares and scores them."""

from collections.abc import Callable

import numpy as np

from moving_figure import Look, Posture, filmed
from posemill.analysis.motion import Motion, motions

Move = Callable[[float], Posture]


def squat(
    depth: float = 1.0, *, lean: float = 0.0, valgus: float = 0.0, yaw: float = 0.0
) -> Posture:
    return Posture(
        yaw=yaw,
        pitch=30 * depth + lean,
        hip_flexion=(95 * depth, 95 * depth),
        hip_abduction=(-valgus, -valgus),
        knee_flexion=(100 * depth, 100 * depth),
        ankle_dorsiflexion=(25 * depth, 25 * depth),
        shoulder_flexion=(70 * depth, 70 * depth),
    )


JACK = Posture(shoulder_abduction=(160, 160), hip_abduction=(25, 25))
WAVE = Posture(shoulder_abduction=(8, 120), elbow_flexion=(5, 80))
KICK = Posture(hip_flexion=(80, 0), knee_flexion=(20, 0))


def again(there: Posture, period_s: float = 3.0, rest: Posture | None = None) -> Move:
    """Go from rest to a posture and back, again and again."""
    start = rest or Posture(yaw=there.yaw)

    def move(time_s: float) -> Posture:
        share = (1 - np.cos(2 * np.pi * time_s / period_s)) / 2
        return start.towards(there, float(share))

    return move


def clip(
    move: Move, length_s: float = 9.0, rate_hz: float = 20.0, look: Look | None = None
) -> Motion:
    """Return the motion of the figure, filmed."""
    times = np.arange(round(length_s * rate_hz)) / rate_hz
    return motions(filmed(move, times.tolist(), look))[0]
