"""`posemill doctor` about Python, the environment and the packages that posemill needs."""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from posemill.doctor.checks import elsewhere, environment
from posemill.doctor.checks.environment import Interpreter, conda_and_pip, of_interpreter
from posemill.doctor.checks.installed import install_command, installed, uninstall_command
from posemill.doctor.checks.ranges import contains, counts, newest, requirement
from posemill.doctor.finding import Finding
from posemill.doctor.premises import premises
from venvs import Venv, package


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return Venv(tmp_path / "venv")


def by_code(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {each.code: each for each in findings}


def program(path: Path, first_lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(first_lines)
    path.chmod(0o755)
    return path


# --- Python


@pytest.mark.parametrize(
    ("found", "code", "result"),
    [
        (Interpreter((3, 10, 9), "CPython", 64, "python"), "python_too_old", "failed"),
        (Interpreter((3, 11, 0), "CPython", 64, "python"), "python", "ok"),
        (Interpreter((3, 14, 2), "CPython", 64, "python"), "python", "ok"),
        (Interpreter((3, 15, 0), "CPython", 64, "python"), "python_untested", "warning"),
        (Interpreter((3, 12, 0), "CPython", 32, "python"), "python_32_bit", "failed"),
        (Interpreter((3, 11, 0), "PyPy", 64, "python"), "python_not_cpython", "warning"),
    ],
)
def test_which_pythons_will_do(found: Interpreter, code: str, result: str) -> None:
    (finding,) = of_interpreter(found)
    assert (finding.code, finding.result) == (code, result)


def test_this_python_is_named() -> None:
    (finding,) = environment.python(premises({}, {}))
    assert sys.executable in finding.evidence.en
    assert finding.result == "ok"


# --- the environment


def test_a_venv_and_nothing_wrong_with_it(venv: Venv) -> None:
    found = venv.look("environment")
    assert str(venv.folder) in found["venv"].en
    assert {each.result for each in found.values()} == {"ok"}


def test_conda_and_pip_in_one_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "lib" / "site-packages"
    package(site, "numpy", "2.1.0", installer="pip")
    package(site, "scipy", "1.15.0", installer="conda")
    package(site, "opencv-python", "4.11.0", installer="uv")
    (tmp_path / "conda-meta").mkdir()
    for name, version in (("numpy", "1.26.4"), ("scipy", "1.15.0"), ("py-opencv", "4.10.0")):
        record = json.dumps({"name": name, "version": version})
        (tmp_path / "conda-meta" / f"{name}-{version}-0.json").write_text(record)
    (tmp_path / "conda-meta" / "broken.json").write_text("{")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    (finding,) = conda_and_pip(tmp_path, installed())
    assert finding.result == "warning"
    assert "numpy (conda 1.26.4, pip 2.1.0)" in finding.evidence.en
    assert "opencv-python (conda 4.10.0, uv 4.11.0)" in finding.evidence.zh
    assert "scipy" not in finding.evidence.en


def test_another_environment_is_active(tmp_path: Path) -> None:
    (finding,) = elsewhere.other_active({"VIRTUAL_ENV": str(tmp_path)})
    assert finding.result == "warning"
    assert str(tmp_path) in finding.evidence.en
    assert sys.executable in (finding.fix.en if finding.fix else "")
    own = {"VIRTUAL_ENV": sys.prefix, "CONDA_PREFIX": str(tmp_path)}
    assert not list(elsewhere.other_active(own))  # within conda's base, as conda begins
    (finding,) = elsewhere.other_active({"CONDA_PREFIX": str(tmp_path)})
    assert "conda deactivate" in (finding.fix.zh if finding.fix else "")


@pytest.mark.skipif(os.name == "nt", reason="scripts begin so on POSIX alone")
@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("#!{}/bin/python3.12\n", "other"),
        ('#!/bin/sh\n\'\'\'exec\' "{}/bin/python" "$0" "$@"\n', "an other"),
    ],
)
def test_another_posemill_comes_first_on_the_path(tmp_path: Path, head: str, name: str) -> None:
    other = tmp_path / name
    script = program(tmp_path / "bin" / "posemill", head.format(other))
    assert elsewhere.environment_of(script) == other
    found = by_code(elsewhere.other_programs({"PATH": str(script.parent)}))
    assert str(script) in found["other_posemill_on_path"].evidence.en
    program(script, head.format(sys.prefix))
    program(script.with_name("pip"), head.format(other))
    found = by_code(elsewhere.other_programs({"PATH": str(script.parent)}))
    assert list(found) == ["pip_of_another"]
    assert found["pip_of_another"].result == "ok"
    program(script.with_name("pip"), "#!/usr/bin/env bash\n")  # as pyenv's, which says nothing
    assert not list(elsewhere.other_programs({"PATH": str(script.parent)}))


def test_pythonpath_and_pythonhome(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    path = os.pathsep.join([str(tmp_path), str(tmp_path / "numpy")])
    given = {"PYTHONHOME": str(tmp_path), "PYTHONPATH": path}
    found = by_code(elsewhere.variables(given))
    assert set(found) == {"pythonhome_set", "pythonpath_harmless"}  # no package, only a folder
    (tmp_path / "numpy" / "__init__.py").touch()
    (tmp_path / "queue.py").touch()
    found = by_code(elsewhere.variables(given))
    assert "numpy, queue.py" in found["pythonpath_hides"].evidence.zh
    assert found["pythonpath_hides"].result == "warning"


def test_the_users_own_packages_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "numpy", "1.0")
    package(tmp_path, "only-here", "1.0")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (finding,) = elsewhere.user_packages(installed(), tmp_path)
    assert "numpy 1.0 (" in finding.evidence.en
    assert "only-here" not in finding.evidence.en
    assert "PYTHONNOUSERSITE=1" in (finding.fix.en if finding.fix else "")
    monkeypatch.setattr(sys, "path", [*sys.path[1:], str(tmp_path)])
    assert not list(elsewhere.user_packages(installed(), tmp_path))


