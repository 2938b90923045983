"""`posemill doctor` on terminals and in environments that take less than it has to say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from posemill.doctor import checks
checks.CHECKS = tuple(each for each in checks.CHECKS if each.name in ("debug", "access"))
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from posemill.cli import run
run()
"""


def doctor(
    *flags: str, encoding: str = "utf-8", without: str = "-", **more: object
) -> "subprocess.CompletedProcess[bytes]":
    environ = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-c", PROGRAM, without, "doctor", *flags]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run(command, env=environ, check=False, **given)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_left_out_on_terminals_without_unicode(encoding: str, language: str) -> None:
    done = doctor("--language", language, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode(encoding).splitlines()
    assert [line[:6].strip() for line in lines[:3]] == ["+ Debu", "! Who", "->"] or language == "zh"
    assert lines[2].startswith("    -> ")
    told = doctor("--language", language, "--json", encoding=encoding).stdout.decode(encoding)
    assert json.loads(told)["ok"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has one")
def test_a_full_disk_is_no_fault_of_posemill() -> None:
    with Path("/dev/full").open("wb") as full:
        done = doctor(stdout=full)
    assert done.returncode == 2
    assert b"stdout can't be written" in done.stderr
    assert b"fault of posemill" not in done.stderr


def test_without_rich_it_is_plain() -> None:
    done = doctor(without="rich,rich.console,rich.text")
    assert done.returncode == 0
    assert "! Who may use it (access)" in done.stdout.decode()


def test_without_typer_it_says_what_is_missing() -> None:
    done = doctor(without="typer,typer.main")
    assert done.returncode == 1
    assert b"fault of posemill" not in done.stderr
    assert b"typer" in done.stderr
