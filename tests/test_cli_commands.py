"""The other commands: config, models, help, version; and what the help must hold."""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest

from posemill import __version__
from posemill.cli import main
from posemill.cli.flags import FOR_ALL, FOR_SERVICE, FOR_SOURCES
from posemill.cli.report import Report, one_line
from posemill.config import TABLE, Section
from posemill.errors import EngineUnavailable
from posemill.peers.mediapipe import MediaPipePeer
from posemill.runtime import model_files
from posemill.runtime.model_files import MODELS, ModelState, ModelStatus


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"posemill {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capfd.readouterr().out
    for command in ("detect", "models", "config"):
        assert command in out


@pytest.mark.parametrize(
    ("command", "sections"),
    [("detect", FOR_SOURCES), ("serve", FOR_SERVICE), ("config show", FOR_ALL)],
)
def test_help_shows_every_setting_of_a_command_with_its_default(
    command: str, sections: Collection[Section], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help"]) == 0
    words = capfd.readouterr().out.split()
    for setting in (row for row in TABLE.values() if row.section in sections):
        flag = setting.flag if setting.default is not True else f"--no-{setting.flag[2:]}"
        assert flag in words
        if type(setting.default) in (int, float) and setting.section == "limits":
            assert f"{setting.default}]" in words
    assert ("Examples" in words) == (command != "config show")


def test_secrets_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSEMILL_AUTH_TOKEN", "sesame")
    for form in ([], ["--json"]):
        assert main(["config", "show", *form]) == 0
        out = capfd.readouterr().out
        assert "(secret)" in out
        assert "sesame" not in out
    monkeypatch.setenv("POSEMILL_AUTH_TOKEN", "sesa\x07me")
    assert main(["config", "show"]) == 2
    assert "sesa" not in capfd.readouterr().err


def test_python_m_is_the_command() -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "posemill", "--version"]
    done = subprocess.run(command, env=environ, capture_output=True, check=True)
    assert done.stdout.decode().split() == ["posemill", __version__]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["detct"], "No such command 'detct'. Did you mean 'detect'?"),
        (["detect"], "Missing argument 'SOURCE...'"),
        (["config"], "Missing command"),
    ],
)
def test_bad_usage_is_one_line(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert err.startswith(f"posemill: {message}")
    assert err.count("\n") == 1
    assert out == ""


def test_config_show_names_value_and_origin(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (empty_folder / "posemill.toml").write_text('style = "limbs"')
    monkeypatch.setenv("POSEMILL_THREADS", "2")
    assert main(["config", "show", "--no-smooth-landmarks", "--start", "1:30"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capfd.readouterr().out.splitlines()}
    assert rows.keys() == TABLE.keys()
    assert rows["style"] == ['"limbs"', "posemill.toml"]
    assert rows["threads"] == ["2", "POSEMILL_THREADS"]
    assert rows["smooth_landmarks"] == ["false", "--no-smooth-landmarks"]
    assert rows["start"] == ["90.0", "--start"]
    assert rows["fps"] == ["-", "default"]


def test_config_show_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert rows.keys() == TABLE.keys()
    assert rows["threads"] == {"value": 0, "origin": "default"}


def test_config_show_refuses_what_detect_would(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSEMILL_THREADZ", "2")
    assert main(["config", "show"]) == 2
    assert "did you mean POSEMILL_THREADS?" in capfd.readouterr().err


def test_config_init_writes_once(empty_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "init"]) == 0
    text = (empty_folder / "posemill.toml").read_text()
    assert all(setting.text in text for setting in TABLE.values())
    assert main(["config", "show"]) == 0  # it is valid, and changes nothing
    assert "posemill.toml" not in capfd.readouterr().out.split("wrote posemill.toml")[1]
    (empty_folder / "posemill.toml").write_text("# mine")
    assert main(["config", "init"]) == 2
    assert "posemill.toml is there already" in capfd.readouterr().err
    assert (empty_folder / "posemill.toml").read_text() == "# mine"


def test_config_init_follows_the_variable(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEMILL_CONFIG", "other.toml")
    assert main(["config", "init"]) == 0
    assert [path.name for path in empty_folder.iterdir()] == ["other.toml"]


@pytest.mark.parametrize("state", [ModelState.OK, ModelState.MISSING, ModelState.WRONG_HASH])
def test_models_lists_them_and_their_state(
    state: ModelState, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    found = [ModelStatus(model, Path(model.file), ModelState.OK) for model in MODELS.values()]
    found[1] = ModelStatus(found[1].model, found[1].path, state)
    monkeypatch.setattr(model_files, "check_all", lambda: found)
    code = 0 if state is ModelState.OK else 1
    assert main(["models"]) == code
    rows = [line.split(maxsplit=4) for line in capfd.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == list(MODELS)
    assert rows[1] == [
        found[1].model.name,
        found[1].model.file,
        str(found[1].model.size),
        found[1].model.sha256,
        str(state),
    ]
    assert main(["models", "--json"]) == code
    assert [row["ok"] for row in json.loads(capfd.readouterr().out)][1] is (code == 0)


def in_a_shell(line: str) -> "subprocess.CompletedProcess[str]":
    """Run ``line`` with posemill as $P; the last command's exit code counts, as in sh."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environ["P"] = f"{sys.executable} -m posemill"
    environ.pop("PYTHONUNBUFFERED", None)  # the usual case has something left to flush at exit
    return subprocess.run(
        ["bash", "-c", line], env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ["config show", "--help", "detect --help", "--version"])
def test_a_full_disk_is_told_for_any_command(command: str) -> None:
    done = in_a_shell(f"$P {command} >/dev/full")
    assert done.returncode == 2
    assert done.stderr == "posemill: stdout can't be written: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_messages_that_nobody_can_take_change_no_exit_code(closed: str) -> None:
    done = in_a_shell(f"$P detect missing.jpg {closed}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    done = in_a_shell(f"$P detect --stile {closed}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_closed_stdout_is_like_dev_null() -> None:
    done = in_a_shell("$P config show >&-")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["config show", "--help", "detect --help", "--version"])
def test_a_reader_that_is_gone_ends_it_quietly(command: str) -> None:
    done = in_a_shell(f"set -o pipefail; {{ sleep 0.2; $P {command}; }} | true")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("frames", ["²", "0", "3001", "1e2", "", "9" * 5000])
def test_bench_refuses_a_number_of_frames(frames: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--frames", frames]) == 2
    err = capfd.readouterr().err
    assert err.startswith("posemill: --frames must be a whole number from 1 to 3000, not")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("/no/such", "/no/such can't be run: No such file or directory"),
        ("/dev", "/dev can't be run: Permission denied"),
        ("cat", "is no Python that has it"),
        ("yes", "is no Python that has it"),
        ("true", "could not be started"),
    ],
)
def test_a_python_that_is_none_is_told(python: str, message: str) -> None:
    with pytest.raises(EngineUnavailable, match=message), MediaPipePeer(python) as peer:
        peer.start()


def test_a_peer_that_ends_before_it_has_read_all_is_told() -> None:
    picture = np.zeros((999, 999, 3), np.uint8)  # more than a pipe holds
    told = pytest.raises(EngineUnavailable, match="could not be started")
    with told, MediaPipePeer("true") as peer:
        peer.process(picture)


def test_messages_stay_on_one_line_and_carry_no_terminal_codes(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert one_line("a\x1b[31m\x9b1A\nb\u2028c\rd\x00 \u202e") == (
        r"a\x1b[31m\x9b1A b c d\x00 \u202e"
    )
    Report(bars=False).say("a\x1b]0;title\x07\nb")
    assert capfd.readouterr().err == "posemill: a\\x1b]0;title\\x07 b\n"
    assert main(["detect", "a.jpg", "--out\x1b[2J"]) == 2
    assert main(["detect", "a.jpg", "--out", "\x1b[2J.gif"]) == 2
    err = capfd.readouterr().err
    assert "\x1b" not in err
    assert err.count("\n") == 2
