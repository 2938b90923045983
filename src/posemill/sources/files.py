"""Addresses to files: folders, globs, natural order, and opening nothing but regular files."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from glob import glob, has_magic
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO, Final

from posemill.errors import SourceError, SourceNotFound

# Those of HEIC are there to be told about: phones make them, and they can't be read.
_PICTURES: Final = "jpg jpeg jpe jfif png apng bmp dib webp avif avifs tif tiff gif heic heif"
_VIDEOS: Final = (
    "mp4 m4v mov qt 3gp 3g2 f4v mkv webm avi ogv mpg mpeg m2v vob ts m2ts mts wmv asf flv mxf "
    "dv nut ivf h264 264 h265 265 hevc obu y4m mjpeg mjpg"
)
MEDIA_SUFFIXES: Final = frozenset(f".{suffix}" for suffix in f"{_PICTURES} {_VIDEOS}".split())
_LIVE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|[0-9]{1,3}\Z")


def shown(name: str) -> str:
    """Return ``name`` on one line, control characters escaped, to stand in a message."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)


def is_live(address: str) -> bool:
    """Return whether ``address`` is a URL or the number of a camera, and no file's name."""
    return bool(_LIVE.match(address)) and not os.path.lexists(address)


def natural_key(path: Path) -> tuple[tuple[tuple[bool, int, str], ...], ...]:
    """Return a sort key by which ``frame2`` stands before ``frame10``, folder by folder."""
    return tuple(
        tuple((not c.isdecimal(), int(c) if c.isdecimal() else 0, c.casefold()) for c in chunks)
        for chunks in (re.findall(r"\d+|\D+", part) for part in path.parts)
    )


def is_output(path: Path) -> bool:
    """Return whether ``path`` is an annotated copy that posemill made: ``<stem>.pose.<ext>``."""
    return Path(path.stem).suffix.casefold() == ".pose"


def expand(addresses: Sequence[str | Path], *, exclude: Path | None = None) -> list[str | Path]:
    """Return the sources behind ``addresses``, in their order, none twice.

    A folder gives its pictures and videos (by suffix), recursively and in natural order,
    without hidden files, ``*.pose.*`` outputs and anything in ``exclude``; a glob that the
    shell left alone, likewise. Files, URLs and camera numbers pass as they are, missing files
    too: opening them says what is wrong, so that one bad address spares the others.
    Errors: SourceNotFound (a glob without matches), SourceError (a folder without media, or
    one that can't be looked into).
    """
    barred = None if exclude is None else _real(exclude)
    found: dict[str, str | Path] = {}
    for address in addresses:
        try:
            sources = _expand_one(str(address), barred)
        except SourceError:
            raise
        except OSError as error:
            raise unreadable(str(address), error) from error
        for source in sources:
            key = os.path.normpath(source) if isinstance(source, Path) else source
            found.setdefault(key, source)
    return list(found.values())


def _expand_one(address: str, barred: Path | None) -> list[str | Path]:
    path = Path(address)
    if not address or "\0" in address or is_live(address):
        return [address]
    if _is_folder(path):
        inside = sorted(_media_below(path, barred), key=natural_key)
        if not inside:
            raise SourceError(f"{shown(address)}: there are no pictures or videos in this folder.")
        return list(inside)
    if os.path.lexists(path) or not has_magic(address):
        return [path]
    return list(_expand_glob(address, barred))


def _expand_glob(pattern: str, barred: Path | None) -> list[Path]:
    # As in a shell, a pattern that names a suffix takes files of any kind; `*` only media.
    any_suffix = bool(Path(pattern).suffix) and not has_magic(Path(pattern).suffix)
    found: set[Path] = set()
    for path in map(Path, glob(pattern, recursive=True)):  # noqa: PTH207 - takes absolute ones
        if _is_folder(path):
            found.update(_media_below(path, barred))
        elif (any_suffix or path.suffix.lower() in MEDIA_SUFFIXES) and not is_output(path):
            found.add(path)
    if barred is not None:
        found = {path for path in found if barred not in _real(path).parents}
    if not found:
        _check_searchable(pattern)
        raise SourceNotFound(f"{shown(pattern)}: nothing matches this pattern.")
    return sorted(found, key=natural_key)


def _check_searchable(pattern: str) -> None:
    """Raise the OSError that ``glob`` passes over: of the folder from which it searches."""
    parts = Path(pattern).parts
    plain = takewhile(lambda part: not has_magic(part), parts)
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(Path(*plain)):
        pass


def _real(path: Path) -> Path:
    """Return ``path`` without links, or as it is where the current folder is gone."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return path


def _media_below(folder: Path, barred: Path | None) -> Iterator[Path]:
    visited: set[Path] = set()
    pending = [folder]
    while pending:
        current = pending.pop()
        real = _real(current)
        if real in visited or real == barred:
            continue  # a link back up, or the folder of our own outputs
        visited.add(real)
        try:
            with os.scandir(current) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            yield current  # opening it as a source reports it, and the other folders go on
            continue
        for entry in visible:
            path = current / entry.name
            if _is_folder(entry):
                pending.append(path)
            elif path.suffix.lower() in MEDIA_SUFFIXES and not is_output(path):
                yield path


def _is_folder(entry: os.DirEntry[str] | Path) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, a name too long, a folder above that is locked
        return False


def open_regular(path: Path, name: str) -> BinaryIO:
    """Open a regular file for reading, and never wait on a pipe, a socket or a device.

    Errors: SourceNotFound, SourceError.
    """
    label = shown(name)
    if not name:
        raise SourceNotFound("an empty name is no source; give a file.")
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise _refused_folder(path, label)
        # Without O_NONBLOCK, opening a FIFO that nobody writes to would hang for ever.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceError(
                    f"{label}: is not a regular file but a pipe, a socket or a device."
                )
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except FileNotFoundError:
        raise SourceNotFound(f"{label}: there is no such file.") from None
    except SourceError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(name, error) from error


def _refused_folder(path: Path, label: str) -> SourceError:
    if not os.access(path, os.R_OK | os.X_OK):
        return SourceError(f"{label}: this folder can't be read: permission denied.")
    return SourceError(f"{label}: is a folder; name the pictures and videos in it.")


def unreadable(name: str, error: OSError | ValueError) -> SourceError:
    """Return what there is to say where the system won't give what is at ``name``."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SourceError(f"{shown(name)}: can't be read: {text[:1].lower()}{text[1:]}.")
