"""Compiled models are kept between runs, and nothing about that can break a start."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posemill.drawing.figure import draw_figure
from posemill.errors import ModelMissing
from posemill.options import PoseOptions
from posemill.runtime import compiling, load_engine, model_cache, model_files
from posemill.runtime.compiling import Compiler
from posemill.runtime.model_cache import Array, ModelCache, cache_folder
from posemill.runtime.precision import Point
from posemill.runtime.quiet_openvino import ov, shared_core
from posemill.types import Floats, Frame

LITE = PoseOptions(model_complexity=0)
ARRAYS: list[Array] = [np.arange(1000, dtype=np.uint8), np.eye(3, dtype=np.float32)]


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "posemill")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a user whose home is new."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "home" / "posemill"


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def landmarks(options: PoseOptions = LITE) -> Floats:
    (pose,) = load_engine(options).estimator().estimate(Frame(draw_figure(320, 240))).people
    return pose.landmarks


def never(*_: object) -> None:
    raise AssertionError("must not be called")


# The folder by itself


@pytest.mark.parametrize(
    ("system", "environ", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches/posemill"),
        ("linux", {"XDG_CACHE_HOME": "not/absolute"}, "HOME/.cache/posemill"),
        ("linux", {}, "HOME/.cache/posemill"),
        ("darwin", {}, "HOME/Library/Caches/posemill"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/posemill/cache"),
    ],
)
def test_the_place_is_the_systems(
    system: str, environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("HOME"))
    assert cache_folder(environ, system).as_posix() == expected


def test_what_was_stored_comes_back(cache: ModelCache) -> None:
    assert cache.load("key") is None
    cache.store("key", ARRAYS)
    loaded = cache.load("key")
    assert loaded is not None
    for stored, back in zip(ARRAYS, loaded, strict=True):
        np.testing.assert_array_equal(stored, back)
    assert cache.load("another key") is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX permissions")
def test_the_files_are_the_users_alone(cache: ModelCache) -> None:
    cache.store("key", ARRAYS)
    (file,) = files(cache.folder)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_write_to_is_not_trusted(cache: ModelCache, mode: int) -> None:
    cache.store("key", ARRAYS)
    cache.folder.chmod(mode)
    assert cache.load("key") is None
    cache.store("second", ARRAYS)
    assert len(files(cache.folder)) == 1


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX permissions")
def test_somebody_elses_folder_is_not_trusted(
    cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.store("key", ARRAYS)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert cache.load("key") is None


@pytest.mark.parametrize("place", [0, 31, 32, 100, 600, -1])
def test_a_changed_byte_is_noticed(cache: ModelCache, place: int) -> None:
    cache.store("key", ARRAYS)
    (file,) = files(cache.folder)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert cache.load("key") is None


@pytest.mark.parametrize("length", [0, 10, 32, 500])
def test_a_cut_file_is_noticed(cache: ModelCache, length: int) -> None:
    cache.store("key", ARRAYS)
    (file,) = files(cache.folder)
    file.write_bytes(file.read_bytes()[:length])
    assert cache.load("key") is None
    cache.store("key", ARRAYS)
    assert cache.load("key") is not None


def test_a_file_under_another_name_is_noticed(cache: ModelCache) -> None:
    cache.store("key", ARRAYS)
    (file,) = files(cache.folder)
    cache.store("another", ARRAYS)
    (other,) = set(files(cache.folder)) - {file}
    other.write_bytes(file.read_bytes())
    assert cache.load("another") is None


def test_a_place_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = ModelCache(tmp_path / "file" / "posemill")
    cache.store("key", ARRAYS)
    assert cache.load("key") is None


def test_a_full_disk_leaves_nothing_behind(
    cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache.store("key", ARRAYS)
    assert files(cache.folder) == []


def test_old_files_go(cache: ModelCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "_KEPT", 3)
    cache.folder.mkdir(mode=0o700)
    names = ["killed.part", "old.model", "older.model", "new.model", "newer.part", "mine.txt"]
    for name, age in zip(names, [2, 4, 3, 5, 6, 1], strict=True):
        (cache.folder / name).touch()
        os.utime(cache.folder / name, (age, age))
    cache.store("key", ARRAYS)
    assert cache.load("key") is not None
    left = {path.name for path in files(cache.folder)}
    assert len(left) == 4
    assert left > {"new.model", "newer.part", "mine.txt"}


def test_readers_beside_writers_see_all_or_nothing(cache: ModelCache) -> None:
    def work(number: int) -> bool:
        if number % 2:
            cache.store("key", ARRAYS)
        loaded = cache.load("key")
        return loaded is None or bool((loaded[0] == ARRAYS[0]).all())

    cache.store("key", ARRAYS)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


# With the engine


@pytest.mark.parametrize("precision", ["f32", "fast"])
@pytest.mark.parametrize("masks", [False, True])
def test_a_second_start_reads_no_model_and_sees_the_same(
    precision: str, masks: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PoseOptions(model_complexity=0, precision=precision, enable_segmentation=masks)
    first = landmarks(options)
    assert len(files(home)) == 2
    monkeypatch.setattr(compiling, "_read", never)
    np.testing.assert_array_equal(landmarks(options), first)


def test_it_can_be_off(home: Path) -> None:
    landmarks(PoseOptions(model_complexity=0, model_cache=False))
    assert files(home) == []


@pytest.mark.parametrize("changed", ["posemill", "openvino", "model", "processor"])
def test_another_version_starts_anew(
    changed: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Compiler._key

    def another(self: Compiler, *about: Any) -> str:
        return json.dumps(json.loads(key(self, *about)) | {changed: "another"}, sort_keys=True)

    landmarks()
    monkeypatch.setattr(Compiler, "_key", another)
    landmarks()
    assert len(files(home)) == 4


def test_the_key_holds_all_versions() -> None:
    compiler = Compiler(shared_core(), LITE, None)
    about = json.loads(compiler._key("lite", ("Identity",), Point(frozenset({8, 16}))))
    assert about["openvino"] == ov.__version__
    assert about["model"] == model_files.MODELS["lite"].sha256
    assert (about["outputs"], about["precision"]) == (["Identity"], "bf16:8,16")
    sources = [path.read_bytes() for path in sorted(Path(compiling.__file__).parent.glob("*.py"))]
    assert about["posemill"] == hashlib.sha256(b"".join(sources)).hexdigest()


def test_what_openvino_refuses_is_compiled_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = landmarks()
    good = [path.read_bytes() for path in files(home)]
    monkeypatch.setattr(ModelCache, "load", lambda *_: [np.zeros(1000, np.uint8), *ARRAYS])
    np.testing.assert_array_equal(landmarks(), expected)
    assert len(files(home)) == len(good)


def test_damaged_files_are_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = landmarks()
    for path in files(home):
        path.write_bytes(b"damaged")
    np.testing.assert_array_equal(landmarks(), expected)
    monkeypatch.setattr(compiling, "_read", never)
    np.testing.assert_array_equal(landmarks(), expected)


def test_a_user_without_a_home_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    landmarks()


def test_a_model_that_is_gone_is_still_missing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landmarks()
    monkeypatch.setattr(model_files, "MODELS_FOLDER", tmp_path / "empty")
    with pytest.raises(ModelMissing):
        load_engine(LITE)


def test_a_damaged_model_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "sha256_of", lambda _: "another")
    landmarks()
    assert files(home) == []


def test_two_processes_can_start_at_once(home: Path) -> None:
    program = (
        "from posemill.runtime import load_engine; from posemill.options import PoseOptions;"
        "load_engine(PoseOptions(model_complexity=0))"
    )
    environ = os.environ | {"XDG_CACHE_HOME": str(home.parent)}
    started = [subprocess.Popen([sys.executable, "-c", program], env=environ) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert [path.suffix for path in files(home)] == [".model"] * 2
