"""Video files, frame by frame, through PyAV."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from av.error import FFmpegError

from posemill.errors import BrokenSource, SourceError
from posemill.sources.containers import Track, open_track, refuse_undecodable
from posemill.sources.cuts import find_cuts
from posemill.sources.files import shown
from posemill.sources.reader import Decoded, FrameReader
from posemill.sources.selection import TIME_SLACK_S, Cut, Picker, Selection, refuse_too_large
from posemill.sources.upright import UprightConverter
from posemill.types import Frame, Picture, SourceInfo

_OVERSHOOT_S: Final = 1.0


class VideoSource:
    """A video file: upright frames by true timestamps, read once from start to end.

    ``Frame.index`` counts the file's frames from 0, chosen or not; those that could not be
    decoded have no number. Frames that the selection leaves out are never converted.
    """

    def __init__(
        self,
        info: SourceInfo,
        *,
        track: Track,
        reader: FrameReader,
        first: Decoded,
        converter: UprightConverter,
        selection: Selection,
        began: tuple[int, float],
        cut: Cut | None = None,
    ) -> None:
        self.info = info
        self.damage: str | None = None
        self._track = track
        self._reader = reader
        self._first: Decoded | None = first
        self._converter = converter
        self._selection = selection
        self._began = began  # number and seconds of the first frame in range
        self._cut = cut
        # FFmpeg crashes when a file is closed in one thread while another one decodes it.
        self._lock = threading.Lock()
        self._is_closed = False

    def __iter__(self) -> Iterator[Frame]:
        picker = Picker(self._selection)
        if self._cut is not None:
            picker.resume(self._cut.index - self._began[0], self._began[1])
        while (decoded := self._read()) is not None:
            if picker.is_past(decoded.time_s):
                return
            if picker.wants(decoded.time_s):
                pixels = self._convert(decoded)
                if pixels is not None:
                    yield Frame(pixels, decoded.index, decoded.time_s)
        if not self._is_closed:  # all of the file has been seen
            self.damage = self._reader.finish()

    @property
    def is_damaged(self) -> bool:
        """Whether something could not be read or decoded so far."""
        return self._reader.damage.is_any

    def cuts(self, length_s: float) -> Iterator[Cut]:
        """Yield where parts of at least ``length_s`` of the selection can begin, but the first.

        The file is read once more for that, without decoding, as far as cuts are asked for.
        """
        track = self._opened()
        origin_pts, end_s = self._reader.origin_pts or 0, self._selection.end_s
        for cut in find_cuts(track, origin_pts, self._began[1], length_s):
            if end_s is not None and cut.time_s >= end_s:
                return
            yield cut

    def part(self, cut: Cut) -> "VideoSource":
        """Open the same file again, for the frames that this source has from ``cut`` on.

        Their numbers are right where each packet of the codec is a frame. One thread decodes,
        for parts are there to be read side by side. Errors: SourceError.
        """
        track = self._opened()
        track.stream.codec_context.thread_count = 1
        try:
            reader, first = self._found(track, cut)
        except BaseException:
            track.container.close()
            raise
        return VideoSource(
            self.info,
            track=track,
            reader=reader,
            first=first,
            converter=self._converter.twin(),
            selection=self._selection,
            began=self._began,
            cut=cut,
        )

    def close(self) -> None:
        """Close the file; an iteration under way in another thread ends."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._track.container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _found(self, track: Track, cut: Cut) -> tuple[FrameReader, Decoded]:
        label = shown(self.info.name)
        # Containers without an index are searched by the order of decoding, and overshoot.
        for back_s in (0.0, _OVERSHOOT_S):
            reader = FrameReader(track)
            try:
                first = reader.start_at(cut, self._reader.origin_pts, back_s)
            except (FFmpegError, ValueError) as error:
                raise BrokenSource(f"{label}: can't be searched.") from error
            if first is not None:
                return reader, first
        raise BrokenSource(f"{label}: has no frame to begin with at {cut.time_s:.2f} s.")

    def _opened(self) -> Track:
        path, limit = Path(self.info.extra["path"]), self._selection.max_pixels
        return open_track(path, self.info.name, limit, known=True)

    def _read(self) -> Decoded | None:
        with self._lock:
            if self._is_closed:
                return None
            if self._first is not None:
                first, self._first = self._first, None
                return first
            return self._reader.read()

    def _convert(self, decoded: Decoded) -> Picture | None:
        with self._lock:
            if self._is_closed:
                return None
            try:
                return self._converter.rgb(decoded.frame)
            except (FFmpegError, ValueError, MemoryError):
                self._reader.damage.patched_frames += 1
                self._reader.damage.note(decoded.time_s)
                return None


def open_video(name: str, path: Path, selection: Selection, *, known: bool) -> VideoSource:
    """Open the video at ``path`` and decode its first frame; ``known``: it looks like one.

    Errors: BrokenSource, UnsupportedSource, SourceTooLarge, SourceError (start beyond the end).
    """
    track = open_track(path, name, selection.max_pixels, known=known)
    try:
        reader = FrameReader(track)
        first = reader.read()
        if first is None:
            refuse_undecodable(path, name, selection.max_pixels)
        refuse_too_large(first.frame.width, first.frame.height, shown(name), selection.max_pixels)
        converter = UprightConverter(first.frame, selection.rotate)
        info = _info(name, path, track, reader, converter)
        if selection.start_s:
            first = _from_start(reader, first, selection.start_s, shown(name))
    except BaseException:
        track.container.close()
        raise
    return VideoSource(
        info,
        track=track,
        reader=reader,
        first=first,
        converter=converter,
        selection=selection,
        began=(first.index, first.time_s),
    )


def _from_start(reader: FrameReader, first: Decoded, start_s: float, label: str) -> Decoded:
    """Return the first frame at or after ``start_s``; headers lie about how long a video is."""
    found: Decoded | None = first
    last_s = first.time_s
    if last_s < start_s - TIME_SLACK_S:
        reader.skip(start_s)
    while found is not None and found.time_s < start_s - TIME_SLACK_S:
        last_s = found.time_s
        found = reader.read()
    if found is None:
        raise SourceError(
            f"{label}: start ({start_s:g} s) is beyond the last frame, at {last_s:.2f} s."
        )
    return found


def _info(
    name: str, path: Path, track: Track, reader: FrameReader, converter: UprightConverter
) -> SourceInfo:
    stream, container = track.stream, track.container
    aspect = stream.sample_aspect_ratio
    if aspect and converter.is_across:
        aspect = 1 / aspect
    duration_s: float | None = None
    if stream.duration:
        duration_s = float(stream.duration * track.time_base)
    elif container.duration:
        duration_s = container.duration / 1_000_000
    extra: dict[str, Any] = {
        "path": str(path),
        "codec": stream.codec_context.codec.canonical_name,
        "time_base": track.time_base,
        "start_s": float((reader.origin_pts or 0) * track.time_base),
        "audio": bool(container.streams.audio),
        "tracks": len(container.streams),
        "average_rate": track.rate,
        "pixel_aspect": aspect or None,
    }
    return SourceInfo(
        name,
        "video",
        converter.width,
        converter.height,
        float(track.rate) if track.rate_known else None,
        stream.frames or None,
        duration_s,
        extra,
    )
