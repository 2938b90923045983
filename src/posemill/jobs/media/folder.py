"""Files of a job as its steps write them: aside, on the disk, then by their name."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from posemill.jobs.store import sync_folder


class Parts:
    """The parts of one job, by step."""

    def __init__(self, folder: Path) -> None:
        self.job = folder
        self.folder = folder / "parts"
        self.results = folder / "results"

    def create(self) -> None:
        """Make the folders."""
        self.folder.mkdir(exist_ok=True, mode=0o700)
        self.results.mkdir(exist_ok=True, mode=0o700)

    def file(self, step: int, suffix: str) -> Path:
        """Return the file of a step."""
        return self.folder / f"{step:06d}{suffix}"

    def files(self, suffix: str) -> list[Path]:
        """Return the files of all steps, in order."""
        return sorted(self.folder.glob(f"[0-9]*{suffix}"))

    def sync(self, paths: Iterable[Path]) -> None:
        """Have files, and their names, be on the disk."""
        for path in paths:
            if path.exists():
                sync_file(path)
        sync_folder(self.folder)


def sync_file(path: Path) -> None:
    """Have a file be on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def join(parts: Iterable[Path], target: Path, *, headers: int) -> None:
    """Put files one behind the other, all but the first without their first lines."""
    part = target.with_name(f".{target.name}.part")
    with part.open("wb") as file:
        for number, path in enumerate(parts):
            with path.open("rb") as source:
                for _ in range(headers if number else 0):
                    source.readline()
                _copy(source, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while block := source.read(1 << 20):
        target.write(block)
