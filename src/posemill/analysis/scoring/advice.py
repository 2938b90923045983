"""Sentences of advice: where rules find repetitions off, when, on which side, and by how much."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from posemill.analysis.joints import SIDES, SPREADS
from posemill.analysis.motion import Motion
from posemill.analysis.scoring.cycle import POINTS, TURN
from posemill.analysis.scoring.result import Advice
from posemill.analysis.scoring.rules import DURATION, SIDE, Rule, Rules
from posemill.analysis.scoring.template import Template
from posemill.analysis.vectors import Array
from posemill.analysis.views import facing

_MOST: Final = 6
_AROUND_TURN: Final = 6  # points to either side
_LEAST_SHARE: Final = 1 / 3  # of the repetitions: what happens once is no habit
_HEAD_ON, _SIDE_ON, _OTHER_VIEW = 30.0, 60.0, 45.0


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One repetition: named angles at the template's points (101,), and how long it took."""

    named: Mapping[str, Array]
    duration_s: float
    is_mirrored: bool


class _Window(NamedTuple):
    phase: str
    part: str
    start: int
    end: int


class _Hit(NamedTuple):
    repetition: int
    side: str
    window: _Window
    deviation: float
    severity: float


def advise(
    every: Sequence[Evidence], template: Template, motion: Motion, rules: Rules, turn: float = 0.0
) -> tuple[Advice, ...]:
    """Return what to do better, the worst first, doubtful ones last, at most six things.

    ``turn``: degrees between the view of the template and that of the motion.
    """
    found = []
    view = facing(motion)
    for rule in rules.rules:
        if not _concerns(rule, template):
            continue
        hits = [
            hit for number, each in enumerate(every) for hit in _hits(rule, number, each, template)
        ]
        numbers = {hit.repetition for hit in hits}
        if hits and len(numbers) >= max(_LEAST_SHARE * len(every), 1):
            found.append(_told(rule, hits, template, rules, _doubts(rule, view, turn)))
    return tuple(sorted(found, key=lambda each: (bool(each.doubts), -each.severity))[:_MOST])


def _concerns(rule: Rule, template: Template) -> bool:
    return all(
        max(template.moves(name.replace(SIDE, side)) for side in SIDES) >= least
        for name, least in (rule.moves or {}).items()
    )


def _hits(rule: Rule, number: int, each: Evidence, template: Template) -> Iterator[_Hit]:
    sign = 1.0 if rule.way == "more" else -1.0
    if rule.measure == DURATION:
        ratio = each.duration_s / template.duration_s[0] - 1
        tolerance = 2 * template.duration_s[1] / template.duration_s[0]
        if sign * ratio > tolerance + rule.beyond:
            window = _Window("", "always", 0, POINTS)
            severity = sign * ratio / (tolerance + rule.beyond)
            yield _Hit(number, "both", window, ratio, severity)
        return
    for side in SIDES if SIDE in rule.measure else ("both",):
        name = rule.measure.replace(SIDE, side)
        curve = template.named.get(name)
        if curve is None:
            continue
        off = each.named[name] - curve.mean
        for window in _windows(rule, template):
            inside = slice(window.start, window.end + 1)
            known = np.isfinite(off[inside])
            if known.mean() < 0.5:
                continue
            deviation = float(np.nanmean(off[inside]))
            limit = float(np.nanmean(curve.tolerance[inside])) + rule.beyond
            if sign * deviation > limit:
                yield _Hit(
                    number,
                    _own(side, each.is_mirrored),
                    window,
                    deviation,
                    sign * deviation / limit,
                )


def _windows(rule: Rule, template: Template) -> list[_Window]:
    if rule.at == "turn":
        return [_Window("", "turn", TURN - _AROUND_TURN, TURN + _AROUND_TURN)]
    if rule.at == "always":
        return [_Window("", "always", 0, POINTS - 1)]
    found = []
    for phase in template.phases:
        if rule.phases and phase.name not in rule.phases:
            continue
        middle = (phase.start + phase.end) // 2
        found.append(_Window(phase.name, "first_half", phase.start, middle))
        found.append(_Window(phase.name, "second_half", middle, phase.end))
    return found


def _told(
    rule: Rule, hits: Sequence[_Hit], template: Template, rules: Rules, doubts: tuple[str, ...]
) -> Advice:
    worst = max(hits, key=lambda hit: hit.severity)
    repetitions = {hit.repetition for hit in hits}
    phase, part = _when(hits, worst, len(repetitions), template)
    sides = {hit.side for hit in hits if _is_usual(hit.side, hits, len(repetitions))}
    side = sides.pop() if len(sides) == 1 else "both"
    chosen = [hit.deviation for hit in hits if hit.window == worst.window]
    deviation = float(np.mean(chosen))
    unit = "share" if rule.measure == DURATION else "hip_widths" if _is_spread(rule) else "degrees"
    return Advice(
        rule.name,
        {
            language: _sentence(rule.texts[language], words, phase, part, side, deviation, unit)
            for language, words in rules.words.items()
        },
        tuple(sorted(number + 1 for number in repetitions)),
        phase,
        part,
        side,
        deviation,
        unit,
        worst.severity,
        doubts,
    )


def _when(
    hits: Sequence[_Hit], worst: _Hit, repetitions: int, template: Template
) -> tuple[str, str]:
    """Return the phase and the part of it in which a fault is found in half of the repetitions."""
    if not worst.window.phase:
        return "", worst.window.part
    counted: dict[tuple[str, str], set[int]] = {}
    for hit in hits:
        counted.setdefault((hit.window.phase, hit.window.part), set()).add(hit.repetition)
    usual = {where for where, numbers in counted.items() if 2 * len(numbers) >= repetitions}
    phases = {phase for phase, _ in usual}
    if len(usual) == 2 * len(template.phases):
        return "", "always"
    middle = {(template.phases[0].name, "second_half"), (template.phases[-1].name, "first_half")}
    if usual == middle:
        return "", "turn"
    if len(phases) == 1 and len(usual) == 2:
        return worst.window.phase, "all"
    return worst.window.phase, worst.window.part


def _sentence(
    text: str,
    words: Mapping[str, str],
    phase: str,
    part: str,
    side: str,
    deviation: float,
    unit: str,
) -> str:
    when = words[part].format(phase=words.get(phase, ""))
    if unit == "share":
        much = f"{100 * abs(deviation):.0f} %"
    elif unit == "hip_widths":
        much = f"{abs(deviation):.1f}"
    else:
        much = f"{abs(deviation):.0f}°"
    said = " ".join(text.format(when=when, side=words[side], much=much).split())
    return said[:1].upper() + said[1:]


def _is_usual(side: str, hits: Sequence[_Hit], repetitions: int) -> bool:
    return 2 * len({hit.repetition for hit in hits if hit.side == side}) >= repetitions


def _is_spread(rule: Rule) -> bool:
    return rule.measure in SPREADS


def _own(side: str, is_mirrored: bool) -> str:
    if not is_mirrored:
        return side
    return {"left": "right", "right": "left"}.get(side, side)


def _doubts(rule: Rule, view: float, turn: float) -> tuple[str, ...]:
    is_wrong = (rule.view == "front" and view > _SIDE_ON) or (
        rule.view == "side" and view < _HEAD_ON
    )
    # What is seen from one side only is not what the template saw from another one.
    is_other = rule.view != "any" and abs(turn) > _OTHER_VIEW
    return ("view",) if is_wrong or is_other else ()
