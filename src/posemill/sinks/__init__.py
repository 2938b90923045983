"""Where results go: record files, annotated pictures and videos, or stdout.

A file is written aside, in the same folder, and takes its name when it is whole.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from posemill.errors import UsageError
from posemill.types import FramePoses, Picture, SourceInfo

__all__ = ["SUFFIXES", "Sink", "open_sink"]

STDOUT: Final = Path("-")


class Sink(Protocol):
    """One output; end it with ``finish`` or ``discard``, also after an error of another call.

    ``path``: as it was asked for. ``wants_picture``: whether it shows the annotated picture.
    ``problem``: after ``finish``, a sentence where the file lacks something, such as sound.
    Every call may raise SinkError.
    """

    path: Path
    wants_picture: bool
    problem: str | None

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Go on with a further source; the first one is the one it was opened with.

        UsageError where the output holds one source only.
        """

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Take one frame, and its annotated picture where it is wanted."""

    def finish(self) -> None:
        """Complete the file and give it its name; nothing is left where that fails."""

    def discard(self) -> None:
        """Remove what was written; after ``finish`` this does nothing. Raises nothing."""


def open_sink(
    path: Path, info: SourceInfo, header: Mapping[str, Any], *, several: bool = False
) -> Sink:
    """Open the output at ``path``, by its suffix, and begin its first source.

    ``-`` is stdout, as JSON lines. ``header``: from ``records.header``. ``several``: whether
    further sources may follow, which makes a list of a ``.json``. Errors: UsageError
    for a suffix that is not known, SinkError where the file can't be created.
    """
    opener = _open_stdout if path == STDOUT else SUFFIXES.get(path.suffix.lower())
    if opener is None:
        known = " ".join(SUFFIXES)
        raise UsageError(f"{path}: its suffix is not one that posemill writes ({known}).")
    if several and opener is _open_json:
        opener = _open_json_list
    return opener(path, info, header)


# Each loads what it needs when it is first used: PyAV and Pillow take a while.
# ruff: noqa: PLC0415


def _open_stdout(_: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.jsonl import StdoutSink

    return StdoutSink(info, header)


def _open_jsonl(path: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.jsonl import JsonLinesSink

    return JsonLinesSink(path, info, header)


def _open_json(path: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.document import JsonDocumentSink

    return JsonDocumentSink(path, info, header)


def _open_json_list(path: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.document import JsonDocumentSink

    return JsonDocumentSink(path, info, header, several=True)


def _open_csv(path: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.table import CsvSink

    return CsvSink(path, info, header)


def _open_picture(path: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.picture import PictureSink

    return PictureSink(path, info, header)


def _open_video(path: Path, info: SourceInfo, header: Mapping[str, Any]) -> Sink:
    from posemill.sinks.video import VideoSink

    return VideoSink(path, info, header)


SUFFIXES: Final[Mapping[str, Callable[[Path, SourceInfo, Mapping[str, Any]], Sink]]] = {
    ".jsonl": _open_jsonl,
    ".json": _open_json,
    ".csv": _open_csv,
    ".jpg": _open_picture,
    ".jpeg": _open_picture,
    ".png": _open_picture,
    ".webp": _open_picture,
    ".mp4": _open_video,
}
