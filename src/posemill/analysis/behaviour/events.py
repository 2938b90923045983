"""What happened in frames that are all there: events, each with its person, time and facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from posemill.analysis.behaviour.fall import Fall
from posemill.analysis.behaviour.held import Facts, Held
from posemill.analysis.behaviour.rules import LASTING, Options, condition
from posemill.analysis.behaviour.signs import Condition
from posemill.types import FramePoses

KINDS: Final = ("fall", "lying", "still", "hands_up", "running")
# How long each must last; that of a fall is its own ``confirm_s``.
_FOR_S: Final[Mapping[str, float]] = {"lying": 10.0, "still": 30.0, "running": 0.5, "fall": 0.0}
_USUAL_S: Final = 1.0
_SAME_S: Final = 0.02  # what rounding makes of it


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person did. ``person``: their id, None where it isn't about one.

    ``began_s``, ``ended_s``: times of the source; that of a fall begins with the descent. An event
    that was still going on ends with the last frame. ``is_confirmed``: False where the frames
    ended before it was certain. ``facts``: what decided.
    """

    kind: str
    person: int | None
    began_s: float
    ended_s: float
    facts: Facts = field(default_factory=dict)
    is_confirmed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "kind": self.kind,
            "person": self.person,
            "began_s": round(self.began_s, 3),
            "ended_s": round(self.ended_s, 3),
            "confirmed": self.is_confirmed,
            "facts": dict(self.facts),
        }


def find_events(
    frames: Iterable[FramePoses],
    kinds: Sequence[str] = KINDS,
    options: Mapping[str, Options] | None = None,
) -> tuple[Event, ...]:
    """Return what happened, in order of when it began.

    ``kinds``: rules to look for, all those that are about one person by default. ``options``: of
    some of them; their ``for_s`` is how long it must last. Frames are taken one by one, as a
    stream's, so that this finds what an alert would. SettingError for a rule that is not known, or
    that lacks an option.
    """
    given = options or {}
    finders = [_Finder(kind, given.get(kind)) for kind in kinds]
    for frame in frames:
        for finder in finders:
            finder.look(frame)
    found = [event for finder in finders for event in finder.finish()]
    return tuple(sorted(found, key=lambda event: (event.began_s, event.kind)))


@dataclass(slots=True)
class _Open:
    """An event that goes on: ``seen_s`` when it held last."""

    event: Event
    held: Held
    seen_s: float


class _Finder:
    """Finds events of one kind: a ``Held`` for each person."""

    def __init__(self, kind: str, options: Options | None) -> None:
        asked = options or Options(for_s=_FOR_S.get(kind, _USUAL_S))
        self._kind = kind
        self._condition: Condition = condition(kind, asked)
        self._for_s = 0.0 if kind in LASTING else asked.for_s
        self._gap_s = asked.gap_s
        self._open: dict[int | None, _Open] = {}
        self._found: list[Event] = []
        self._time_s = 0.0

    def look(self, frame: FramePoses) -> None:
        """Take a frame."""
        self._time_s = frame.time_s
        facts = self._condition(frame)
        shown: dict[int | None, Facts] = {}
        if facts is not None:
            shown = {each["id"]: each for each in facts["people"]} or {None: facts}
        for person in shown:
            if person not in self._open:
                self._take_over(person, shown)
        for person in [*shown, *(known for known in self._open if known not in shown)]:
            self._update(person, shown.get(person))

    def _take_over(self, person: int | None, shown: Mapping[int | None, Facts]) -> None:
        """Go on with an event of somebody who has another id now: it began at the same time."""
        began_s = self._time_s - shown[person].get("for_s", 0.0)
        for known, now in self._open.items():
            if known not in shown and abs(now.event.began_s - began_s) < _SAME_S:
                self._open[person] = self._open.pop(known)
                return

    def _update(self, person: int | None, facts: Facts | None) -> None:
        time_s = self._time_s
        if person not in self._open:
            held = Held(self._for_s, gap_s=self._gap_s)
            began_s = time_s - (facts or {}).get("for_s", 0.0)
            self._open[person] = _Open(Event(self._kind, person, began_s, time_s), held, time_s)
        now = self._open[person]
        edge = now.held.update(time_s, facts)
        if facts is not None:
            now.seen_s = time_s
        if edge is not None and edge.word == "began":
            told = {key: value for key, value in now.held.facts.items() if key != "id"}
            began_s = time_s - max(edge.ago_s, told.pop("for_s", 0.0))
            now.event = replace(now.event, began_s=began_s, facts=told)
        if edge is not None and edge.word == "ended":
            self._found.append(replace(now.event, ended_s=now.seen_s))
        if facts is None and not now.held.is_on and time_s - now.seen_s > self._gap_s:
            del self._open[person]

    def finish(self) -> list[Event]:
        """Return all, with those that were still going on."""
        found = [
            *self._found,
            *(
                replace(each.event, ended_s=each.seen_s)
                for each in self._open.values()
                if each.held.is_on
            ),
        ]
        if isinstance(self._condition, Fall):
            found += self._unconfirmed(self._condition)
        return found

    def _unconfirmed(self, fall: Fall) -> list[Event]:
        facts = fall.unconfirmed()
        return [
            Event(
                *(self._kind, each["id"], self._time_s - each["for_s"], self._time_s),
                {key: value for key, value in each.items() if key not in ("id", "for_s")},
                is_confirmed=False,
            )
            for each in (facts or {"people": []})["people"]
        ]
