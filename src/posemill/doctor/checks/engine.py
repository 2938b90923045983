"""OpenVINO, the processor, the model files, and whether the landmarks come out right."""

from collections.abc import Iterator, Sequence
from math import hypot
from typing import Final

from posemill.doctor.checks.installed import install_command
from posemill.doctor.checks.room import MIB, no_room
from posemill.doctor.child import Answer, ask
from posemill.doctor.expected import EXPECTED
from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.premises import Premises

TRIAL: Final = "posemill.doctor.trial"
# Of the longer side of the person's box: precision and processor move landmarks by less.
_TOLERANCE: Final = 0.01
# What compiling the heavy model takes at its height, running the full one, and loading a library.
_COMPILING_BYTES: Final = 320 * MIB
RUNNING_BYTES: Final = 220 * MIB
LOADING_BYTES: Final = 100 * MIB


def openvino(given: Premises) -> Iterator[Finding]:
    """Look at the runtime, the processor's features, and the precision that follows."""
    too_little = no_room(LOADING_BYTES)
    if too_little is not None:
        yield too_little
        return
    settings = given.settings
    asked = {"model_complexity": settings.model_complexity, "precision": settings.precision}
    answer = ask(TRIAL, "openvino", given=asked)
    if answer.found is None:
        reinstall = install_command("--force-reinstall", "openvino")
        again = Words(
            f"{reinstall}; on Linux it needs glibc 2.28 or later and a 64-bit processor.",
            f"{reinstall}；在 Linux 上需要 glibc 2.28 以上和 64 位处理器。",
        )
        yield failed(
            "openvino_broken",
            Words(
                f"OpenVINO can't be used: {answer.failure}", f"OpenVINO 无法使用：{answer.failure}"
            ),
            mended(answer, again),
        )
        return
    version = str(answer.found["version"]).split("-")[0]
    features = ", ".join(sorted(answer.found["capabilities"]))
    precision = answer.found["precision"]
    yield good(
        "openvino",
        f"OpenVINO {version} on {answer.found['processor']} ({features}); precision "
        f"{settings.precision} runs as {precision}",
        f"OpenVINO {version}，处理器 {answer.found['processor']}（{features}）；"
        f"精度 {settings.precision} 实际为 {precision}",
    )
    if settings.precision == "fast" and precision == "f32":
        yield warning(
            "no_bf16",
            Words(
                "Precision is fast, but this processor has no bfloat16 of its own: it runs in f32",
                "precision 设为 fast，但本处理器不支持 bfloat16，实际以 f32 运行",
            ),
            Words(
                "Expect the speed of f32; a lighter model is faster: --model-complexity 0.",
                "速度与 f32 相同；如需更快请使用更轻的模型：--model-complexity 0。",
            ),
        )


def models(_: Premises) -> Iterator[Finding]:
    """Compare the bytes of the four model files with those published."""
    from posemill.runtime.model_files import check_all  # noqa: PLC0415

    statuses = check_all()
    for each in statuses:
        if not each.ok:
            yield failed(
                "model_wrong",
                Words(f"{each.path}: {each.state}", f"{each.path}：{each.state}"),
                _anew(),
            )
    if all(each.ok for each in statuses):
        size = sum(each.model.size for each in statuses) / 1e6
        names = ", ".join(each.model.name for each in statuses)
        yield good(
            "models",
            f"{len(statuses)} model files ({names}), {size:.0f} MB, each with the "
            "published SHA-256",
            f"{len(statuses)} 个模型文件（{names}），共 {size:.0f} MB，SHA-256 均与官方一致",
        )


