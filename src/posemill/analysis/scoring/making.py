"""A template made from clips of somebody who does it well.

The tolerance is what good repetitions themselves differ by: twice their standard deviation, within
which 95 of 100 lie, and never less than what the model gets wrong. One repetition alone has
no spread, so it gets a wider one.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posemill.analysis.comparing.compare import motion_weights
from posemill.analysis.comparing.features import (
    ANGLES,
    DIRECTIONS,
    NAMES,
    Features,
    resampled,
    table,
)
from posemill.analysis.counting import count_automatically
from posemill.analysis.joints import SPREADS
from posemill.analysis.motion import Motion
from posemill.analysis.scoring.cycle import NAMED, POINTS, TURN, Cycle, Span, Times, cycle
from posemill.analysis.scoring.template import Curve, Phase, Template
from posemill.analysis.vectors import Array, between, unit
from posemill.errors import UsageError

# No more than 20 degrees: what varies further, from two or three repetitions, is as likely chance.
_LEAST_DEG, _ALONE_DEG, _MOST_DEG = 8.0, 12.0, 20.0
_LEAST_WIDTHS, _ALONE_WIDTHS, _MOST_WIDTHS = (
    0.12,
    0.2,
    0.4,
)  # of hips, for the spreads of knees and ankles
_SIGMAS: Final = 2.0
_LEAST_SEEN: Final = 0.5  # of a cycle; a joint that is hidden more often isn't judged
_RISES_M: Final = 0.08  # from which on it is a way up or down
_RATE_HZ: Final = 15.0


def make_template(
    motions: Sequence[Motion],
    name: str,
    spans: Sequence[Sequence[Span]] | None = None,
    *,
    exercise: str | None = None,
) -> Template:
    """Return a template of one or more reference clips.

    ``spans``: the repetitions in each of them; None to find them by the movement's own period.
    ``exercise``: by which they were counted. UsageError where there is no movement at all.
    """
    found = spans if spans is not None else [spans_of(motion) for motion in motions]
    cycles = [
        cycle(motion, span)
        for motion, each in zip(motions, found, strict=True)
        for span in each
        if getattr(span, "is_full", True)
    ]
    if not cycles:
        raise UsageError("there is no repetition in the reference clips.")
    features = _mean([each.features for each in cycles])
    weights = motion_weights(features) * (features.seen.mean(axis=0) >= _LEAST_SEEN)
    if not weights.any():
        raise UsageError("too little of the person is seen in the reference clips.")
    durations = np.array([each.duration_s for each in cycles])
    return Template(
        name=name,
        clips=len(motions),
        repetitions=len(cycles),
        duration_s=(float(durations.mean()), float(durations.std())),
        phases=_phases(cycles),
        features=features,
        tolerance_deg=_tolerance([each.features for each in cycles], features),
        weights=weights / weights.sum(),
        named={each: _curve(each, cycles) for each in NAMED if _is_known(each, cycles)},
        yaw=float(np.median([each.yaw for each in cycles])),
        exercise=exercise,
    )


def spans_of(motion: Motion) -> list[Span]:
    """Return the repetitions of whatever moves most; all of it as one where nothing repeats."""
    counted = count_automatically(motion)
    full: list[Span] = [each for each in counted.repetitions if each.is_full]
    if full or motion.duration_s <= 0:
        return full
    moments = resampled(motion, _RATE_HZ)
    values, seen = table(moments)
    ends = (values[[0, -1]]).mean(axis=0)
    away = (((values - ends) ** 2) * seen).sum(axis=1)
    turn_s = float(moments.time_s[int(np.argmax(away))])
    start_s, end_s = float(motion.time_s[0]), float(motion.time_s[-1])
    return [Times(start_s, turn_s if start_s < turn_s < end_s else (start_s + end_s) / 2, end_s)]


def _mean(every: Sequence[Features]) -> Features:
    seen = np.stack([each.seen for each in every])
    share = seen / np.maximum(seen.sum(axis=0), 1e-9)
    columns = [NAMES.index(name) for name in DIRECTIONS]
    angles = [NAMES.index(name) for name in ANGLES]
    directions = np.stack([each.directions for each in every])
    return Features(
        every[0].time_s,
        np.nan_to_num(unit((directions * share[:, :, columns, None]).sum(axis=0))),
        np.nan_to_num(unit(np.mean([each.frame for each in every], axis=0))),
        (np.stack([each.angles for each in every]) * share[:, :, angles]).sum(axis=0),
        np.asarray(np.mean([each.inclination for each in every], axis=0)),
        np.asarray(seen.mean(axis=0)),
    )


def _tolerance(every: Sequence[Features], mean: Features) -> Array:
    """Return what each joint may be off by at each point, (101, len(NAMES)) degrees."""
    if len(every) == 1:
        return np.full((POINTS, len(NAMES)), _ALONE_DEG)
    square = np.zeros((POINTS, len(NAMES)))
    for each in every:
        for column, name in enumerate(NAMES):
            square[:, column] += _apart(each, mean, name) ** 2
    spread = np.sqrt(square / (len(every) - 1))
    return np.clip(_SIGMAS * spread, _LEAST_DEG, _MOST_DEG)


def _apart(one: Features, mean: Features, name: str) -> Array:
    if name in DIRECTIONS:
        column = DIRECTIONS.index(name)
        return np.nan_to_num(between(one.directions[:, column], mean.directions[:, column]))
    if name in ANGLES:
        column = ANGLES.index(name)
        return np.asarray(one.angles[:, column] - mean.angles[:, column])
    return np.asarray(one.inclination - mean.inclination)


def _is_known(name: str, cycles: Sequence[Cycle]) -> bool:
    return all(np.isfinite(each.named[name]).mean() >= _LEAST_SEEN for each in cycles)


def _curve(name: str, cycles: Sequence[Cycle]) -> Curve:
    values = np.stack([each.named[name] for each in cycles])
    known = np.isfinite(values).all(axis=0)
    mean = np.where(known, np.where(known, values, 0.0).mean(axis=0), np.nan)
    is_spread = name in SPREADS
    if len(cycles) == 1:
        return Curve(mean, np.full(POINTS, _ALONE_WIDTHS if is_spread else _ALONE_DEG))
    spread = np.where(known, values, 0.0).std(axis=0, ddof=1)
    bounds = (_LEAST_WIDTHS, _MOST_WIDTHS) if is_spread else (_LEAST_DEG, _MOST_DEG)
    return Curve(mean, np.clip(_SIGMAS * spread, *bounds))


def _phases(cycles: Sequence[Cycle]) -> tuple[Phase, ...]:
    """Return the way there and the way back, named by what goes up and down."""
    ways = [np.mean([each.height for each in cycles], axis=0)]
    ways.append(np.mean([each.hands for each in cycles], axis=0))
    body, hands = (float(way[TURN] - (way[0] + way[-1]) / 2) for way in ways)
    names = ("out", "back")
    if abs(body) >= _RISES_M:
        names = ("descent", "ascent") if body < 0 else ("ascent", "descent")
    elif abs(hands) >= _RISES_M:
        names = ("raising", "lowering") if hands > 0 else ("lowering", "raising")
    return (Phase(names[0], 0, TURN), Phase(names[1], TURN, POINTS - 1))
