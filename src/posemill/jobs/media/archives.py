"""A zip of pictures, taken for what strangers send: no name in it is a path."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from posemill.config import Settings
from posemill.errors import BrokenSource, SourceTooLarge, UnsupportedSource

_MAX_RATIO: Final = 200  # pictures are compressed already
_FREE_BYTES: Final = 1024 * 1024  # too little for a bomb
_ENCRYPTED: Final = 0x1
# What zipfile and the decompressors raise for bytes that aren't what they should be.
_DAMAGED: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, OverflowError, RuntimeError),
)
_SYSTEM_FILES: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def is_archive(path: Path) -> bool:
    """Return whether a file begins as a zip does."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


class Archive:
    """The pictures in a zip, in the order of their names.

    Errors: BrokenSource, SourceTooLarge, UnsupportedSource, for the archive as a whole.
    """

    def __init__(self, path: Path, name: str, settings: Settings) -> None:
        self._name, self._limit = name, settings.max_content_length
        try:
            self._zip = zipfile.ZipFile(path)
            found = [each for each in self._zip.infolist() if not _is_passed_over(each)]
        except _DAMAGED as error:
            raise BrokenSource(f"{name}: the archive is damaged: {error}.") from error
        if len(found) > settings.max_archive_files:
            raise SourceTooLarge(
                f"{name}: has more files than max_archive_files = {settings.max_archive_files}."
            )
        if not found:
            raise BrokenSource(f"{name}: there is nothing in this archive.")
        total = 0
        for each in found:
            self._check(each)
            total += each.file_size
        if total > settings.max_video_length:
            raise SourceTooLarge(
                f"{name}: unpacked it is larger than max_video_length = "
                f"{settings.max_video_length} bytes."
            )
        self._entries = sorted(found, key=lambda each: each.filename)

    def __len__(self) -> int:
        return len(self._entries)

    def name(self, place: int) -> str:
        """Return what to call a picture: the name it has in the archive, made harmless."""
        text = self._entries[place].filename
        return "".join(each if each.isprintable() else "_" for each in text)[:200]

    def read(self, place: int) -> bytes:
        """Return a picture's bytes. BrokenSource, SourceTooLarge."""
        entry = self._entries[place]
        label = f"{self._name}: {self.name(place)}"
        if entry.file_size > self._limit:
            raise SourceTooLarge(f"{label}: is larger than max_content_length = {self._limit}.")
        try:
            with self._zip.open(entry) as file:  # what the entry says of its size may be a lie
                data = file.read(self._limit + 1)
        except _DAMAGED as error:
            raise BrokenSource(f"{label}: can't be unpacked: {error}.") from error
        if len(data) > self._limit:
            raise SourceTooLarge(f"{label}: is larger than max_content_length = {self._limit}.")
        return data

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def _check(self, entry: zipfile.ZipInfo) -> None:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        label = f"{self._name}: {path.name[:100]!r}"
        if not path.parts:
            raise UnsupportedSource(f"{label}: is not a name.")
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise UnsupportedSource(f"{label}: its name leads out of the archive.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise UnsupportedSource(f"{label}: is a link or a device, not a file.")
        if entry.flag_bits & _ENCRYPTED:
            raise UnsupportedSource(f"{label}: is encrypted.")
        if entry.file_size > max(_FREE_BYTES, entry.compress_size * _MAX_RATIO):
            raise SourceTooLarge(f"{label}: unpacks to far more than it is packed.")


def _is_passed_over(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return name.endswith("/") or name.startswith(_SYSTEM_FILES) or name.endswith(_SYSTEM_FILES[1:])
