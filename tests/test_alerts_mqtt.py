"""A real broker that is killed, frozen, restarted and guarded: alerts arrive all the same."""

import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from alerts_for_tests import alert, certificate, delivering, threads, until
from live_servers import Mosquitto
from posemill.alerts import AlertStore, Broker, Deliveries, mqtt
from posemill.errors import SettingError


class Subscriber:
    """Somebody else: ``heard`` is each topic and payload, ``retained`` what was there before."""

    def __init__(self, broker: Mosquitto) -> None:
        self.heard: list[tuple[str, str]] = []
        self.retained: dict[str, str] = {}
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def _message(self, _: Any, __: Any, message: Any) -> None:
        text = message.payload.decode()
        if message.retain:
            self.retained[message.topic] = text
        else:
            self.heard.append((message.topic, text))

    @property
    def alerts(self) -> list[Any]:
        return [json.loads(text) for topic, text in list(self.heard) if topic == "mill/door/alert"]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_message = None


@contextmanager
def connected(broker: Mosquitto) -> Iterator[Broker]:
    with closing(Broker(broker.url, "mill")) as found:
        until(lambda: found.is_connected)
        yield found
    assert threads() == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    found = AlertStore(tmp_path / "alerts")
    yield found
    found.close()


def test_messages_arrive_and_the_status_says_who_is_there() -> None:
    with Mosquitto() as server, closing(Subscriber(server)) as other:
        with connected(server) as broker:
            until(lambda: ("mill/status", "online") in other.heard)
            broker.publish("door/records", "a line")
            broker.publish("door/state", {"state": "live"}, retain=True)
            assert broker.publish_surely("door/alert", {"id": "1"}, 5)
            until(lambda: len(other.heard) == 4)
            assert other.heard[1:] == [
                ("mill/door/records", "a line"),
                ("mill/door/state", '{"state":"live"}'),
                ("mill/door/alert", '{"id":"1"}'),
            ]
            with closing(Subscriber(server)) as late:
                until(lambda: len(late.retained) == 2)
                assert late.retained == {
                    "mill/status": "online",
                    "mill/door/state": '{"state":"live"}',
                }
        until(lambda: other.heard[-1] == ("mill/status", "offline"))


def test_only_what_waits_counts_against_the_limit() -> None:
    with Mosquitto() as server, closing(Subscriber(server)) as other, connected(server) as broker:
        for number in range(1, 6):
            for _ in range(100):
                broker.publish("door/records", "a line")
            until(lambda number=number: len(other.heard) == 1 + 100 * number)  # type: ignore[misc]
        assert broker.dropped == 0


def test_the_will_of_a_killed_process_is_that_it_is_offline(tmp_path: Path) -> None:
    with Mosquitto() as server, closing(Subscriber(server)) as other:
        with delivering(tmp_path, broker=server.url) as process:
            until(lambda: ("mill/status", "online") in other.heard)
            process.send_signal(signal.SIGKILL)
        until(lambda: other.heard[-1] == ("mill/status", "offline"))


def test_an_alert_arrives_also_when_the_broker_was_dead(store: AlertStore) -> None:
    first, second, third = alert(1), alert(2), alert(3)
    with ExitStack() as stack:
        server = stack.enter_context(Mosquitto())
        broker = stack.enter_context(connected(server))
        deliveries = stack.enter_context(closing(Deliveries(store, (), broker)))
        with closing(Subscriber(server)) as other:
            store.add(first, ("mqtt",))
            deliveries.wake()
            until(lambda: other.alerts == [first.to_dict()])
        server.kill()
        until(lambda: not broker.is_connected)
        for each in (second, third):
            store.add(each, ("mqtt",))
        deliveries.wake()
        until(lambda: store.outbox.of(second.id)[0]["attempts"])
        assert store.outbox.of(second.id)[0]["error"] == "the broker doesn't answer"
        # By themselves they would wait for long: the connection wakes them.
        store._database.rows("UPDATE deliveries SET due = ?", time.time() + 600)
        until(lambda: broker._failures >= 2)  # leaves time to be there first
        server.start()
        with closing(Subscriber(server)) as other:
            until(lambda: other.alerts == [second.to_dict(), third.to_dict()])
            until(lambda: store.counts()["deliveries_waiting"] == 0)


def test_no_kill_loses_an_alert(tmp_path: Path) -> None:
    stored: list[str] = []
    with Mosquitto() as server, closing(Subscriber(server)) as other:
        for number in range(3):
            with delivering(tmp_path, broker=server.url, count=50) as process:
                assert process.stdout is not None
                stored += [process.stdout.readline().strip() for _ in range(1 + 10 * number)]
                process.send_signal(signal.SIGKILL)
                stored += process.stdout.read().split()
        with ExitStack() as stack:
            broker = stack.enter_context(connected(server))
            store = stack.enter_context(closing(AlertStore(tmp_path)))
            stack.enter_context(closing(Deliveries(store, (), broker)))
            until(lambda: store.counts()["deliveries_waiting"] == 0)
        wanted = set(stored) - {"all"}
        until(lambda: wanted <= {each["id"] for each in other.alerts})