def landmarks(_: Premises) -> Iterator[Finding]:
    """Find a drawn person with each model, and compare with stored landmarks."""
    too_little = no_room(_COMPILING_BYTES)
    if too_little is not None:
        yield too_little
        return
    furthest = 0.0
    for name, expected in EXPECTED.items():
        answer = ask(TRIAL, "landmarks", given={"model": name})
        if answer.found is None:
            yield _not_run(name, answer)
            return
        people = answer.found.get(name, [])
        distance = _distance(people[0], expected) if len(people) == 1 else 1.0
        furthest = max(furthest, distance)
        if distance > _TOLERANCE:
            yield failed(
                "landmarks_wrong",
                Words(
                    f"Model {name}: {len(people)} people found in a drawn picture "
                    "of one, landmarks "
                    f"{distance:.1%} of the box away from where they should be",
                    f"模型 {name}：在一张单人示意图中找到 {len(people)} 人，关键点偏离应有位置"
                    f"（人体框的 {distance:.1%}）",
                ),
                _anew(),
            )
    if furthest <= _TOLERANCE:
        yield good(
            "landmarks",
            "Detector, lite, full and heavy find the drawn person within "
            f"{furthest:.2%} of the box",
            f"检测器与 lite、full、heavy 模型均找到示意人物，偏差不超过人体框的 {furthest:.2%}",
        )


def _not_run(name: str, answer: Answer) -> Finding:
    return failed(
        "models_dont_run",
        Words(
            f"Model {name} can't be run: {answer.failure}",
            f"模型 {name} 无法运行：{answer.failure}",
        ),
        mended(answer, _anew()),
    )


def threads(given: Premises) -> Iterator[Finding]:
    """Have four threads share one engine: each must get the answer to its own picture."""
    too_little = no_room(RUNNING_BYTES)
    if too_little is not None:
        yield too_little
        return
    answer = ask(TRIAL, "threads", given={"model_complexity": given.settings.model_complexity})
    if answer.found is None:
        yield failed(
            "threads_failed",
            Words(
                f"Four threads on one engine: no answers: {answer.failure}",
                f"四个线程共用一个引擎：没有结果：{answer.failure}",
            ),
            mended(answer, _anew()),
        )
        return
    if answer.found["wrong"]:
        said = f"{answer.found['wrong']} of {answer.found['answers']}"
        said_zh = f"{answer.found['answers']} 个中有 {answer.found['wrong']} 个"
        yield failed(
            "threads_mixed",
            Words(
                f"Four threads on one engine got answers that were not theirs: {said}",
                f"四个线程共用一个引擎时得到了别人的结果：{said_zh}",
            ),
            _anew(),
        )
        return
    yield good(
        "threads",
        f"{answer.found['answers']} pictures from four threads at once: each got its own skeleton",
        f"四个线程同时处理 {answer.found['answers']} 张图片：每个结果都属于各自的图片",
    )


def mended(answer: Answer, otherwise: Words) -> Words:
    """Return what to do about a trial that failed: what keeps it from running comes first."""
    if answer.lacks_package:
        return Words(
            "See the check packages: it names what can't be imported, and the command.",
            "请查看 packages 检查：其中列出无法导入的包及相应命令。",
        )
    if answer.lacks_memory:
        return Words(
            "There was too little memory for it, most likely: see the check memory.",
            "很可能是内存不足：请查看 memory 检查。",
        )
    return otherwise


def _anew() -> Words:
    command = install_command("--force-reinstall", "--no-deps", "posemill")
    return Words(
        f"Install posemill anew, from the wheel it came from: {command}; from the sources: "
        "make clean, then make.",
        f"请用原来的 wheel 重新安装 posemill：{command}；源码方式：先 make clean，再 make。",
    )


def _distance(found: Sequence[Sequence[float]], expected: Sequence[Sequence[float]]) -> float:
    """Return the mean distance in parts of the longer side of the box, all in 640 x 480."""
    points = [_px(*each) for each in expected]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    longer = max(max(xs) - min(xs), max(ys) - min(ys))
    off = [_apart(_px(*a), b) for a, b in zip(found, points, strict=True)]
    return sum(off) / len(off) / longer


def _px(x: float, y: float) -> tuple[float, float]:
    return x * 640, y * 480


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])
