"""One connection to a live source: packets in, and out of them the frames that are wanted."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import av
from av.container import Container, InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from posemill.errors import BrokenSource, SourceError, UnsupportedSource
from posemill.sources.live.addresses import LiveAddress
from posemill.sources.live.clock import Pacer
from posemill.sources.live.late import DECODING_ERRORS, Counts, LateDecoder, LiveFrame, seconds
from posemill.sources.selection import DEFAULT_MAX_PIXELS, refuse_too_large

OnPacket = Callable[["Packet[Any]", VideoStream, float], None]
Wait = Callable[[float], bool]


class Stalled(BrokenSource):
    """The connection stands, and nothing new comes."""


_OPEN_S: Final = 10.0
_WITHOUT_STAMPS: Final = ("mpjpeg",)
_SEGMENTED: Final = 3


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How to read a live source.

    ``max_fps``: frames a second to take. ``stall_s``, ``freeze_s``: when no frame, or nothing but
    the same one, means that something is wrong; ``freeze_s`` 0 for never. ``loop``: play a file
    again. ``rotate``: degrees clockwise. ``max_pixels``: of the largest frame.
    """

    max_fps: float = 15.0
    stall_s: float = 10.0
    freeze_s: float = 60.0
    loop: bool = True
    rotate: int = 0
    max_pixels: int = DEFAULT_MAX_PIXELS


class Connection:
    """An open source; iterate over it in one thread, and close it in the same.

    ``wait(seconds)``: sleeps, and returns True where it is to end. ``on_packet``: is told of each
    packet with the moment it arrived. Errors, of opening and of reading: SourceError.
    """

    def __init__(
        self,
        address: LiveAddress,
        options: LiveOptions,
        counts: Counts,
        wait: Wait,
        on_packet: OnPacket | None = None,
    ) -> None:
        self._address, self._options, self._counts = address, options, counts
        self._wait, self._on_packet = wait, on_packet
        self._pacer = Pacer()
        # Segments of HLS come every ten seconds, or later.
        is_segmented = address.paced and not address.is_file
        self._patience_s = options.stall_s * (_SEGMENTED if is_segmented else 1)
        began_s = time.monotonic()
        self._container = self._open(began_s)
        try:
            self.stream = self._video()
        except BaseException:
            self._container.close()
            raise
        self._decoder = LateDecoder(
            self.stream,
            options.max_fps,
            counts,
            address.shown,
            options.max_pixels,
            time.monotonic(),
            has_stamps=has_stamps(self._container),
        )

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec."""
        return self.stream.codec_context.codec.canonical_name

    def close(self) -> None:
        """Close it."""
        self._container.close()

    def __iter__(self) -> Iterator[LiveFrame]:
        """Yield the frames that are wanted; they end where a file does."""
        for packet in self._packets():
            if self._address.paced and self._paced(packet, time.monotonic()):
                return
            self._counts.received += 1
            arrived_s = time.monotonic()
            if self._on_packet is not None:
                self._on_packet(packet, self.stream, arrived_s)
            yield from self._decoder.frames(packet, arrived_s)
        if not self._address.is_file:
            raise BrokenSource(f"{self._address.shown}: the other side ended the connection.")

    def _packets(self) -> "Iterator[Packet[Any]]":
        """Yield the packets of the video. Stalled where none comes, or nothing that is any good."""
        asked_s = time.monotonic()
        try:
            for packet in self._container.demux():
                now = time.monotonic()
                # What the parser held is given out before FFmpeg says that it was interrupted.
                oldest_s = asked_s if self._address.paced else min(asked_s, self._decoder.alive_s)
                if now - oldest_s >= self._patience_s:
                    raise self._stalled()
                if packet.size and packet.stream.index == self.stream.index:
                    yield packet
                    asked_s = time.monotonic()
        except av.error.ExitError:
            raise self._stalled() from None
        except FFmpegError as error:
            raise self._lost(error) from None

    def _open(self, began_s: float) -> InputContainer:
        options = dict(self._address.options)
        limit = str(min(2 * self._options.max_pixels + 65_536, 2**31 - 1))
        try:
            return av.open(
                self._address.url,
                format=self._address.format,
                container_options=options,
                options={"max_pixels": limit},
                timeout=(_OPEN_S, self._patience_s),
                metadata_errors="replace",
            )
        except (*DECODING_ERRORS, OSError) as error:
            # RTSP says that what came is invalid where nothing did.
            if time.monotonic() - began_s >= _OPEN_S:
                raise self._silent() from None
            raise self._lost(error) from None

    def _video(self) -> VideoStream:
        label = self._address.shown
        if not self._container.streams.video:
            raise UnsupportedSource(f"{label}: there is no picture in this stream.")
        stream = self._container.streams.video[0]
        context = stream.codec_context
        if context is None:
            raise UnsupportedSource(f"{label}: its video codec is not one that posemill reads.")
        if context.width and context.height:
            refuse_too_large(context.width, context.height, label, self._options.max_pixels)
        # Threads of the decoder would hold frames back, and the streams share the cores anyway.
        context.thread_count = 1
        context.options = {"max_pixels": str(2 * self._options.max_pixels + 65_536)}
        return stream

    def _paced(self, packet: "Packet[Any]", now: float) -> bool:
        """Wait until a packet is due; return whether to end."""
        stamp = packet.pts if packet.dts is None else packet.dts
        stamp_s = seconds(stamp, self.stream.time_base)
        if stamp_s is None:
            return self._wait(0.0)
        return self._wait(max(0.0, self._pacer.due(stamp_s, now) - now))

    def _stalled(self) -> Stalled:
        return Stalled(f"{self._address.shown}: no frame came for {self._patience_s:g} s.")

    def _silent(self) -> BrokenSource:
        return BrokenSource(f"{self._address.shown}: it did not answer within {_OPEN_S:g} s.")

    def _lost(self, error: BaseException) -> SourceError:
        return BrokenSource(f"{self._address.shown}: {_why(error)}.")


def has_stamps(container: Container) -> bool:
    """Whether timestamps are the source's own.

    Motion JPEG over HTTP has none, so FFmpeg makes some up, of 25 frames a second.
    """
    return container.format.name not in _WITHOUT_STAMPS


def _why(error: BaseException) -> str:
    """Return what happened in words without the address, which FFmpeg's own text holds."""
    if isinstance(error, av.error.HTTPUnauthorizedError):
        return "user or password is wrong, or missing"
    if isinstance(error, av.error.EOFError):
        return "the other side ended the connection"
    if isinstance(error, av.error.InvalidDataError):
        return "what comes is no video that posemill reads"
    text = error.strerror if isinstance(error, FFmpegError | OSError) else str(error)
    return f"{text[:1].lower()}{text[1:]}" if text else type(error).__name__
