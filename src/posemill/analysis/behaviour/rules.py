"""The rules by name: what condition each makes of its options."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from posemill.analysis.behaviour.fall import Fall
from posemill.analysis.behaviour.held import GAP_S
from posemill.analysis.behaviour.lasting import Lying, Running, Still
from posemill.analysis.behaviour.signs import (
    Condition,
    angle_sign,
    hands_up,
    nobody,
    people,
    present,
)
from posemill.analysis.behaviour.zones import DIRECTIONS, Crossing, Point, in_zone
from posemill.analysis.joints import WORLD_ANGLES
from posemill.errors import SettingError


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule may be asked for; each leaves aside what it has no use for.

    ``points``: the corners of a zone, 0..1 of width and height; without any, nobody is ever in it,
    and None is the whole picture. ``least``: how many people it
    takes. ``line``: its two ends. ``direction``: to which side it is crossed. ``confirm_s``: how
    long somebody must stay down after a fall. ``for_s``: how long lying, stillness or running
    must last. ``angle``, ``above``, ``below``: a joint's angle, and its limits in degrees.
    ``gap_s``: after a longer step of time all begins anew.
    """

    points: Sequence[Point] | None = None
    least: int = 1
    line: Sequence[Point] = ()
    direction: str = "both"
    confirm_s: float = 1.0
    for_s: float = 0.0
    angle: str | None = None
    above: float | None = None
    below: float | None = None
    gap_s: float = GAP_S


# These count the time of each person by themselves, so that nothing has to hold on top.
LASTING: Final = ("lying", "still", "running")


def _crowd(options: Options) -> Condition:
    sign = present if options.points is None else partial(in_zone, options.points)
    return people(sign, options.least)


def _line(options: Options) -> Condition:
    if len(options.line) != 2 or options.line[0] == options.line[1]:
        raise SettingError("line must be two different points.")
    if options.direction not in DIRECTIONS:
        raise SettingError(f"direction must be {' or '.join(DIRECTIONS)}.")
    return Crossing(options.line, options.direction, gap_s=options.gap_s)


def _angle(options: Options) -> Condition:
    if options.angle is None or options.angle not in WORLD_ANGLES:
        raise SettingError(
            f"angle must be one of {', '.join(sorted(WORLD_ANGLES))}, not {options.angle!r}."
        )
    if options.above is None and options.below is None:
        raise SettingError("the rule angle needs above or below.")
    return people(angle_sign(options.angle, options.above, options.below), options.least)


# A rule is a row.
CONDITIONS: Final[Mapping[str, Callable[[Options], Condition]]] = {
    "person": lambda asked: people(present, asked.least),
    "nobody": lambda _: nobody,
    "zone": lambda asked: people(partial(in_zone, asked.points or ()), asked.least),
    "line": _line,
    "crowd": _crowd,
    "hands_up": lambda asked: people(hands_up, asked.least),
    "fall": lambda asked: Fall(asked.confirm_s, least=asked.least, gap_s=asked.gap_s),
    "lying": lambda asked: Lying(asked.for_s, least=asked.least, gap_s=asked.gap_s),
    "still": lambda asked: Still(asked.for_s, least=asked.least, gap_s=asked.gap_s),
    "running": lambda asked: Running(asked.for_s, least=asked.least, gap_s=asked.gap_s),
    "angle": _angle,
}


def condition(
    rule: str, options: Options | None = None, *, points: Sequence[Point] = (), least: int = 1
) -> Condition:
    """Return the condition of a rule; ask a new one for each stream.

    ``options``: all that it may be asked for, or, in short, ``points``, the corners of a zone, in
    0..1 of width and height (without any, nobody is ever in it), and ``least``, how many people it
    takes. SettingError for a rule that is not known, or that lacks an option.
    """
    if rule not in CONDITIONS:
        raise SettingError(f"rule must be {' or '.join(CONDITIONS)}, not {rule!r}.")
    return CONDITIONS[rule](options or Options(points=points, least=least))
