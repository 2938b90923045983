"""From poses to alerts: one event, one alert, over flickers, over short pauses, over restarts."""

import time
from dataclasses import dataclass
from typing import Final, Literal

from posemill.alerts.alert import Alert, log_alert, new_id
from posemill.alerts.delivery import Deliveries
from posemill.alerts.store import AlertStore
from posemill.analysis import LASTING, Facts, Held, Options, condition
from posemill.config import AlertConfig, StreamConfig
from posemill.errors import AlertStoreError
from posemill.types import FramePoses

_SEEN_S: Final = 10.0  # how often it is stored that an alert goes on
_AGAIN_S: Final = 5.0  # after the store failed
# What was open when a process ended goes on where the next one is there within so long.
_RESTART_S: Final = 120.0
# With few frames a second, each step is longer than what is a gap otherwise.
_GAP_INTERVALS: Final = 2.5
_TEST_STREAM: Final = "test"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an alert: it was raised, begins again within its cool-down, or ended."""

    word: Literal["raised", "continued", "ended"]
    alert: Alert

    @property
    def is_raised(self) -> bool:
        return self.word == "raised"


@dataclass(frozen=True, slots=True)
class _Start:
    """Something that began and has to be stored."""

    at: float
    facts: Facts


class Alerter:
    """Looks at the poses of one stream by one rule, in one thread.

    An alert that this rule raised on this stream before, and that goes on or is within its
    cool-down, goes on here. A zone that the stream doesn't have never has anybody in it.
    """

    def __init__(
        self, rule: AlertConfig, stream: StreamConfig, store: AlertStore, deliveries: Deliveries
    ) -> None:
        self._rule, self._stream = rule, stream.name
        self._store, self._deliveries = store, deliveries
        settings = stream.settings
        self._gap_s = max(settings.max_gap_s, _GAP_INTERVALS / settings.max_fps)
        self._condition = condition(rule.rule, _options(rule, stream, self._gap_s))
        # Some count the time of each person by themselves.
        self._for_s = 0.0 if rule.rule in LASTING else rule.for_s
        self._held: Held | None = None
        self._alert: Alert | None = None  # the last one
        self._start: _Start | None = None
        self._seen = self._ended = 0.0
        self._again_at = 0.0

    def update(self, poses: FramePoses, at: float) -> Change | None:
        """Look at the people of a frame captured ``at`` (unix seconds); return what that changes.

        AlertStoreError where that can't be stored; it is tried again some seconds later.
        """
        try:
            if self._held is None:
                if self._is_early(at):
                    return None
                self._held = self._take_up(at)
            self._look(self._held, poses, at)
            return None if self._is_early(at) else self._store_change(self._held, at)
        except AlertStoreError:
            self._again_at = at + _AGAIN_S
            raise

    def _is_early(self, at: float) -> bool:
        return 0 < self._again_at - at <= _AGAIN_S

    def _take_up(self, at: float) -> Held:
        """Find the last alert, and whether it goes on."""
        alert = self._store.latest(self._rule.name, self._rule.rule, self._stream)
        is_open = alert is not None and alert.ended is None
        if alert is not None and is_open:
            self._seen = alert.seen
            if abs(at - alert.seen) > self._rule.cooldown_s + _RESTART_S:
                is_open = False
                alert = self._store.change(alert.id, ended=alert.seen)
        self._alert = alert
        return Held(self._for_s, gap_s=self._gap_s, is_on=is_open)

    def _look(self, held: Held, poses: FramePoses, at: float) -> None:
        facts = self._condition(poses)
        edge = held.update(poses.time_s, facts)
        if facts is not None and held.is_on:
            self._seen = round(at, 3)
        if edge is None:
            return
        if edge.word == "ended":
            self._ended = round(at - edge.ago_s, 3)
        elif self._start is None:
            self._start = _Start(round(at - edge.ago_s, 3), held.facts)

    def _store_change(self, held: Held, at: float) -> Change | None:
        """Bring what is stored in line with what is seen."""
        alert = self._alert
        if self._start is not None:
            change = self._begun(self._start, at)
            self._start = None
            return change
        if alert is None or alert.ended is not None:
            return None
        if not held.is_on:
            self._alert = self._store.change(alert.id, seen=self._seen, ended=self._ended)
            return None if self._alert is None else Change("ended", self._alert)
        if abs(self._seen - alert.seen) >= _SEEN_S:
            self._alert = self._store.change(alert.id, seen=self._seen)
        return None

    def _begun(self, start: _Start, at: float) -> Change:
        alert = self._alert
        if alert is not None and self._is_same(alert, start):
            more = alert.occurrences + 1
            alert = self._store.change(alert.id, seen=self._seen, ended=None, occurrences=more)
            if alert is not None:  # None: it was removed meanwhile
                self._alert = alert
                return Change("continued", alert)
        rule = self._rule
        alert = Alert(
            *(new_id(at), rule.name, rule.rule, self._stream),
            began=start.at,
            seen=self._seen,
            ended=None,
            facts=start.facts,
        )
        self._store.add(alert, self._deliveries.sinks_of(rule))
        self._alert = alert
        log_alert(alert)
        return Change("raised", alert)

    def _is_same(self, alert: Alert, start: _Start) -> bool:
        # Both ways, since clocks are set.
        return alert.ended is None or abs(start.at - alert.ended) <= self._rule.cooldown_s


def _options(rule: AlertConfig, stream: StreamConfig, gap_s: float) -> Options:
    zones = (zone.points for zone in stream.zones if zone.name == rule.zone)
    usual = Options()
    return Options(
        points=next(zones, None if rule.zone is None else ()),
        least=rule.least,
        line=rule.line or (),
        direction=rule.direction or usual.direction,
        confirm_s=usual.confirm_s if rule.confirm_s is None else rule.confirm_s,
        for_s=rule.for_s,
        angle=rule.angle,
        above=rule.above,
        below=rule.below,
        gap_s=gap_s,
    )


def raise_test(rule: AlertConfig, store: AlertStore, deliveries: Deliveries) -> Alert:
    """Raise a test alert by a rule, through all that its alerts go to. AlertStoreError."""
    now = round(time.time(), 3)
    stream = rule.streams[0] if rule.streams else _TEST_STREAM
    alert = Alert(
        *(new_id(now), rule.name, rule.rule, stream),
        began=now,
        seen=now,
        ended=now,
        facts={"people": []},
        is_test=True,
    )
    store.add(alert, deliveries.sinks_of(rule))
    log_alert(alert)
    deliveries.wake()
    return alert
