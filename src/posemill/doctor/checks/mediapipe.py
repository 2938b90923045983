"""MediaPipe, which posemill doesn't need: an engine beside its own, where somebody wants it."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from posemill.doctor.checks.imported import imported
from posemill.doctor.checks.installed import (
    Package,
    copy_command,
    counting,
    install_command,
    installed,
    running,
)
from posemill.doctor.checks.ranges import contains, counts
from posemill.doctor.checks.requirements import for_mediapipe
from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.premises import Premises
from posemill.options import MODEL_NAMES

WANTED: Final = "mediapipe==0.10.21"
_NEWEST_PYTHON: Final = (3, 12)  # that it has wheels for
_WITH_WINDOWS: Final = ("opencv-python", "opencv-contrib-python")
_MODELS: Final = Path(__file__).resolve().parents[2] / "models"

Say = Callable[[str, Words, Words], Finding]


def look(given: Premises) -> Iterator[Finding]:
    """Look whether MediaPipe is there, what it has, and import it in a process of its own."""
    wanted = given.settings.engine == "mediapipe"
    everything = installed()
    packages, needed = counting(everything), for_mediapipe(everything)
    own = packages.get("mediapipe")
    if own is None:
        yield _absent(wanted, needed)
        return
    say: Say = failed if wanted else warning
    folder = own.folder / "mediapipe"
    legacy = (folder / "python" / "solutions" / "pose.py").is_file()
    found = [] if legacy else [_without_solutions(own, folder, needed, say)]
    mending = needed if legacy else ()
    found += [*_clashes(own, packages, mending, say)]
    found += [*_not_imported(own, packages, mending, say)]
    found += _lacking_models(own, folder, given) if legacy else _reporting(own, folder)
    yield from found
    if not found:
        yield good(
            "mediapipe",
            f"{own} in {own.folder}: it has mp.solutions and its models, and can be imported",
            f"{own}（{own.folder}）：包含 mp.solutions 和模型文件，可以导入",
        )


def _absent(wanted: bool, needed: Sequence[str]) -> Finding:
    if not wanted:
        return skipped(
            "mediapipe_absent",
            "Not installed, and posemill needs none: it runs MediaPipe's models itself",
            "未安装；posemill 不需要它，MediaPipe 的模型由 posemill 自行运行",
        )
    evidence = Words(
        "engine is mediapipe, which is not installed here",
        "engine 设为 mediapipe，但此环境中未安装 MediaPipe",
    )
    return failed("mediapipe_missing", evidence, _the_original(needed))


def _without_solutions(own: Package, folder: Path, needed: Sequence[str], say: Say) -> Finding:
    looked_at = folder / "python" / "solutions" / "pose.py"
    return say(
        "mediapipe_no_solutions",
        Words(
            f"{own} has no mp.solutions: there is no {looked_at}, as in all versions since "
            "0.10.30. Programs with mp.solutions.pose end with AttributeError, and engine "
            "mediapipe can't run; engine openvino isn't concerned",
            f"{own} 不含 mp.solutions：不存在 {looked_at}（0.10.30 起的版本均如此）。使用 "
            "mp.solutions.pose 的程序会报 AttributeError，mediapipe 引擎无法运行；"
            "openvino 引擎不受影响",
        ),
        _the_original(needed),
    )


def _clashes(
    own: Package, packages: Mapping[str, Package], mending: Sequence[str], say: Say
) -> Iterator[Finding]:
    """Compare the versions that are there with those that its metadata asks for.

    What isn't there is no matter here: the pose graph needs less than the metadata asks for.
    """
    wrong = {}
    for each in own.requirements:
        there = packages.get(each.name)
        if there and counts(each.marker) and contains(each.ranges, there.version) is False:
            wrong[each.name + each.ranges] = str(there)
    if not wrong:
        return
    listed = "; ".join(f"{there}, wanted {range_}" for range_, there in wrong.items())
    listed_zh = "；".join(f"{there}，要求 {range_}" for range_, there in wrong.items())
    yield say(
        "mediapipe_clash",
        Words(
            f"{own} is made for other versions than those here: {listed}. It may still be "
            "imported, and then fail at the first picture",
            f"{own} 与此环境中的依赖版本冲突：{listed_zh}。导入可能仍会成功，"
            "但处理第一张图片时会失败",
        ),
        running(install_command(*(mending or wrong))),
    )


def _not_imported(
    own: Package, packages: Mapping[str, Package], mending: Sequence[str], say: Say
) -> Iterator[Finding]:
    error = imported("mediapipe").error
    if error:
        lost = [
            (each.name + "-headless" if each.name in _WITH_WINDOWS else each.name) + each.ranges
            for each in own.requirements
            if counts(each.marker) and each.name not in packages
        ]
        again = ("--force-reinstall", "--no-deps", f"mediapipe=={own.version}")
        yield say(
            "mediapipe_not_imported",
            Words(
                f"`import mediapipe` ({own}) fails: {error}",
                f"`import mediapipe`（{own}）失败：{error}",
            ),
            running(install_command(*(mending or lost or again))),
        )


def _lacking_models(own: Package, folder: Path, given: Premises) -> Iterator[Finding]:
    """Look for the models that MediaPipe downloads into its own folder when they are asked for."""
    there = folder / "modules" / "pose_landmark"
    files = {name: there / f"pose_landmark_{name}.tflite" for name in MODEL_NAMES}
    lost = [name for name, path in files.items() if not path.is_file()]
    if not lost:
        return
    wanted = given.settings.engine == "mediapipe"
    named = MODEL_NAMES[given.settings.model_complexity]
    if wanted and (named not in lost or os.access(there, os.W_OK)):
        return  # posemill puts its own there before it asks MediaPipe
    listed = ", ".join(files[name].name for name in lost)
    yield (failed if wanted else warning)(
        "mediapipe_downloads_models",
        Words(
            f"{own} lacks {listed} in {there}: programs that ask for these models have MediaPipe "
            "download them at first use, which fails on machines without a network, and where "
            "that folder can't be written",
            f"{own} 的 {there} 中缺少 {listed}：用到这些模型的程序首次运行时 MediaPipe 会联网下载，"
            "在离线机器上或该目录不可写时会失败",
        ),
        running(" && ".join(copy_command(_MODELS / files[name].name, there) for name in lost)),
    )


def _reporting(own: Package, folder: Path) -> Iterator[Finding]:
    """Look whether it hands certificates for HTTPS to its native library.

    Versions that do were seen to look for a host when a task had run: 0.10.35 and 1.2.3, with a
    PoseLandmarker and a local model, under strace. 0.10.33, which doesn't, looked for none.
    """
    source = folder / "tasks" / "python" / "core" / "base_options.py"
    try:
        text = source.read_text(encoding="utf-8")
    except OSError:
        return
    if "ca_bundle" in text:
        yield warning(
            "mediapipe_reports_usage",
            Words(
                f"{own} reports usage to its maker over the network when one of its tasks has "
                f"run: its native library is given certificates for that in {source}, and Python "
                "has no switch for it",
                f"{own} 在其任务运行后会通过网络向开发方上报使用情况：{source} 把用于 HTTPS 的证书"
                "交给其本地库，而 Python 接口没有关闭的开关",
            ),
            Words(
                "Where nothing may leave the machine, use posemill with engine openvino, which "
                f"sends nothing, or {WANTED}, or cut the program's network (unshare --net).",
                "若数据不得离开本机：请使用 posemill 的 openvino 引擎（不发送任何数据）或 "
                f"{WANTED}，或切断该程序的网络（unshare --net）。",
            ),
        )


def _the_original(needed: Sequence[str]) -> Words:
    if sys.version_info[:2] > _NEWEST_PYTHON:
        return Words(
            f"Leave engine at openvino. {WANTED}, the last with mp.solutions, is for Python 3.11 "
            "and 3.12: make an environment for it (uv venv --python 3.12), and install there as "
            "docs/en/python.md says.",
            f"请保持 engine 为 openvino。最后一个带 mp.solutions 的版本 {WANTED} 仅支持 "
            "Python 3.11 和 3.12：请为它新建环境（uv venv --python 3.12），"
            "并按 docs/zh/python.md 的说明安装。",
        )
    first, itself = install_command(*needed), install_command("--no-deps", WANTED)
    return Words(
        f"Leave engine at openvino; or, for engine mediapipe and mp.solutions, run: {first} "
        f"&& {itself}",
        f"请保持 engine 为 openvino；若需要 mediapipe 引擎或 mp.solutions，请执行：{first} "
        f"&& {itself}",
    )
