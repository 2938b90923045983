"""One stream: capture, inference, and outputs, each in a thread of its own.

Capture never waits: of what it hands over, inference takes the newest. Inference waits for its
turn among all streams. Outputs get each result; pictures are only drawn while somebody looks.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final

from posemill.assemble import Engines, analysing, pose_options
from posemill.config import StreamConfig
from posemill.errors import PosemillError, SourceError
from posemill.handoff import Handoff, NewestHandoff
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime import Tracker
from posemill.sources.live import LiveOptions, LiveSource, LiveState, OnPacket, Taken
from posemill.streams.figures import Recent
from posemill.streams.gate import Gate
from posemill.streams.outputs import Outputs, Result
from posemill.streams.pictures import Lookers
from posemill.types import FramePoses

_LOG: Final = logging.getLogger("posemill")
# Of results for the outputs: enough for a disk that takes a second, without holding many frames.
_DEPTH: Final = 8
# With fewer frames a second than the gap allows, every one of them would be a gap.
_GAP_INTERVALS: Final = 2.5


@dataclass(slots=True)
class _Followed:
    """Who follows people now, with which model, and what is told of how they move."""

    tracker: Tracker
    options: PoseOptions
    analyse: Callable[[FramePoses], FramePoses]


class Stream:
    """A stream that is watched from ``start`` to ``stop``.

    ``lookers``: those of the stream that this one takes the place of.
    """

    def __init__(
        self,
        config: StreamConfig,
        gate: Gate,
        engines: Engines,
        outputs: Outputs,
        on_packet: OnPacket | None,
        lookers: Lookers | None = None,
    ) -> None:
        self.config, self.recent = config, Recent()
        self.lookers = Lookers() if lookers is None else lookers
        self._turns = f"{config.name}:{id(self)}"  # the one before may still wait for its own
        self._gate, self._engines, self._outputs = gate, engines, outputs
        settings = config.settings
        self.options = pose_options(settings)
        self._down_options = replace(self.options, model_complexity=0)
        self.is_down = False  # to the lite model, for want of time
        self.processed = 0
        self.fault: str | None = None  # ours; it ends the stream
        self.source = LiveSource(
            config.url,
            LiveOptions(
                max_fps=settings.max_fps,
                stall_s=settings.stall_s,
                freeze_s=settings.freeze_s,
                loop=settings.loop,
                rotate=settings.rotate,
                max_pixels=settings.max_pixels,
            ),
            rtsp_transport=settings.rtsp_transport,
            on_state=self._changed,
            on_packet=on_packet,
        )
        self._frames: NewestHandoff[Taken] = NewestHandoff()
        self._results: Handoff[Result] = Handoff(_DEPTH if settings.run_async else 1)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._run, args=(run,), name=f"posemill-{word}-{config.name}", daemon=True
            )
            for word, run in (
                ("capture", self._capture),
                ("infer", self._infer),
                ("output", self._output),
            )
        ]

    def start(self) -> None:
        """Start the three threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have the threads end."""
        self._stopping.set()
        self.source.stop()
        self._frames.abandon()

    def join(self, timeout_s: float) -> None:
        """Wait for the threads, but no longer: capture may still wait for the other side."""
        ends = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    @property
    def state(self) -> LiveState:
        """How it is."""
        if self.fault is not None:
            return LiveState("failed", self.fault, self.source.state.since)
        return self.source.state

    @property
    def header(self) -> Mapping[str, Any]:
        """The posemill/1 header of its records, empty before the first of them."""
        return self._outputs.header

    @property
    def dropped(self) -> int:
        """How many frames were passed over since a newer one was there."""
        return self._frames.dropped

    @property
    def model(self) -> str:
        """The model that looks at the frames now."""
        return MODEL_NAMES[self._wanted_options().model_complexity]

    def status(self) -> dict[str, Any]:
        """Return all there is to say of it, as JSON has it."""
        now = time.monotonic()
        ages = self.recent.ages_s(now)
        counts, state = self.source.counts, self.state
        return {
            "name": self.config.name,
            "url": self.source.shown,
            "state": state.word,
            "reason": state.reason,
            "since": round(state.since, 3),
            "codec": self.source.codec,
            "model": self.model,
            "max_fps": self.config.settings.max_fps,
            "fps": round(self.recent.rate(now), 2),
            "age_p50_ms": None if ages is None else round(1000 * ages[0], 1),
            "age_p95_ms": None if ages is None else round(1000 * ages[1], 1),
            "received": counts.received,
            "skipped": counts.skipped,
            "dropped": self.dropped,
            "broken": counts.broken,
            "processed": self.processed,
            "connections": counts.connections,
            "looking": len(self.lookers),
            "zones": {each.name: [list(p) for p in each.points] for each in self.config.zones},
            **self._outputs.status(is_live=state.word == "live"),
        }

    def _changed(self, state: LiveState) -> None:
        level = logging.INFO if state.word == "live" else logging.WARNING
        because = f": {state.reason}" if state.reason else ""
        _LOG.log(level, "stream %s is %s%s", self.config.name, state.word, because)
        self._outputs.state(state)

    def _run(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except PosemillError as error:  # as a model that is missing
            self._fail(str(error))
        except Exception as error:
            _LOG.exception("stream %s", self.config.name)
            self._fail(f"this is a fault of posemill: {type(error).__name__}")

    def _fail(self, reason: str) -> None:
        self.fault = reason
        self._changed(LiveState("failed", reason, time.time()))
        self.stop()

    def _capture(self) -> None:
        try:
            with closing(iter(self.source)) as frames:  # type: ignore[type-var]
                for taken in frames:
                    if not self._frames.put(taken):
                        break
        finally:
            self._frames.finish()

    def _infer(self) -> None:
        followed: _Followed | None = None
        last_s: float | None = None
        settings = self.config.settings
        gap_s = max(settings.max_gap_s, _GAP_INTERVALS / settings.max_fps)
        try:
            for waiting in self._frames.until(self._stopping.is_set):
                followed = self._following(followed)  # loading a model takes a second
                with self._gate.turn(self._turns, settings.max_fps):
                    taken = self._frames.newest(waiting)
                    if last_s is not None and taken.time_s - last_s > gap_s:
                        followed.tracker.reset()  # and whoever is there now has another id
                        followed.analyse = analysing(settings)
                    last_s = taken.time_s
                    result = self._looked_at(taken, followed)
                if result is not None and not self._results.put(result):
                    break
        finally:
            self._gate.forget(self._turns)
            self._frames.abandon()
            self._results.finish()

    def _looked_at(self, taken: Taken, followed: _Followed) -> Result | None:
        try:
            frame = self.source.frame(taken)
        except SourceError as error:
            _LOG.warning("stream %s: %s", self.config.name, error)
            return None
        poses = followed.analyse(followed.tracker.track(frame))
        self.processed += 1
        return Result(frame, poses, followed.options, taken.captured_s)

    def _following(self, followed: _Followed | None) -> _Followed:
        options = self._wanted_options()
        if followed is not None and followed.options is options:
            return followed
        tracker = self._engines.get(options).tracker()
        return _Followed(tracker, options, analysing(self.config.settings))

    def _wanted_options(self) -> PoseOptions:
        return self._down_options if self.is_down else self.options

    def _output(self) -> None:
        try:
            for result in self._results:
                self._outputs.take(result, wanted=bool(len(self.lookers)))
                now = time.monotonic()
                self.recent.add(now, now - result.captured_s)
                is_behind = self.config.settings.run_async and self._results.waiting
                if self.lookers.width_px and not is_behind:
                    self._outputs.show(result, self.lookers.width_px)
        finally:
            self._results.abandon()
            self._outputs.close()
