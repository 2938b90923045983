"""The build hook, and what is in a wheel and a source archive built from this tree."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from posemill.runtime.model_files import MODELS, MODELS_FOLDER, sha256_of

KERNELS = {  # name: where its header says what it is for, and what it must say
    "native-linux-x86_64.so": (0, b"\x7fELF", 18, b"\x3e\x00"),
    "native-linux-aarch64.so": (0, b"\x7fELF", 18, b"\xb7\x00"),
    "native-darwin-x86_64.dylib": (0, b"\xcf\xfa\xed\xfe", 4, b"\x07\x00\x00\x01"),
    "native-darwin-aarch64.dylib": (0, b"\xcf\xfa\xed\xfe", 4, b"\x0c\x00\x00\x01"),
    "native-windows-x86_64.dll": (0, b"MZ", 0, b"MZ"),
}
ASSETS = ("swagger-ui-bundle.js", "swagger-ui.css")
SOURCES = ("hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE", ".gitignore")
BUILD_LIMIT_S = 120


def run(
    command: Sequence[str | Path], *, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT_S,
        check=False,
    )


def build(tree: Path, target: str, out: Path, **environment: str) -> Path:
    """Build as pip and uv do it, but without fetching the build's own requirements."""
    done = run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out],
        cwd=tree,
        **environment,
    )
    assert done.returncode == 0, done.stderr
    (made,) = out.iterdir()
    return made


def bare_copy(root: Path, target: Path) -> Path:
    """Copy what a build needs, without anything that a build has made."""
    made = shutil.ignore_patterns("models", "kernels", "node_modules", "__pycache__")
    for folder in ("src", "web"):
        shutil.copytree(root / folder, target / folder, ignore=made)
    for name in SOURCES:
        shutil.copyfile(root / name, target / name)
    return target


