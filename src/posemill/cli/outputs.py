"""What goes in and what comes out: addresses and --out values become jobs, before any work."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posemill.errors import SourceError, UsageError
from posemill.sources import expand

STDOUT: Final = Path("-")
RECORDS: Final = (".jsonl", ".json", ".csv")
PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")
VIDEOS: Final = (".mp4",)
_SEE_THROUGH: Final = (".png", ".webp")


@dataclass(frozen=True, slots=True)
class Targets:
    """The --out values by what they are; ``records`` take all sources, ``copies`` one.

    ``folders_draw``: whether a folder gets an annotated copy of each source.
    """

    records: tuple[Path, ...]
    copies: tuple[Path, ...]
    folders: tuple[Path, ...]
    folders_draw: bool = True

    @property
    def draw(self) -> bool:
        """Whether anything is to be drawn."""
        return bool(self.copies) or (bool(self.folders) and self.folders_draw)


@dataclass(frozen=True, slots=True)
class Job:
    """One source, and for each of the folders what its files there begin with.

    ``draws``: whether an annotated copy is among them.
    """

    address: str | Path
    stems: tuple[Path, ...]
    draws: bool = True

    @property
    def records(self) -> list[Path]:
        """The records of this source in the folders."""
        return [stem.with_name(f"{stem.name}.jsonl") for stem in self.stems]

    def paths(self, kind: str, *, transparent: bool) -> list[Path]:
        """Return the files of this source in the folders, once its ``kind`` is known."""
        suffix = ".mp4"
        if kind == "picture":
            own = Path(self.address).suffix.lower()
            suffix = own if own in PICTURES and not transparent else ".png"
        endings = (".jsonl", f".pose{suffix}") if self.draws else (".jsonl",)
        return [stem.with_name(stem.name + ending) for stem in self.stems for ending in endings]


def targets(
    outs: Sequence[str],
    *,
    transparent: bool,
    no_copies: bool = False,
    skip_existing: bool = False,
) -> Targets:
    """Sort the --out values; UsageError on one that makes no sense."""
    files: dict[str, Path] = {}
    folders: dict[str, Path] = {}
    for out in outs or ["-"]:
        path = Path(out)
        folder = out != "-" and _means_folder(out)
        seen = folders if folder else files
        if out != "-" and os.path.realpath(path) in seen:
            raise UsageError(f"--out {out} is given twice.")
        seen[os.path.realpath(path) if out != "-" else out] = path
    for path in files.values():
        _check_suffix(path, transparent=transparent)
    for is_given, flag in ((no_copies, "--no-copies"), (skip_existing, "--skip-existing")):
        if is_given and not folders:
            raise UsageError(f"{flag} is for folders; name one, as in --out results/")
    if skip_existing and files:
        raise UsageError(
            f"--skip-existing is for folders alone; leave out --out {next(iter(files.values()))}, "
            "which is written anew each time."
        )
    return Targets(
        tuple(path for path in files.values() if path == STDOUT or _suffix(path) in RECORDS),
        tuple(path for path in files.values() if _suffix(path) in PICTURES + VIDEOS),
        tuple(folders.values()),
        folders_draw=not no_copies,
    )


def analysis_outputs(
    outs: Iterable[str], suffixes: Sequence[str], inputs: Iterable[str | Path]
) -> list[Path]:
    """Return the files that an analysis is written to.

    UsageError for a suffix that is not known, for one that is given twice, and for one of the
    ``inputs``, which would be lost.
    """
    found: dict[object, Path] = {}
    for out in outs:
        path = Path(out)
        if _suffix(path) not in suffixes:
            raise UsageError(f"--out {path}: must end in {_either(suffixes)}.")
        if found.setdefault(_identity(path), path) is not path:
            raise UsageError(f"--out {out} is given twice.")
    refuse_overwriting(found.values(), inputs)
    return list(found.values())


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[str | Path]) -> None:
    """Raise UsageError where an output is one of the inputs, under whatever name."""
    known = {_identity(Path(each)) for each in inputs}
    for path in outputs:
        if _identity(path) in known:
            raise UsageError(f"--out would overwrite the source {path}; name another place.")


def _either(suffixes: Sequence[str]) -> str:
    return suffixes[0] if len(suffixes) == 1 else f"one of {' '.join(suffixes)}"


def _means_folder(out: str) -> bool:
    path = Path(out)
    if not out:
        raise UsageError("--out '' names nothing; give a file or a folder (. is this one).")
    if out.endswith(("/", os.sep)) or _is_folder(path):
        return True
    if path.name.lower() in RECORDS + PICTURES + VIDEOS:
        raise UsageError(f"--out {out} is a suffix only; add a name, as in --out result{path.name}")
    return not path.suffix


def _check_suffix(path: Path, *, transparent: bool) -> None:
    suffix = _suffix(path)
    if path == STDOUT or suffix in RECORDS:
        return
    if suffix not in PICTURES + VIDEOS:
        known = " ".join(RECORDS + PICTURES + VIDEOS)
        raise UsageError(f"--out {path}: {suffix} is not known; known are {known} and folders.")
    if transparent and suffix not in _SEE_THROUGH:
        fitting = " or ".join(_SEE_THROUGH)
        raise UsageError(
            f"--out {path}: {suffix} can't be transparent; use {fitting}, "
            "or for a video --background 0."
        )


def jobs(addresses: Sequence[str], wanted: Targets, failures: list[SourceError]) -> list[Job]:
    """Return one job for each source behind ``addresses``, none twice.

    An address with nothing behind it goes to ``failures``, so that it spares the others.
    UsageError where an output would overwrite a source, or where --out takes one source only.
    """
    found: dict[str, tuple[str | Path, Path]] = {}
    for address in addresses:
        try:
            for source, name in _inside(address, wanted.folders):
                found.setdefault(os.path.normpath(source), (source, name))
        except SourceError as error:
            failures.append(error)
    if wanted.copies and len(found) + len(failures) > 1:
        raise UsageError(
            f"--out {wanted.copies[0]} takes one source, not {len(found) + len(failures)}; "
            "give a folder, as in --out results/"
        )
    taken = {_identity(path) for path in (*wanted.records, *wanted.copies)}
    namings = [_Naming(folder, set(taken)) for folder in wanted.folders]
    listed = [
        Job(source, tuple(naming.stem(name) for naming in namings), wanted.folders_draw)
        for source, name in found.values()
    ]
    _refuse_overwriting(listed, wanted)
    return listed


def _inside(address: str, folders: Sequence[Path]) -> Iterator[tuple[str | Path, Path]]:
    root = Path(address)
    if not _is_folder(root):
        for source in expand([address]):
            yield source, Path(Path(source).name)
        return
    real = Path(os.path.realpath(root))
    outs = [Path(os.path.realpath(folder)) for folder in folders]
    below = [out for out in outs if real in out.parents]
    for source in expand([address], exclude=below[0] if below else None):
        path = Path(source)
        if not any(out in Path(os.path.realpath(path)).parents for out in below):
            yield path, path.relative_to(root)


class _Naming:
    """Names in one output folder: stem, else full name, else full name and a number."""

    def __init__(self, folder: Path, taken: set[object]) -> None:
        self._folder = folder
        self._taken = taken

    def stem(self, name: Path) -> Path:
        choices = [name.with_name(name.stem), name]
        number = 2
        while True:
            for choice in choices:
                path = self._folder / choice
                key = str(path).casefold()
                records = _identity(path.with_name(path.name + ".jsonl"))
                if key not in self._taken and records not in self._taken:
                    self._taken.add(key)
                    return path
            choices = [name.with_name(f"{name.name}-{number}")]
            number += 1


def _refuse_overwriting(listed: Sequence[Job], wanted: Targets) -> None:
    outputs = [path for path in (*wanted.records, *wanted.copies) if path != STDOUT]
    endings = (".jsonl", *(f".pose{suffix}" for suffix in PICTURES + VIDEOS))
    stems = [stem for job in listed for stem in job.stems]
    outputs += [stem.with_name(stem.name + ending) for stem in stems for ending in endings]
    refuse_overwriting(outputs, [job.address for job in listed])


def _identity(path: Path) -> object:
    """Return what is the same for two names of one file, links included."""
    try:
        status = path.stat()
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def _is_folder(path: Path) -> bool:
    """Return whether it is one; what can't be looked at is told of when it is opened."""
    try:
        return path.is_dir()
    except OSError:  # a folder above that is locked, a name too long
        return False


def _suffix(path: Path) -> str:
    return path.suffix.lower()
