"""Opening a video file through FFmpeg so that it can reach that file and nothing else."""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from posemill.errors import BrokenSource, UnsupportedSource
from posemill.sources.files import shown
from posemill.sources.selection import refuse_too_large

# Containers of videos, and of sound so that the message can say that the track is missing.
# Not in the list, on purpose: playlists and scripts (hls, dash, concat, sdp, image2, lavfi),
# which name other files and hosts, and text screens (tty), which take any text for a video.
DEMUXERS: Final = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,ivf,flv,asf,ogg,mjpeg,"
    "yuv4mpegpipe,nut,mxf,wtv,rm,dv,gxf,mp3,wav,flac,aac,aiff"
)
# FFmpeg's order when a file's average rate is unknown, too.
_FALLBACK_RATE: Final = Fraction(25)
# Rates beyond this are a time base that was taken for a rate.
_MAX_RATE: Final = 1000
_PADDING_PIXELS: Final = 65_536
# FFmpeg refuses the whole file where an option is beyond what it takes: INT_MAX here.
_MAX_OPTION: Final = 2**31 - 1
# Containers whose header says how long the whole file is meant to be.
_SELF_DESCRIBED: Final = frozenset(("mov", "matroska"))


@dataclass(frozen=True, slots=True)
class Track:
    """An opened file and its video stream.

    ``rate``: average frames a second, a guess where ``rate_known`` is False. ``length_s``:
    what the header promises for the file, None where it promises nothing.
    """

    container: InputContainer
    stream: VideoStream
    time_base: Fraction
    rate: Fraction
    rate_known: bool
    length_s: float | None


def open_track(path: Path, name: str, max_pixels: int, *, known: bool) -> Track:
    """Open the video file at ``path``; ``known``: its first bytes are those of a video.

    Errors: BrokenSource, UnsupportedSource, SourceTooLarge.
    """
    label = shown(name)
    # FFmpeg's own decoders, which probe the file while it is opened, are held back as well.
    # They count the padding of their buffers, so what is exact is the check afterwards.
    options = {"max_pixels": str(min(2 * max_pixels + _PADDING_PIXELS, _MAX_OPTION))}
    try:
        container = _open(path, options)
    except (FFmpegError, ValueError, MemoryError, OSError) as error:
        if known:
            raise BrokenSource(
                f"{label}: the video is damaged or cut short, and can't be opened."
            ) from error
        raise UnsupportedSource(
            f"{label}: is neither a picture (JPEG, PNG, BMP, WebP, AVIF, TIFF, GIF) "
            "nor a video that posemill reads."
        ) from error
    try:
        stream = _video_stream(container, label)
        _check_size(stream, label, max_pixels)
        stream.thread_type = "AUTO"
        stream.codec_context.options = options
    except BaseException:
        container.close()
        raise
    return _track(container, stream)


def refuse_undecodable(path: Path, name: str, max_pixels: int) -> NoReturn:
    """Raise what there is to say of a video of which not one frame could be decoded.

    FFmpeg gives no reason when its decoders refuse a size, so headers are read once more
    without decoding. Errors: SourceTooLarge, BrokenSource.
    """
    label = shown(name)
    with (
        suppress(FFmpegError, ValueError, MemoryError),
        _open(path, {"skip_frame": "all"}) as again,
    ):
        _check_size(_video_stream(again, label), label, max_pixels)
    raise BrokenSource(f"{label}: not one frame of this video can be decoded.")


def _open(path: Path, options: dict[str, str]) -> InputContainer:
    return av.open(
        f"file:{path.absolute()}",
        options=options,
        container_options={"protocol_whitelist": "file", "format_whitelist": DEMUXERS},
        metadata_errors="replace",
    )


def _video_stream(container: InputContainer, label: str) -> VideoStream:
    # The cover of a song is a video stream to FFmpeg, but no video.
    if not (container.streams.video or container.streams.audio):  # a cut header shows as data
        raise BrokenSource(f"{label}: the video is damaged or cut short before its first track.")
    tracks = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not tracks:
        raise UnsupportedSource(f"{label}: has no video track.")
    best = container.streams.best("video")
    stream = next((s for s in tracks if best is not None and s.index == best.index), tracks[0])
    if stream.codec_context is None:
        raise UnsupportedSource(f"{label}: its video codec is not one that posemill reads.")
    return stream


def _check_size(stream: VideoStream, label: str, max_pixels: int) -> None:
    refuse_too_large(stream.codec_context.width, stream.codec_context.height, label, max_pixels)


def _track(container: InputContainer, stream: VideoStream) -> Track:
    rates = (stream.average_rate, stream.guessed_rate)
    rate = next((Fraction(r) for r in rates if r and 0 < r <= _MAX_RATE), None)
    return Track(
        container,
        stream,
        Fraction(stream.time_base or Fraction(1, 1000)),
        rate or _FALLBACK_RATE,
        rate is not None,
        _promised_s(container, stream, rate),
    )


def _promised_s(
    container: InputContainer, stream: VideoStream, rate: Fraction | None
) -> float | None:
    names = container.format.name.split(",")
    if "avi" in names:  # its duration is FFmpeg's own, from as much of the file as there is
        return float(stream.frames / rate) if stream.frames and rate else None
    if container.duration is not None and not _SELF_DESCRIBED.isdisjoint(names):
        return container.duration / av.time_base
    return None
