"""A connection to an MQTT broker that is made, and made again, in the background.

Each connection is a client of its own, so that nothing of one that was lost comes back later: what
has to arrive is in the outbox, which sends it again.
"""

import logging
import random
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from posemill.alerts.sink import reason_of
from posemill.errors import SettingError
from posemill.records import dumps

_LOG: Final = logging.getLogger("posemill")
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S: Final = 20
_CONNECT_S: Final = 5.0
_LOOK_S: Final = 0.5
_GOODBYE_S: Final = 1.0
_MAX_PAUSE_S: Final = 60.0
_STEADY_S: Final = 10.0
# Of messages that a slow broker has not taken yet.
_MOST_WAITING: Final = 256
_OK: Final = MQTTErrorCode.MQTT_ERR_SUCCESS


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int
    is_tls: bool
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)


class Broker:
    """Publishes below ``topic``; ``topic/status`` is ``online`` or ``offline``, retained.

    ``url``: ``mqtt://user:password@host:1883``, or ``mqtts://`` for TLS. SettingError for one that
    isn't. ``dropped``: how many messages were let go since there was no connection, or a slow one.
    """

    def __init__(self, url: str, topic: str) -> None:
        self._address, self._topic = _parsed(url), _checked(topic)
        self._tls = ssl.create_default_context() if self._address.is_tls else None
        self.dropped = 0
        # The same in each connection, so that the broker ends an older one, with its will, first.
        self._client_id = f"posemill-{secrets.token_hex(6)}"
        self._lock = threading.Lock()
        self._client: Client | None = None  # while connected
        self._waiting = 0
        self._retained: dict[str, str] = {}
        self._told: Callable[[], None] = _nothing
        self._connected_s: float | None = None
        self._failures = 0  # since the last connection that lasted
        self._problem = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="posemill-mqtt", daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        return self._client is not None

    def when_connected(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called, in another thread, whenever a connection is there."""
        self._told = tell
        if self.is_connected:
            tell()

    def publish(
        self, topic_suffix: str, payload: Mapping[str, Any] | str, retain: bool = False
    ) -> None:
        """Publish if that is possible now, without waiting.

        What is retained is published again with each new connection, of each topic the last.
        """
        topic, text = f"{self._topic}/{topic_suffix}", _text(payload)
        with self._lock:
            if retain:
                self._retained[topic] = text
            client = self._client
            is_full = self._waiting >= _MOST_WAITING and not retain
            if client is None or is_full or not self._send(client, topic, text, retain):
                self.dropped += not retain

    def publish_surely(
        self, topic_suffix: str, payload: Mapping[str, Any] | str, timeout_s: float
    ) -> bool:
        """Publish and wait until the broker has it; False where it may not have."""
        client, ends = self._client, time.monotonic() + timeout_s
        if client is None:
            return False
        with self._lock:
            self._waiting += 1
        try:
            info = client.publish(f"{self._topic}/{topic_suffix}", _text(payload), qos=1)
            while self._client is client and (left_s := ends - time.monotonic()) > 0:
                info.wait_for_publish(min(left_s, _LOOK_S))
                if info.is_published():
                    return True
        except (RuntimeError, ValueError):  # the connection went, or the queue is full
            pass
        return False

    def close(self) -> None:
        """Say goodbye and end."""
        self._closing.set()
        self._thread.join(_CONNECT_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._connected_s = None
            try:
                problem = self._connection()
            except OSError as error:
                problem = reason_of(error)
            except Exception as error:  # what paho stumbles over, some broker sent
                problem = f"it sent nonsense ({type(error).__name__})"
            with self._lock:
                self._client = None
            lasted_s = 0.0 if self._connected_s is None else time.monotonic() - self._connected_s
            if lasted_s > _STEADY_S:
                self._failures = 0
            if not self._closing.is_set():
                self._complain(problem)
                pause_s = min(2.0**self._failures, _MAX_PAUSE_S)
                self._failures += 1
                self._closing.wait(pause_s * random.uniform(0.8, 1.2))

    def _connection(self) -> str:
        """Connect, and stay so until something goes wrong: return what."""
        client = self._new_client()
        try:
            client.connect(self._address.host, self._address.port, _KEEPALIVE_S)
            while (code := client.loop(_LOOK_S)) == _OK:
                if self._closing.is_set():
                    self._say_goodbye(client)
                    break
            return self._problem or error_string(code).rstrip(".").lower()
        finally:
            sock = client.socket()
            if sock is not None:
                sock.close()

    def _new_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._client_id)
        client.connect_timeout = _CONNECT_S
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.will_set(f"{self._topic}/status", "offline", qos=1, retain=True)
        client.on_connect = self._answered
        client.on_publish = self._published
        # With somebody to tell of it, paho leaves writing to the loop, and so to one thread.
        client.on_socket_register_write = _nothing
        return client

    def _answered(self, client: Client, _: object, __: object, reason: Any, ___: object) -> None:
        if reason.is_failure:
            self._problem = f"it refused: {str(reason).lower()}"
            return
        with self._lock:
            self._client, self._waiting = client, 0
            self._connected_s = time.monotonic()
            self._send(client, f"{self._topic}/status", "online", retain=True)
            for topic, text in self._retained.items():
                self._send(client, topic, text, retain=True)
        _LOG.info("connected to the MQTT broker")
        self._told()

    def _published(self, client: Client, *_: object) -> None:
        with self._lock:
            if client is self._client:
                self._waiting -= 1

    def _send(self, client: Client, topic: str, text: str, retain: bool) -> bool:
        self._waiting += 1
        if client.publish(topic, text, retain=retain).rc == _OK:
            return True
        self._waiting -= 1
        return False

    def _say_goodbye(self, client: Client) -> None:
        if self.is_connected:
            client.publish(f"{self._topic}/status", "offline", retain=True)
        client.disconnect()
        ends = time.monotonic() + _GOODBYE_S
        while client.loop(_LOOK_S) == _OK and time.monotonic() < ends:
            pass

    def _complain(self, problem: str) -> None:
        if self._failures == 0:
            _LOG.warning("no connection to the MQTT broker: %s; trying again", problem)
        self._problem = ""


def _parsed(url: str) -> _Address:
    refused = "mqtt_url must be an address, as mqtt://user:password@host:1883, or mqtts:// for TLS."
    try:
        parts = urlsplit(url)
        usual = _PORTS[parts.scheme]
        port = parts.port or usual
        (parts.hostname or "").encode("idna")
    except (ValueError, KeyError):
        raise SettingError(refused) from None
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SettingError(refused)
    user, password = parts.username, parts.password
    return _Address(
        parts.hostname,
        port,
        parts.scheme == "mqtts",
        None if user is None else unquote(user),
        None if password is None else unquote(password),
    )


def _checked(topic: str) -> str:
    if not topic.strip("/") or set(topic) & set("+#\0"):
        raise SettingError(f"mqtt_topic must be a topic without + and #, not {topic!r}.")
    return topic.rstrip("/")


def _text(payload: Mapping[str, Any] | str) -> str:
    return payload if isinstance(payload, str) else dumps(payload)


def _nothing(*_: object) -> None:
    pass
