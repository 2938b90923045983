"""OpenCV, which posemill doesn't need: MediaPipe and users' own programs do."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posemill.doctor.checks.imported import Import, imported
from posemill.doctor.checks.installed import (
    Package,
    counting,
    in_environment,
    install_command,
    installed,
    running,
    search_path,
    uninstall_command,
)
from posemill.doctor.checks.ranges import newest
from posemill.doctor.checks.requirements import for_mediapipe
from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.premises import Premises

_COMPILED: Final = (".so", ".pyd", ".dylib")


@dataclass(frozen=True, slots=True)
class Build:
    """One OpenCV. ``packages``: those that own it, with conda two for one; or none."""

    folder: Path
    packages: tuple[Package, ...]

    def __str__(self) -> str:
        names = " + ".join(map(str, self.packages)) or "cv2"
        return f"{names} ({self.folder})"


def look(given: Premises) -> Iterator[Finding]:
    """Find everything that provides ``cv2``, and import it in a process of its own."""
    builds = _builds()
    if not builds:
        yield good(
            "opencv_absent",
            "No OpenCV, and posemill needs none",
            "未安装 OpenCV；posemill 不需要它",
        )
        return
    together = [each for each in builds if each.folder == builds[0].folder]
    if len(together) > 1:
        yield _clash(together, given)
    if len(builds) > len(together):
        yield _hidden([builds[0], *(each for each in builds if each not in together)], given)
    found = imported("cv2")
    if found.error or not found.version:
        yield _unusable(together, found, given)
    elif found.windows not in ("", "NONE", "HEADLESS") and len(together) == 1:
        yield _with_windows(builds[0], found, given)
    elif len(builds) == 1:
        yield good(
            "opencv",
            f"One OpenCV, without windows: {builds[0]}",
            f"仅有一个无界面的 OpenCV：{builds[0]}",
        )


def _builds() -> list[Build]:
    """Return them in the order of the search path."""
    everything = installed()
    builds = []
    for folder in search_path():
        owners = [each for each in everything if each.folder == folder and _provides(each)]
        by_conda = tuple(each for each in owners if each.installer == "conda")
        if by_conda:  # one package of conda's stands in under several of pip's names
            builds.append(Build(folder, by_conda))
        builds += [Build(folder, (each,)) for each in owners if each.installer != "conda"]
        if not owners and _importable(folder):
            builds.append(Build(folder, ()))
    return builds


def _provides(package: Package) -> bool:
    return "cv2" in package.top_level or bool(
        re.fullmatch(r"(lib|py-)?opencv(-contrib)?(-python)?(-headless)?", package.name)
    )


def _importable(folder: Path) -> bool:
    compiled = (each for each in folder.glob("cv2.*") if each.suffix in _COMPILED)
    return (folder / "cv2" / "__init__.py").is_file() or any(compiled)


def _clash(builds: Sequence[Build], given: Premises) -> Finding:
    packages = [each for build in builds for each in build.packages]
    names = " + ".join(map(str, packages))
    shared = set.intersection(*(set(each.sums) for each in packages))
    ours = sorted(each for each in shared if each.startswith("cv2/"))
    example = next((each for each in ours if each.endswith(_COMPILED)), "cv2/__init__.py")
    winners = [str(each) for each in packages if _holds(each, example)]
    whose = " and ".join(winners) or "none of them"
    whose_zh = "、".join(winners) or "以上都不是"
    askers, askers_zh = _asked_for(packages)
    return failed(
        "opencv_clash",
        Words(
            f"{names} share one folder, {builds[0].folder / 'cv2'}: {len(ours)} files belong to "
            f"each of them, and {example} is that of {whose}. Whichever is updated or removed "
            f"breaks the other{askers}",
            f"{names} 共用同一目录 {builds[0].folder / 'cv2'}：其中 {len(ours)} 个文件同属各包，"
            f"现有的 {example} 来自 {whose_zh}。更新或卸载其中任何一个都会破坏另一个{askers_zh}",
        ),
        _replaced(packages, given),
    )


def _hidden(builds: Sequence[Build], given: Premises) -> Finding:
    listed = ", ".join(map(str, builds[1:]))
    outside = [str(each.folder) for each in builds if not in_environment(each.folder)]
    fix = Words(
        f"Keep one. What lies in {', '.join(outside)} comes from outside of this environment: "
        "remove it there, or use an environment without --system-site-packages and PYTHONPATH.",
        f"请只保留一个。{'、'.join(outside)} 中的来自此环境之外：请在那里卸载，或改用不带 "
        "--system-site-packages、也不设置 PYTHONPATH 的环境。",
    )
    packages = [each for build in builds for each in build.packages]
    return warning(
        "opencv_hidden",
        Words(
            f"Several OpenCVs on the search path: {builds[0]} is imported, and hides {listed}",
            f"搜索路径上有多个 OpenCV：实际导入 {builds[0]}，它遮住了 {listed}",
        ),
        fix if outside else _replaced(packages, given),
    )


def _unusable(builds: Sequence[Build], found: Import, given: Premises) -> Finding:
    error = found.error or "the folder cv2 is there, but not what belongs into it"
    error_zh = found.error or "cv2 目录还在，但内容不完整"
    say = failed if given.settings.engine == "mediapipe" else warning
    library = re.search(r"(lib[\w.+-]+\.so[.\d]*)", found.error)
    needs, needs_zh = (
        (
            f" It needs {library[1]}, a library of desktops that servers and slim containers lack.",
            f"它需要 {library[1]}：这是桌面系统的库，服务器和精简容器中没有。",
        )
        if library
        else ("", "")
    )
    return say(
        "opencv_unusable",
        Words(
            f"{builds[0]} can't be imported: {error}.{needs} posemill itself doesn't use it; "
            "engine mediapipe and programs of your own with cv2 fail",
            f"{builds[0]} 无法导入：{error_zh}。{needs_zh}posemill 本身不使用它，"
            "但 mediapipe 引擎以及您自己使用 cv2 的程序会失败",
        ),
        _replaced([each for build in builds for each in build.packages], given),
    )


def _with_windows(build: Build, found: Import, given: Premises) -> Finding:
    return warning(
        "opencv_with_windows",
        Words(
            f"{build} is the build with windows ({found.windows}). It works on this machine, and "
            "stops where libGL.so.1 or libgthread-2.0.so.0 is missing, as on servers and in slim "
            "containers",
            f"{build} 是带图形界面的版本（{found.windows}）。它在本机可用，但在缺少 libGL.so.1 或 "
            "libgthread-2.0.so.0 的机器（服务器、精简容器）上会失败",
        ),
        _replaced(build.packages, given),
    )


def _replaced(packages: Sequence[Package], given: Premises) -> Words:
    """Say how one headless build takes the place of them all."""
    if not packages:
        return Words(
            "Remove that cv2 with what installed it (Debian: apt-get remove python3-opencv), or "
            "delete it if nothing did; posemill needs none.",
            "请用当初的安装方式卸载该 cv2（Debian：apt-get remove python3-opencv）；"
            "若无对应的包，请直接删除。posemill 不需要它。",
        )
    if all(each.installer == "conda" for each in packages):
        return running("conda remove -y opencv py-opencv libopencv")
    removed = uninstall_command(*(each.name for each in packages if each.installer != "conda"))
    if any(each.installer == "conda" for each in packages):  # its files were overwritten
        return running(f"{removed} && conda install -y --force-reinstall py-opencv")
    added = install_command(_headless(packages, given))
    return Words(
        f"Run: {removed}; then, only if engine mediapipe or a program of yours needs cv2: {added}",
        f"请执行：{removed}；仅当使用 mediapipe 引擎或您的程序需要 cv2 时，再执行：{added}",
    )


def _headless(packages: Sequence[Package], given: Premises) -> str:
    """Return which headless build does what these did, as pip takes it."""
    if given.settings.engine == "mediapipe":
        return next(each for each in for_mediapipe(installed()) if each.startswith("opencv"))
    contrib = "contrib-" if any("contrib" in each.name for each in packages) else ""
    name = f"opencv-{contrib}python-headless"
    same = [each.version for each in packages if each.name == name]
    if same:
        return f"{name}=={same[0]}"
    release = re.match(r"\d+\.\d+\.\d+", newest([each.version for each in packages]))
    return f"{name}~={release[0]}" if release else name


def _holds(package: Package, file: str) -> bool:
    """Return whether the bytes of a file are those that this package brought."""
    try:
        data = (package.folder / file).read_bytes()
    except OSError:
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return package.sums.get(file) == f"sha256={digest}"


def _asked_for(packages: Sequence[Package]) -> tuple[str, str]:
    names = {each.name for each in packages}
    askers = sorted(
        f"{each.name} ({need.name})"
        for each in counting(installed()).values()
        for need in each.requirements
        if need.name in names and each.name != "posemill" and not need.marker
    )
    if not askers:
        return "", ""
    listed = ", ".join(askers)
    return f". Asked for by {listed}", f"。要求安装它们的包：{listed}"
