"""Compiled models kept between runs, in the user's own cache folder.

Compiling takes most of a cold start, reading a ``.tflite`` file most of the rest. A compiled
model is trusted as a program is, so the folder and its files are the user's alone. Nothing
here is needed: whatever goes wrong, a model is compiled again.
"""

import hashlib
import io
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_KEPT: Final = 16  # files; each version of OpenVINO and of posemill makes new ones
_HASH: Final = hashlib.sha256
_SUFFIX: Final = ".model"
_PARTIAL: Final = ".part"


def cache_folder(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """Return where a user's caches belong on ``system``. RuntimeError where there is no home."""
    if system == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "posemill" / "cache"
    if system == "darwin":
        return Path.home() / "Library" / "Caches" / "posemill"
    given = Path(environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "posemill"


@dataclass(frozen=True, slots=True)
class ModelCache:
    """A folder of files, each some arrays under a key.

    ``key`` is all that a file's content follows from. Two processes may read and write at
    once: a file is written aside and renamed when it is whole.
    """

    folder: Path

    def load(self, key: str) -> list[Array] | None:
        """Return what was stored under ``key``, None where that is nothing, or damaged."""
        try:
            if not _private(self.folder):
                return None
            data = self._path(key).read_bytes()
        except OSError:
            return None
        size = _HASH().digest_size
        content = memoryview(data)[size:]
        if _digest(key, content) != data[:size]:
            return None
        stream, arrays = io.BytesIO(content), []
        while stream.tell() < len(content):
            arrays.append(np.load(stream, allow_pickle=False))
        return arrays

    def store(self, key: str, arrays: Sequence[Array]) -> None:
        """Keep ``arrays`` under ``key``, or don't, where the folder can't be written."""
        stream = io.BytesIO()
        for array in arrays:
            np.save(stream, array, allow_pickle=False)
        content = stream.getbuffer()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _private(self.folder):
                return
            number, partial = mkstemp(suffix=_PARTIAL, dir=self.folder)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(_digest(key, content))
                    file.write(content)
                Path(partial).replace(self._path(key))
            except OSError:
                Path(partial).unlink(missing_ok=True)
                return
            self._drop_old()
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.folder / (_HASH(key.encode()).hexdigest()[:32] + _SUFFIX)

    def _drop_old(self) -> None:
        """Remove all but the newest files, also those that a killed process left unfinished."""
        files = [path for path in self.folder.iterdir() if path.suffix in (_SUFFIX, _PARTIAL)]
        files.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[_KEPT:]:
            path.unlink(missing_ok=True)


def _digest(key: str, content: memoryview) -> bytes:
    digest = _HASH(key.encode())
    digest.update(content)
    return digest.digest()


def _private(folder: Path) -> bool:
    """Whether nobody else can put files into ``folder``; on Windows its place is enough."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.getuid() and not status.st_mode & others
