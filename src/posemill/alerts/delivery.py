"""Delivers what is in the outbox, to each sink in a thread of its own, until it has arrived.

At least once: what was delivered when the process ended, before that was stored, is delivered
again, under the same id.
"""

import logging
import random
import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Final

from posemill.alerts.mqtt import Broker
from posemill.alerts.outbox import GIVE_UP_S, MAX_DELAY_S, Delivery, Outbox, State
from posemill.alerts.sink import Outcome, Sink
from posemill.alerts.store import AlertStore
from posemill.config import AlertConfig, WebhookConfig
from posemill.errors import AlertStoreError

_LOG: Final = logging.getLogger("posemill")
MQTT: Final = "mqtt"
_MAX_BACKOFF_S: Final = 600.0
_IDLE_S: Final = 10.0  # another process may have stored something
_STORE_AGAIN_S: Final = 5.0
_ANSWER_S: Final = 5.0
_CLOSE_S: Final = 6.0


class Deliveries:
    """Delivers from the start to ``close``. SettingError for a webhook's address that is none."""

    def __init__(
        self, store: AlertStore, webhooks: Sequence[WebhookConfig], broker: Broker | None
    ) -> None:
        sinks: dict[str, Sink] = {_sink_of(each.name): _webhook(each) for each in webhooks}
        if broker is not None:
            sinks[MQTT] = _ByMqtt(broker)
        self._workers = {name: _Worker(name, sink, store.outbox) for name, sink in sinks.items()}
        if broker is not None:
            broker.when_connected(self._workers[MQTT].hasten)

    def sinks_of(self, rule: AlertConfig) -> tuple[str, ...]:
        """Return the sinks that a rule's alerts go to."""
        wanted = None if rule.webhooks is None else {_sink_of(name) for name in rule.webhooks}
        return tuple(
            name
            for name in self._workers
            if (rule.mqtt if name == MQTT else wanted is None or name in wanted)
        )

    def wake(self) -> None:
        """Deliver at once what is new."""
        for worker in self._workers.values():
            worker.wake()

    def close(self) -> None:
        """End; what is under way is delivered after the next start, if it doesn't arrive now."""
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            worker.join()


class _ByMqtt:
    """The broker as a sink: alerts are at ``topic/STREAM/alert``."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def send(self, delivery: Delivery) -> Outcome:
        alert = delivery.alert
        if self._broker.publish_surely(f"{alert.stream}/alert", alert.to_dict(), _ANSWER_S):
            return Outcome("done")
        return Outcome("away", "the broker doesn't answer")

    def abort(self) -> None:
        pass  # it answers soon anyway


class _Worker:
    """Delivers to one sink, one alert at a time."""

    def __init__(self, name: str, sink: Sink, outbox: Outbox) -> None:
        self._name, self._sink, self._outbox = name, sink, outbox
        self._awake, self._hastened, self._stopping = Event(), Event(), Event()
        self._is_failing = self._was_away = self._store_complained = False
        self._thread = Thread(target=self._run, name=f"posemill-{name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for what is due now."""
        self._awake.set()

    def hasten(self) -> None:
        """Try all at once that waits: the sink can be reached again."""
        self._hastened.set()
        self._awake.set()

    def stop(self) -> None:
        """Have the thread end."""
        self._stopping.set()
        self._awake.set()
        self._sink.abort()

    def join(self) -> None:
        """Wait for the thread, unless it hangs where nothing can end it, as in a name's look-up."""
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                wait_s = self._round()
                self._store_complained = False
            except AlertStoreError as error:
                wait_s = self._complain(error)
            if not self._stopping.is_set():
                self._awake.wait(wait_s)

    def _round(self) -> float:
        """Make one attempt if one is due; return how long to wait before the next round."""
        now = time.time()
        if self._hastened.is_set():
            self._outbox.hasten(self._name, now)
            self._hastened.clear()
        delivery = self._outbox.due(self._name, now)
        if delivery is None:
            due = self._outbox.next_due(self._name)
            return _IDLE_S if due is None else min(max(0.0, due - now), _IDLE_S)
        outcome = self._attempt(delivery)
        if outcome.word == "done" or not self._stopping.is_set():
            self._tell(delivery, outcome)
            self._settle(delivery, outcome)
        return 0.0

    def _attempt(self, delivery: Delivery) -> Outcome:
        try:
            return self._sink.send(delivery)
        except Exception as error:  # a fault of ours must not keep what comes after it
            _LOG.exception("%s: alert %s", self._name, delivery.alert.id)
            return Outcome("slowly", f"this is a fault of posemill: {type(error).__name__}")

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Store what became of an attempt, as soon as that is possible: or it is made again."""
        state: State = "done" if outcome.word == "done" else "waiting"
        if _is_given_up(delivery, outcome):
            state = "failed"
        due = time.time() + _delay_s(delivery, outcome)
        while True:
            try:
                self._outbox.settle(delivery, state, due=due, error=outcome.error)
                return
            except AlertStoreError as error:
                if self._stopping.wait(self._complain(error)):
                    return

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        """Log when the sink begins to fail, when it works again, and what is given up."""
        if outcome.word == "done":
            if self._is_failing:
                _LOG.info("%s takes alerts again", self._name)
            if self._was_away:
                self._hastened.set()
            self._is_failing = self._was_away = False
            return
        if _is_given_up(delivery, outcome):
            error = (self._name, delivery.alert.id, outcome.error)
            _LOG.error("%s: alert %s is given up: %s", *error)
        elif not self._is_failing:
            _LOG.warning("%s: alerts wait: %s; trying again", self._name, outcome.error)
            self._is_failing = True
        self._was_away = self._was_away or outcome.word == "away"

    def _complain(self, error: AlertStoreError) -> float:
        if not self._store_complained and not self._stopping.is_set():
            self._store_complained = True
            _LOG.error("%s: %s", self._name, error)
        return _STORE_AGAIN_S


def _sink_of(webhook: str) -> str:
    return f"webhook:{webhook}"


def _is_given_up(delivery: Delivery, outcome: Outcome) -> bool:
    is_old = time.time() - delivery.created > GIVE_UP_S
    return outcome.word == "never" or (outcome.word != "done" and is_old)


def _delay_s(delivery: Delivery, outcome: Outcome) -> float:
    """Return the pause before the next attempt: 1 s, 2 s ... 10 min, or what the sink asks for."""
    doubled_s = 2.0 ** min(delivery.attempts, 20)
    pause_s = _MAX_BACKOFF_S if outcome.word == "slowly" else min(doubled_s, _MAX_BACKOFF_S)
    # Off by up to a fifth, so that all that failed together doesn't come together again.
    return max(pause_s * random.uniform(0.8, 1.2), min(outcome.wait_s, MAX_DELAY_S))


def _webhook(config: WebhookConfig) -> Sink:
    # urllib3 tries a socket when it is imported, which a service without webhooks has no need of.
    from posemill.alerts.webhook import Webhook  # noqa: PLC0415

    return Webhook(config)
