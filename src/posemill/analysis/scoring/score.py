"""A person's movement scored against a template, repetition by repetition.

Each repetition is brought into step with the template (``comparing.alignment``), turned onto it,
and compared joint by joint. What is within the tolerance costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from posemill.analysis.comparing import doubts as reasons
from posemill.analysis.comparing.alignment import Path, costs, search, warp
from posemill.analysis.comparing.compare import column_weights
from posemill.analysis.comparing.features import NAMES, Features, resampled, table
from posemill.analysis.comparing.movement import movement
from posemill.analysis.comparing.turning import aligned_turn, differences
from posemill.analysis.counting import count_automatically
from posemill.analysis.motion import Motion
from posemill.analysis.scoring.advice import Evidence, advise
from posemill.analysis.scoring.cycle import (
    NAMED,
    POINTS,
    TURN,
    Cycle,
    Span,
    Times,
    cycle,
    side_of,
)
from posemill.analysis.scoring.result import JointScore, RepetitionScore, Score, points
from posemill.analysis.scoring.rules import NO_RULES, Rules
from posemill.analysis.scoring.template import Template
from posemill.analysis.vectors import Array
from posemill.errors import UsageError

_BAND: Final = 0.15
_KNOWN: Final = 0.25  # of the weight; where less is seen there is no score
_MOST: Final = 200  # repetitions that are looked for
_RATE_HZ: Final = 15.0
# Of the template's movement, that a repetition must have; trembling alone is no movement here.
_LEAST_SHARED, _NOISE_DEG = 40.0, 2.0
_OVERLAP: Final = 0.25  # of the shorter one, that two repetitions may have in common


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """One repetition at the template's points: degrees off, beyond tolerance, and how seen."""

    span: Span
    cycle: Cycle
    degrees: Array
    beyond: Array
    known: Array
    named: dict[str, Array]
    turn: float
    tilt: float

    def mean(self, start: int = 0, end: int = POINTS, column: int | None = None) -> float | None:
        """Return the weighted mean beyond tolerance of some points, of all joints or of one."""
        what = slice(None) if column is None else slice(column, column + 1)
        return _mean(self.beyond[start:end, what], self.known[start:end, what])


def score(
    motion: Motion,
    template: Template,
    spans: Sequence[Span] | None = None,
    rules: Rules = NO_RULES,
) -> Score:
    """Return how well a movement follows a template.

    ``spans``: the repetitions; None to look for the template's own. ``rules``: what advice is
    given by. UsageError for a motion without frames.
    """
    if not len(motion):
        raise UsageError("nothing can be scored where nobody is seen.")
    found = spans_like(motion, template) if spans is None else spans
    every = [_scored(motion, template, span) for span in found if span.end_s > span.start_s]
    repetitions = tuple(_repetition(each, template) for each in every)
    totals = [each.mean() for each in every]
    beyond = _average(totals)
    turn = aligned_turn(np.array([each.turn for each in every])) if every else 0.0
    seen = float(np.mean([each.known.sum(axis=1).mean() for each in every])) if every else 0.0
    tilt = float(np.median([each.tilt for each in every])) if every else 0.0
    known_doubts = reasons.doubts([motion], seen if every else 1.0, turn, tilt, "repetitions", ())
    return Score(
        template=template.name,
        total=_average([each.score for each in repetitions]),
        beyond_deg=beyond,
        uncertainty_deg=reasons.uncertainty(turn, seen),
        repetitions=repetitions,
        phases={
            phase.name: _average([each.phases[phase.name] for each in repetitions])
            for phase in template.phases
        },
        joints=_joints(every, template),
        advice=advise([_evidence(each) for each in every], template, motion, rules, turn),
        doubts=known_doubts if every else ("no_repetition", *known_doubts),
        curves={
            name: np.stack([each.named[name] for each in every]) if every else np.empty((0, POINTS))
            for name in template.named
        },
    )


def spans_like(motion: Motion, template: Template) -> list[Span]:
    """Return where the template's movement is in a motion, in order of time.

    Where it is what repeats in the motion, its repetitions are known best from that. Otherwise the
    template is searched for as a whole (``alignment.search``), at a third to three times its
    tempo. What shares too little of its movement is left out.
    """
    if motion.duration_s <= 0:
        return []
    repeated: list[Span] = [
        each
        for each in count_automatically(motion).repetitions
        if each.is_full and _is_like(motion, template, each)
    ]
    return repeated if len(repeated) > 1 else _searched(motion, template)


def _is_like(motion: Motion, template: Template, span: Span) -> bool:
    found, weights = cycle(motion, span).features, column_weights(template.weights)
    path = warp(costs(table(template.features), table(found), weights), POINTS, _BAND)
    return _shared(template.features, found, path) >= _LEAST_SHARED


