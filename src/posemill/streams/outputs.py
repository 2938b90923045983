"""Where the results of one stream go: files, listeners, the broker, alerts."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from posemill.drawing import DrawingStyle
from posemill.errors import SinkError
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.records import dumps, frame_record, header
from posemill.runtime.precision import effective_precision
from posemill.sources.live import LiveState
from posemill.streams.files import HourlyRecords
from posemill.streams.hub import Event, Hub
from posemill.streams.pictures import rendered
from posemill.types import Frame, FramePoses, SourceInfo

Publish = Callable[[str, Mapping[str, Any] | str, bool], None]

_LOG: Final = logging.getLogger("posemill")
_COMPLAIN_S: Final = 60.0  # once a minute of what goes wrong with every record


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A frame, its people, what they were found with, and when it was captured (monotonic)."""

    frame: Frame
    poses: FramePoses
    options: PoseOptions
    captured_s: float


class Watch(Protocol):
    """Looks for what alerts are raised by."""

    def look(self, result: Result, at: float, style: DrawingStyle) -> None:
        """Look at a result; ``at``: unix seconds."""


class Outputs:
    """All outputs of one stream; ``take`` and ``show`` come from one thread.

    ``about``: what the header says besides.
    """

    def __init__(
        self,
        name: str,
        style: DrawingStyle,
        hub: Hub,
        *,
        records: HourlyRecords | None,
        publish: Publish | None,
        publishes_records: bool,
        watch: Watch | None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self._name, self._style, self._hub = name, style, hub
        self._records, self._publish, self._watch = records, publish, watch
        self._publishes_records, self._about = publishes_records, about or {}
        self._made_with: tuple[tuple[int, int], PoseOptions] | None = None
        self.header: Mapping[str, Any] = {}
        self._unwritten = 0
        self._people = 0
        self._complained_s = -_COMPLAIN_S

    def status(self, *, is_live: bool) -> dict[str, Any]:
        """Return what a stream's status says of its outputs."""
        head = self.header
        return {
            "width": head.get("width"),
            "height": head.get("height"),
            "people": self._people if is_live else 0,  # who is there now, nobody knows
            "unwritten": self._unwritten,
        }

    def state(self, state: LiveState) -> None:
        """Tell of a new state of the source."""
        fields = {"state": state.word, "reason": state.reason, "since": round(state.since, 3)}
        self._hub.tell(Event("state", self._name, fields))
        if self._publish is not None:
            self._publish(f"{self._name}/state", fields, True)

    def take(self, result: Result, *, wanted: bool) -> None:
        """Take one result; ``wanted``: somebody follows the records."""
        at = time.time() - (time.monotonic() - result.captured_s)
        self._people = len(result.poses.people)
        made_with = (result.poses.size_px, result.options)
        if made_with != self._made_with:
            self._made_with = made_with
            self._begin(result)
        if wanted or self._records is not None or self._publishes_records:
            text = dumps({**frame_record(result.poses), "at": round(at, 3)})
            if wanted:
                self._hub.tell(Event("record", self._name, data=text.encode()))
            self._keep(text)
            if self._publish is not None and self._publishes_records:
                self._publish(f"{self._name}/records", text, False)
        if self._watch is not None:
            self._watch.look(result, at, self._style)

    def show(self, result: Result, width_px: int) -> None:
        """Tell listeners of the picture of a result."""
        data = rendered(result.frame, result.poses, self._style, width_px)
        fields = {"frame": result.poses.index, "time_s": round(result.poses.time_s, 3)}
        self._hub.tell(Event("picture", self._name, fields, data))

    def close(self) -> None:
        """Complete what is open."""
        if self._records is not None:
            try:
                self._records.close()
            except SinkError as error:
                _LOG.error("stream %s: %s", self._name, error)

    def _begin(self, result: Result) -> None:
        options, (width, height) = result.options, result.poses.size_px
        self.header = header(
            SourceInfo(self._name, "video", width, height),
            model=MODEL_NAMES[options.model_complexity],
            engine=options.engine,
            precision=effective_precision(options),
            **self._about,
        )
        self._hub.tell(Event("header", self._name, self.header))
        if self._records is not None:
            self._guarded(lambda records: records.begin(self.header))

    def _keep(self, text: str) -> None:
        if self._records is not None and not self._guarded(lambda records: records.write(text)):
            self._unwritten += 1

    def _guarded(self, do: Callable[[HourlyRecords], None]) -> bool:
        assert self._records is not None
        try:
            do(self._records)
        except SinkError as error:
            if time.monotonic() - self._complained_s >= _COMPLAIN_S:
                self._complained_s = time.monotonic()
                _LOG.error("stream %s: %s", self._name, error)
            return False
        return True
