"""The packages that posemill needs: there, in the versions that it takes, whole, and once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from posemill.doctor.checks.imported import imported
from posemill.doctor.checks.installed import (
    Package,
    counting,
    install_command,
    installed,
    running,
    uninstall_command,
)
from posemill.doctor.checks.ranges import Requirement, contains, counts
from posemill.doctor.checks.room import MIB, no_room
from posemill.doctor.finding import Finding, Result, Words, failed, good, skipped, warning
from posemill.doctor.premises import Premises

# Compiled ones, by what is imported of them; OpenVINO as posemill has it, without its reports.
MODULES: Final = {
    "numpy": "numpy",
    "openvino": "posemill.runtime.quiet_openvino",
    "av": "av",
    "pillow": "PIL.Image",
    "scipy": "scipy.optimize",
}


_IMPORTING_BYTES: Final = 100 * MIB


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement that counts here, and who has it."""

    requirement: Requirement
    wanted_by: str

    @property
    def wanted(self) -> str:
        """As pip takes it, such as ``numpy>=1.26,<3``."""
        return self.requirement.name + self.requirement.ranges

    def __str__(self) -> str:
        return f"{self.wanted} ({self.wanted_by})"


def packages(_: Premises) -> Iterator[Finding]:
    """Compare what is installed with what posemill asks for, and what that asks for in turn."""
    everything = installed()
    there = counting(everything)
    if "posemill" not in there:
        yield skipped(
            "not_installed",
            "posemill runs from its sources and isn't installed here: nothing says what it needs",
            "posemill 直接从源码运行，未安装到此环境，因此没有依赖声明可供核对",
        )
        return
    wanted = needs(everything)
    found = [*_missing(wanted, there), *_out_of_range(wanted, there)]
    found += [*_twice(wanted, everything), *_broken(wanted, there)]
    yield from found
    if all(each.result is Result.SKIPPED for each in found):
        names = ", ".join(str(there[name]) for name in MODULES if name in there)
        number = len({need.requirement.name for need in wanted})
        yield good(
            "packages",
            f"{number} packages that posemill needs, all in range; among them {names}",
            f"posemill 所需的 {number} 个依赖包版本均符合要求，其中包括 {names}",
        )


def needs(everything: Sequence[Package]) -> tuple[Need, ...]:
    """Follow the requirements from posemill down, each package with the extras asked of it."""
    there = counting(everything)
    found: list[Need] = []
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting: list[tuple[str, frozenset[str]]] = [("posemill", frozenset())]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen or name not in there:
            continue
        seen.add((name, extras))
        counting_here = [each for each in there[name].requirements if counts(each.marker, extras)]
        found += [Need(each, name) for each in counting_here]
        waiting += [(each.name, each.extras) for each in counting_here]
    return tuple(found)


def for_mediapipe(everything: Sequence[Package]) -> tuple[str, ...]:
    """Return what posemill's extra ``mediapipe`` asks for, as pip takes it."""
    own = counting(everything).get("posemill")
    return tuple(
        each.name + each.ranges
        for each in (own.requirements if own else ())
        if counts(each.marker, ("mediapipe",)) and not counts(each.marker)
    )


def _missing(wanted: Sequence[Need], there: Mapping[str, Package]) -> Iterator[Finding]:
    lost = {need.wanted: need for need in wanted if need.requirement.name not in there}
    if lost:
        listed = ", ".join(map(str, lost.values()))
        yield failed(
            "packages_missing",
            Words(f"Not installed: {listed}", f"缺少依赖包：{listed}"),
            running(install_command(*lost)),
        )


def _out_of_range(wanted: Sequence[Need], there: Mapping[str, Package]) -> Iterator[Finding]:
    wrong = {}
    for need in wanted:
        found = there.get(need.requirement.name)
        if found and contains(need.requirement.ranges, found.version) is False:
            wrong[need.wanted] = f"{found}, wanted {need}"
    if wrong:
        listed = "; ".join(wrong.values())
        yield warning(
            "packages_out_of_range",
            Words(
                f"Other versions than posemill is made for: {listed}",
                f"版本超出要求的范围：{listed}",
            ),
            running(install_command(*wrong)),
        )


def _twice(wanted: Sequence[Need], everything: Sequence[Package]) -> Iterator[Finding]:
    names = {"posemill", *(need.requirement.name for need in wanted)}
    for name in sorted(names):
        copies = [each for each in everything if each.name == name]
        together = [each for each in copies if each.folder == copies[0].folder]
        if len(together) > 1:
            versions = ", ".join(each.version for each in together)
            line = next((each.wanted for each in wanted if each.requirement.name == name), name)
            removed = " && ".join([uninstall_command(name)] * len(together))
            yield warning(
                "package_twice",
                Words(
                    f"{name} is registered {len(together)} times in {together[0].folder} "
                    f"({versions}): one installation was laid over another, and files of both "
                    "may be mixed",
                    f"{name} 在 {together[0].folder} 中登记了 {len(together)} 次（{versions}）："
                    "一次安装覆盖了另一次，文件可能已混杂",
                ),
                running(f"{removed} && {install_command(line)}"),
            )


def _broken(wanted: Sequence[Need], there: Mapping[str, Package]) -> Iterator[Finding]:
    too_little = no_room(_IMPORTING_BYTES)
    if too_little is not None:
        yield too_little
        return
    for name, module in MODULES.items():
        error = imported(module).error if name in there else ""
        if error:
            line = next((each.wanted for each in wanted if each.requirement.name == name), name)
            yield failed(
                "import_failed",
                Words(
                    f"{there[name]} is installed, but can't be imported: {error}",
                    f"已安装 {there[name]}，但无法导入：{error}",
                ),
                running(install_command("--force-reinstall", "--no-deps", line)),
            )
