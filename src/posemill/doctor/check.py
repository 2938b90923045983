"""A check, what it looks at, and examining all of them in turn."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from posemill.doctor.finding import Finding, Language, Result, Words, failed
from posemill.doctor.premises import Premises


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    ``name``: a stable word. ``look``: yields what it finds. ``pitfall``: which of the classic
    failures of deployment it guards against, by its number in docs/en/pitfalls.md.
    """

    name: str
    title: Words
    look: Callable[[Premises], Iterable[Finding]]
    pitfall: int | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A check and what it found; at least one finding."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def result(self) -> Result:
        """The worst of its findings."""
        order = list(Result)
        return max((each.result for each in self.findings), key=order.index)

    def to_dict(self, language: Language) -> dict[str, Any]:
        """Return it as plain data, in one language."""
        return {
            "name": self.check.name,
            "title": self.check.title.in_language(language),
            "result": str(self.result),
            "pitfall": self.check.pitfall,
            "findings": [
                {
                    "code": each.code,
                    "result": str(each.result),
                    "evidence": each.evidence.in_language(language),
                    "fix": each.fix and each.fix.in_language(language),
                }
                for each in self.findings
            ],
        }


def examine(checks: Sequence[Check], given: Premises) -> Iterator[Examined]:
    """Yield what each check finds, one after the other."""
    for check in checks:
        yield Examined(check, tuple(_looked(check, given)))


def _looked(check: Check, given: Premises) -> Iterable[Finding]:
    try:
        return list(check.look(given))
    except ImportError as error:
        return [
            failed(
                "package_missing",
                Words(
                    f"A package that this check needs can't be imported: {error}",
                    f"该检查所需的依赖包无法导入：{error}",
                ),
                Words(
                    "See the check packages: it has the command.",
                    "请查看 packages 检查：其中有相应的命令。",
                ),
            )
        ]
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return [
            failed(
                "check_broke",
                Words(f"This check itself broke: {said}", f"该检查自身出错：{said}"),
                Words("Report this as a fault of posemill.", "请将此作为 posemill 的缺陷反馈。"),
            )
        ]
