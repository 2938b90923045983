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
_LEAST, _LEAST_S = 0.35, 0.5
# Wide bounds: degrees and lengths of limbs stay far within.
_MOST, _LEAST_WAY, _MOST_S = 1000.0, 1e-3, 3600.0


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
    least: float = _LEAST
    least_s: float = _LEAST_S
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
            least=_number(rest, "least", 0.0, 1.0, _LEAST),
            least_s=_number(rest, "least_s", 0.0, _MOST_S, _LEAST_S),
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
    rest = dict(raw)
    found = Signal(
        _word(rest.pop("feature"), tuple(FEATURES)),
        _number(rest, "rest", -_MOST, _MOST),
        _number(rest, "turn", -_MOST, _MOST),
        _number(rest, "weight", 0.0, _MOST, 1.0),
    )
    if rest:
        raise ValueError("a signal has feature, rest, turn and weight")
    if abs(found.turn - found.rest) < _LEAST_WAY or not found.weight:
        raise ValueError("rest and turn must differ, and the weight be above 0")
    return found


def _gate(raw: Mapping[str, Any]) -> Gate:
    rest = dict(raw)
    gate = Gate(
        _word(rest.pop("feature"), tuple(FEATURES)),
        _number(rest, "low", -_MOST, _MOST, float("-inf")),
        _number(rest, "high", -_MOST, _MOST, float("inf")),
    )
    if rest:
        raise ValueError("a gate has feature, low and high")
    return gate


def _number(
    rest: dict[str, Any], name: str, low: float, high: float, default: float | None = None
) -> float:
    """Take a number out of a table; KeyError where it is missing and has no ``default``."""
    if default is not None and name not in rest:
        return default
    value = rest.pop(name)
    if type(value) not in (int, float) or not low <= value <= high:  # False for a NaN
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {str(value)[:60]}")
    return float(value)


def _word(value: object, words: tuple[str, ...]) -> Any:
    if value not in words:
        raise ValueError(f"{value!r} is not one of {', '.join(words)}")
    return value


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
