"""What ``make dist`` builds, and what that can do on a machine without network."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from posemill.runtime.model_files import MODELS
from test_build import build, run

UV = (sys.executable, "-m", "uv")
MOST_BYTES = 70_000_000
UNREACHABLE = "Can this machine reach an npm registry?"  # hatch_build.npm_advice


@pytest.fixture(scope="module")
def without_network() -> list[str]:
    """The words before a command that cut it off from every network."""
    words = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-r", "-n"]
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (Debian package util-linux) to cut the network")
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to make a network namespace (root, or user namespaces)")
    return words


@pytest.fixture(scope="module")
def dist(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive, and a wheel built from it in an environment as pip makes one."""
    folder = tmp_path_factory.mktemp("dist")
    for where in ("--offline", "--no-progress"):  # what a build requires: from uv's cache, else not
        done = run([*UV, "build", where, "--out-dir", folder, project_root], cwd=folder)
        if UNREACHABLE in done.stderr:
            pytest.skip(f"npm's packages are not to be fetched: {done.stderr}")
        if done.returncode == 0:
            return folder
    raise AssertionError(done.stderr)


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


def test_the_source_archive_builds_to_the_wheel_of_this_tree(
    project_root: Path, wheel: Path, tmp_path: Path
) -> None:
    ours = build(project_root, "wheel", tmp_path)
    assert hashes(wheel) == hashes(ours)
    assert wheel.read_bytes() == ours.read_bytes()
    assert wheel.stat().st_size < MOST_BYTES


def hashes(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


@dataclass(frozen=True)
class Installed:
    """A fresh environment with nothing but the wheel and what it needs."""

    folder: Path
    words: tuple[str, ...]

    @property
    def posemill(self) -> Path:
        return self.folder / "new" / "bin" / "posemill"

    def run(self, *command: str | Path) -> str:
        """Run with the network cut, as somebody else, and return what it says."""
        home = str(self.folder / "home")
        done = run([*self.words, *command], cwd=self.folder, HOME=home, PATH="/usr/bin:/bin")
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(
    project_root: Path,
    wheel: Path,
    without_network: list[str],
    astronaut_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    assert run([*UV, "venv", "--python", sys.executable, "new"], cwd=folder).returncode == 0
    python = folder / "new" / "bin" / "python"
    install_dependencies(UV, python, wheel, project_root / "requirements.lock", folder)
    install = [*UV, "pip", "install", "--offline", "--no-deps", "--python", str(python)]
    done = run([*without_network, *install, wheel], cwd=folder)
    assert done.returncode == 0, done.stderr
    where = run([python, "-c", "import posemill; print(posemill.__file__)"], cwd=folder)
    assert where.stdout.startswith(str(folder / "new")), "it was the wheel's code that ran"
    shutil.copyfile(astronaut_path, folder / "photo.png")
    return Installed(folder, tuple(without_network))


def install_dependencies(
    uv: Iterable[str], python: Path, wheel: Path, lock: Path, folder: Path
) -> None:
    """Install what ``wheel`` needs, in the versions of ``lock``: from uv's cache, or by network."""
    install = [*uv, "pip", "install", "--python", str(python), "--constraint", str(lock)]
    for where in ("--offline", "--no-progress"):  # from the cache, else with the network
        done = run([*install, where, wheel], cwd=folder)
        if done.returncode == 0:
            removed = run([*uv, "pip", "uninstall", "--python", python, "posemill"], cwd=folder)
            assert removed.returncode == 0, removed.stderr
            return
    pytest.skip(f"the dependencies are neither in uv's cache nor to be fetched: {done.stderr}")


def test_the_wheel_detects_a_person_with_the_network_cut(installed: Installed) -> None:
    said = installed.run(installed.posemill, "detect", "photo.png")
    header, frame = (json.loads(line) for line in said.splitlines())
    assert (header["schema"], header["model"]) == ("posemill/1", "full")
    (person,) = frame["people"]
    nose_x, nose_y = person["landmarks"][0][:2]
    assert 0.40 < nose_x < 0.48  # a look at the photo: her nose is at 226, 113 of 512
    assert 0.18 < nose_y < 0.26


def test_the_wheel_has_its_models_and_knows_its_version(installed: Installed, wheel: Path) -> None:
    said = installed.run(installed.posemill, "models")
    assert [line.split()[-1] for line in said.splitlines()] == ["ok"] * len(MODELS)
    version = installed.run(installed.posemill, "--version").split()[-1]
    assert wheel.name.split("-")[1] == version


def test_the_wheel_serves_page_and_api_with_the_network_cut(installed: Installed) -> None:
    driver = Path(__file__).with_name("fresh_install.py")
    told = json.loads(installed.run(sys.executable, driver, installed.posemill, "photo.png"))
    assert told["title"] == "posemill"
    (person,) = told["found"]["frames"][0]["people"]
    assert 0.40 < person["landmarks"][0][0] < 0.48
    assert told["exit_code"] == 0
