"""Alerts arrive at webhooks: signed, again until they are taken, and whatever is killed."""

import json
import logging
import signal
import sqlite3
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts_for_tests import Receiver, Way, alert, certificate, delivering, threads, until
from posemill.alerts import AlertStore, Deliveries, delivery, webhook
from posemill.alerts.outbox import GIVE_UP_S, MAX_DELAY_S, Delivery
from posemill.alerts.sink import Outcome
from posemill.alerts.webhook import verify
from posemill.config import AlertConfig, WebhookConfig
from posemill.errors import AlertStoreError, SettingError

OPS = "webhook:ops"
HANGS: list[Way] = ["hang"] * 10
FAILURES: list[Way] = [500, "cut"] * 3


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    found = AlertStore(tmp_path / "alerts")
    yield found
    found.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are short."""
    monkeypatch.setattr(delivery, "_MAX_BACKOFF_S", 0.05)


@contextmanager
def deliveries(store: AlertStore, **urls: str) -> Iterator[Deliveries]:
    """Deliver to webhooks by their names; they have the secret ``hush`` and little patience."""
    configs = [WebhookConfig(name, url, "hush", timeout_s=0.4) for name, url in urls.items()]
    with closing(Deliveries(store, configs, None)) as found:
        yield found
    assert threads() == []


def state_of(store: AlertStore, alert_id: str, sink: str = OPS) -> dict[str, Any]:
    (found,) = [each for each in store.outbox.of(alert_id) if each["sink"] == sink]
    return found


def is_done(store: AlertStore, *ids: str) -> bool:
    return all(state_of(store, each)["state"] == "done" for each in ids)


# --- what arrives


def test_an_alert_arrives_as_json_under_an_id_and_signed(store: AlertStore) -> None:
    kept = alert()
    with Receiver() as receiver:
        url = receiver.url(login="user:pass%20word@", path="/hook%20x?key=abc")
        with deliveries(store, ops=url) as all_of_them:
            store.add(kept, (OPS,))
            all_of_them.wake()
            until(lambda: is_done(store, kept.id))
    (request,) = receiver.received
    assert json.loads(request.body) == kept.to_dict()
    assert request.path == "/hook%20x?key=abc"
    assert request.id == f"{kept.id}:{OPS}"
    headers = request.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    stamp, signature = headers["X-Posemill-Timestamp"], headers["X-Posemill-Signature"]
    assert verify("hush", stamp, request.body, signature)
    assert not verify("other", stamp, request.body, signature)
    assert not verify("hush", stamp, request.body + b" ", signature)
    assert not verify("hush", str(int(stamp) + 1), request.body, signature)
    old = str(int(stamp) - 1000)
    assert not verify("hush", old, request.body, webhook.sign("hush", old, request.body))
    for nonsense in ("", "nan", "now", "\udce4"):
        assert not verify("hush", nonsense, request.body, "sha256=\udce4")


def test_without_a_secret_there_is_no_signature(store: AlertStore) -> None:
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver() as receiver:
        config = WebhookConfig("ops", receiver.url())
        with closing(Deliveries(store, [config], None)):
            until(lambda: is_done(store, kept.id))
    assert "X-Posemill-Signature" not in receiver.received[0].headers
    assert "Authorization" not in receiver.received[0].headers


def test_a_rule_chooses_where_its_alerts_go(store: AlertStore) -> None:
    with deliveries(store, ops="http://127.0.0.1:9", boss="http://127.0.0.1:9") as found:
        assert found.sinks_of(AlertConfig("a", "person")) == (OPS, "webhook:boss")
        assert found.sinks_of(AlertConfig("a", "person", webhooks=("boss",))) == ("webhook:boss",)
        assert found.sinks_of(AlertConfig("a", "person", webhooks=())) == ()


@pytest.mark.parametrize("url", ["http://host:99999/", "http://[::1/", "http://user@/"])
def test_an_address_that_is_none_is_refused_without_showing_it(store: AlertStore, url: str) -> None:
    with pytest.raises(SettingError, match=r"^the url of the webhook 'ops' can't be used\.$"):
        Deliveries(store, [WebhookConfig("ops", url)], None)
    assert threads() == []


# --- what goes wrong


@pytest.mark.parametrize(
    ("way", "error"),
    [
        (500, "it answered 500"),
        (503, "it answered 503"),
        (429, "it answered 429"),
        (404, "it answered 404"),
        (302, "it answered 302"),
        ("cut", "the connection was cut"),
        ("half", "the connection was cut"),
        ("nonsense", "the connection was cut"),
        ("hang", "there was no answer within 0.4 s"),
        ("drip", "there was no answer within 0.4 s"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_what_is_not_taken_is_sent_again_under_the_same_id(
    store: AlertStore, way: Way, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "posemill")
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver(way, way, Location="/elsewhere") as receiver:
        url = receiver.url(login="user:word@", path="/hook?key=abc")
        with deliveries(store, ops=url):
            until(lambda: is_done(store, kept.id))
    assert receiver.ids == [f"{kept.id}:{OPS}"] * 3
    assert len({each.path for each in receiver.received}) == 1
    assert state_of(store, kept.id)["attempts"] == 3
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        f"webhook:ops: alerts wait: {error}; trying again",
        "webhook:ops takes alerts again",
    ]


def test_nobody_there_is_an_error_without_secrets(
    store: AlertStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = alert()
    store.add(kept, (OPS, "webhook:lost"))
    urls = {
        "ops": "http://user:word@127.0.0.1:9/hook?key=abc",
        "lost": "http://user:word@nowhere.invalid/hook?key=abc",
    }
    with deliveries(store, **urls):
        for sink, error in ((OPS, "connection refused"), ("webhook:lost", "its host is not known")):
            until(lambda sink=sink: state_of(store, kept.id, sink)["attempts"])  # type: ignore[misc]
            assert state_of(store, kept.id, sink)["error"] == error
    assert len(caplog.records) == 2
    for secret in ("word", "abc", "hush"):
        assert secret not in caplog.text


def test_an_odd_answer_is_one_and_no_library_logs_the_address(
    store: AlertStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver("odd") as receiver, deliveries(store, ops=receiver.url(path="/hook?key=abc")):
        until(lambda: is_done(store, kept.id))
    assert caplog.records == []


def test_pauses_double_up_to_ten_minutes_and_follow_the_answer(store: AlertStore) -> None:
    def pause_s(attempts: int, outcome: Outcome) -> float:
        kept = Delivery("id", OPS, 0.0, attempts, alert())
        return delivery._delay_s(kept, outcome)

    for attempts in range(12):
        expected = min(2.0**attempts, 600.0)
        for word in ("away", "again"):
            outcome = Outcome(word)
            assert pause_s(attempts, outcome) == pytest.approx(expected, rel=0.2)
    assert pause_s(5000, Outcome("away")) <= 720
    assert pause_s(0, Outcome("slowly")) >= 480
    assert pause_s(0, Outcome("again", wait_s=100.0)) == 100.0
    assert pause_s(0, Outcome("again", wait_s=1e9)) == MAX_DELAY_S


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0), ("-5", 0), ("9" * 5000, 0)],
)
def test_what_the_answer_asks_for_is_read(said: str, seconds: float) -> None:
    assert webhook._seconds(said) == pytest.approx(seconds, abs=1)


def test_an_answer_may_ask_for_a_pause(store: AlertStore) -> None:
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver(503, Retry_After="100") as receiver, deliveries(store, ops=receiver.url()):
        until(lambda: state_of(store, kept.id)["attempts"])
        due = store.outbox.next_due(OPS)
    assert due is not None
    assert due - time.time() == pytest.approx(100, abs=5)


def test_what_is_gone_is_given_up_at_once(
    store: AlertStore, caplog: pytest.LogCaptureFixture
) -> None:
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver(410) as receiver, deliveries(store, ops=receiver.url()):
        until(lambda: state_of(store, kept.id)["state"] == "failed")
    assert state_of(store, kept.id)["error"] == "it answered 410"
    assert f"alert {kept.id} is given up: it answered 410" in caplog.text


@pytest.mark.parametrize(("way", "state"), [(500, "failed"), (200, "done")])
def test_after_three_days_there_is_a_last_attempt(store: AlertStore, way: Way, state: str) -> None:
    kept = alert()
    store.add(kept, (OPS,))
    store._database.rows("UPDATE deliveries SET created = ?", time.time() - GIVE_UP_S - 1)
    with Receiver(way) as receiver, deliveries(store, ops=receiver.url()):
        until(lambda: state_of(store, kept.id)["state"] == state)
    assert len(receiver.received) == 1


def test_a_dead_webhook_holds_up_no_other(store: AlertStore) -> None:
    kept = [alert(number) for number in range(10)]
    with Receiver(*HANGS) as dead, Receiver() as receiver:
        urls = {"ops": receiver.url(), "dead": dead.url()}
        with deliveries(store, **urls) as found:
            began_s = time.monotonic()
            for each in kept:
                store.add(each, (OPS, "webhook:dead"))
                found.wake()
            until(lambda: is_done(store, *(each.id for each in kept)))
            assert time.monotonic() - began_s < 3
    assert sorted(receiver.ids) == [f"{each.id}:{OPS}" for each in kept]


def test_when_a_webhook_is_back_all_that_waits_arrives_at_once(store: AlertStore) -> None:
    kept = [alert(number) for number in range(20)]
    for each in kept[:-1]:
        store.add(each, (OPS,))
    # They have failed for long, and would wait for ten minutes.
    store._database.rows("UPDATE deliveries SET attempts = 12, due = ?", time.time() + 600)
    with Receiver("cut") as receiver, deliveries(store, ops=receiver.url()) as found:
        store.add(kept[-1], (OPS,))
        found.wake()
        until(lambda: is_done(store, *(each.id for each in kept)))
    assert len(receiver.ids) == 21


def test_what_is_new_finds_out_before_what_failed_is_tried_again(store: AlertStore) -> None:
    failed, new = alert(0), alert(1)
    for each in (failed, new):
        store.add(each, (OPS,))
    ids = (time.time() - 100, f"{failed.id}:{OPS}")
    store._database.rows("UPDATE deliveries SET attempts = 5, due = ? WHERE id = ?", *ids)
    found = store.outbox.due(OPS, time.time() + 1)
    assert found is not None
    assert found.alert == new


def test_a_clock_that_is_set_back_delays_nothing(store: AlertStore) -> None:
    kept = alert()
    store.add(kept, (OPS,))
    store._database.rows("UPDATE deliveries SET due = ?", time.time() + 1e6)
    with Receiver() as receiver, deliveries(store, ops=receiver.url()):
        until(lambda: is_done(store, kept.id))


# --- the store fails


@pytest.mark.usefixtures("soon")
def test_what_can_t_be_stored_is_stored_later_and_not_sent_twice(
    store: AlertStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery, "_STORE_AGAIN_S", 0.05)
    settle, failures = store.outbox.settle, [0]

    def fails_at_first(*given: Any, **more: Any) -> None:
        failures[0] += 1
        if failures[0] < 6:
            raise AlertStoreError("the disk is full.")
        settle(*given, **more)

    monkeypatch.setattr(store.outbox, "settle", fails_at_first)
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver() as receiver, deliveries(store, ops=receiver.url()):
        until(lambda: is_done(store, kept.id))
        time.sleep(0.2)
    assert len(receiver.ids) == 1
    assert [record.getMessage() for record in caplog.records] == ["webhook:ops: the disk is full."]


def test_a_database_that_others_keep_locked_is_waited_for(
    store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_STORE_AGAIN_S", 0.05)
    store._database.rows("PRAGMA busy_timeout = 50")
    kept = alert()
    store.add(kept, (OPS,))
    other = sqlite3.connect(store.folder / "alerts.sqlite", isolation_level=None)
    with closing(other), Receiver() as receiver, deliveries(store, ops=receiver.url()):
        other.execute("BEGIN IMMEDIATE")
        until(lambda: receiver.received)
        time.sleep(0.5)
        assert not is_done(store, kept.id)
        other.execute("COMMIT")
        until(lambda: is_done(store, kept.id))
    assert len(receiver.ids) == 1


def test_a_fault_of_ours_holds_up_no_other_alert(
    store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, bad, good = webhook.Webhook.send, alert(0), alert(1)

    def fails_on_one(self: webhook.Webhook, one: Delivery) -> Outcome:
        if one.alert.id == bad.id:
            raise ZeroDivisionError
        return send(self, one)

    monkeypatch.setattr(webhook.Webhook, "send", fails_on_one)
    with Receiver() as receiver, deliveries(store, ops=receiver.url()) as found:
        for each in (bad, good):
            store.add(each, (OPS,))
        found.wake()
        until(lambda: is_done(store, good.id))
    assert "ZeroDivisionError" in state_of(store, bad.id)["error"]


# --- ends and kills


def test_the_end_waits_for_no_webhook_and_the_next_start_delivers(store: AlertStore) -> None:
    kept = alert()
    with Receiver("hang") as receiver:
        config = WebhookConfig("ops", receiver.url(), timeout_s=60.0)
        first = Deliveries(store, [config], None)
        store.add(kept, (OPS,))
        first.wake()
        until(lambda: receiver.received)
        began_s = time.monotonic()
        first.close()
        assert time.monotonic() - began_s < 1
        assert threads() == []
        with closing(Deliveries(store, [config], None)):
            until(lambda: is_done(store, kept.id))
    assert receiver.ids == [f"{kept.id}:{OPS}"] * 2


def test_no_kill_loses_an_alert(tmp_path: Path) -> None:
    stored = []
    with Receiver(*FAILURES) as receiver:
        for number in range(6):
            with delivering(tmp_path, webhook=receiver.url(), count=200) as process:
                assert process.stdout is not None
                # After some were stored, and some perhaps delivered.
                stored += [process.stdout.readline().strip() for _ in range(1 + 7 * number)]
                time.sleep(0.02 * number)
                process.send_signal(signal.SIGKILL)
                stored += process.stdout.read().split()
        wanted = {f"{each}:{OPS}" for each in stored if each != "all"}
        with closing(AlertStore(tmp_path)) as store:
            ids = {each.id for each in store.list(10_000)}
            with deliveries(store, ops=receiver.url()):
                until(lambda: store.counts()["deliveries_waiting"] == 0)
        arrived = set(receiver.ids)
    assert len(wanted) > 100
    assert wanted <= arrived
    assert arrived == {f"{each}:{OPS}" for each in ids}


# --- TLS


def test_a_certificate_must_be_one_to_trust(
    store: AlertStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path, key)
    kept = alert()
    store.add(kept, (OPS,))
    with Receiver(tls=tls) as receiver:
        with deliveries(store, ops=receiver.url()):
            until(lambda: state_of(store, kept.id)["attempts"])
        error = state_of(store, kept.id)["error"]
        assert error.startswith("its certificate is not to be trusted: self")
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with deliveries(store, ops=receiver.url()):
            until(lambda: is_done(store, kept.id))
        other = alert(1)
        store.add(other, (OPS,))
        with deliveries(store, ops=receiver.url().replace("127.0.0.1", "localhost")):
            until(lambda: state_of(store, other.id)["attempts"])
        assert "not valid for 'localhost'" in state_of(store, other.id)["error"]
    assert receiver.ids == [f"{kept.id}:{OPS}"]
