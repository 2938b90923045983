"""The sound of a source for its annotated copy: packets as they are, or as AAC."""

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet

AnyPacket: TypeAlias = "Packet[Any]"  # generic for type checkers only

# What MP4 holds and browsers and players know; everything else becomes AAC.
COPIED_CODECS: Final = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"})
_AAC_RATES: Final = frozenset(
    (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
)
_AAC_BITS_S: Final = 160_000
# Decoders need sound before the first sample that is heard: Opus 80 ms (RFC 7845, 4.6).
_OPUS_PREROLL_S: Final = 0.08
_SEEK_MARGIN_S: Final = 1.0
# The containers that sources read: no playlists and scripts, which name other files and hosts.
_DEMUXERS: Final = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,ivf,flv,asf,ogg,mjpeg,"
    "yuv4mpegpipe,nut,mxf,wtv,rm,dv,gxf,mp3,wav,flac,aac,aiff"
)


class Sound:
    """Packets of the best sound track of ``path``, in order, read as they are needed.

    Without a path there are none. ``zero_s``: where the copy begins, in seconds of the
    container's own time. ``problem``: why sound is missing, as far as there should be some.
    """

    def __init__(self, path: Path | None, output: OutputContainer, zero_s: float) -> None:
        self.problem: str | None = None
        self._source: InputContainer | None = None
        self._packets: Iterator[AnyPacket] = iter(())
        self._pending: AnyPacket | None = None
        if path is None:
            return
        try:
            self._source = source = _open(path)
            track = source.streams.best("audio")
            if not isinstance(track, AudioStream):
                return
            if zero_s > _SEEK_MARGIN_S:
                with suppress(FFmpegError):  # then everything before is read and left out
                    source.seek(round((zero_s - _SEEK_MARGIN_S) * av.time_base))
            if track.codec_context.codec.canonical_name in COPIED_CODECS and _fits(track):
                self._packets = _copied(source, track, output, zero_s)
            else:
                self._packets = _encoded(source, track, output, zero_s)
        except (FFmpegError, OSError, ValueError, AttributeError) as error:  # PyAV: no decoder
            self.problem = f"the sound can't be read: {error}"

    def until(self, time_s: float) -> Iterator[AnyPacket]:
        """Yield the packets that begin before ``time_s`` of the copy."""
        while (packet := self._next()) is not None:
            assert packet.pts is not None
            if packet.pts * packet.time_base >= time_s:
                self._pending = packet
                return
            yield packet

    def stop(self, problem: str) -> None:
        """Yield no more packets, for the reason given, or for an earlier one."""
        self.problem = self.problem or problem
        self._packets, self._pending = iter(()), None

    def close(self) -> None:
        """Let go of the source."""
        self._packets = iter(())
        if self._source is not None:
            self._source.close()

    def _next(self) -> "AnyPacket | None":
        packet, self._pending = self._pending, None
        if packet is not None:
            return packet
        try:
            return next(self._packets, None)
        except (FFmpegError, ValueError) as error:  # PyAV: a format that changes on the way
            self.problem = f"the sound ends early: {error}"
            return None


def _open(path: Path) -> InputContainer:
    """Open the source so that FFmpeg reaches that file and nothing that it names."""
    return av.open(
        f"file:{path.absolute()}",
        container_options={"protocol_whitelist": "file", "format_whitelist": _DEMUXERS},
        metadata_errors="replace",
    )


def _fits(track: AudioStream) -> bool:
    """Return whether MP4 takes what the track says of itself.

    Muxers look at it last of all, in the index, and a video without an index is lost.
    """
    if track.codec_context.codec.canonical_name not in ("flac", "opus"):
        return True  # their boxes are made from the first packet, or hold anything
    try:
        with av.open(BytesIO(), "w", "mp4", container_options={"movflags": "empty_moov"}) as trial:
            trial.add_stream_from_template(track)
            trial.start_encoding()
    except FFmpegError:
        return False
    return True


def _copied(
    source: InputContainer, track: AudioStream, output: OutputContainer, zero_s: float
) -> Iterator[AnyPacket]:
    # Streams must be known before the first packet, so this part is not in the generator.
    copy = output.add_stream_from_template(track)
    assert track.time_base is not None
    zero = round(zero_s / track.time_base)
    is_opus = track.codec_context.codec.canonical_name == "opus"
    preroll = round(_OPUS_PREROLL_S / track.time_base) if is_opus else 0

    def packets() -> Iterator[AnyPacket]:
        last = None
        for packet in source.demux(track):
            if packet.pts is None or not packet.size:
                continue
            # One packet more than is heard: decoders overlap each with the one before. What
            # lies before 0 is skipped by the edit list that the muxer writes.
            if packet.pts + 2 * (packet.duration or 0) + preroll <= zero:
                continue
            packet.dts = (packet.pts if packet.dts is None else packet.dts) - zero
            packet.pts -= zero
            if last is not None and packet.dts <= last:
                continue  # muxers refuse time that stands still
            last = packet.dts
            packet.stream = copy
            yield packet

    return packets()


def _encoded(
    source: InputContainer, track: AudioStream, output: OutputContainer, zero_s: float
) -> Iterator[AnyPacket]:
    rate = track.codec_context.sample_rate
    encoder = output.add_stream("aac", rate=rate if rate in _AAC_RATES else 48000)
    encoder.codec_context.layout = "mono" if track.codec_context.channels == 1 else "stereo"
    encoder.codec_context.bit_rate = _AAC_BITS_S

    def packets() -> Iterator[AnyPacket]:
        for packet in source.demux(track):
            with suppress(FFmpegError):  # a broken packet; FFmpeg goes on behind it
                for frame in packet.decode():
                    assert frame.time_base is not None
                    if frame.pts is None:
                        continue
                    frame.pts -= round(zero_s / frame.time_base)
                    if frame.pts * frame.time_base + frame.samples / frame.sample_rate > 0:
                        yield from encoder.encode(frame)
        yield from encoder.encode(None)

    return packets()
