"""The model files in the package: which, how large, and what their bytes must be.

They are MediaPipe Pose's own, from the npm package ``@mediapipe/pose`` 0.5.1675469404, and
come into the package when it is built. The build hook reads this table too, so this file
keeps to the standard library.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from posemill.errors import ModelCorrupt, ModelMissing

MODELS_FOLDER: Final = Path(__file__).resolve().parent.parent / "models"
_CURE: Final = "reinstall posemill"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model file: ``file`` is its name in the package, ``published`` that in npm's."""

    name: str
    file: str
    published: str
    size: int  # bytes
    sha256: str


class ModelState(StrEnum):
    """What a check can find."""

    OK = "ok"
    MISSING = "missing"
    WRONG_SIZE = "wrong size"
    WRONG_HASH = "wrong hash"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model file, where it should be, and how it is."""

    model: ModelFile
    path: Path
    state: ModelState

    @property
    def ok(self) -> bool:
        """Whether the file is there, byte for byte as published."""
        return self.state is ModelState.OK


MODELS: Final = {
    model.name: model
    for model in (
        ModelFile(
            "lite",
            "pose_landmark_lite.tflite",
            "pose_landmark_lite.tflite",
            2_819_824,
            "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
        ),
        ModelFile(
            "full",
            "pose_landmark_full.tflite",
            "pose_landmark_full.tflite",
            6_440_512,
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        ModelFile(
            "heavy",
            "pose_landmark_heavy.tflite",
            "pose_landmark_heavy.tflite",
            27_709_200,
            "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
        ),
        # The "packed assets" hold a single one: byte for byte the detector's TFLite file.
        ModelFile(
            "detector",
            "pose_detection.tflite",
            "pose_solution_packed_assets.data",
            2_962_288,
            "a63c614bef30d35947f13be361820b1e4e3bec9cfeebf4d11216a18373108e85",
        ),
    )
}


def path_of(name: str) -> Path:
    """Return where model ``name`` lies, after a look at its size (not at its hash).

    Raises ``ModelMissing`` where it is not there, ``ModelCorrupt`` where its size is wrong.
    """
    model = MODELS[name]
    path = MODELS_FOLDER / model.file
    _raise_for(ModelStatus(model, path, _state_by_size(model, path)))
    return path


def verify(name: str) -> Path:
    """Return where model ``name`` lies, after reading all of it.

    Raises ``ModelMissing`` where it is not there, ``ModelCorrupt`` where its bytes are wrong.
    """
    status = check(MODELS[name])
    _raise_for(status)
    return status.path


def check(model: ModelFile, folder: Path | None = None) -> ModelStatus:
    """Compare the size and the hash of one file, in the package or in another ``folder``."""
    path = (folder or MODELS_FOLDER) / model.file
    state = _state_by_size(model, path)
    if state is ModelState.OK and sha256_of(path) != model.sha256:
        state = ModelState.WRONG_HASH
    return ModelStatus(model, path, state)


def check_all() -> list[ModelStatus]:
    """Check every model file of the package, in the order of the table."""
    return [check(model) for model in MODELS.values()]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state_by_size(model: ModelFile, path: Path) -> ModelState:
    if not path.is_file():
        return ModelState.MISSING
    return ModelState.OK if path.stat().st_size == model.size else ModelState.WRONG_SIZE


def _raise_for(status: ModelStatus) -> None:
    if status.state is ModelState.MISSING:
        raise ModelMissing(f"the model file {status.path} is missing; {_CURE}")
    if not status.ok:
        raise ModelCorrupt(
            f"the model file {status.path} is not the published one ({status.state}); {_CURE}"
        )
