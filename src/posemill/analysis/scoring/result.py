"""What a score says: in total, of each repetition, of each phase, of each joint, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from posemill.analysis.vectors import Array

# Beyond what good repetitions differ by anyway, limbs that are so far off are half as good.
HALF_DEG: Final = 12.0


def points(beyond_deg: Array | float) -> Array:
    """Return 0..100 for degrees beyond the tolerance: 100 within it, 50 for 12, 25 for 24."""
    return np.asarray(100 * 2.0 ** -(np.asarray(beyond_deg, float) / HALF_DEG))


@dataclass(frozen=True, slots=True)
class JointScore:
    """One joint over all repetitions; None where it was hidden, in the template or here.

    ``difference_deg``: from the template; ``beyond_deg``: of that beyond the tolerance.
    ``worst_phase``: where it is furthest off.
    """

    name: str
    score: float | None
    difference_deg: float | None
    beyond_deg: float | None
    worst_phase: str | None
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "score": _rounded(self.score),
            "difference_deg": _rounded(self.difference_deg),
            "beyond_deg": _rounded(self.beyond_deg),
            "worst_phase": self.worst_phase,
            "weight": round(self.weight, 4),
        }


@dataclass(frozen=True, slots=True)
class RepetitionScore:
    """One repetition. ``tempo``: the template's duration by its own; 2 is twice as fast."""

    start_s: float
    turn_s: float
    end_s: float
    side: str
    is_full: bool
    score: float | None
    tempo: float
    phases: Mapping[str, float | None]
    joints: Mapping[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "start_s": round(self.start_s, 3),
            "turn_s": round(self.turn_s, 3),
            "end_s": round(self.end_s, 3),
            "side": self.side,
            "full": self.is_full,
            "score": _rounded(self.score),
            "tempo": round(self.tempo, 2),
            "phases": {name: _rounded(value) for name, value in self.phases.items()},
            "joints": {name: _rounded(value) for name, value in self.joints.items()},
        }


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do better.

    ``texts``: the sentence by language. ``repetitions``: their numbers, from 1. ``phase`` and
    ``part``: when. ``deviation``: from the template, in ``unit``; ``severity``: how many times the
    tolerance that is. ``doubts``: ``view`` where it is hard to tell from this side.
    """

    rule: str
    texts: Mapping[str, str]
    repetitions: tuple[int, ...]
    phase: str
    part: str
    side: str
    deviation: float
    unit: str
    severity: float
    doubts: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "rule": self.rule,
            "texts": dict(self.texts),
            "repetitions": list(self.repetitions),
            "phase": self.phase,
            "part": self.part,
            "side": self.side,
            "deviation": round(self.deviation, 2),
            "unit": self.unit,
            "severity": round(self.severity, 2),
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How well a movement was done, against a template.

    ``total``: 0..100, the mean of the repetitions, None where there is none or too little is
    seen. ``uncertainty_deg``: how far joints may be off by what the model gets wrong from here.
    ``curves``: of each named angle (repetitions, 101), at the template's points, for charts.
    ``doubts``: as in ``Comparison``, and ``no_repetition``.
    """

    template: str
    total: float | None
    beyond_deg: float | None
    uncertainty_deg: float
    repetitions: tuple[RepetitionScore, ...]
    phases: Mapping[str, float | None]
    joints: tuple[JointScore, ...]
    advice: tuple[Advice, ...]
    doubts: tuple[str, ...] = ()
    curves: Mapping[str, Array] = field(default_factory=dict)

    @property
    def total_range(self) -> tuple[float, float] | None:
        """What the total may be, given the uncertainty beyond what the tolerance takes up."""
        if self.beyond_deg is None:
            return None
        off = self.uncertainty_deg / 2
        low, high = points(np.array([self.beyond_deg + off, max(self.beyond_deg - off, 0.0)]))
        return float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the curves."""
        span = self.total_range
        return {
            "template": self.template,
            "total": _rounded(self.total),
            "total_range": None if span is None else [round(each, 1) for each in span],
            "beyond_deg": _rounded(self.beyond_deg),
            "uncertainty_deg": round(self.uncertainty_deg, 1),
            "doubts": list(self.doubts),
            "phases": {name: _rounded(value) for name, value in self.phases.items()},
            "joints": [each.to_dict() for each in self.joints],
            "repetitions": [each.to_dict() for each in self.repetitions],
            "advice": [each.to_dict() for each in self.advice],
        }


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), digits)
