"""Where frames come from: pictures, animations, video files, and live sources.

A source is opened by what its file holds, never by its suffix. Pillow and FFmpeg are loaded
only when a file of theirs is opened.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, Protocol, Self

from posemill.errors import BrokenSource, UnsupportedSource
from posemill.sources.files import expand, is_live, open_regular, shown, unreadable
from posemill.sources.formats import HEAD_BYTES, REFUSALS, identify
from posemill.sources.selection import Selection
from posemill.types import Frame, SourceInfo

__all__ = ["Selection", "Source", "expand", "open_picture_bytes", "open_source"]

_EVERYTHING: Final = Selection()


class Source(Protocol):
    """Frames to iterate over once, in order of time; close it, or use it in a ``with``.

    ``info``: what is known beforehand. ``damage``: after iterating, a sentence when the
    source turned out damaged part-way (the frames that could be read were delivered).
    """

    info: SourceInfo
    damage: str | None

    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None:
        """Let go of the file."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def _head(file: BinaryIO, name: str) -> bytes:
    try:
        return file.read(HEAD_BYTES)
    except OSError as error:  # a damaged disk, or a file of /proc that refuses
        raise unreadable(name, error) from error


def open_source(
    address: str | Path, selection: Selection = _EVERYTHING, *, name: str | None = None
) -> Source:
    """Open the picture or video at ``address``, or connect to it, and decode its first frame.

    ``name``: what to call it in place of its address. Errors: SourceNotFound, UnsupportedSource,
    BrokenSource, SourceTooLarge, SourceError; each text begins with the name and a colon.
    """
    name = name or str(address)
    if isinstance(address, str) and is_live(address):
        from posemill.sources.live.opened import open_live  # noqa: PLC0415

        return open_live(address, selection)
    label = shown(name)
    path = Path(address)
    file = open_regular(path, name)
    try:
        head = _head(file, name)
        if not head:
            raise BrokenSource(f"{label}: is empty (0 bytes).")
        content = identify(head, path.suffix)
        if content.kind == "refused":
            raise UnsupportedSource(f"{label}: {REFUSALS[content.format]}.")
        if content.kind == "picture":
            from posemill.sources.pictures import open_picture  # noqa: PLC0415

            return open_picture(file, content.format, name, path, selection)
    except BaseException:
        file.close()
        raise
    file.close()
    from posemill.sources.videos import open_video  # noqa: PLC0415

    return open_video(name, path, selection, known=content.kind == "video")


def open_picture_bytes(data: bytes, name: str, selection: Selection = _EVERYTHING) -> Source:
    """Open a picture that is in memory and decode its first frame; ``name``: for errors.

    Errors: as ``open_source``; UnsupportedSource for a video too.
    """
    label = shown(name)
    if not data:
        raise BrokenSource(f"{label}: is empty (0 bytes).")
    content = identify(data[:HEAD_BYTES], Path(name).suffix)
    if content.kind == "refused":
        raise UnsupportedSource(f"{label}: {REFUSALS[content.format]}.")
    if content.kind != "picture":
        raise UnsupportedSource(f"{label}: is not a picture in a format that posemill reads.")
    from posemill.sources.pictures import open_picture  # noqa: PLC0415

    return open_picture(BytesIO(data), content.format, name, Path(name), selection)
