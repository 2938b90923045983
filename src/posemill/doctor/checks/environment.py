"""Python itself, and the environment that posemill runs in."""

import json
import platform
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from posemill.doctor.checks import elsewhere
from posemill.doctor.checks.installed import Package, installed
from posemill.doctor.checks.ranges import normal
from posemill.doctor.checks.requirements import needs, packages
from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.premises import Premises

__all__ = ["conda_and_pip", "environment", "of_interpreter", "packages", "python"]

OLDEST: Final = (3, 11)
NEWEST_TESTED: Final = (3, 14)
# What conda calls a package of pip's.
_OF_CONDA: Final = {
    "py-opencv": ("opencv-python", "opencv-contrib-python", "opencv-python-headless"),
    "libopencv": ("opencv-python", "opencv-contrib-python", "opencv-python-headless"),
    "libprotobuf": ("protobuf",),
    "numpy-base": ("numpy",),
}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs this."""

    version: tuple[int, int, int] = field(default=sys.version_info[:3])
    implementation: str = field(default_factory=platform.python_implementation)
    bits: int = field(default=64 if sys.maxsize > 2**32 else 32)
    executable: str = field(default=sys.executable)


def python(_: Premises) -> Iterator[Finding]:
    """Look at the interpreter."""
    yield from of_interpreter(Interpreter())


def of_interpreter(found: Interpreter) -> Iterator[Finding]:
    """Judge an interpreter."""
    version = ".".join(map(str, found.version))
    named = f"{found.implementation} {version}, {found.bits} bit ({found.executable})"
    named_zh = f"{found.implementation} {version}，{found.bits} 位（{found.executable}）"
    oldest, newest = (".".join(map(str, each)) for each in (OLDEST, NEWEST_TESTED))
    other = Words(
        f"Make an environment with 64-bit CPython {oldest} to {newest}: uv venv --python {newest}",
        f"请用 64 位 CPython {oldest} 至 {newest} 新建环境：uv venv --python {newest}",
    )
    if found.version[:2] < OLDEST:
        said = Words(
            f"{named}: posemill needs {oldest}", f"{named_zh}：posemill 需要 {oldest} 以上"
        )
        yield failed("python_too_old", said, other)
    elif found.bits < 64:
        said = Words(
            f"{named}: OpenVINO has nothing for 32 bit", f"{named_zh}：OpenVINO 不支持 32 位"
        )
        yield failed("python_32_bit", said, other)
    elif found.implementation != "CPython":
        said = Words(
            f"{named}: OpenVINO and others are compiled for CPython alone",
            f"{named_zh}：OpenVINO 等依赖包只提供 CPython 版本",
        )
        yield warning("python_not_cpython", said, other)
    elif found.version[:2] > NEWEST_TESTED:
        said = Words(
            f"{named}: newer than what posemill is tested with ({oldest} to {newest})",
            f"{named_zh}：比 posemill 测试过的版本（{oldest} 至 {newest}）更新",
        )
        yield warning("python_untested", said, other)
    else:
        yield good("python", named, named_zh)


def environment(given: Premises) -> Iterator[Finding]:
    """Look at where packages come from, and what could be taken for this environment."""
    everything = installed()
    yield _kind(Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("stdlib")))
    yield from conda_and_pip(Path(sys.prefix), everything)
    yield from elsewhere.other_active(given.environ)
    yield from elsewhere.other_programs(given.environ)
    yield from elsewhere.variables(given.environ)
    yield from elsewhere.user_packages(everything)
    try:
        folder = Path.cwd()
    except OSError:
        yield _no_folder()
    else:
        yield from elsewhere.working_folder(folder)


def _kind(prefix: Path, base: Path, library: Path) -> Finding:
    if (prefix / "conda-meta").is_dir():
        return good("conda", f"A conda environment: {prefix}", f"conda 环境：{prefix}")
    if prefix != base:
        return good(
            "venv",
            f"A virtual environment: {prefix}, of the Python in {base}",
            f"虚拟环境：{prefix}，基于 {base} 中的 Python",
        )
    if (library / "EXTERNALLY-MANAGED").is_file():
        return warning(
            "python_of_the_system",
            Words(
                f"posemill is installed into the system's own Python, {prefix}: packages of the "
                "system and of pip replace each other there, and an update of the system may "
                "break posemill",
                f"posemill 安装在系统自带的 Python（{prefix}）中：系统的包与 pip 的包会相互替换，"
                "系统更新可能破坏 posemill",
            ),
            Words(
                f"Make an environment of its own: {sys.executable} -m venv posemill-env, and "
                "install posemill with posemill-env/bin/pip.",
                f"请新建独立环境：{sys.executable} -m venv posemill-env，再用 "
                "posemill-env/bin/pip 安装 posemill。",
            ),
        )
    return good(
        "python_alone", f"The Python in {prefix}, no venv", f"{prefix} 中的 Python，未使用虚拟环境"
    )


def _no_folder() -> Finding:
    return warning(
        "no_working_folder",
        Words(
            "The folder that this was started in is gone, or may not be read: settings there "
            "aren't found, and relative paths lead nowhere",
            "启动时所在的目录已被删除或无法读取：其中的设置文件找不到，相对路径也都无效",
        ),
        Words("Start it in another folder, as: cd /", "请换一个目录启动，例如先执行 cd /"),
    )


def conda_and_pip(prefix: Path, everything: Sequence[Package]) -> Iterator[Finding]:
    """Look for packages that conda and pip have both installed into one environment."""
    by_conda = dict(_listed_by_conda(prefix / "conda-meta"))
    concerned = {need.requirement.name for need in needs(everything)}
    both = [
        f"{each.name} (conda {by_conda[each.name]}, {each.installer} {each.version})"
        for each in everything
        if each.name in by_conda
        and each.installer not in ("", "conda")
        and (each.name in concerned or "opencv" in each.name or each.name == "protobuf")
        and each.folder.is_relative_to(prefix.resolve())
    ]
    if both:
        listed = ", ".join(both)
        yield warning(
            "conda_and_pip",
            Words(
                f"conda and pip have both installed into {prefix}: {listed}. Each overwrites the "
                "other's files without knowing, and what conda updates next breaks",
                f"conda 与 pip 在 {prefix} 中安装了相同的包：{listed}。"
                "两者互不知情地覆盖对方的文件，conda 下次更新时就会损坏",
            ),
            Words(
                "Make an environment where pip alone installs: conda create -y -n posemill "
                "python=3.12 pip, then conda run -n posemill pip install posemill",
                "请新建一个只用 pip 安装的环境：先执行 conda create -y -n posemill "
                "python=3.12 pip，再执行 conda run -n posemill pip install posemill",
            ),
        )


def _listed_by_conda(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            name, version = normal(str(record["name"])), str(record["version"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for each in _OF_CONDA.get(name, (name,)):
            yield each, version
