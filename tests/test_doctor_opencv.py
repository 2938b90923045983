"""`posemill doctor` about OpenCV and MediaPipe, in environments such as people have."""

import os
import sys
from pathlib import Path

import pytest

from venvs import Venv, package, without_library

WINDOWS = "opencv-python==4.11.0.86"
HEADLESS = "opencv-contrib-python-headless==4.11.0.86"


@pytest.fixture(scope="session")
def no_solutions(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """MediaPipe without ``mp.solutions``, and an older flatbuffers than it asks for."""
    venv = Venv(tmp_path_factory.mktemp("mediapipe") / "venv")
    venv.install("mediapipe==0.10.33", "flatbuffers==24.3.25")
    return venv


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return Venv(tmp_path / "venv")


# --- OpenCV


def test_two_opencvs_are_a_clash_until_what_it_says_is_done(venv: Venv) -> None:
    venv.install(WINDOWS, HEADLESS)
    clash = venv.look("opencv")["opencv_clash"]
    assert clash.result == "failed"
    for said in (clash.en, clash.zh):
        assert "opencv-python 4.11.0.86" in said
        assert "opencv-contrib-python-headless 4.11.0.86" in said
        assert str(venv.site / "cv2") in said

    (compiled,) = (venv.site / "cv2").glob("cv2.*.so")
    sizes = {
        record.parent.name.split("-")[0].replace("_", "-"): int(line.rpartition(",")[2])
        for record in venv.site.glob("opencv*.dist-info/RECORD")
        for line in record.read_text().splitlines()
        if line.startswith(f"cv2/{compiled.name},")
    }
    (owner,) = (name for name, size in sizes.items() if size == compiled.stat().st_size)
    assert f"{compiled.name} is that of {owner} 4.11.0.86" in clash.en

    remove, install = clash.commands
    assert install.endswith("opencv-contrib-python-headless==4.11.0.86")
    venv.shell(remove)
    assert list(venv.look("opencv")) == ["opencv_absent"]
    venv.install(HEADLESS)
    assert venv.look("opencv")["opencv"].result == "ok"


def test_a_build_with_windows_is_named_and_fails_where_libgl_is_missing(venv: Venv) -> None:
    venv.install(WINDOWS)
    before = venv.look("opencv")
    if "opencv_with_windows" in before:  # this machine has the libraries of a desktop
        assert "QT5" in before["opencv_with_windows"].en
        assert before["opencv_with_windows"].result == "warning"
    (toolkit,) = (venv.site / "opencv_python.libs").glob("libQt5Gui-*")
    without_library(toolkit, b"libGL.so.1")
    found = venv.look("opencv")["opencv_unusable"]
    assert "libNO.so.1: cannot open shared object file" in found.en + found.zh
    assert found.result == "warning"
    assert found.commands[1].endswith("opencv-python-headless~=4.11.0'") or os.name == "nt"
    found = venv.look("opencv", engine="mediapipe")["opencv_unusable"]
    assert found.result == "failed"
    assert "opencv-contrib-python-headless" in found.commands[1]


def test_what_is_left_of_a_removed_opencv_is_told(venv: Venv) -> None:
    package(venv.site, "opencv-python-headless", "4.11.0.86", files={"cv2/data.txt": ""})
    found = venv.look("opencv")
    assert list(found) == ["opencv_unusable"]
    assert "opencv-python-headless 4.11.0.86" in found["opencv_unusable"].en


CV2 = {
    "cv2/__init__.py": "__version__ = '4.11.0'\ndef getBuildInformation():\n return ' GUI: NONE'"
}


def test_condas_two_names_for_one_opencv_are_no_clash(venv: Venv) -> None:
    package(venv.site, "opencv-python", "4.11.0", installer="conda", files=CV2)
    package(venv.site, "opencv-python-headless", "4.11.0", installer="conda")
    assert list(venv.look("opencv")) == ["opencv"]
    package(venv.site, "opencv-contrib-python", "4.11.0.86", files=CV2)
    found = venv.look("opencv")["opencv_clash"]
    assert "opencv-contrib-python" in found.commands[0]
    assert "opencv-python-headless" not in found.commands[0]  # pip can't remove what is conda's
    assert found.commands[0].endswith("&& conda install -y --force-reinstall py-opencv")


def test_the_systems_opencv_behind_the_environments_own(venv: Venv, tmp_path: Path) -> None:
    system = tmp_path / "dist-packages"
    system.mkdir()
    (system / "cv2.cpython-311-x86_64-linux-gnu.so").write_bytes(b"as Debian has it")
    (venv.site / "system.pth").write_text(f"{system}\n")
    package(venv.site, "opencv-python-headless", "4.11.0.86", files=CV2)
    found = venv.look("opencv")
    assert list(found) == ["opencv_hidden"]
    assert found["opencv_hidden"].result == "warning"
    assert str(system) in found["opencv_hidden"].fix


# --- MediaPipe


def test_mediapipe_without_solutions(no_solutions: Venv) -> None:
    found = no_solutions.look("mediapipe")
    assert {each.result for each in found.values()} == {"warning"}  # for posemill nothing fails
    named = found["mediapipe_no_solutions"]
    assert "mediapipe 0.10.33" in named.en
    if sys.version_info < (3, 13):
        assert "mediapipe==0.10.21" in named.fix
        assert "'numpy<2,>=1.26'" in named.fix
    clash = found["mediapipe_clash"]
    assert "flatbuffers 24.3.25, wanted flatbuffers~=25.9" in clash.en
    assert "flatbuffers~=25.9" in clash.commands[0]
    assert "mediapipe_reports_usage" not in found


def test_with_engine_mediapipe_that_is_a_failure(no_solutions: Venv) -> None:
    code, checks = no_solutions.doctor("--engine", "mediapipe", "--language", "zh")
    assert code == 1
    results = {each["code"]: each for each in checks["mediapipe"]["findings"]}
    assert results["mediapipe_no_solutions"]["result"] == "failed"
    assert "不含 mp.solutions" in results["mediapipe_no_solutions"]["evidence"]
    assert results["mediapipe_not_imported"]["result"] == "failed"
    assert "No module named" in results["mediapipe_not_imported"]["evidence"]


def test_absent_mediapipe_matters_to_its_engine_alone(venv: Venv) -> None:
    assert venv.look("mediapipe")["mediapipe_absent"].result == "skipped"
    assert venv.look("mediapipe", engine="mediapipe")["mediapipe_missing"].result == "failed"


def test_a_mediapipe_that_reports_usage_is_named(venv: Venv) -> None:
    venv.install("mediapipe==0.10.35")
    found = venv.look("mediapipe")
    assert found["mediapipe_reports_usage"].result == "warning"
    assert "unshare --net" in found["mediapipe_reports_usage"].fix


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="MediaPipe 0.10.21 is for older Pythons")
def test_the_original_with_clashing_packages_and_without_all_models(venv: Venv) -> None:
    venv.install("mediapipe==0.10.21", "protobuf==3.20.3")
    package(venv.site, "numpy", "2.1.0", files={"numpy/__init__.py": ""})
    found = venv.look("mediapipe")
    assert "mediapipe_no_solutions" not in found
    clash = found["mediapipe_clash"]
    assert "numpy 2.1.0, wanted numpy<2" in clash.en
    assert "protobuf 3.20.3, wanted protobuf<5,>=4.25.3" in clash.en
    models = found["mediapipe_downloads_models"]
    assert "pose_landmark_lite.tflite, pose_landmark_heavy.tflite" in models.en
    # As an engine it has the full model, and posemill brings the others.
    assert "mediapipe_downloads_models" not in venv.look("mediapipe", engine="mediapipe")
    venv.shell(models.commands[0])
    assert "mediapipe_downloads_models" not in venv.look("mediapipe")
