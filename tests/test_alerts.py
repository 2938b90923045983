"""From poses to alerts: one event is one alert, over flickers, pauses, restarts and errors."""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerts_for_tests import NOW, NOWHERE, people
from everyday_moves import ON_BACK, SIT_BED, STAND, keyed
from moving_figure import Look, filmed
from posemill.alerts import Alerter, AlertStore, Change, raise_test
from posemill.config import AlertConfig, Settings, StreamConfig, parse_stream, parse_watching
from posemill.errors import AlertStoreError, SettingError
from posemill.types import FramePoses

RULE = AlertConfig("somebody", "person", for_s=1.0, cooldown_s=60.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    found = AlertStore(tmp_path / "alerts")
    yield found
    found.close()


def stream(**more: Any) -> StreamConfig:
    return parse_stream({"name": "door", "url": "0", **more}, Settings(), "a test")


class Watched:
    """A stream with ten frames a second, watched by one rule; ``at``: its time."""

    def __init__(self, store: AlertStore, rule: AlertConfig = RULE, at: float = NOW) -> None:
        self.alerter = Alerter(rule, stream(), store, NOWHERE)
        self.at = at
        self.time_s = 0.0

    def see(self, count: int, for_s: float) -> list[Change]:
        """See so many people for so long; return what that changed."""
        found = []
        for _ in range(round(for_s * 10)):
            poses = FramePoses(0, round(self.time_s, 3), (8, 8), people(count))
            found.append(self.alerter.update(poses, round(self.at, 3)))
            self.time_s, self.at = self.time_s + 0.1, self.at + 0.1
        return [change for change in found if change is not None]


def words(changes: list[Change]) -> list[str]:
    return [change.word for change in changes]


def waiting(store: AlertStore) -> int:
    return store.counts()["deliveries_waiting"]


# --- one event, one alert


def test_an_event_is_raised_with_its_deliveries_and_ends(
    store: AlertStore, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(store)
    (raised,) = watched.see(2, 3.0)
    assert raised.is_raised
    assert (raised.alert.began, raised.alert.seen, raised.alert.ended) == (NOW, NOW + 1, None)
    assert raised.alert.people == (0, 1)
    assert store.outbox.of(raised.alert.id) == [
        {"sink": sink, "state": "waiting", "attempts": 0, "error": ""}
        for sink in ("mqtt", "webhook:ops")
    ]
    (ended,) = watched.see(0, 2.0)
    assert (ended.word, ended.is_raised) == ("ended", False)
    assert (ended.alert.seen, ended.alert.ended) == (NOW + 2.9, NOW + 3)
    assert store.get(raised.alert.id) == ended.alert
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("posemill", logging.WARNING)
    text = record.getMessage()
    assert json.loads(text[text.index("{") :]) == raised.alert.to_dict()


def test_what_begins_again_soon_is_the_same_alert_and_told_once(store: AlertStore) -> None:
    watched = Watched(store)
    assert words(watched.see(1, 2) + watched.see(0, 50) + watched.see(1, 2)) == [
        "raised",
        "ended",
        "continued",
    ]
    (found,) = store.list(10)
    assert (found.occurrences, found.ended) == (2, None)
    assert words(watched.see(0, 2)) == ["ended"]
    # The cool-down runs from the last end.
    assert words(watched.see(0, 57) + watched.see(1, 2)) == ["continued"]
    assert (store.list(10)[0].occurrences, waiting(store)) == (3, 2)


def test_what_begins_after_the_cool_down_is_another_alert(store: AlertStore) -> None:
    watched = Watched(store)
    assert words(watched.see(1, 2) + watched.see(0, 62) + watched.see(1, 2)) == [
        "raised",
        "ended",
        "raised",
    ]
    newest, first = store.list(10)
    assert newest.id > first.id
    assert (first.occurrences, waiting(store)) == (1, 4)


def test_without_a_cool_down_each_event_is_an_alert(store: AlertStore) -> None:
    watched = Watched(store, replace(RULE, cooldown_s=0.0, for_s=0.0, mqtt=False))
    assert words(watched.see(1, 1) + watched.see(0, 2) + watched.see(1, 1)) == [
        "raised",
        "ended",
        "raised",
    ]
    assert waiting(store) == 2


def test_that_it_goes_on_is_stored_now_and_then(store: AlertStore) -> None:
    Watched(store).see(1, 25)
    (found,) = store.list(1)
    assert found.ended is None
    assert NOW + 15 <= found.seen <= NOW + 25


@pytest.mark.parametrize("away_s", [5.0, 100.0])
def test_after_a_restart_an_alert_goes_on(store: AlertStore, away_s: float) -> None:
    before = Watched(store)
    before.see(1, 12)
    after = Watched(store, at=before.at + away_s)
    assert after.see(1, 5) == []
    assert words(after.see(0, 2)) == ["ended"]
    (found,) = store.list(10)
    assert (found.occurrences, found.ended) == (1, round(after.at - 2, 3))


def test_after_a_restart_what_is_over_ends(store: AlertStore) -> None:
    before = Watched(store)
    before.see(1, 12)
    after = Watched(store, at=before.at + 5)
    assert words(after.see(0, 2)) == ["ended"]
    assert words(after.see(1, 2)) == ["continued"]


def test_after_a_restart_the_cool_down_goes_on(store: AlertStore) -> None:
    before = Watched(store)
    before.see(1, 2)
    before.see(0, 2)
    assert words(Watched(store, at=before.at + 30).see(1, 2)) == ["continued"]
    assert len(store.list(10)) == 1


def test_after_a_long_absence_it_is_another_event(store: AlertStore) -> None:
    before = Watched(store)
    before.see(1, 2)
    assert words(Watched(store, at=before.at + 1000).see(1, 2)) == ["raised"]
    newest, first = store.list(10)
    assert first.ended == first.seen
    assert newest.ended is None


@pytest.mark.parametrize("rule", [replace(RULE, name="other"), replace(RULE, rule="nobody")])
def test_another_rule_is_another_event(store: AlertStore, rule: AlertConfig) -> None:
    before = Watched(store)
    before.see(1, 2)
    count = 0 if rule.rule == "nobody" else 1
    assert words(Watched(store, rule, before.at).see(count, 2)) == ["raised"]


@pytest.mark.parametrize("jump_s", [-30.0, 30.0])
def test_a_clock_that_is_set_makes_no_second_alert(store: AlertStore, jump_s: float) -> None:
    watched = Watched(store)
    watched.see(1, 2)
    watched.at += jump_s
    assert words(watched.see(1, 2) + watched.see(0, 2)) == ["ended"]
    watched.at += jump_s / 2
    assert words(watched.see(1, 2)) == ["continued"]


def test_a_zone_is_that_of_the_stream(store: AlertStore) -> None:
    rule = AlertConfig("mat", "zone", zone="mat", for_s=0.0)
    poses = FramePoses(0, 0.0, (8, 8), people(1))
    with_it = stream(zones={"mat": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]]})
    assert Alerter(rule, stream(), store, NOWHERE).update(poses, NOW) is None
    change = Alerter(rule, with_it, store, NOWHERE).update(poses, NOW)
    assert change is not None
    assert change.alert.facts == {"people": [{"id": 0, "ground": [0.5, 0.5], "of": "feet"}]}