@pytest.fixture(scope="module")
def wheel(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(project_root, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def hook(project_root: Path) -> ModuleType:
    spec = spec_from_file_location("hatch_build", project_root / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what is inside


def test_a_wheel_carries_models_and_kernels_for_every_platform(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        for model in MODELS.values():
            content = archive.read(f"posemill/models/{model.file}")
            assert sha256(content).hexdigest() == model.sha256
        for name, (start, magic, at, machine) in KERNELS.items():
            content = archive.read(f"posemill/kernels/{name}")
            assert content[start : start + len(magic)] == magic
            assert content[at : at + len(machine)] == machine
            assert b"posemill_crop" in content
            assert len(content) < 100_000


def test_a_wheel_carries_nothing_else(wheel: Path, project_root: Path) -> None:
    package = project_root / "src" / "posemill"
    ours = {
        f"posemill/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.suffix in (".py", ".c", ".toml", ".jpg") or path.name == "py.typed"
    }
    ours |= {f"posemill/models/{model.file}" for model in MODELS.values()}
    ours |= {f"posemill/kernels/{name}" for name in KERNELS}
    ours |= {f"posemill/server/assets/{name}" for name in ASSETS}
    page = [path for path in (package / "server" / "page").rglob("*") if path.suffix]
    assert {path.name for path in page} > {"index.html", "licences.md"}
    ours |= {f"posemill/{path.relative_to(package).as_posix()}" for path in page}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    about = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - about == ours
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in about}


def test_a_plain_install_brings_no_opencv(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    needs = [line.split(": ", 1)[1] for line in lines if line.startswith("Requires-Dist: ")]
    plain = {need.split("<")[0].split(">")[0] for need in needs if "extra ==" not in need}
    assert plain == {
        *("av", "numpy", "openvino", "pillow", "pycocotools", "rich", "scipy", "typer"),
        *("dbos", "fastapi", "h11", "prometheus-client", "psutil", "python-multipart"),
        *("paho-mqtt", "urllib3", "uvicorn", "websockets"),
    }
    # Not even the extra may: opencv-contrib-python and opencv-python are the builds with windows.
    assert not [need for need in needs if "opencv" in need and "headless" not in need]
    assert not [need for need in needs if need.startswith("mediapipe")]  # it asks for that build


def test_a_source_archive_carries_the_locks_and_nothing_built(
    project_root: Path, tmp_path: Path
) -> None:
    with tarfile.open(build(project_root, "sdist", tmp_path)) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {
        *("hatch_build.py", "Makefile", "requirements.lock", "web/package-lock.json"),
        *("web/.npmrc", "src/posemill/native.c", "tests/conftest.py", ".ci/run", "PKG-INFO"),
        *("examples/photo.py", "Dockerfile", "compose.yaml", "deploy/systemd/posemill.service"),
    } <= names
    assert not [
        name for name in names if "node_modules" in name or name.startswith((".venv", "dist"))
    ]
    folders = tuple(
        f"src/posemill/{name}/" for name in ("models", "kernels", "server/assets", "server/page")
    )
    built = (".tflite", ".so", ".dll", ".dylib")
    assert not [name for name in names if name.startswith(folders) or name.endswith(built)]


def test_a_source_archive_carries_no_secret_of_this_installation(
    project_root: Path, tmp_path: Path
) -> None:
    tree = bare_copy(project_root, tmp_path / "tree")
    secrets = {".env", "posemill.toml", "deploy/nginx/tls/key.pem", "deploy/settings/posemill.toml"}
    for name in secrets | {"deploy/nginx/default.conf.template"}:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("not for others")
    with tarfile.open(build(tree, "sdist", tmp_path / "out")) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert "deploy/nginx/default.conf.template" in names
    assert not secrets & names


# --- the hook


def test_the_hook_reads_the_table_of_models_without_numpy(project_root: Path) -> None:
    """An environment that pip makes for a build has what ``requires`` names, and nothing else."""
    code = "import sys; sys.modules['numpy'] = None; import hatch_build as hook, pathlib;"
    code += "print(len(hook.load_table(pathlib.Path('src').absolute()).MODELS))"
    done = run([sys.executable, "-c", code], cwd=project_root)
    assert done.stdout == f"{len(MODELS)}\n", done.stderr


def test_without_a_registry_the_build_says_what_to_do(project_root: Path, tmp_path: Path) -> None:
    tree = bare_copy(project_root, tmp_path / "tree")
    done = run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "out"],
        cwd=tree,
        NPM_CONFIG_REGISTRY="http://127.0.0.1:9/",  # nobody listens there
        NPM_CONFIG_CACHE=str(tmp_path / "empty"),
        NO_PROXY="127.0.0.1",
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1
    for words in ("posemill can't be built", "@mediapipe/pose", "ECONNREFUSED"):
        assert words in said
    for advice in ("npm config get registry", "HTTPS_PROXY"):
        assert advice in said
    assert "Traceback" not in said
    assert not list((tmp_path / "out").glob("*"))


def test_models_that_are_right_stay_and_npm_rests(
    hook: ModuleType, project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = bare_copy(project_root, tmp_path / "tree")
    models = tree / "src" / "posemill" / "models"
    shutil.copytree(MODELS_FOLDER, models)
    before = {path.name: path.stat().st_mtime_ns for path in models.iterdir()}
    monkeypatch.setattr(hook, "run_npm_ci", lambda _: pytest.fail("npm was called for nothing"))
    hook.provide_models(tree)
    assert {path.name: path.stat().st_mtime_ns for path in models.iterdir()} == before


def test_a_damaged_model_is_brought_anew(
    hook: ModuleType, project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = bare_copy(project_root, tmp_path / "tree")
    models = tree / "src" / "posemill" / "models"
    shutil.copytree(MODELS_FOLDER, models)
    lite = MODELS["lite"]
    (models / lite.file).write_bytes(b"not a model")

    def install(web: Path) -> None:
        folder = web / "node_modules" / "@mediapipe" / "pose"
        folder.mkdir(parents=True)
        shutil.copyfile(MODELS_FOLDER / lite.file, folder / lite.published)

    monkeypatch.setattr(hook, "run_npm_ci", install)
    hook.provide_models(tree)
    assert sha256_of(models / lite.file) == lite.sha256


def test_what_npm_brings_is_checked(
    hook: ModuleType, project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = bare_copy(project_root, tmp_path / "tree")
    published = tree / "web" / "node_modules" / "@mediapipe" / "pose"
    published.mkdir(parents=True)
    for model in MODELS.values():
        (published / model.published).write_bytes(b"somebody else's")
    monkeypatch.setattr(hook, "run_npm_ci", lambda _: pytest.fail("all files were there"))
    with pytest.raises(hook.BuildFailed, match="is not the file that"):
        hook.provide_models(tree)
    assert not list((tree / "src" / "posemill" / "models").iterdir())


def test_kernels_are_compiled_once_and_again_when_the_source_changes(
    hook: ModuleType, project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = bare_copy(project_root, tmp_path / "tree")
    compiled: list[str] = []

    def note(source: Path, kernel: Path, *_: object) -> None:
        compiled.append(kernel.name)
        kernel.write_bytes(source.read_bytes())

    monkeypatch.setattr(hook, "compile_kernel", note)
    hook.provide_kernels(tree)
    assert sorted(compiled) == sorted(KERNELS)
    hook.provide_kernels(tree)
    assert len(compiled) == len(KERNELS)
    (tree / "src" / "posemill" / "kernels" / "native-linux-x86_64.so").unlink()
    hook.provide_kernels(tree)
    assert len(compiled) == 2 * len(KERNELS)
    with (tree / "src" / "posemill" / "native.c").open("a") as source:
        source.write("\n")
    hook.provide_kernels(tree)
    assert len(compiled) == 3 * len(KERNELS)


def test_a_kernel_that_does_not_compile_says_why(hook: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "native.c"
    source.write_text("int broken(")
    options = hook.KERNELS["native-linux-x86_64.so"]
    with pytest.raises(hook.BuildFailed, match=r"x86_64-linux-gnu[\s\S]*error: expected"):
        hook.compile_kernel(source, tmp_path / "native.so", options, tmp_path)
    assert not (tmp_path / "native.so").exists()
