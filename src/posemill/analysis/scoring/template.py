"""A movement as it should be: what a repetition looks like on the average, and how much may vary.

Kept as JSON, posemill-template/1. Reading trusts nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from posemill.analysis.comparing.features import ANGLES, DIRECTIONS, NAMES, Features
from posemill.analysis.scoring.cycle import NAMED, POINTS
from posemill.analysis.vectors import Array
from posemill.errors import BrokenSource

SCHEMA: Final = "posemill-template/1"
PHASES: Final = ("descent", "ascent", "raising", "lowering", "out", "back")
_FRAME: Final = 3
_MOST: Final = 1e4  # degrees, hip widths and lengths stay far within


class Phase(NamedTuple):
    """A part of a repetition: its first and its last point."""

    name: str
    start: int
    end: int


class Curve(NamedTuple):
    """A named angle or spread over a repetition, (101,): its mean, and what it may be off by."""

    mean: Array
    tolerance: Array


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A reference for a movement.

    ``clips``, ``repetitions``: how many it was made from. ``duration_s``: of a repetition, and how
    much that varies (standard deviation). ``features``: the mean at 101 points.
    ``tolerance_deg``: (101, len(NAMES)), what each joint may be off by. ``weights``:
    (len(NAMES),), how much each counts, 0 for what was hidden. ``named``: the curves that advice
    is given by. ``yaw``: how the person faced the camera, degrees. ``exercise``: what its
    repetitions were counted by, None for its own period.
    """

    name: str
    clips: int
    repetitions: int
    duration_s: tuple[float, float]
    phases: tuple[Phase, ...]
    features: Features
    tolerance_deg: Array
    weights: Array
    named: Mapping[str, Curve]
    yaw: float
    exercise: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values; ``parse_template`` makes it again of them."""
        found = self.features
        return {
            "schema": SCHEMA,
            "name": self.name,
            "exercise": self.exercise,
            "clips": self.clips,
            "repetitions": self.repetitions,
            "duration_s": {
                "mean": round(self.duration_s[0], 3),
                "spread": round(self.duration_s[1], 3),
            },
            "yaw": round(self.yaw, 1),
            "phases": [each._asdict() for each in self.phases],
            "joints": {
                name: {
                    "weight": round(float(self.weights[column]), 4),
                    "tolerance_deg": _listed(self.tolerance_deg[:, column], 2),
                    "seen": _listed(found.seen[:, column], 3),
                }
                for column, name in enumerate(NAMES)
            },
            "angles": {
                name: {"mean": _listed(curve.mean, 3), "tolerance": _listed(curve.tolerance, 3)}
                for name, curve in self.named.items()
            },
            "posture": {
                "directions": found.directions.round(4).tolist(),
                "frame": found.frame.round(4).tolist(),
                "angles": found.angles.round(2).tolist(),
                "inclination": found.inclination.round(2).tolist(),
            },
        }

    def moves(self, name: str) -> float:
        """Return the range of motion of a named angle, 0 where it isn't known."""
        curve = self.named.get(name)
        if curve is None or not np.isfinite(curve.mean).any():
            return 0.0
        return float(np.nanmax(curve.mean) - np.nanmin(curve.mean))


def parse_template(raw: object) -> Template:
    """Return the template in a JSON document. BrokenSource for anything else."""
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise BrokenSource(f"a template's schema must be {SCHEMA!r}.")
    try:
        return _parsed(raw)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BrokenSource(f"is a damaged template: {type(error).__name__}: {error}.") from error


def _parsed(raw: dict[str, Any]) -> Template:
    posture, joints, duration = raw["posture"], raw["joints"], raw["duration_s"]
    columns = [joints[name] for name in NAMES]
    seen = np.stack([_array(each["seen"], POINTS, low=0.0) for each in columns], axis=1)
    features = Features(
        np.linspace(0.0, 1.0, POINTS),
        _array(posture["directions"], POINTS, len(DIRECTIONS), 3),
        _array(posture["frame"], POINTS, _FRAME, 3),
        _array(posture["angles"], POINTS, len(ANGLES)),
        _array(posture["inclination"], POINTS),
        seen,
    )
    named = {
        str(name): Curve(
            _array(each["mean"], POINTS, gaps=True),
            _array(each["tolerance"], POINTS, gaps=True, low=0.0),
        )
        for name, each in raw["angles"].items()
        if name in NAMED
    }
    phases = tuple(_phase(each) for each in raw["phases"])
    exercise = raw.get("exercise")
    return Template(
        name=str(raw["name"]),
        clips=int(raw["clips"]),
        repetitions=int(raw["repetitions"]),
        duration_s=(_above_zero(duration["mean"]), float(duration["spread"])),
        phases=phases,
        features=features,
        tolerance_deg=np.stack(
            [_array(each["tolerance_deg"], POINTS, low=0.0) for each in columns], axis=1
        ),
        weights=_array([each["weight"] for each in columns], len(columns), low=0.0),
        named=named,
        yaw=float(_array(raw["yaw"])),
        exercise=None if exercise is None else str(exercise),
    )


def _phase(raw: Mapping[str, Any]) -> Phase:
    phase = Phase(str(raw["name"]), int(raw["start"]), int(raw["end"]))
    if phase.name not in PHASES or not 0 <= phase.start < phase.end < POINTS:
        raise ValueError(f"{phase.name!r} is no phase")
    return phase


def _above_zero(value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("a duration must be above 0")
    return float(value)


def _array(raw: object, *shape: int, gaps: bool = False, low: float = -_MOST) -> Array:
    found = np.array(raw, float)
    if found.shape != shape:
        raise ValueError(f"has {found.shape} numbers in place of {shape}")
    if not (gaps or np.isfinite(found).all()):
        raise ValueError("has a number that is not finite")
    known = found[~np.isnan(found)]
    if (known < low).any() or (known > _MOST).any():
        raise ValueError(f"has a number that is not from {low:g} to {_MOST:g}")
    return found


def _listed(values: Array, digits: int) -> list[float | None]:
    return [each if np.isfinite(each) else None for each in values.round(digits).tolist()]