def test_a_fall_is_one_alert_that_ends_when_they_are_up(store: AlertStore) -> None:
    (rule,) = parse_watching(
        {"alerts": [{"name": "fell", "rule": "fall"}]}, Settings(), "a test"
    ).alerts
    up = [(9.0, ON_BACK), (10.5, SIT_BED), (11.5, STAND), (20.0, STAND)]
    move = keyed((0.0, STAND), (2.0, STAND), (2.9, ON_BACK), *up, falls=True)
    alerter = Alerter(rule, stream(), store, NOWHERE)
    frames = filmed(move, np.arange(0, 15, 0.1), Look(noise_m=0.02))
    changes = [alerter.update(frame, NOW + frame.time_s) for frame in frames]
    raised, ended = (change for change in changes if change is not None)
    assert words([raised, ended]) == ["raised", "ended"]
    assert NOW + 3.5 < raised.alert.began < NOW + 4.2
    assert ended.alert.ended is not None
    assert NOW + 9 < ended.alert.ended < NOW + 11.5
    (person,) = raised.alert.facts["people"]
    assert person["kind"] == "lying"
    assert person["descent_mps"] > 0.7


def test_lying_for_long_is_counted_once_and_not_on_top(store: AlertStore) -> None:
    rule = AlertConfig("lies", "lying", for_s=5.0)
    alerter = Alerter(rule, stream(), store, NOWHERE)
    frames = filmed(lambda _: ON_BACK, np.arange(0, 8, 0.1))
    (raised,) = filter(None, (alerter.update(frame, NOW + frame.time_s) for frame in frames))
    assert raised.alert.began == pytest.approx(NOW + 5, abs=0.11)


def test_a_rule_for_a_stream_without_its_zone_is_refused() -> None:
    zones = {"mat": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]]}
    streams = [
        {"name": "door", "url": "0", "zones": zones},
        {"name": "hall", "url": "1"},
    ]
    rule = {"name": "on-it", "rule": "zone", "zone": "mat"}
    for chosen in ({}, {"streams": ["door"]}, {"streams": ["added-later"]}):
        parse_watching({"streams": streams, "alerts": [{**rule, **chosen}]}, Settings(), "a test")
    with pytest.raises(SettingError, match="'on-it' is for the stream 'hall', which has no zone"):
        parse_watching(
            {"streams": streams, "alerts": [{**rule, "streams": ["door", "hall"]}]},
            *(Settings(), "a test"),
        )


def test_what_can_t_be_stored_is_raised_when_it_can(
    store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(store)
    watched.see(0, 1)
    add = store.add

    def full(*_: object) -> None:
        raise AlertStoreError("the disk is full.")

    monkeypatch.setattr(store, "add", full)
    with pytest.raises(AlertStoreError):
        watched.see(1, 2)
    # Some seconds without a further attempt, so that a log isn't flooded; and it is over by then.
    assert watched.see(1, 1) + watched.see(0, 3) == []
    monkeypatch.setattr(store, "add", add)
    raised, ended = watched.see(0, 3)
    assert words([raised, ended]) == ["raised", "ended"]
    assert raised.alert.began == NOW + 1
    assert ended.alert.ended is not None
    assert NOW + 2 < ended.alert.ended < NOW + 4


def test_an_alert_that_is_removed_while_it_goes_on_is_forgotten(store: AlertStore) -> None:
    watched = Watched(store)
    watched.see(1, 2)
    store._database.rows("DELETE FROM alerts")
    assert words(watched.see(1, 20) + watched.see(0, 2)) == []
    assert words(watched.see(1, 2)) == ["raised"]


def test_a_rule_can_be_tried(store: AlertStore) -> None:
    found = raise_test(replace(RULE, streams=("door", "hall")), store, NOWHERE)
    assert found.is_test
    assert (found.stream, found.people, found.ended) == ("door", (), found.began)
    assert store.list(1) == [found]
    assert waiting(store) == 2
    # It is no event: the next one is another alert.
    assert words(Watched(store, at=time.time()).see(1, 2)) == ["raised"]
