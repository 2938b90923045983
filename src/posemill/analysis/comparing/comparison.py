"""What a comparison gives: one number, where it comes from, and how sure it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from posemill.analysis.comparing.features import NAMES
from posemill.analysis.comparing.similarity import similarity, whole
from posemill.analysis.vectors import Array


@dataclass(frozen=True, slots=True)
class JointDifference:
    """One joint or segment over all pairs.

    ``difference_deg``: the mean, None where never seen in both. ``worst_deg``: the largest one that
    isn't a single frame's, at ``worst_s``, times in both. ``weight``: its share in the whole, 0..1.
    ``seen``: the share of pairs in which both show it. ``moves_deg``: how far it strays from its
    mean in the one where it moves more.
    """

    name: str
    difference_deg: float | None
    worst_deg: float | None
    worst_s: tuple[float, float] | None
    weight: float
    seen: float
    moves_deg: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, with the similarity of this joint."""
        known = self.difference_deg
        return {
            "name": self.name,
            "difference_deg": _rounded(known, 2),
            "similarity": None if known is None else _rounded(float(similarity(np.array(known)))),
            "worst_deg": _rounded(self.worst_deg),
            "worst_s": None if self.worst_s is None else [round(each, 3) for each in self.worst_s],
            "weight": round(self.weight, 4),
            "seen": round(self.seen, 3),
            "moves_deg": round(self.moves_deg, 1),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The aligned pairs, in order.

    ``a_s``, ``b_s``: times (p,). ``a_frame``, ``b_frame``: the nearest frames' numbers.
    ``difference_deg``: (p,), NaN where too little is seen; ``joints_deg``: (p, 14), NaN where
    unseen, in the order of ``NAMES``. ``weight``: how much each pair counts.
    """

    a_s: Array
    b_s: Array
    a_frame: npt.NDArray[np.int64]
    b_frame: npt.NDArray[np.int64]
    difference_deg: Array
    joints_deg: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.a_s)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, None where nothing is known."""
        return {
            "a_s": self.a_s.round(4).tolist(),
            "b_s": self.b_s.round(4).tolist(),
            "a_frame": self.a_frame.tolist(),
            "b_frame": self.b_frame.tolist(),
            "difference_deg": _listed(self.difference_deg),
            "similarity": _listed(similarity(self.difference_deg)),
            "joints_deg": {
                name: _listed(self.joints_deg[:, column]) for column, name in enumerate(NAMES)
            },
        }


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How alike two pictures or movements are.

    ``similarity``: 0..100, None where too little is seen in both: of pictures the ``posture``,
    which follows from ``difference_deg``; of movements the geometric mean of that and of
    ``movement``, how much of what changes is shared. ``uncertainty_deg``: how far the difference
    may be off by what the model gets wrong. ``way``: ``whole``, or ``part`` where the shorter one
    was found within the other. ``mirrored``: whether B was compared as in a mirror. ``turn_deg``,
    ``tilt_deg``: how far B is seen from another side, and from further above. ``a_span_s``,
    ``b_span_s``: what was matched; ``a_share``, ``b_share``: that as a part of each. ``doubts``:
    reasons not to trust the number. ``places``: where a short movement was found, best first:
    (start, end, similarity); ``found_in``: ``a`` or ``b``, whichever is the longer one then.
    """

    kind: str
    similarity: float | None
    posture: float | None
    movement: float | None
    difference_deg: float | None
    uncertainty_deg: float
    joints: tuple[JointDifference, ...]
    moments: Moments
    way: str
    mirrored: bool
    turn_deg: float
    tilt_deg: float
    a_span_s: tuple[float, float]
    b_span_s: tuple[float, float]
    a_share: float
    b_share: float
    doubts: tuple[str, ...] = ()
    places: tuple[tuple[float, float, float], ...] = ()
    found_in: str | None = None

    @property
    def similarity_range(self) -> tuple[float, float] | None:
        """What the similarity may be, given the uncertainty of the difference."""
        if self.difference_deg is None:
            return None
        off = self.uncertainty_deg
        most = np.array([self.difference_deg + off, max(self.difference_deg - off, 0.0)])
        low, high = (whole(each, self.movement) for each in similarity(most).tolist())
        return (low or 0.0), (high or 0.0)

    @property
    def tempo(self) -> float:
        """How much faster B goes than A over what was matched; 1 the same."""
        b_s = self.b_span_s[1] - self.b_span_s[0]
        return (self.a_span_s[1] - self.a_span_s[0]) / b_s if b_s > 0 else 1.0

    def joint(self, name: str) -> JointDifference:
        """Return one joint's difference by its name. KeyError."""
        return {each.name: each for each in self.joints}[name]

    def to_dict(self, *, moments: bool = True) -> dict[str, Any]:
        """Return plain values; ``moments``: with every pair, which may be many."""
        span = self.similarity_range
        found = {
            "kind": self.kind,
            "similarity": _rounded(self.similarity),
            "similarity_range": None if span is None else [round(each, 1) for each in span],
            "posture": _rounded(self.posture),
            "movement": _rounded(self.movement),
            "difference_deg": _rounded(self.difference_deg, 2),
            "uncertainty_deg": round(self.uncertainty_deg, 1),
            "doubts": list(self.doubts),
            "mirrored": self.mirrored,
            "view": {"turn_deg": round(self.turn_deg, 1), "tilt_deg": round(self.tilt_deg, 1)},
            "way": self.way,
            "found_in": self.found_in,
            "a": {"span_s": [round(e, 3) for e in self.a_span_s], "share": round(self.a_share, 3)},
            "b": {"span_s": [round(e, 3) for e in self.b_span_s], "share": round(self.b_share, 3)},
            "tempo": round(self.tempo, 3),
            "places": [
                {"start_s": round(start, 3), "end_s": round(end, 3), "similarity": round(value, 1)}
                for start, end, value in self.places
            ],
            "joints": [each.to_dict() for each in self.joints],
        }
        if moments:
            found["moments"] = self.moments.to_dict()
        return found


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def _listed(values: Array) -> list[float | None]:
    known = np.isfinite(values).tolist()
    return [
        each if is_known else None
        for each, is_known in zip(values.round(2).tolist(), known, strict=True)
    ]
