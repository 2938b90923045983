"""What advice is given by: rules that are data, checked when they are read.

A rule looks at one named angle, spread or difference of a repetition against the template's, and
says a sentence where it is off in one way. ``posemill.exercises`` holds those that are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from posemill.analysis.joints import SIDES
from posemill.analysis.scoring.cycle import NAMED
from posemill.analysis.scoring.template import PHASES
from posemill.errors import SettingError

DURATION: Final = "duration"
SIDE: Final = "{side}"
PARTS: Final = ("first_half", "second_half", "all", "turn", "always")
_WAYS: Final = ("less", "more")
_VIEWS: Final = ("any", "front", "side")


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault and what to say of it.

    ``measure``: a name of ``cycle.NAMED``, with ``{side}`` for both sides, or ``duration``.
    ``way``: less or more than the template. ``beyond``: by so much beyond its tolerance, in
    degrees, hip widths, or parts of the duration. ``at``: looked for at the ``turn`` alone, over
    the whole repetition (``always``), or in each half of each phase (``any``). ``phases``: only
    in these. ``moves``: only where the template's range of an angle is at least so many degrees.
    ``view``: from where it can be told. ``texts``: by language, with ``{when}``, ``{side}``,
    ``{much}``.
    """

    name: str
    measure: str
    way: str
    beyond: float
    texts: Mapping[str, str]
    at: str = "any"
    phases: tuple[str, ...] = ()
    moves: Mapping[str, float] | None = None
    view: str = "any"


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules, and the words for phases, parts and sides by language."""

    rules: tuple[Rule, ...]
    words: Mapping[str, Mapping[str, str]]


NO_RULES: Final = Rules((), {})


def parse_rules(raw: Mapping[str, Any]) -> Rules:
    """Return the rules in a table with ``rule`` and ``words``. SettingError, naming what is wrong.

    Each language needs all words, and each rule a sentence in each language.
    """
    try:
        words = {
            str(language): {str(key): str(value) for key, value in found.items()}
            for language, found in raw["words"].items()
        }
        for language, found in words.items():
            missing = {*PHASES, *PARTS, *SIDES, "both", "turn"} - found.keys()
            if missing:
                raise ValueError(f"words.{language}: {', '.join(sorted(missing))} missing")
        return Rules(tuple(_rule(each, words) for each in raw["rule"]), words)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SettingError(f"advice: {reason}.") from error


def _rule(raw: Mapping[str, Any], words: Mapping[str, object]) -> Rule:
    rest = dict(raw)
    name = str(rest.pop("name"))
    moves = rest.pop("moves", None)
    found = Rule(
        name=name,
        measure=str(rest.pop("measure")),
        way=_one_of(rest.pop("way"), _WAYS, name),
        beyond=float(rest.pop("beyond")),
        texts={language: str(rest.pop(language)) for language in words},
        at=_one_of(rest.pop("at", "any"), ("any", "turn", "always"), name),
        phases=tuple(_one_of(each, PHASES, name) for each in rest.pop("phases", ())),
        moves=None if moves is None else {str(key): float(value) for key, value in moves.items()},
        view=_one_of(rest.pop("view", "any"), _VIEWS, name),
    )
    if rest:
        raise ValueError(f"rule {name}: {next(iter(rest))!r} is not known")
    for side in SIDES:
        measures = (found.measure, *(found.moves or ()))
        unknown = [each for each in measures if each.replace(SIDE, side) not in (*NAMED, DURATION)]
        if unknown:
            raise ValueError(f"rule {name}: there is no angle {unknown[0]!r}")
    for text in found.texts.values():
        text.format(when="", side="", much="")
    return found


def _one_of(value: object, words: tuple[str, ...], rule: str) -> str:
    if value not in words:
        raise ValueError(f"rule {rule}: {value!r} is not one of {', '.join(words)}")
    return str(value)
