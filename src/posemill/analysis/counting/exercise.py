"""What an exercise is: the numbers it is counted by, and where it may be told from others.

It is data (see ``posemill.exercises``): this file only says what that data may be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from posemill.analysis.counting.features import FEATURES
from posemill.errors import SettingError

Sides = Literal["both", "each"]
View = Literal["any", "front", "side"]
_SIDES: Final = ("both", "each")
_VIEWS: Final = ("any", "front", "side")


@dataclass(frozen=True, slots=True)
class Signal:
    """A feature, its value at ``rest`` and at the ``turn``ing point, and how much it counts."""

    feature: str
    rest: float
    turn: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """A feature whose median over a repetition must be from ``low`` to ``high``."""

    feature: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Exercise:
    """How an exercise is counted.

    ``names``: by language. ``sides``: ``both`` move together, or ``each`` makes repetitions of
    its own, those of both at once counting as one. ``least``: the smallest part of the way from
    rest to turning point that is taken for a repetition at all. ``least_s``: the shortest time it
    takes. ``view``: from where it is seen best. ``gates``: without them it is something else.
    """

    name: str
    names: Mapping[str, str]
    signals: tuple[Signal, ...]
    sides: Sides = "both"
    least: float = 0.35
    least_s: float = 0.5
    view: View = "any"
    gates: tuple[Gate, ...] = ()


def parse_exercise(name: str, raw: Mapping[str, Any]) -> Exercise:
    """Return the exercise that a table describes. SettingError, naming what is wrong."""
    rest = dict(raw)
    try:
        found = Exercise(
            name=name,
            names={str(key): str(value) for key, value in rest.pop("names").items()},
            signals=tuple(_signal(each) for each in rest.pop("signals")),
            sides=_word(rest.pop("sides", "both"), _SIDES),
            least=float(rest.pop("least", Exercise.__dataclass_fields__["least"].default)),
            least_s=float(rest.pop("least_s", Exercise.__dataclass_fields__["least_s"].default)),
            view=_word(rest.pop("view", "any"), _VIEWS),
            gates=tuple(_gate(each) for each in rest.pop("gates", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingError(f"exercise {name}: {_reason(error)}.") from error
    if rest:
        raise SettingError(f"exercise {name}: {next(iter(rest))!r} is not known.")
    if not found.signals:
        raise SettingError(f"exercise {name}: needs a signal.")
    return found


def _signal(raw: Mapping[str, Any]) -> Signal:
    found = Signal(**{**raw, "feature": _word(raw["feature"], tuple(FEATURES))})
    if not all(isinstance(each, int | float) for each in (found.rest, found.turn, found.weight)):
        raise ValueError("rest, turn and weight must be numbers")
    if found.rest == found.turn or found.weight <= 0:
        raise ValueError("rest and turn must differ, and the weight be above 0")
    return found


def _gate(raw: Mapping[str, Any]) -> Gate:
    gate = Gate(
        _word(raw["feature"], tuple(FEATURES)),
        float(raw.get("low", float("-inf"))),
        float(raw.get("high", float("inf"))),
    )
    if set(raw) - {"feature", "low", "high"}:
        raise ValueError("a gate has feature, low and high")
    return gate


def _word(value: object, words: tuple[str, ...]) -> Any:
    if value not in words:
        raise ValueError(f"{value!r} is not one of {', '.join(words)}")
    return value


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
