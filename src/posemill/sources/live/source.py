"""A live source that comes back: the only place that connects again."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from posemill.errors import SourceError
from posemill.sources.live.addresses import LiveAddress, live_address, redacted
from posemill.sources.live.clock import Backoff
from posemill.sources.live.connection import Connection, LiveOptions, OnPacket, Stalled
from posemill.sources.live.late import Counts, LiveFrame
from posemill.sources.upright import UprightConverter
from posemill.types import Frame

# A source is connecting until it first works or fails; what fails keeps that state until it works.
Word = Literal["connecting", "live", "stalled", "failed", "ended"]
# What was well for so long is tried again soon.
_HEALTHY_S: Final = 30.0
_GRACE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class LiveState:
    """How a source is: a word, the reason where it isn't live, and since when, in unix seconds."""

    word: Word = "connecting"
    reason: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A frame to be looked at: its number among those taken, and when it was captured.

    ``captured_s``: monotonic seconds. ``time_s``: the same since the first frame.
    """

    live: LiveFrame
    index: int
    time_s: float

    @property
    def captured_s(self) -> float:
        return self.live.captured_s


class LiveSource:
    """Frames of one address, for as long as it is not stopped.

    ``on_state`` is told of each new state, in the thread that iterates. ``stop`` may come from
    any thread; the iteration ends within ``stall_s`` then, mostly at once.
    """

    def __init__(
        self,
        address: str,
        options: LiveOptions,
        *,
        rtsp_transport: str = "tcp",
        on_state: Callable[[LiveState], None] = lambda _: None,
        on_packet: OnPacket | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._text, self._transport = address, rtsp_transport
        self._options, self._on_state, self._on_packet = options, on_state, on_packet
        self._backoff = backoff or Backoff()
        self._stopping = threading.Event()
        self.shown = redacted(address)
        self.counts = Counts()
        self.codec = ""
        self.state = LiveState(since=time.time())
        self._converter: tuple[tuple[int, int], UprightConverter] | None = None
        self._still = Stillness(options.freeze_s)
        self._index = 0
        self._first_s: float | None = None

    def stop(self) -> None:
        """End the iteration."""
        self._stopping.set()

    def __iter__(self) -> Iterator[Taken]:
        while not self._stopping.is_set():
            try:
                address = live_address(self._text, rtsp_transport=self._transport)
                yield from self._connected(address)
                if self._is_over(address):
                    return
            except Stalled as error:
                self._tell("stalled", error)
            except SourceError as error:
                self._tell("failed", error)
            else:  # a file, from its start again
                if self._stopping.wait(1 / self._options.max_fps):
                    return
                continue
            if self._stopping.wait(self._backoff.pause_s()):
                return

    def frame(self, taken: Taken) -> Frame:
        """Return a taken frame as upright RGB. SourceError where it can't be."""
        decoded = taken.live.decoded
        size = (decoded.width, decoded.height)
        if self._converter is None or self._converter[0] != size:
            self._converter = (size, UprightConverter(decoded, self._options.rotate))
        try:
            pixels = self._converter[1].rgb(decoded)
        except (ValueError, MemoryError, OSError) as error:
            raise SourceError(f"{self.shown}: a frame can't be converted: {error}.") from error
        return Frame(np.ascontiguousarray(pixels), taken.index, taken.time_s)

    def _connected(self, address: LiveAddress) -> Iterator[Taken]:
        self.counts.connections += 1
        connection = Connection(
            address, self._options, self.counts, self._stopping.wait, self._on_packet
        )
        opened_s = time.monotonic()
        try:
            self.codec = connection.codec
            for live in connection:
                if self._stopping.is_set():
                    return
                self._judge(live, time.monotonic() - opened_s)
                yield self._take(live)
        finally:
            connection.close()

    def _judge(self, live: LiveFrame, open_for_s: float) -> None:
        """See whether the source is well. Stalled where it shows the same for too long."""
        if open_for_s > _HEALTHY_S:
            self._backoff.reset()
        is_still = self._still.lasts(live.digest, live.captured_s)
        # What froze may need a moment, after connecting again, before it moves.
        if is_still and open_for_s > _GRACE_S:
            seconds = self._options.freeze_s
            raise Stalled(f"{self.shown}: the picture has not changed for {seconds:g} s.")
        if not is_still:
            self._tell("live")

    def _is_over(self, address: LiveAddress) -> bool:
        if self._stopping.is_set():
            return True
        if self.counts.received == 0:
            raise SourceError(f"{self.shown}: there is no frame in it.")
        if address.is_file and not self._options.loop:
            self._tell("ended")
            return True
        return False

    def _take(self, live: LiveFrame) -> Taken:
        if self._first_s is None:
            self._first_s = live.captured_s
        taken = Taken(live, self._index, live.captured_s - self._first_s)
        self._index += 1
        return taken

    def _tell(self, word: Word, error: SourceError | None = None) -> None:
        if self._stopping.is_set():
            return  # another one may be in its place
        reason = str(error).removeprefix(f"{self.shown}: ").rstrip(".") if error else ""
        if (word, reason) == (self.state.word, self.state.reason):
            return
        since = self.state.since if word == self.state.word else time.time()
        self.state = LiveState(word, reason, since)
        self._on_state(self.state)


class Stillness:
    """Tells when frames have been identical for longer than ``freeze_s``, 0 for never."""

    def __init__(self, freeze_s: float) -> None:
        self._freeze_s = freeze_s
        self._digest: int | None = None
        self._since_s = 0.0

    def lasts(self, digest: int, now: float) -> bool:
        """Return whether a frame, with the ones before, makes it too long."""
        if digest != self._digest:
            self._digest, self._since_s = digest, now
        return self._freeze_s > 0 and now - self._since_s > self._freeze_s
