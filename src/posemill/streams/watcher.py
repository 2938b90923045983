"""All streams together: begun, tended, and ended."""

import ctypes
import logging
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from posemill.alerts import AlertStore, Broker, Deliveries, raise_test
from posemill.assemble import Engines, analysis_header, drawing_style
from posemill.config import Settings, StreamConfig, Watching, data_folder
from posemill.cores import usable_cores
from posemill.errors import PosemillError, SettingError, StreamExists, StreamFixed, StreamNotFound
from posemill.streams.added import parse_added, read_added, write_added
from posemill.streams.alarms import Alarms
from posemill.streams.clips import ClipRecorder, ClipWriter
from posemill.streams.files import HourlyRecords, sweep
from posemill.streams.gate import Gate
from posemill.streams.hub import Event, Hub
from posemill.streams.outputs import Outputs
from posemill.streams.pictures import Lookers
from posemill.streams.places import FOLDER
from posemill.streams.stepping import Stepper
from posemill.streams.stream import Stream

_LOG: Final = logging.getLogger("posemill")
_TEND_S: Final = 1.0
_SWEEP_S: Final = 600.0
_AGAIN_S: Final = 10.0  # after a fault of ours
_MAX_ENGINES: Final = 6
_M_ARENA_MAX: Final = -8  # malloc.h
_MOST_STREAMS: Final = 256


@dataclass(slots=True)
class _Place:
    """A stream, and what the watcher remembers of it."""

    stream: Stream
    clips: ClipRecorder | None
    is_added: bool
    stepper: Stepper
    processed: int = 0
    dropped: int = 0
    failed_s: float | None = None