def test_files_with_the_names_of_modules(venv: Venv) -> None:
    for name in ("numpy.py", "test.py", "notes.py", "random.txt"):
        (venv.folder / name).touch()
    found = venv.look("environment")["files_hide_modules"]
    assert found.result == "warning"  # by its command, posemill doesn't look there
    assert str(venv.folder / "numpy.py") in found.en
    assert "test.py" not in found.en
    assert "notes" not in found.en


def test_a_file_that_python_takes_for_a_package_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    (finding,) = elsewhere.working_folder(tmp_path)
    assert finding.result == "failed"


# --- the packages


def test_the_packages_of_this_environment_are_all_right() -> None:
    (finding,) = environment.packages(premises({}, {}))
    assert (finding.code, finding.result) == ("packages", "ok"), finding.evidence.en


def test_missing_old_and_double_packages(venv: Venv) -> None:
    needs = ["psutil>=99", "not-there[all]>=1,<2", "windows-alone; sys_platform == 'plan9'", "rich"]
    package(venv.site, "posemill", "9.0", needs=needs)
    package(venv.site, "rich", "1.0", needs=["Also_Gone"])
    package(venv.site, "rich", "2.0")
    found = venv.look("packages")
    assert set(found) == {"packages_missing", "packages_out_of_range", "package_twice"}
    missing = found["packages_missing"]
    assert missing.result == "failed"
    assert "not-there>=1,<2 (posemill)" in missing.en
    assert "windows-alone" not in missing.en
    assert str(venv.python) in missing.commands[0]
    assert "'not-there>=1,<2'" in missing.commands[0]
    assert ">=99 (posemill)" in found["packages_out_of_range"].en
    twice = found["package_twice"]
    assert "rich" in twice.en
    assert "1.0" in twice.en
    assert "2.0" in twice.en
    assert twice.commands[0].count("uninstall") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise ImportError('libm-of-old.so.6: cannot open')", "libm-of-old.so.6: cannot open"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by signal 11"),
    ],
)
def test_a_package_that_cannot_be_imported(venv: Venv, text: str, said: str) -> None:
    package(venv.site, "av", "18.0.0", files={"av/__init__.py": text})
    found = venv.look("packages")
    assert set(found) == {"import_failed"}
    assert found["import_failed"].result == "failed"
    assert "av 18.0.0" in found["import_failed"].en
    assert said in found["import_failed"].en
    assert said in found["import_failed"].zh
    assert "--force-reinstall" in found["import_failed"].commands[0]


def test_the_command_goes_to_this_very_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install_command("a>=1").endswith(f"{sys.executable} -m pip install 'a>=1'")
    monkeypatch.setattr("posemill.doctor.checks.installed.find_spec", lambda _: None)
    with_uv = install_command("a>=1")  # as in environments that uv made
    assert with_uv.endswith(f"uv pip install --python {sys.executable} 'a>=1'")
    assert uninstall_command("a").endswith(f"uv pip uninstall --python {sys.executable} a")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert f"{sys.executable} -m ensurepip && " in install_command("a")


# --- versions and ranges: as `packaging` has it, which posemill's users needn't have

VERSIONS = (
    *("0.10", "0.10.21", "1", "1.0a1", "1.0.dev2", "1.0rc1", "1.0", "1.0.1", "1.0.post1"),
    *("1.0.post1.dev2", "1.26.4", "2.0.dev3", "2.0rc1", "2.0", "2.0+cpu", "2.0.1", "25.9", "1!1.0"),
)


@pytest.mark.parametrize("sign", ["==", "!=", "<", ">", "<=", ">=", "~="])
def test_ranges_are_those_of_packaging(sign: str) -> None:
    limits = [each for each in VERSIONS if "+" not in each]
    limits += ["1.*", "1.0.*"] if sign in ("==", "!=") else []
    for limit in limits:
        try:
            known = SpecifierSet(sign + limit)
        except InvalidSpecifier:
            continue  # "~=1"
        for version in VERSIONS:
            expected = known.contains(version, prereleases=True)
            assert contains(sign + limit, version) == expected, (sign + limit, version)


@pytest.mark.parametrize("extra", ["", "mediapipe"])
@pytest.mark.parametrize(
    "marker",
    [
        'python_version < "3.9"',
        "python_version >= '3.11' and python_full_version < '4'",
        'extra == "mediapipe"',
        'sys_platform == "win32" or (os_name == "posix" and extra != "mediapipe")',
        "platform_python_implementation not in 'PyPy Jython' and 'in' in sys_platform",
    ],
)
def test_markers_are_those_of_packaging(marker: str, extra: str) -> None:
    assert counts(marker, (extra,)) == Marker(marker).evaluate({"extra": extra})


def test_what_cannot_be_read_is_not_judged() -> None:
    assert contains(">=1", "unknown") is None
    assert counts("phase_of_moon == 'full'") is None
    assert requirement("???") is None
    assert newest(["4.9", "unknown", "4.10"]) == "4.10"
