"""The packages on the search path of this interpreter, and the commands that mend them."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path

from posemill.doctor.checks.ranges import Requirement, normal, requirement
from posemill.doctor.finding import Words


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution. ``folder``: the one of ``sys.path`` that holds it."""

    name: str  # normalised
    version: str
    folder: Path
    distribution: Distribution

    @property
    def installer(self) -> str:
        """Who wrote that it had installed it: pip, uv, conda; or nothing."""
        return (self.distribution.read_text("INSTALLER") or "").strip().lower()

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What its metadata asks for; what can't be read is left out."""
        lines = self.distribution.requires or ()
        return tuple(found for found in map(requirement, lines) if found)

    @property
    def sums(self) -> dict[str, str]:
        """Its files, as its RECORD has them, each with ``sha256=...`` or nothing."""
        files = self.distribution.files or ()
        return {each.as_posix(): f"{each.hash.mode}={each.hash.value}" if each.hash else ""
                for each in files}  # fmt: skip

    @property
    def top_level(self) -> frozenset[str]:
        """The names that can be imported, so far as it says so itself."""
        said = (self.distribution.read_text("top_level.txt") or "").split()
        return frozenset(said) or frozenset(self.name.replace("-", "_").split())

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def installed() -> list[Package]:
    """Return all packages, in the order of the search path: the first of a name counts."""
    return [each for folder in search_path() for each in _in_folder(folder)]


def counting(packages: Sequence[Package]) -> dict[str, Package]:
    """Return, by name, those that an import takes."""
    found: dict[str, Package] = {}
    for each in packages:
        found.setdefault(each.name, each)
    return found


def search_path() -> list[Path]:
    """Return the folders of ``sys.path`` that exist, each once."""
    folders: dict[Path, None] = {}
    for each in sys.path:
        with suppress(OSError):  # the working folder may be gone
            folders[Path(each or os.curdir).resolve()] = None
    return [each for each in folders if each.is_dir()]


def own_bin() -> Path:
    """Return the folder of this interpreter, and of its environment's commands."""
    return Path(sys.executable).absolute().parent


def in_environment(folder: Path) -> bool:
    """Return whether a folder belongs to this environment."""
    return folder.resolve().is_relative_to(Path(sys.prefix).resolve())


def install_command(*words: str) -> str:
    """Return the command that installs into this very environment, ready for a shell."""
    return _command("install", words)


def uninstall_command(*names: str) -> str:
    """Return the command that removes packages from this very environment."""
    return _command("uninstall", names)


def copy_command(source: Path, folder: Path) -> str:
    """Return the command that copies a file into a folder."""
    if os.name == "nt":
        return f'copy "{source}" "{folder}"'
    return shlex.join(["cp", str(source), str(folder)])


def running(command: str) -> Words:
    """Return a fix that is a command."""
    return Words(f"Run: {command}", f"请执行：{command}")


def _shell_words(*words: str) -> str:
    """Return a command as a shell of this system takes it."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _command(verb: str, words: Sequence[str]) -> str:
    python = sys.executable or "python"
    sure = ("-y",) if verb == "uninstall" else ()
    if os.name == "nt":  # "<" and ">" would send the output elsewhere
        words = [f'"{each}"' if {"<", ">"} & set(each) else each for each in words]
        return " ".join([_shell_words(python, "-m", "pip", verb, *sure), *words])
    with_pip = _shell_words(python, "-m", "pip", verb, *sure, *words)
    if find_spec("pip"):
        return with_pip
    uv = shutil.which("uv", path=str(own_bin())) or shutil.which("uv")
    if uv:
        return _shell_words(uv, "pip", verb, "--python", python, *words)
    return f"{_shell_words(python, '-m', 'ensurepip')} && {with_pip}"


def _in_folder(folder: Path) -> Iterator[Package]:
    for each in distributions(path=[str(folder)]):
        try:
            name, version = each.metadata["Name"], each.version
        except (KeyError, OSError, UnicodeError):
            continue  # what an interrupted installation left behind
        if name and version and not name.startswith("~"):
            yield Package(normal(name), version, folder, each)