class Watcher:
    """Watches streams from ``start`` to ``close``; every method may come from any thread."""

    def __init__(self, settings: Settings, watching: Watching, hub: Hub) -> None:
        _few_arenas()
        self._settings, self._watching, self._hub = settings, watching, hub
        self.folder = data_folder(settings) / FOLDER
        self._gate = Gate(usable_cores())
        self._engines = Engines(_MAX_ENGINES)
        self._places: dict[str, _Place] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._ending: list[threading.Thread] = []
        self._shadowed: list[StreamConfig] = []  # added ones whose name the settings have
        self._added_fault: SettingError | None = None
        self._broker = Broker(settings.mqtt_url, settings.mqtt_topic) if settings.mqtt_url else None
        self.store = AlertStore(data_folder(settings) / "alerts")
        self._deliveries = Deliveries(self.store, watching.webhooks, self._broker)
        self._clip_writer = ClipWriter()
        self._tending = threading.Thread(target=self._tend, name="posemill-tend", daemon=True)
        self._busy, self._share = (time.monotonic(), 0.0), 0.0

    def start(self, *, added: bool) -> None:
        """Begin the streams of the settings, and those that were ``added``. SettingError."""
        more = self._read_added() if added else []
        for config in self._watching.streams:
            self._begin(config, is_added=False)
        for config in more:
            if config.name in self._places:
                _LOG.warning("stream %s was added, and is in the settings too", config.name)
                self._shadowed.append(config)
            else:
                self._begin(config, is_added=True)
        self._tending.start()

    def close(self) -> None:
        """End all streams; what is open is completed."""
        self._stopping.set()
        if self._tending.is_alive():
            self._tending.join()
        with self._lock:
            places, self._places = list(self._places.values()), {}
        for place in places:
            place.stream.stop()
        for place in places:
            self._end(place)
        for ending in self._ending:
            ending.join()
        self._clip_writer.close()
        self._deliveries.close()
        if self._broker is not None:
            self._broker.close()
        self.store.close()

    def statuses(self) -> list[dict[str, Any]]:
        """Return how each stream is."""
        with self._lock:
            places = list(self._places.values())
        return [{**place.stream.status(), "added": place.is_added} for place in places]

    def stream(self, name: str) -> Stream:
        """Return one stream. StreamNotFound."""
        return self._place(name).stream

    def one(self, name: str) -> dict[str, Any]:
        """Return how one stream is, and its own settings. StreamNotFound."""
        place = self._place(name)
        raw = {**place.stream.config.raw, "url": place.stream.source.shown}
        return {**place.stream.status(), "added": place.is_added, "settings": raw}

    def test_alert(self, name: str) -> dict[str, Any]:
        """Raise a test alert by a rule, through all that it goes to. StreamNotFound."""
        for rule in self._watching.alerts:
            if rule.name == name:
                alert = raise_test(rule, self.store, self._deliveries)
                self._hub.tell(Event("alert", alert.stream, alert.to_dict()))
                return alert.to_dict()
        raise StreamNotFound(f"there is no alert {name!r} in the settings.")

    @property
    def is_over(self) -> bool:
        """Whether every stream has come to its end, as files that don't loop do."""
        with self._lock:
            return all(p.stream.state.word == "ended" for p in self._places.values())

    def look(self, name: str, who: str, width: int | None) -> None:
        """Have ``who`` told of a stream's records, and of its pictures where ``width`` isn't 0."""
        place = self._place(name)
        place.stream.lookers.look(who, width)
        if width is not None and place.stream.header:
            self._hub.tell(Event("header", name, place.stream.header))

    def add(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Add a stream that stays over restarts. SettingError, StreamExists, SinkError."""
        config = parse_added(raw, self._settings)
        with self._lock:
            if len(self._places) >= _MOST_STREAMS:
                raise SettingError(f"there are {_MOST_STREAMS} streams already.")
            if config.name in self._places:
                raise StreamExists(f"there is a stream {config.name!r} already.")
            self._store_added([*self._added(), config])
            self._begin(config, is_added=True)
        self._tell_statuses()
        return self.one(config.name)

    def change(self, name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Change a stream that was added; without ``url`` it keeps its own."""
        with self._lock:
            place = self._added_place(name)
            kept = {"url": place.stream.config.raw["url"], **raw, "name": name}
            config = parse_added(kept, self._settings)
            others = [each for each in self._added() if each.name != name]
            self._store_added([*others, config])
            self._begin(config, is_added=True, lookers=self._drop(name))
        self._tell_statuses()
        return self.one(name)

    def remove(self, name: str) -> None:
        """Remove a stream that was added; its records and alerts stay."""
        with self._lock:
            self._added_place(name)
            self._store_added([each for each in self._added() if each.name != name])
            self._drop(name)
        self._hub.tell(Event("removed", name))
        self._tell_statuses()

    def _read_added(self) -> list[StreamConfig]:
        try:
            return read_added(self.folder, self._settings)
        except SettingError as error:  # those of the settings go on, and the file stays as it is
            _LOG.error("%s", error)
            self._added_fault = error
            return []

    def _added(self) -> list[StreamConfig]:
        running = [place.stream.config for place in self._places.values() if place.is_added]
        return [*running, *self._shadowed]

    def _place(self, name: str) -> _Place:
        with self._lock:
            place = self._places.get(name)
        if place is None:
            raise StreamNotFound(f"there is no stream {name!r}.")
        return place

    def _added_place(self, name: str) -> _Place:
        place = self._place(name)
        if not place.is_added:
            raise StreamFixed(f"the stream {name!r} is in the settings file; change it there.")
        return place

    def _store_added(self, streams: list[StreamConfig]) -> None:
        if self._added_fault is not None:
            raise self._added_fault
        write_added(self.folder, streams)

    def _drop(self, name: str) -> Lookers:
        """End a stream; return who looks at it."""
        place = self._places.pop(name)
        place.stream.stop()
        # It may wait for the other side a while; only the end waits for that.
        ending = threading.Thread(target=self._end, args=(place,), daemon=True)
        ending.start()
        self._ending = [each for each in self._ending if each.is_alive()] + [ending]
        return place.stream.lookers

    def _begin(
        self, config: StreamConfig, *, is_added: bool, lookers: Lookers | None = None
    ) -> None:
        settings = config.settings
        rules = [
            each
            for each in self._watching.alerts
            if not each.streams or config.name in each.streams
        ]
        clips = None
        if any(rule.clip for rule in rules):
            clips = ClipRecorder(
                settings.clip_before_s, settings.clip_after_s, self._clip_writer, settings.rotate
            )
        alarms = Alarms(config, rules, self.store, self._hub, clips, self._deliveries)
        broker = self._broker
        outputs = Outputs(
            config.name,
            drawing_style(settings, "video"),
            self._hub,
            records=HourlyRecords(self.folder / config.name) if settings.record else None,
            publish=None if broker is None else broker.publish,
            publishes_records=settings.mqtt_records,
            watch=alarms if rules else None,
            about=analysis_header(settings),
        )
        on_packet = None if clips is None else clips.packet
        stream = Stream(config, self._gate, self._engines, outputs, on_packet, lookers)
        self._places[config.name] = _Place(stream, clips, is_added, Stepper())
        stream.start()

    def _end(self, place: _Place) -> None:
        place.stream.join(place.stream.config.settings.stall_s + 1)
        if place.clips is not None:
            place.clips.close()

    def _tend(self) -> None:
        swept_s = 0.0
        while not self._stopping.wait(_TEND_S):
            try:
                self._look_after_all()
                if time.monotonic() - swept_s > _SWEEP_S:
                    swept_s = time.monotonic()
                    self.store.sweep(self._settings.keep_alerts_for)
                    self._sweep_records()
            except PosemillError as error:
                _LOG.error("%s", error)
            except Exception:  # the next round may do; without any, nothing is mended again
                _LOG.exception("streams can't be tended")

    def _sweep_records(self) -> None:
        """Remove old records, those of streams that are gone as well."""
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            sweep(folder, self._settings.keep_records_for, time.time())

    def _look_after_all(self) -> None:
        now, busy = time.monotonic(), self._busy_share()
        self._share = busy
        with self._lock:
            places = dict(self._places)
        for name, place in places.items():
            self._step(place, now, busy)
            if place.clips is not None and place.stream.state.word != "live":
                place.clips.close()  # what is there of a stream that is lost, or over
            if place.stream.fault is not None:
                place.failed_s = now if place.failed_s is None else place.failed_s
                if now - place.failed_s > _AGAIN_S:
                    self._restart(name, place)
        self._tell_statuses()

    def _tell_statuses(self) -> None:
        fields = {"streams": self.statuses(), "busy": round(self._share, 3)}
        self._hub.tell(Event("status", "", fields))

    def _busy_share(self) -> float:
        now, busy_s = time.monotonic(), self._gate.busy_s
        (before, busy_before), self._busy = self._busy, (now, busy_s)
        return (busy_s - busy_before) / max(1e-3, now - before) / self._gate.places

    def _step(self, place: _Place, now: float, busy: float) -> None:
        stream = place.stream
        processed, dropped = stream.processed, stream.dropped
        came = processed - place.processed
        wanted = came + dropped - place.dropped
        place.processed, place.dropped = processed, dropped
        if stream.config.settings.step_down and stream.options.model_complexity and wanted:
            stream.is_down = place.stepper.update(now, share=came / wanted, busy=busy)

    def _restart(self, name: str, place: _Place) -> None:
        with self._lock:
            if self._places.get(name) is place:
                lookers = self._drop(name)
                self._begin(place.stream.config, is_added=place.is_added, lookers=lookers)


def _few_arenas() -> None:
    """Have all threads take memory from two places; of one a thread, each would keep its most.

    Measured: 17 MiB more in ten minutes of faults without, 4 MiB with it (mallopt(3)).
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