def _searched(motion: Motion, template: Template) -> list[Span]:
    moments = resampled(motion, _RATE_HZ)
    rate_hz = (len(moments) - 1) / motion.duration_s
    count = int(np.clip(round(template.duration_s[0] * rate_hz), 12, POINTS))
    which = np.linspace(0, POINTS - 1, count).round().astype(np.int64)
    short = template.features.at(which)
    cost = costs(table(short), table(moments), column_weights(template.weights))
    turn_row = int(np.argmin(np.abs(which - TURN)))
    found: list[Span] = []
    for place in search(cost, count, len(moments), _MOST):
        times = moments.time_s[place.path.b]
        turn_s = float(times[place.path.a == turn_row].mean())
        span = Times(float(times[0]), turn_s, float(times[-1]))
        is_free = all(_overlap(span, other) <= _OVERLAP for other in found)
        if is_free and _shared(short, moments, place.path) >= _LEAST_SHARED:
            found.append(span)
    return sorted(found, key=lambda each: each.start_s)


def _overlap(a: Span, b: Span) -> float:
    shorter = min(a.end_s - a.start_s, b.end_s - b.start_s)
    both = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return both / shorter if shorter > 0 else 1.0


def _shared(short: Features, moments: Features, path: Path) -> float:
    a, b = short.at(path.a), moments.at(path.b)
    return movement(a, b, differences(a, b), path.weight, _NOISE_DEG) or 0.0


def _scored(motion: Motion, template: Template, span: Span) -> _Scored:
    found = cycle(motion, span)
    weights = column_weights(template.weights)
    path = warp(costs(table(template.features), table(found.features), weights), POINTS, _BAND)
    apart = differences(template.features.at(path.a), found.features.at(path.b))
    known = apart.known * template.weights * path.weight[:, None]
    beyond = np.maximum(apart.degrees - template.tolerance_deg[path.a], 0.0)
    per_point = np.zeros((POINTS, len(NAMES)))
    np.add.at(per_point, path.a, known)
    return _Scored(
        span,
        found,
        _per_point(apart.degrees, known, path, per_point),
        _per_point(beyond, known, path, per_point),
        per_point / np.maximum(np.bincount(path.a, path.weight, POINTS), 1e-9)[:, None],
        {name: _named(found.named[name], path) for name in NAMED},
        aligned_turn(apart.turn) + template.yaw - found.yaw,
        float(np.median(apart.tilt)),
    )


def _per_point(values: Array, known: Array, path: Path, total: Array) -> Array:
    summed = np.zeros_like(total)
    np.add.at(summed, path.a, values * known)
    return np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0)


def _named(values: Array, path: Path) -> Array:
    """Return an angle at the template's points, the mean of those in step with each."""
    known = np.isfinite(values[path.b])
    summed = np.bincount(path.a, np.where(known, values[path.b], 0.0), POINTS)
    count = np.bincount(path.a, known, POINTS)
    return np.asarray(np.divide(summed, count, out=np.full(POINTS, np.nan), where=count > 0))


def _repetition(each: _Scored, template: Template) -> RepetitionScore:
    span = each.span
    return RepetitionScore(
        span.start_s,
        span.turn_s,
        span.end_s,
        side_of(span),
        bool(getattr(span, "is_full", True)),
        _points(each.mean()) if each.known.sum(axis=1).mean() >= _KNOWN else None,
        template.duration_s[0] / (span.end_s - span.start_s),
        {phase.name: _points(each.mean(phase.start, phase.end + 1)) for phase in template.phases},
        {
            _own_name(name, each.cycle): _points(each.mean(column=column))
            for column, name in enumerate(NAMES)
        },
    )


def _joints(every: Sequence[_Scored], template: Template) -> tuple[JointScore, ...]:
    found = []
    for name in NAMES:
        # A repetition of the right side was mirrored: its left is the person's right.
        pairs = [(each, NAMES.index(_own_name(name, each.cycle))) for each in every]
        beyond = _average([each.mean(column=column) for each, column in pairs])
        off = _average(
            [
                _mean(each.degrees[:, column : column + 1], each.known[:, column : column + 1])
                for each, column in pairs
            ]
        )
        by_phase = {
            phase.name: _average(
                [each.mean(phase.start, phase.end + 1, column) for each, column in pairs]
            )
            for phase in template.phases
        }
        worst = max(by_phase, key=lambda phase: by_phase[phase] or 0.0) if beyond else None
        weight = float(template.weights[NAMES.index(name)])
        found.append(JointScore(name, _points(beyond), off, beyond, worst, weight))
    return tuple(found)


def _evidence(each: _Scored) -> Evidence:
    span = each.span
    return Evidence(each.named, span.end_s - span.start_s, each.cycle.is_mirrored)


def _own_name(name: str, found: Cycle) -> str:
    if not found.is_mirrored:
        return name
    side, _, rest = name.partition("_")
    other = {"left": "right", "right": "left"}.get(side)
    return f"{other}_{rest}" if other else name


def _mean(values: Array, weights: Array) -> float | None:
    total = float(weights.sum())
    return float(np.nansum(values * weights) / total) if total > 0 else None


def _average(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return float(np.mean(known)) if known else None


def _points(beyond: float | None) -> float | None:
    return None if beyond is None else float(points(beyond))
