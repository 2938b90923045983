"""`posemill doctor` where what it needs itself is broken: it tells the truth, and the way out."""

import asyncio
import errno
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from posemill.config import Settings
from posemill.doctor import Check, Finding, Premises, Result, Words, examine
from posemill.doctor.checks import database, encoding, engine, environment, machine, room, storage
from posemill.doctor.checks import settings as settings_checks
from posemill.doctor.checks.imported import imported
from posemill.doctor.checks.whereabouts import is_loopback, user
from posemill.doctor.child import STOPPING, Answer, run
from posemill.server.examination import Examination
from test_doctor import found, given, mounted

MIB = 1024**2
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux has it")
on_posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")


def fix(finding: Finding) -> str:
    assert finding.fix is not None
    return finding.fix.en


# --- The data folder


@on_posix
@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("a file"),
        os.mkfifo if hasattr(os, "mkfifo") else print,
        lambda path: path.symlink_to(path.with_name("nowhere")),
        lambda path: path.symlink_to(path),
    ],
    ids=["file", "fifo", "dangling", "loop"],
)
@pytest.mark.parametrize("below", ["", "jobs/data"])
def test_a_data_folder_that_is_none(
    tmp_path: Path, make: Callable[[Path], object], below: str
) -> None:
    make(tmp_path / "data")
    said = found(storage.data_dir, given(data_dir=str(tmp_path / "data" / below)))
    assert said["not_a_folder"].result is Result.FAILED
    assert str(tmp_path / "data") in said["not_a_folder"].evidence.en


@on_posix
def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    said = found(storage.data_dir, given(data_dir=str(tmp_path / ("a" * 300))))["not_a_folder"]
    assert "too long" in said.evidence.en


@on_posix
def test_nobody_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    said = found(storage.data_dir, given())["no_home"]
    assert said.result is Result.FAILED
    assert "--data-dir" in fix(said)


def test_the_way_out_is_that_of_the_fault(tmp_path: Path) -> None:
    folder = tmp_path / "it's; here"
    folder.mkdir()

    def said(number: int) -> str:
        error = OSError(number, os.strerror(number))
        return fix(storage._not_writable(folder, folder, error))

    assert "df -h" in said(errno.ENOSPC)
    assert "mount a volume" in said(errno.EROFS)
    assert "chown" not in said(errno.ENOSPC) + said(errno.EROFS)
    assert f"chown -R {user()} '{tmp_path}/it'\"'\"'s; here'" in said(errno.EACCES)


def test_a_disk_that_is_full_has_no_fault_of_locks(tmp_path: Path) -> None:
    with mounted(tmp_path / "brim", f"size={MIB + 8192}") as folder:
        said = found(storage.data_dir, given(data_dir=str(folder)))
    assert "No space left" in said["not_writable"].evidence.en


def test_locks_that_nobody_could_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "ask", lambda *_, **__: Answer(None, "ended by signal 9"))
    said = found(storage.data_dir, given(data_dir=str(tmp_path), min_free_space=0))
    assert set(said) == {"data_dir"}


def test_no_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
    said = found(storage.data_dir, given(data_dir=str(tmp_path), min_free_space=0))
    assert said["no_temporary_folder"].result is Result.FAILED
    assert "--tmpfs /tmp" in fix(said["no_temporary_folder"])


def test_a_file_server_with_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 60)
    said = found(storage.data_dir, given(data_dir=str(tmp_path), min_free_space=0))
    assert "+60 s" in said["clocks_apart"].evidence.en


# --- The database


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("postgresql://me:hush", "is not the address of a database"),
        ("postgresql://me:hu@hush@127.0.0.1:1/jobs", "%40"),
        ("mysql://me:hush@127.0.0.1/jobs", "PostgreSQL"),
        ("postgresql://me:%68ush@hush.invalid:1/jobs", "***"),
    ],
)
def test_no_password_is_told(url: str, word: str) -> None:
    said = found(database.look, given(database_url=url))["no_database"]
    assert "hush" not in said.evidence.en + said.evidence.zh
    assert word in said.evidence.en


