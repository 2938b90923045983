"""A row of the settings table."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from posemill.config.kinds import Kind, Value, shown_value
from posemill.errors import SettingError

Section = Literal[
    "engine",
    "people",
    "drawing",
    "selection",
    "analysis",
    "streams",
    "mqtt",
    "limits",
    "service",
    "retention",
    "other",
]
PREFIX: Final = "POSEMILL_"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    default: Value
    kind: Kind
    section: Section
    text: str
    example: str = ""
    secret: bool = False

    @property
    def flag(self) -> str:
        """Its flag on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def negative_flag(self) -> str:
        """The flag that turns it off, where it is true or false."""
        return "--no-" + self.flag[2:]

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()

    def _shown(self, raw: object) -> str:
        return "what was given" if self.secret else shown_value(raw)

    def parse(self, raw: object, origin: str) -> Value:
        """Return the value behind ``raw``; SettingError, naming bounds and origin."""
        try:
            return self.kind.parse(raw)
        except (ValueError, KeyError, OverflowError):
            raise SettingError(
                f"{self.name} must be {self.kind.expects}, not {self._shown(raw)} (from {origin})."
            ) from None


def row(
    default: _T,
    kind: Kind,
    section: Section,
    text: str,
    example: str = "",
    *,
    secret: bool = False,
) -> _T:
    """Return a field of the table; its row is the field's metadata."""
    return field(
        default=default,
        metadata={
            "kind": kind,
            "section": section,
            "text": text,
            "example": example,
            "secret": secret,
        },
    )
