"""The alerts of one stream: looked for in each result, with a picture and a clip of each."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from posemill.alerts import Alert, Alerter, AlertStore, Deliveries
from posemill.config import AlertConfig, StreamConfig
from posemill.drawing import DrawingStyle
from posemill.errors import PosemillError, SinkError
from posemill.sinks.aside import write_whole
from posemill.streams.clips import ClipRecorder
from posemill.streams.hub import Event, Hub
from posemill.streams.outputs import Result
from posemill.streams.pictures import rendered

_LOG: Final = logging.getLogger("posemill")
_WIDTH_PX: Final = 1280


class Alarms:
    """Looks at the results of one stream by all rules that are for it."""

    def __init__(
        self,
        stream: StreamConfig,
        rules: Sequence[AlertConfig],
        store: AlertStore,
        hub: Hub,
        clips: ClipRecorder | None,
        deliveries: Deliveries,
    ) -> None:
        self._stream, self._store, self._hub = stream, store, hub
        self._clips, self._deliveries = clips, deliveries
        self._alerters = [(rule, Alerter(rule, stream, store, deliveries)) for rule in rules]

    def look(self, result: Result, at: float, style: DrawingStyle) -> None:
        """Look at a result; what can't be stored is tried again with the next one."""
        for rule, alerter in self._alerters:
            try:
                change = alerter.update(result.poses, at)
                if change is None:
                    continue
                alert = change.alert
                if change.is_raised:
                    self._deliveries.wake()
                    alert = self._pictured(alert, result, style, with_clip=rule.clip)
                self._hub.tell(Event("alert", self._stream.name, alert.to_dict()))
            except PosemillError as error:
                _LOG.error("stream %s: alert %s: %s", self._stream.name, rule.name, error)

    def _pictured(
        self, alert: Alert, result: Result, style: DrawingStyle, *, with_clip: bool
    ) -> Alert:
        if with_clip and self._clips is not None:
            clip = self._store.folder / f"{alert.id}.mp4"
            self._clips.begin(clip, time.monotonic(), self._clipped)
        data = rendered(result.frame, result.poses, style, _WIDTH_PX)
        try:
            write_whole(self._store.folder / f"{alert.id}.jpg", data)
        except SinkError as error:  # it is told without
            _LOG.error("stream %s: no picture: %s", self._stream.name, error)
            return alert
        return self._store.update(alert.id, snapshot=True)

    def _clipped(self, path: Path, problem: str | None) -> None:
        """Note that the clip of an alert is there."""
        if problem is not None:
            _LOG.warning("stream %s: no clip: %s", self._stream.name, problem)
            return
        try:
            alert = self._store.update(path.stem, clip=True)
        except PosemillError as error:
            _LOG.error("stream %s: %s", self._stream.name, error)
            return
        self._hub.tell(Event("alert", self._stream.name, alert.to_dict()))