def test_a_database_that_takes_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answer({"version": "17.2", "may_create": False})
    monkeypatch.setattr(database, "ask", lambda *_, **__: answer)
    said = found(database.look, given(database_url="postgresql://me@host/jobs"))
    assert said["database_denied"].result is Result.FAILED
    assert "grant create" in fix(said["database_denied"])


# --- Trials that can't be made


def test_frames_that_are_lost_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answer({"version": "18.1.0", "frames": 3, "bytes": 900})
    monkeypatch.setattr(encoding, "ask", lambda *_, **__: answer)
    said = found(encoding.look, given())["no_h264"]
    assert "3 of 5 frames" in said.evidence.en
    assert "--only-binary=av" in fix(said)


def test_what_is_missing_is_not_blamed_on_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, look, code in (
        (engine, engine.openvino, "openvino_broken"),
        (engine, engine.landmarks, "models_dont_run"),
        (engine, engine.threads, "threads_failed"),
        (encoding, encoding.look, "no_h264"),
        (settings_checks, settings_checks.load, "cant_track"),
    ):
        answers = {
            "ModuleNotFoundError: No module named 'numpy'": "packages",
            "ended by signal 9": "memory",
            "RuntimeError: can't start new thread": "memory",
        }
        for failure, check in answers.items():
            answer = Answer(None, failure)
            monkeypatch.setattr(module, "ask", lambda *_, answer=answer, **__: answer)
            said = found(look, given())[code]
            assert said.result is Result.FAILED
            assert f"the check {check}" in fix(said)
            assert "not theirs" not in said.evidence.en


def test_a_check_without_its_package() -> None:
    def look(_: Premises) -> Iterator[Finding]:
        import posemill_has_no_such_module  # type: ignore[import-not-found]  # noqa: F401

        yield from ()

    (examined,) = examine([Check("memory", Words("Memory", "内存"), look)], given())
    assert examined.findings[0].code == "package_missing"
    assert "packages" in fix(examined.findings[0])


