"""[[alerts]]: by what rule an alert is raised, and what each rule may be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from posemill.config.kinds import FLAG, choice, finite, number, whole, within
from posemill.config.reading import NAME_LIST, NAMES, Point, Table, kind, parse_points
from posemill.errors import SettingError

RULES: Final = (
    *("person", "nobody", "zone", "line", "crowd", "hands_up"),
    *("fall", "lying", "still", "running", "angle"),
)
DIRECTIONS: Final = ("both", "left", "right")
_OF_SIDES: Final = (
    *("knee_flexion", "hip_flexion", "hip_abduction", "ankle_dorsiflexion", "elbow_flexion"),
    *("shoulder_flexion", "shoulder_abduction", "shoulder_elevation"),
)
# Angles of joints and of the trunk, as the analysis of motion names them.
ANGLES: Final = (
    *(f"{side}_{name}" for side in ("left", "right") for name in _OF_SIDES),
    *("trunk_lean", "trunk_tilt", "trunk_inclination"),
)
# How long each must hold. A fall has confirm_s, and a crossing is over at once.
_FOR_S: Final[Mapping[str, float]] = {
    **dict.fromkeys(RULES, 1.0),
    **{"fall": 0.0, "line": 0.0, "lying": 60.0, "still": 60.0, "running": 0.5},
}
_CROWD: Final = 3
# Keys that one rule has alone.
_OWN: Final[Mapping[str, str]] = {
    **{"line": "line", "direction": "line", "confirm_s": "fall"},
    **{"angle": "angle", "above": "angle", "below": "angle"},
}


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """A rule that alerts are raised by.

    ``streams``: which it is for, all where there are none. ``zone``: of ``zone``, and of ``crowd``
    if it doesn't mean the whole picture. ``line``, ``direction``: two points in 0..1 of the
    picture, and to which side they are passed, as one sees it who looks from the first to the
    second. ``for_s``: how long it must hold. ``confirm_s``: how long somebody must stay down after
    a fall. ``angle``, ``above``, ``below``: a joint's angle and its limits, degrees.
    ``cooldown_s``: what comes within so long after the last end belongs to the same alert.
    ``least``: how many people it takes. ``webhooks``: where to, None for all of them.
    """

    name: str
    rule: str
    streams: tuple[str, ...] = ()
    zone: str | None = None
    line: tuple[Point, ...] | None = None
    direction: str | None = None
    for_s: float = 1.0
    confirm_s: float | None = None
    angle: str | None = None
    above: float | None = None
    below: float | None = None
    cooldown_s: float = 60.0
    least: int = 1
    clip: bool = True
    mqtt: bool = True
    webhooks: tuple[str, ...] | None = None


def parse_alert(raw: object, origin: str) -> AlertConfig:
    """Return one rule. SettingError, naming the key and ``origin``."""
    table = Table(raw, origin)
    name, rule = table.take("name", NAMES), table.take("rule", _RULES)
    found = AlertConfig(
        name=name,
        rule=rule,
        streams=table.take("streams", NAME_LIST, ()),
        zone=table.take("zone", NAMES, None),
        line=table.take("line", _LINES, None),
        direction=table.take("direction", _DIRECTIONS, None),
        for_s=table.take("for_s", number(0), _FOR_S[rule]),
        confirm_s=table.take("confirm_s", number(0, 60), None),
        angle=table.take("angle", _ANGLES, None),
        above=table.take("above", _DEGREES, None),
        below=table.take("below", _DEGREES, None),
        cooldown_s=table.take("cooldown_s", number(0), 60.0),
        least=table.take("least", whole(1, 32), _CROWD if rule == "crowd" else 1),
        clip=table.take("clip", FLAG, True),
        mqtt=table.take("mqtt", FLAG, True),
        webhooks=table.take("webhooks", NAME_LIST, None),
    )
    table.end(AlertConfig.__dataclass_fields__)
    _refuse_unfit(found, origin)
    return found


def _refuse_unfit(found: AlertConfig, origin: str) -> None:
    """Refuse what the rule needs and lacks, and what it has no use for. SettingError."""
    if (found.rule == "zone" and found.zone is None) or (
        found.zone is not None and found.rule not in ("zone", "crowd")
    ):
        raise SettingError(
            f"the rule zone needs a zone, crowd may have one, and no other (from {origin})."
        )
    for key, rule in _OWN.items():
        if getattr(found, key) is not None and found.rule != rule:
            raise SettingError(f"{key} is for the rule {rule} alone (from {origin}).")
    if found.rule == "line" and found.line is None:
        raise SettingError(f"the rule line needs a line, two points (from {origin}).")
    if found.rule == "line" and (found.for_s or found.least > 1):  # it would never be raised
        raise SettingError(
            f"the rule line has no for_s and no least, a crossing is over at once (from {origin})."
        )
    if found.rule == "angle" and (found.angle is None or found.above is found.below is None):
        raise SettingError(
            f"the rule angle needs an angle, and above or below, in degrees (from {origin})."
        )


def _parse_line(raw: object) -> Any:
    points = parse_points(raw, 2, 2)
    return within(points, points[0] != points[1])


def _parse_rule(raw: object) -> str:
    return within(str(raw), raw in RULES)


def _parse_angle(raw: object) -> str:
    return within(str(raw), raw in ANGLES)


def _parse_degrees(raw: object) -> float:
    value = finite(raw)
    return within(value, -360 <= value <= 360)


_RULES: Final = kind(" or ".join(RULES), _parse_rule)
_ANGLES: Final = kind(" or ".join(ANGLES), _parse_angle)
_DEGREES: Final = kind("degrees from -360 to 360", _parse_degrees)
_DIRECTIONS: Final = choice(*DIRECTIONS)
_LINES: Final = kind("two different points in 0..1 of the picture", _parse_line)
