"""Virtual environments for the tests of `posemill doctor`, and what it finds in them."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

# The packages of this environment, posemill too, come behind those of the new one.
BEHIND = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
LOOK = """
import json, os, sys
from posemill.doctor.checks import environment, mediapipe, opencv
from posemill.doctor.premises import premises
looks = {
    "environment": environment.environment, "packages": environment.packages,
    "opencv": opencv.look, "mediapipe": mediapipe.look,
}
found = list(looks[sys.argv[1]](premises(json.loads(sys.argv[2]), os.environ)))
heavy = {"numpy", "cv2", "mediapipe", "openvino", "av", "PIL"} & set(sys.modules)
assert not heavy, f"imported into the doctor's own process: {heavy}"
print(json.dumps([
    [each.code, each.result, each.evidence.en, each.evidence.zh,
     each.fix and each.fix.en, each.fix and each.fix.zh] for each in found
]))
"""


class Found:
    """One finding, as a program in the environment told it."""

    def __init__(self, code: str, result: str, en: str, zh: str, fix: str, fix_zh: str) -> None:
        self.code, self.result, self.en, self.zh = code, result, en, zh
        self.fix, self.fix_zh = fix, fix_zh

    @property
    def commands(self) -> list[str]:
        """The commands of its fix: the same ones in both languages."""
        commands = re.split(r"; then, only if [^:]*: ", self.fix.removeprefix("Run: "))
        assert commands == re.split("；仅当[^：]*：", self.fix_zh.removeprefix("请执行："))
        return commands


class Venv:
    """An environment of its own under a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._uv("venv", "--quiet", "--python", sys.executable, str(folder))
        windows = os.name == "nt"
        self.python = folder / ("Scripts/python.exe" if windows else "bin/python")
        self.site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
        (self.site / "behind.pth").write_text(BEHIND)

    def install(self, *packages: str) -> None:
        """Install real packages alone; the test is skipped where they aren't to be had."""
        install = ["pip", "install", "--quiet", "--no-deps", "--python", str(self.python)]
        for where in ("--offline", "--no-progress"):  # from uv's cache, else with the network
            done = self._uv(*install, where, *packages, check=False)
            if done.returncode == 0:
                return
        pytest.skip(f"neither in uv's cache nor to be fetched: {done.stderr}")

    def look(self, check: str, /, **settings: object) -> dict[str, Found]:
        """Return by code what one check finds, with these settings."""
        words = ["-P", "-c", LOOK, check, json.dumps(settings)]
        found = [Found(*each) for each in json.loads(self.run(*words).stdout)]
        for each in found:
            assert any("\u4e00" <= character <= "\u9fff" for character in each.zh), each.zh
            assert bool(each.fix) == bool(each.fix_zh) == (each.result in ("warning", "failed"))
        return {each.code: each for each in found}

    def doctor(self, *flags: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """Return the exit code of `posemill doctor`, and its checks by name."""
        done = self.run("-m", "posemill", "doctor", "--json", *flags, check=False)
        return done.returncode, {each["name"]: each for each in json.loads(done.stdout)["checks"]}

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run its Python, in its own folder."""
        return self.shell([str(self.python), *words], check=check)

    def shell(
        self, command: str | list[str], *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as somebody in this environment does."""
        outside = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME")
        environ = {name: value for name, value in os.environ.items() if name not in outside}
        environ["PATH"] = os.pathsep.join([str(self.python.parent), os.defpath])
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def _uv(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "uv", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=check)


def package(
    folder: Path,
    name: str,
    version: str,
    *,
    needs: Iterable[str] = (),
    installer: str = "pip",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Put a package into a folder, as pip writes it down; return its dist-info."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {n}" for n in needs), ""]))
    (info / "INSTALLER").write_text(f"{installer}\n")
    for path, text in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    listed = [*(files or {}), f"{info.name}/METADATA", f"{info.name}/INSTALLER"]
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in listed))
    return info


def without_library(path: Path, library: bytes) -> None:
    """Have a compiled file ask for a library that no machine has, in place of one that some have.

    It is written anew: uv's cache may have the same file under another name.
    """
    data = path.read_bytes()
    assert library in data
    changed = path.with_suffix(".changed")
    changed.write_bytes(data.replace(library, b"libNO" + library[5:]))
    shutil.copymode(path, changed)
    changed.replace(path)
