"""The other commands: config, models, help, version; and what the help must hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from posemill import __version__
from posemill.cli import main
from posemill.config import TABLE
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


def test_help_of_detect_shows_every_setting_with_its_default(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["detect", "--help"]) == 0
    words = capfd.readouterr().out.split()
    for setting in TABLE.values():
        flag = setting.flag if setting.default is not True else f"--no-{setting.flag[2:]}"
        assert flag in words
        if setting.default not in (None, True, False) and setting.section == "limits":
            assert f"{setting.default}]" in words
    assert "Examples" in words


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


def test_a_full_disk_is_told_for_any_command() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "posemill", "config", "show"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, env=environ, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
