"""The table of model files, and the checks against it."""

import shutil
from pathlib import Path

import pytest

from posemill.errors import ModelCorrupt, ModelError, ModelMissing
from posemill.runtime import model_files
from posemill.runtime.model_files import MODELS, ModelState


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder with the two small files, for ``path_of`` and ``verify`` to look into."""
    for name in ("lite", "detector"):
        shutil.copyfile(model_files.MODELS_FOLDER / MODELS[name].file, tmp_path / MODELS[name].file)
    monkeypatch.setattr(model_files, "MODELS_FOLDER", tmp_path)
    return tmp_path


def spoil(path: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_the_package_holds_the_published_models() -> None:
    found = {status.model.name: status.state for status in model_files.check_all()}
    assert found == dict.fromkeys(("lite", "full", "heavy", "detector"), ModelState.OK)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_a_tflite_file(name: str) -> None:
    with model_files.path_of(name).open("rb") as file:
        assert file.read(8)[4:] == b"TFL3"  # the identifier of the format's flatbuffers


def test_a_good_file_passes(folder: Path) -> None:
    assert model_files.path_of("lite") == folder / "pose_landmark_lite.tflite"
    assert model_files.verify("lite") == folder / "pose_landmark_lite.tflite"
    assert model_files.check(MODELS["lite"]).ok


def test_a_missing_file_is_named(folder: Path) -> None:
    for look in (model_files.path_of, model_files.verify):
        with pytest.raises(ModelMissing, match=r"pose_landmark_heavy\.tflite is missing") as caught:
            look("heavy")
        assert isinstance(caught.value, FileNotFoundError)
    assert str(folder) in str(caught.value)


def test_a_cut_file_is_noticed_without_reading_it(folder: Path) -> None:
    path = folder / MODELS["lite"].file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelCorrupt, match="wrong size"):
        model_files.path_of("lite")


def test_one_changed_bit_is_noticed(folder: Path) -> None:
    path = folder / MODELS["detector"].file
    spoil(path)
    assert model_files.path_of("detector") == path  # a start does not read it all
    with pytest.raises(ModelCorrupt, match="wrong hash"):
        model_files.verify("detector")


def test_check_all_tells_every_state(folder: Path) -> None:
    spoil(folder / MODELS["detector"].file)
    (folder / MODELS["full"].file).write_bytes(b"")
    states = {status.model.name: str(status.state) for status in model_files.check_all()}
    assert states == {
        "lite": "ok",
        "full": "wrong size",
        "heavy": "missing",
        "detector": "wrong hash",
    }
    assert [s.ok for s in model_files.check_all()] == [True, False, False, False]


def test_a_folder_in_place_of_a_file_is_missing(folder: Path) -> None:
    (folder / MODELS["heavy"].file).mkdir()
    with pytest.raises(ModelError):
        model_files.path_of("heavy")
