"""`posemill doctor` on this machine: each failure is provoked, and what is said of it looked at."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from posemill.cli import main
from posemill.config import Settings, parse_watching
from posemill.doctor import Check, Examined, Finding, Premises, Result, Words, examine, premises
from posemill.doctor.checks import CHECKS, cameras, database, engine, machine, storage, whereabouts
from posemill.doctor.checks import clock as clock_check
from posemill.doctor.checks import settings as settings_checks
from posemill.doctor.checks.listening import look as listening
from posemill.doctor.expected import EXPECTED
from posemill.runtime import model_files
from postgres import postgresql
from servers import running

Found = Mapping[str, Finding]


def found(look: Callable[[Premises], Any], given: Premises) -> Found:
    """What a check finds, by code; each says it in both languages, and how to mend what is bad."""
    findings = list(look(given))
    assert findings
    for each in findings:
        assert each.evidence.en
        assert each.evidence.zh
        is_bad = each.result in (Result.WARNING, Result.FAILED)
        assert (each.fix is not None) is is_bad
    return {each.code: each for each in findings}


def given(**settings: Any) -> Premises:
    return Premises(Settings(**settings), environ={})


def results(document: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["result"] for each in document["checks"]}


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory, of its own size and rights."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


# --- All of it


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the command says where all is well, as JSON."""
    folder = tmp_path_factory.mktemp("doctor")
    command = [sys.executable, "-m", "posemill", "doctor", "--json", "--port", "0"]
    done = subprocess.run(
        [*command, "--data-dir", str(folder / "data")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(folder.iterdir()) == []  # it leaves nothing behind
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_all_is_well_here(everything: Mapping[str, Any]) -> None:
    assert everything["schema"] == "posemill.doctor/1"
    assert everything["ok"] is True
    assert list(results(everything)) == [check.name for check in CHECKS]
    assert "failed" not in results(everything).values()
    for name in ("packages", "openvino", "models", "landmarks", "threads", "encoding", "data_dir"):
        assert results(everything)[name] == "ok", name


def test_the_drawn_person_is_where_the_models_put_it(everything: Mapping[str, Any]) -> None:
    (row,) = (each for each in everything["checks"] if each["name"] == "landmarks")
    (finding,) = row["findings"]
    within = float(finding["evidence"].split("within ")[1].split("%")[0])
    assert within < 0.2  # % of the box; other processors round differently


def test_the_table_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setattr("posemill.doctor.checks.CHECKS", _some("debug", "access", "database"))
    assert main(["doctor", "--debug", "--auth-token", "a-long-random-word", "--port", "0"]) == 0
    said = capsys.readouterr().out
    assert "调试 (debug)" in said
    assert "→ 请从设置文件中删除 debug" in said
    assert "1 项正常，1 项需留意，0 项会失败，1 项不适用" in said


def test_a_failure_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("posemill.doctor.checks.CHECKS", _some("data_dir"))
    assert main(["doctor", "--language", "en", "--data-dir", "/proc/posemill"]) == 1
    said = capsys.readouterr().out
    assert "✗ Data folder (data_dir)" in said
    assert "→ sudo install -d -o" in said


def test_a_language_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--language", "fr"]) == 2
    assert "knows en and zh" in capsys.readouterr().err


def _some(*names: str) -> tuple[Check, ...]:
    return tuple(check for check in CHECKS if check.name in names)


def test_it_works_where_numpy_and_openvino_cant_be_imported(tmp_path: Path) -> None:
    for name in ("numpy", "openvino", "av"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('no {name} here')\n")
    done = subprocess.run(
        [sys.executable, "-m", "posemill", "doctor", "--json", "--port", "0"],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "POSEMILL_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    for name in ("packages", "openvino", "landmarks", "threads", "encoding", "load"):
        assert results(document)[name] == "failed", name
    assert results(document)["models"] == "ok"
    (row,) = (each for each in document["checks"] if each["name"] == "openvino")
    assert "no openvino here" in row["findings"][0]["evidence"]


def test_a_check_that_breaks_hides_no_other() -> None:
    def breaks(_: Premises) -> list[Finding]:
        raise RuntimeError("oh")

    broken = Check("broken", Words("Broken", "坏"), breaks)
    first, second = examine([broken, *_some("debug")], given())
    assert first.result is Result.FAILED
    assert "RuntimeError: oh" in first.findings[0].evidence.en
    assert second.result is Result.OK


def test_the_worst_finding_is_the_result() -> None:
    def finding(result: Result) -> Finding:
        return Finding("x", result, Words("x", "x"))

    check = Check("x", Words("x", "x"), lambda _: [])
    for results_, worst in (
        (("ok", "skipped"), "skipped"),
        (("failed", "warning", "ok"), "failed"),
        (("ok", "warning"), "warning"),
    ):
        findings = tuple(finding(Result(each)) for each in results_)
        assert Examined(check, findings).result == worst


# --- Models


def test_wrong_model_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    shutil.copytree(model_files.MODELS_FOLDER, folder)
    data = bytearray((folder / "pose_landmark_full.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "pose_landmark_full.tflite").write_bytes(data)
    (folder / "pose_landmark_lite.tflite").unlink()
    (folder / "pose_detection.tflite").write_bytes(b"<html>")
    monkeypatch.setattr(model_files, "MODELS_FOLDER", folder)
    said = [each.evidence.en for each in engine.models(given())]
    assert [each.rpartition(": ")[2] for each in said] == ["missing", "wrong hash", "wrong size"]
    assert all(each.result is Result.FAILED for each in engine.models(given()))


def test_landmarks_that_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {name: [[[x + 0.02, y] for x, y in points]] for name, points in EXPECTED.items()}
    moved["lite"] = []  # nobody found
    monkeypatch.setattr(engine, "ask", lambda *_, **__: _Answer(moved))
    findings = list(engine.landmarks(given()))
    assert [each.code for each in findings] == ["landmarks_wrong"] * 3
    assert "Model lite: 0 people" in findings[0].evidence.en


def test_answers_of_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ask", lambda *_, **__: _Answer({"answers": 12, "wrong": 5}))
    assert found(engine.threads, given())["threads_mixed"].result is Result.FAILED


def test_fast_where_the_processor_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"version": "2026.4-1", "processor": "P", "capabilities": [], "precision": "f32"}
    monkeypatch.setattr(engine, "ask", lambda *_, **__: _Answer(answer))
    assert "no_bf16" in found(engine.openvino, given(precision="fast"))
    assert "no_bf16" not in found(engine.openvino, given(precision="f32"))


class _Answer:
    def __init__(self, found: Any) -> None:
        self.found, self.failure = found, ""


# --- Cores and memory


def test_a_control_group_with_half_a_core(tmp_path: Path) -> None:
    group = Path("/sys/fs/cgroup/cpu") / f"posemill-test-{os.getpid()}"
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        group = Path("/sys/fs/cgroup") / group.name
    try:
        group.mkdir()
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text("50000 100000")
        else:
            (group / "cpu.cfs_quota_us").write_text("50000")
    except OSError:
        group.rmdir() if group.exists() else None
        pytest.skip("may not make a control group here")
    program = (
        "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        "from posemill.doctor import Premises; from posemill.config import Settings\n"
        "from posemill.doctor.checks import machine, settings\n"
        "given = Premises(Settings())\n"
        "for each in [*machine.cores(given), *settings.load(given)]:\n"
        "    print(each.code, each.result, each.evidence.en)\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(group / "cgroup.procs")],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        for _ in range(50):
            try:
                group.rmdir()
                break
            except OSError:  # its last process is still on its way out
                time.sleep(0.1)
    cores, load = done.stdout.splitlines()
    assert cores.startswith("few_cores warning")
    assert "pays for 0.5" in cores
    assert load.startswith("load_too_high warning")
    assert "on 0.5 cores" in load


@pytest.mark.parametrize(
    ("limit_mib", "code"), [(256, "no_memory"), (700, "little_memory"), (64_000, "memory")]
)
def test_a_limit_of_memory(limit_mib: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    total = 32 * 1024**3
    monkeypatch.setattr("psutil.virtual_memory", lambda: _Memory(total, total))
    monkeypatch.setattr(machine, "memory_limit", lambda: limit_mib * 1024**2)
    assert code in found(machine.memory, given())


class _Memory:
    def __init__(self, total: int, available: int) -> None:
        self.total, self.available = total, available


# --- The data folder and the database


def test_a_read_only_data_folder(tmp_path: Path) -> None:
    with mounted(tmp_path / "ro", "size=4m,ro") as folder:
        said = found(storage.data_dir, given(data_dir=str(folder / "data")))
    assert said["not_writable"].result is Result.FAILED
    assert "Read-only file system" in said["not_writable"].evidence.en
    assert "--data-dir" in said["not_writable"].fix.en  # type: ignore[union-attr]


@pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
def test_a_data_folder_in_somebody_elses(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        said = found(storage.data_dir, given(data_dir=str(closed / "data")))["not_writable"]
    finally:
        os.seteuid(was)
    assert "Permission denied" in said.evidence.en
    assert said.fix == Words("Choose another folder: --data-dir.", "请用 --data-dir 另选目录。")


def test_a_full_data_folder(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=512k") as folder:
        full = found(storage.data_dir, given(data_dir=str(folder)))
    assert "No space left" in full["not_writable"].evidence.en
    with mounted(tmp_path / "larger", "size=8m") as folder:
        nearly = found(storage.data_dir, given(data_dir=str(folder)))
        enough = found(storage.data_dir, given(data_dir=str(folder), min_free_space=1024))
        assert list(folder.iterdir()) == []
    assert nearly["no_room"].result is Result.FAILED
    assert "min_free_space" in nearly["no_room"].evidence.en
    assert enough["data_dir"].result is Result.OK


def test_locks_that_dont_hold_and_disks_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_file_system", lambda _: "nfs4")
    said = found(storage.data_dir, given(data_dir=str(tmp_path)))
    assert said["network_disk"].result is Result.WARNING
    database = "postgresql://user:password@host/posemill"
    assert "network_disk" not in found(
        storage.data_dir, given(data_dir=str(tmp_path), database_url=database)
    )
    monkeypatch.setattr(storage, "ask", lambda *_, **__: _Answer({"is_seen": False}))
    assert "no_locks" in found(storage.data_dir, given(data_dir=str(tmp_path)))


def test_a_database_that_is_there_and_one_that_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "postgresql"
    folder.mkdir()
    with postgresql(folder) as url:
        there = found(database.look, given(database_url=url))
    assert there["database"].result is Result.OK
    assert "PostgreSQL 1" in there["database"].evidence.en
    secret = url.replace("posemill@", "posemill:hush-hush@")
    gone = found(database.look, given(database_url=secret))["no_database"]
    assert "refused" in gone.evidence.en
    assert "hush-hush" not in gone.evidence.en + gone.evidence.zh
    assert "sqlite" in found(database.look, given())


# --- Address and port


def test_a_port_that_is_taken() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        said = found(listening, given(port=port))
        assert said["port_taken"].result is Result.FAILED
        assert f"(pid {os.getpid()})" in said["port_taken"].evidence.en
        in_service = Premises(Settings(port=port), environ={}, in_service=True)
        assert "port_taken" not in found(listening, in_service)
    assert "port_free" in found(listening, given(port=port))


def test_a_port_that_a_service_has_already(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        said = found(listening, given(port=service.port))
    assert said["already_serving"].result is Result.OK


def test_bound_to_localhost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = Settings(host="127.0.0.1", port=0)
    inside = Premises(local, environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert found(listening, inside)["loopback_in_container"].result is Result.FAILED
    monkeypatch.setattr("posemill.doctor.checks.listening.container", lambda _: None)
    assert found(listening, Premises(local))["loopback"].result is Result.WARNING
    assert found(listening, given(port=0))["open"].result is Result.OK


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"host": "192.0.2.1", "port": 0}, "no_such_address"),
        ({"host": "no.such.host.invalid", "port": 0}, "no_such_address"),
        ({"port": 6000}, "port_blocked"),
    ],
)
def test_addresses_and_ports_that_cant_work(settings: Mapping[str, Any], code: str) -> None:
    assert found(listening, given(**settings))[code].result is Result.FAILED


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to become nobody")
def test_a_port_that_needs_privileges() -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
        pytest.skip("every port is open to everyone here")
    program = (
        "from posemill.doctor.checks.listening import look\n"
        "from posemill.doctor import Premises; from posemill.config import Settings\n"
        "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print([each.code for each in look(Premises(Settings(port=81)))])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "port_privileged" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({".dockerenv": ""}, "/.dockerenv"),
        ({"run/.containerenv": ""}, "/run/.containerenv"),
        ({"proc/1/cgroup": "0::/kubepods/pod1"}, "kubepods"),
        ({"proc/1/cgroup": "0::/init.scope"}, None),
    ],
)
def test_what_tells_a_container(
    files: Mapping[str, str], expected: str | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert whereabouts.container({}, tmp_path) == expected


# --- Settings


def test_settings_that_cant_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posemill.toml").write_text("max_content_lenght = 3\n")
    said = found(settings_checks.look, premises({"port": "0"}))
    assert "did you mean max_content_length?" in said["settings_wrong"].evidence.en
    assert premises({"port": "8080"}).settings.port == 8080
    (tmp_path / "posemill.toml").write_text('port = 8081\nauth_token = "a-long-random-word"\n')
    fine = found(settings_checks.look, premises({}))["settings"]
    assert "2 set (posemill.toml)" in fine.evidence.en
    assert "a-long" not in fine.evidence.en


@pytest.mark.parametrize(
    ("look", "settings", "code"),
    [
        ("uploads", {}, "uploads"),
        ("uploads", {"max_content_length": 1024**2}, "low_limit"),
        ("uploads", {"max_video_length": 1024**2}, "low_limit"),
        ("uploads", {"upload_extensions": "png,mp4"}, "suffixes_missing"),
        ("tracking", {}, "tracking"),
        ("tracking", {"static_image_mode": True}, "static_image_mode"),
        ("tracking", {"smooth_landmarks": False}, "not_smoothed"),
        ("debug", {}, "no_debug"),
        ("debug", {"debug": True}, "debug"),
        ("access", {"auth_token": "a-long-random-word"}, "access"),
        ("access", {"host": "127.0.0.1"}, "access"),
        ("access", {}, "open_to_all"),
        ("access", {"auth_token": "1234"}, "token_short"),
        ("access", {"trusted_proxies": "0.0.0.0/0"}, "proxies_wide"),
    ],
)
def test_settings_that_a_deployment_regrets(
    look: str, settings: Mapping[str, Any], code: str
) -> None:
    said = found(getattr(settings_checks, look), given(**settings))
    assert said[code].result is (Result.WARNING if said[code].fix else Result.OK)
    if said[code].fix:
        assert code not in found(
            getattr(settings_checks, look), given(auth_token="a-long-random-word")
        )


def test_more_frames_than_the_processor_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_checks, "ask", lambda *_, **__: _Answer({"frame_ms": 10.0}))
    monkeypatch.setattr(settings_checks, "usable_cores", lambda: 2)
    monkeypatch.setattr(settings_checks, "core_quota", lambda: None)
    assert "load" in found(settings_checks.load, given(max_live=8, max_fps=15.0))
    assert "load_too_high" in found(settings_checks.load, given(max_live=16, max_fps=15.0))
    streams = [{"name": f"s{number}", "url": "0", "max_fps": 25} for number in range(4)]
    watching = parse_watching({"streams": streams}, Settings(), "a test")
    busy = Premises(Settings(max_live=8), watching=watching)
    assert "streams ask for 100" in found(settings_checks.load, busy)["load_too_high"].evidence.en


# --- Cameras and clock


def test_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "_DEVICES", tmp_path)
    monkeypatch.setattr(cameras, "_devices", lambda: [tmp_path / "video0"])
    (tmp_path / "video0").touch()
    streams = [{"name": "door", "url": "2"}, {"name": "hall", "url": "0"}]
    watching = parse_watching({"streams": streams}, Settings(), "a test")
    wanted = Premises(Settings(), watching=watching)
    said = found(cameras.look, wanted)
    assert said["no_camera"].result is Result.FAILED
    assert f"{tmp_path}/video2" in said["no_camera"].evidence.en
    assert said["camera"].result is Result.OK
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found(cameras.look, wanted)["camera_denied"].result is Result.FAILED
    assert found(cameras.look, given())["camera_denied"].result is Result.WARNING


def test_a_clock_that_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "clock" in found(clock_check.look, given())
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    assert "1970" in found(clock_check.look, given())["clock_behind"].evidence.en


# --- The service, asked about itself


def test_status_gives_the_same_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, everything: Mapping[str, Any]
) -> None:
    import httpx

    monkeypatch.setattr("posemill.server.examination.CHECKS", _some("data_dir", "debug", "access"))
    with running(tmp_path, debug=True, min_free_space=1024) as service:
        plain = httpx.get(f"{service.url}/api/v1/status").json()
        address = f"{service.url}/api/v1/status?checks=true"
        english = httpx.get(address).json()["examination"]
        chinese = httpx.get(address, headers={"Accept-Language": "zh"}).json()["examination"]
    assert "examination" not in plain
    assert results(english) == {"data_dir": "ok", "debug": "warning", "access": "ok"}
    assert english["at"] == chinese["at"]  # remembered, and in the other language
    assert chinese["checks"][1]["title"] == "调试"
    shapes = {frozenset(each) for each in (*english["checks"], *everything["checks"])}
    assert len(shapes) == 1