@pytest.mark.parametrize("missing", ["package", "proc"])
def test_without_psutil_or_proc(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/proc/meminfo")

    if missing == "package":
        monkeypatch.setitem(sys.modules, "psutil", None)
    else:
        for name in ("virtual_memory", "disk_partitions"):
            monkeypatch.setattr(psutil, name, nothing)
    monkeypatch.setattr(room, "_GROUPS_OF", tmp_path / "none")
    monkeypatch.setattr(machine, "memory_limit", lambda: None)
    assert found(machine.memory, given())["memory_unknown"].result is Result.SKIPPED
    assert "data_dir" in found(storage.data_dir, given(data_dir=str(tmp_path), min_free_space=0))


def test_the_systems_own_python(tmp_path: Path) -> None:
    assert environment._kind(tmp_path, tmp_path, tmp_path).code == "python_alone"
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    said = environment._kind(tmp_path, tmp_path, tmp_path)
    assert (said.code, said.result) == ("python_of_the_system", Result.WARNING)
    assert "-m venv" in fix(said)


@on_posix
def test_the_working_folder_is_gone(tmp_path: Path) -> None:
    program = (
        "import os, sys; os.rmdir(os.getcwd())\n"
        "from posemill.doctor import premises\n"
        "from posemill.doctor.checks.environment import environment\n"
        "print(*(each.code for each in environment(premises({}))))"
    )
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "gone",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no_working_folder" in done.stdout.split()


@on_posix
def test_a_link_to_itself_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy").symlink_to(tmp_path / "numpy")
    monkeypatch.chdir(tmp_path)
    assert "files_hide_modules" not in found(environment.environment, given())


@on_posix
def test_an_import_that_crashes_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing.py").write_text("import os, signal\nos.kill(os.getpid(), 9)\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert imported("crashing").error == "ended by signal 9"
    assert list(scratch.iterdir()) == []


def test_nowhere_to_write_is_no_fault_of_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(**_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", nowhere)
    assert imported("json").error == ""


# --- Memory


def groups(folder: Path, line: str, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        path = folder / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "cgroup").write_text(line)
    return folder / "cgroup", folder / "mount"


def test_what_a_control_group_has_left(tmp_path: Path) -> None:
    new = groups(
        tmp_path / "v2",
        "0::/host/path\n",
        {
            "memory.max": f"{700 * MIB}\n",
            "memory.current": f"{690 * MIB}\n",
            "memory.stat": f"anon 5\ninactive_file {40 * MIB}\n",
        },
    )
    assert list(room._left_in_groups(*new)) == [50 * MIB]
    old = groups(
        tmp_path / "v1",
        "4:memory:/a\n3:cpu:/b\n",
        {
            "memory/a/memory.limit_in_bytes": f"{300 * MIB}\n",
            "memory/a/memory.usage_in_bytes": f"{290 * MIB}\n",
            "memory/a/memory.stat": "total_inactive_file 0\n",
        },
    )
    assert min(room._left_in_groups(*old)) == 10 * MIB
    none = groups(tmp_path / "none", "0::/\n", {"memory.max": "max\n", "memory.current": "5\n"})
    assert list(room._left_in_groups(*none)) == []


def test_nothing_is_tried_where_a_service_would_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> Answer:
        raise AssertionError("a process was begun")

    for module in (engine, encoding, settings_checks):
        monkeypatch.setattr(module, "ask", asked)
    monkeypatch.setattr(room, "room", lambda: 30 * MIB)
    for look in (engine.openvino, engine.landmarks, engine.threads, encoding.look):
        said = found(look, given())["no_room_to_try"]
        assert said.result is Result.SKIPPED
        assert "30" in said.evidence.en
    assert "no_room_to_try" in found(settings_checks.load, given())


def test_memory_that_the_group_has_used_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_limit", lambda: 900 * MIB)
    monkeypatch.setattr(machine, "room", lambda: 90 * MIB)
    said = found(machine.memory, given())["little_memory"]
    assert "900 MiB in all, 90 MiB free (limit of the control group)" in said.evidence.en


@on_linux
def test_trials_go_first_where_memory_runs_out() -> None:
    for program in (
        "from posemill.doctor import trial; trial._step_back()",
        "import runpy, sys; from posemill.doctor.checks import importing\n"
        "sys.argv = ['importing', 'json']; runpy.run_path(importing.__file__, run_name='__main__')",
    ):
        shown = f"{program}\nprint(open('/proc/self/oom_score_adj').read())"
        done = subprocess.run([sys.executable, "-c", shown], capture_output=True, check=True)
        assert done.stdout.split()[-1] == b"1000"


@on_posix
def test_few_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (800 * MIB, 800 * MIB))
    said = found(machine.memory, given())["few_addresses"]
    assert "800 MiB" in said.evidence.en
    assert "ulimit -v unlimited" in fix(said)


# --- Addresses and tokens


@pytest.mark.parametrize(
    ("host", "is_this_machine"),
    [("::ffff:127.0.0.1", True), ("127.1", True), ("::1", True), ("::", False), ("10.1", False)],
)
def test_addresses_of_this_machine_alone(host: str, is_this_machine: bool) -> None:
    assert is_loopback(host) is is_this_machine


def test_a_token_that_no_header_carries() -> None:
    said = found(settings_checks.access, given(auth_token="很长很长很长很长的访问令牌密码一二"))
    assert "token_not_ascii" in said
    assert "token_not_ascii" not in found(settings_checks.access, given(auth_token="a" * 32))


# --- The service


def test_a_look_ends_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Answer] = []

    def look(_: Premises) -> Iterator[Finding]:
        begun.append(run([sys.executable, "-c", "import time; time.sleep(60)"]))
        yield from ()

    endless = Check("endless", Words("Endless", "无尽"), look)
    monkeypatch.setattr("posemill.server.examination.CHECKS", (endless, endless))

    async def stopped() -> None:
        examination = Examination(Settings())
        task = asyncio.create_task(examination.result("en"))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(stopped())  # it waits for the threads too
    assert time.monotonic() - began < 10
    assert [each.failure for each in begun] == ["stopped", "stopped"]
    assert STOPPING.get() is None


def test_what_a_process_answers_is_waited_for() -> None:
    program = "import json, sys, time; time.sleep(0.5); print(json.dumps(json.load(sys.stdin)))"
    text: dict[str, Any] = {"long": "x" * 300_000}
    assert run([sys.executable, "-c", program], text).found == text
    late = run([sys.executable, "-c", "import time; time.sleep(60)"], patience_s=1)
    assert late.failure == "no answer within 1 s"
