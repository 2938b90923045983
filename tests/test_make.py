"""The Makefile, with stand-ins for Python and uv that note what they are asked; and the lock."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

TOOL = """#!/bin/sh
# Stands for python3, and for whatever the environment holds.
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in
  "pip install "*) echo "index $UV_DEFAULT_INDEX" >> "$LOG.index" ;;
esac
case "$*" in
  "-m pip config list") printf '%s\n' "$PIP_SAYS" ;;
  "-c "*) exit "${TOO_OLD:-0}" ;;
  "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/posemill ;;
  "-m pip install "*) cp "$0" .venv/bin/uv ;;
  *--editable*)
    mkdir -p src/posemill/kernels src/posemill/models src/posemill/server/assets
    mkdir -p src/posemill/server/page
    touch src/posemill/kernels/.stamp src/posemill/server/assets/.stamp
    touch src/posemill/server/page/.stamp
    for name in detection landmark_full landmark_heavy landmark_lite; do
      touch "src/posemill/models/pose_$name.tflite"
    done ;;
esac
"""


class Tree:
    """A tree with only what the Makefile looks at."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        for name in (
            *("Makefile", "requirements.lock", "pyproject.toml", "hatch_build.py"),
            *("src/posemill/native.c", "src/posemill/runtime/model_files.py"),
            "web/package-lock.json",
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / name)
        (folder / "python3").write_text(TOOL)
        (folder / "python3").chmod(0o755)

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(
            ["make", "--no-print-directory", f"PYTHON={self.folder / 'python3'}", *words],
            cwd=self.folder,
            env=inherited | {"LOG": str(self.log)} | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        return [
            line
            for line in self.log.read_text().splitlines()
            if " -c " not in line and not line.endswith(" -m pip config list")
        ]


@pytest.fixture
def tree(project_root: Path, tmp_path: Path) -> Tree:
    if shutil.which("make") is None:
        pytest.skip("needs make")
    return Tree(project_root, tmp_path)


def test_make_sets_up_once(tree: Tree) -> None:
    assert tree.make().returncode == 0
    steps = [line.split()[:3] for line in tree.asked]
    assert steps == [
        ["python3", "-m", "venv"],
        ["python", "-m", "pip"],
        ["uv", "pip", "install"],
        ["uv", "pip", "install"],
    ]
    assert "--constraints requirements.lock" in tree.asked[2]
    assert "--editable ." in tree.asked[3]
    assert tree.make().returncode == 0
    assert tree.asked == []


def test_uv_comes_in_the_locked_version_with_its_hashes(tree: Tree) -> None:
    tree.make()
    lines = (tree.folder / ".venv" / "uv.txt").read_text().splitlines()
    assert re.fullmatch(r"uv==[0-9.]+ \\", lines[0])
    assert len(lines) > 5
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])


@pytest.mark.parametrize(
    ("pip", "uv", "asked"),
    [
        ("global.timeout='9'", "", ""),
        ("global.index-url='https://a.example/simple'", "", "https://a.example/simple"),
        (
            ":env:.index-url='https://e.example/simple'\nglobal.index-url='https://a.example'",
            *("", "https://e.example/simple"),
        ),
        ("global.index-url='https://a.example'", "https://u.example", "https://u.example"),
    ],
)
def test_uv_asks_the_index_that_pip_asks(tree: Tree, pip: str, uv: str, asked: str) -> None:
    tree.make(PIP_SAYS=pip, UV_DEFAULT_INDEX=uv, HOME=str(tree.folder))
    lines = (tree.folder / "log.index").read_text().splitlines()
    assert lines == [f"index {asked}"] * 2


def test_uv_keeps_settings_of_its_own(tree: Tree) -> None:
    (tree.folder / ".config" / "uv").mkdir(parents=True)
    (tree.folder / ".config" / "uv" / "uv.toml").touch()
    said = "global.index-url='https://a.example/simple'"
    tree.make(PIP_SAYS=said, UV_DEFAULT_INDEX="", HOME=str(tree.folder))
    assert (tree.folder / "log.index").read_text().splitlines() == ["index "] * 2


def later(path: Path) -> None:
    """Make a file newer than anything that was made from it."""
    stamp = path.stat().st_mtime + 10
    os.utime(path, (stamp, stamp))


def test_a_new_lock_is_installed(tree: Tree) -> None:
    tree.make()
    later(tree.folder / "requirements.lock")
    tree.make()
    assert ["--editable" in line for line in tree.asked] == [False, True]


def test_what_development_needs_comes_when_it_is_asked_for(tree: Tree) -> None:
    tree.make()
    assert tree.make("develop").returncode == 0
    (line,) = tree.asked
    assert "--require-hashes --requirements requirements.lock" in line
    tree.make("develop")
    assert tree.asked == []


@pytest.mark.parametrize(
    "name", ["src/posemill/native.c", "hatch_build.py", "web/package-lock.json"]
)
def test_what_the_build_reads_is_built_again(tree: Tree, name: str) -> None:
    tree.make()
    later(tree.folder / name)
    tree.make()
    assert [line.split()[2] for line in tree.asked] == ["install"]


def test_a_lost_model_comes_back(tree: Tree) -> None:
    tree.make()
    model = tree.folder / "src/posemill/models/pose_landmark_lite.tflite"
    model.unlink()
    tree.make()
    assert [line.split()[2] for line in tree.asked] == ["install"]
    assert model.exists()


@pytest.mark.parametrize("source", ["photo.jpg", "my photo's $HOME.jpg", "*.jpg"])
def test_detect_hands_the_source_on_as_it_is(tree: Tree, source: str) -> None:
    written = source.replace("$", "$$")  # make's own way to write a dollar
    done = tree.make("detect", f"SOURCE={written}", "OUT=a folder/")
    assert tree.asked[-1] == f"posemill detect {source} --out a folder/"
    assert done.stdout == ""  # only records belong there
    tree.make("detect", f"SOURCE={written}")
    assert tree.asked == [f"posemill detect {source}"]


def test_detect_without_a_source_says_how(tree: Tree) -> None:
    done = tree.make("detect")
    assert done.returncode == 2
    assert "usage: make detect SOURCE=photo.jpg" in done.stderr


def test_an_old_python_is_refused_with_the_way_out(tree: Tree) -> None:
    done = tree.make(TOO_OLD="1")
    assert done.returncode == 2
    assert "Python 3.11 or later: make PYTHON=" in done.stderr
    assert not (tree.folder / ".venv").exists()


def test_help_lists_every_target(tree: Tree) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (tree.folder / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    listed = set(re.findall(r"^  make ([\w-]+) +\S", tree.make("help").stdout, re.MULTILINE))
    assert listed == set(phony[1].split()) - {"FORCE"}


def test_locks_hold_hashes_and_no_address(project_root: Path) -> None:
    lock = (project_root / "requirements.lock").read_text()
    web = (project_root / "web" / "package-lock.json").read_text()
    assert "://" not in lock
    # Where a package's authors take donations is all that may stand there.
    assert set(re.findall(r'"([^"]*)": "[^"]*://', web)) <= {"url"}
    assert "resolved" not in lock + web
    pins = re.findall(r"^[a-z0-9.-]+==\S+.*\\$", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", lock, re.MULTILINE))
    names = {pin.split("==")[0] for pin in pins}
    project = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]
    assert {re.split("[<>=]", need)[0] for need in project["dependencies"]} <= names
    assert not {name for name in names if "opencv" in name or name == "mediapipe"}
    assert web.count('"integrity"') == web.count('"node_modules/')
