"""An alert: that a rule held on a stream, from when to when, and what it was that decided."""

import logging
import secrets
from dataclasses import dataclass
from typing import Any, Final

from posemill.analysis import Facts
from posemill.records import dumps

SCHEMA: Final = "posemill.alert/1"
_LOG: Final = logging.getLogger("posemill")


@dataclass(frozen=True, slots=True)
class Alert:
    """One event. ``name``: of the rule that it was raised by, ``rule``: the kind of that.

    Times are unix seconds: when it ``began``, was last ``seen`` to hold (while it goes on, that
    may be some seconds ago), and ``ended``, None while it goes on. ``occurrences``: how often it
    began, where it did again soon after its end. ``facts``: what decided at first. ``has_snapshot``
    and ``has_clip``: whether the files are there. ``acknowledged``: when somebody said to know.
    """

    id: str
    name: str
    rule: str
    stream: str
    began: float
    seen: float
    ended: float | None
    facts: Facts
    occurrences: int = 1
    has_snapshot: bool = False
    has_clip: bool = False
    acknowledged: float | None = None
    is_test: bool = False

    @property
    def people(self) -> tuple[int, ...]:
        """The ids of the people concerned when it began."""
        return tuple(person["id"] for person in self.facts.get("people", ()))

    @property
    def file_names(self) -> tuple[str, str]:
        """What its snapshot and its clip are called, whether they are there or not."""
        return f"{self.id}.jpg", f"{self.id}.mp4"

    def to_dict(self) -> dict[str, Any]:
        """Return it as REST, webhooks and MQTT tell it: ``posemill.alert/1``.

        ``schema``, ``id`` (later ones sort after earlier ones), ``name``, ``rule``, ``stream``,
        ``began``, ``seen``, ``ended``, ``occurrences``, ``facts``, ``people`` (ids),
        ``snapshot``, ``clip`` (whether they are there), ``acknowledged``, ``test`` (whether
        somebody only tried the rule).
        """
        return {
            "schema": SCHEMA,
            "id": self.id,
            "name": self.name,
            "rule": self.rule,
            "stream": self.stream,
            "began": self.began,
            "seen": self.seen,
            "ended": self.ended,
            "occurrences": self.occurrences,
            "facts": dict(self.facts),
            "people": list(self.people),
            "snapshot": self.has_snapshot,
            "clip": self.has_clip,
            "acknowledged": self.acknowledged,
            "test": self.is_test,
        }


def new_id(at: float) -> str:
    """Return the id of an alert that is raised at a unix time: 20 hexadecimal digits."""
    return f"{max(0, int(at * 1000)):012x}{secrets.token_hex(4)}"


def log_alert(alert: Alert) -> None:
    """Write the line of an alert, which is JSON from its first brace on."""
    tried = "test of " if alert.is_test else ""
    _LOG.warning(
        "%salert %s on stream %s: %s", tried, alert.name, alert.stream, dumps(alert.to_dict())
    )