def test_what_is_retained_is_there_again_after_the_broker_lost_it() -> None:
    with Mosquitto() as server, connected(server) as broker:
        broker.publish("door/state", "connecting", retain=True)
        server.kill()
        until(lambda: not broker.is_connected)
        broker.publish("door/state", "live", retain=True)
        broker.publish("door/records", "dropped")
        assert broker.dropped == 1
        server.start()
        until(lambda: broker.is_connected)
        with closing(Subscriber(server)) as other:
            until(lambda: len(other.retained) + len(other.heard) >= 2)
            assert {**other.retained, **dict(other.heard)} == {
                "mill/status": "online",
                "mill/door/state": "live",
            }


def test_a_broker_that_hangs_holds_up_nobody(store: AlertStore) -> None:
    with Mosquitto() as server, connected(server) as broker:
        server.freeze()
        began_s = time.monotonic()
        for _ in range(10_000):
            broker.publish("door/records", "x" * 5000)
        assert time.monotonic() - began_s < 5
        assert broker.dropped > 5000
        assert not broker.publish_surely("door/alert", "an alert", 0.3)
        began_s = time.monotonic()
        broker.close()
        assert time.monotonic() - began_s < 4
        server.thaw()


def test_user_and_password_are_asked_for_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Mosquitto(user="mill", password="pass@word/:") as server:
        with connected(server) as broker:
            assert broker.publish_surely("door/alert", "an alert", 5)
            assert "pass@word" not in repr(vars(broker))
        caplog.clear()
        for login in ("mill:wrong", "other:pass%40word%2F%3A", ""):
            url = server.bare_url.replace("//", f"//{login}@" if login else "//")
            with closing(Broker(url, "mill")) as broker:
                until(lambda: caplog.records)
                assert not broker.is_connected
            assert caplog.records[0].getMessage() == (
                "no connection to the MQTT broker: it refused: not authorized; trying again"
            )
            assert "wrong" not in caplog.text
            assert "pass" not in caplog.text
            caplog.clear()


def test_nobody_there_is_said_once_and_the_end_waits_for_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_MAX_PAUSE_S", 0.02)
    began_s = time.monotonic()
    with closing(Broker("mqtt://user:word@127.0.0.1:9", "mill")) as broker:
        until(lambda: broker._failures > 5)
        assert not broker.publish_surely("door/alert", "an alert", 5)
    assert time.monotonic() - began_s < 4
    assert [record.getMessage() for record in caplog.records] == [
        "no connection to the MQTT broker: connection refused; trying again"
    ]


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02", b""])
def test_what_is_no_broker_is_tried_again(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "_MAX_PAUSE_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with closing(Broker(f"mqtt://127.0.0.1:{port}", "mill")) as broker:
            for _ in range(3):
                with server.accept()[0] as connection:
                    connection.recv(100)
                    connection.sendall(said)
            assert not broker.is_connected


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_nothing_is_left_of_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "_MAX_PAUSE_S", 0.02)

    def files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with Mosquitto() as server, connected(server) as broker:
        counts = []
        for _ in range(6):
            server.kill()
            until(lambda: not broker.is_connected)
            server.start()
            until(lambda: broker.is_connected)
            counts.append(files())
        assert counts[-1] <= counts[0]
        before = files()
        broker.close()
        assert files() <= before - 3
    assert threads() == []


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # paho's, of a handshake
def test_a_certificate_must_be_one_to_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, key = certificate(tmp_path)

    class WithTls(Mosquitto):
        def _command(self) -> list[str]:
            command = super()._command()
            with Path(command[-1]).open("a") as file:
                file.write(f"certfile {path}\nkeyfile {key}\n")
            return command

    with WithTls() as server:
        url = server.url.replace("mqtt:", "mqtts:")
        with closing(Broker(url, "mill")) as broker:
            until(lambda: caplog.records)
            assert not broker.is_connected
        assert "its certificate is not to be trusted: self" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with closing(Broker(url, "mill")) as broker:
            until(lambda: broker.is_connected)
            assert broker.publish_surely("door/alert", "an alert", 5)


@pytest.mark.parametrize(
    "url",
    [
        "host",
        "http://host:80",
        "mqtt://",
        "mqtt://host:0x1",
        "mqtt://u:word@host/path",
        "mqtt://h:99999",
        f"mqtt://{'h' * 70}",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingError, match=r"^mqtt_url must be an address") as raised:
        Broker(url, "mill")
    assert "u:word" not in str(raised.value)
    assert threads() == []


@pytest.mark.parametrize("topic", ["", "/", "a/#", "+/a"])
def test_a_topic_is_one_topic(topic: str) -> None:
    with pytest.raises(SettingError, match=r"^mqtt_topic must be"):
        Broker("mqtt://host", topic)
