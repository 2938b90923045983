"""What a Dockerfile says, as stages of instructions; as much of the language as ours needs.

Source: Dockerfile reference. An instruction that is not known here is an error, never skipped.
"""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

KNOWN: Final = (
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN"),
    *("STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its name, its ``--flags``, and all the rest as it stands."""

    name: str
    flags: Mapping[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """The words of the exec form, or of the plain one."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return shlex.split(self.text)


@dataclass(frozen=True, slots=True)
class Stage:
    """From an image to the next FROM. ``name`` is empty where it has none."""

    name: str
    image: str
    steps: list[Instruction] = field(default_factory=list)


def expand(text: str, values: Mapping[str, str]) -> str:
    """Put variables in; those that are not there are empty."""
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], ""), text)


def stages(text: str, arguments: Mapping[str, str]) -> list[Stage]:
    """Return the stages of a Dockerfile, their images with ``arguments`` put in.

    ValueError on what is not known here.
    """
    found: list[Stage] = []
    values: dict[str, str] = {}
    for step in _instructions(text):
        if step.name == "FROM":
            image, *name = expand(step.text, values).split()
            found.append(Stage(name[1] if name else "", image))
        elif found:
            found[-1].steps.append(step)
        elif step.name == "ARG":
            key, _, default = step.text.partition("=")
            values[key] = arguments.get(key, default)
        else:
            raise ValueError(f"{step.name} stands before the first FROM")
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in _joined(lines):
        name, _, rest = line.partition(" ")
        if name not in KNOWN:
            raise ValueError(f"{name} is not known here")
        flags, rest = {}, rest.strip()
        while name != "HEALTHCHECK" and rest.startswith("--"):
            flag, _, rest = rest.partition(" ")
            key, _, value = flag.partition("=")
            flags[key.removeprefix("--")], rest = value, rest.strip()
        yield Instruction(name, flags, rest)


def _joined(lines: list[str]) -> Iterator[str]:
    """Yield instructions without their line breaks; empty lines separate nothing."""
    held = ""
    for line in lines:
        if line.endswith("\\"):
            held += line[:-1] + " "
        elif line.strip() or held:
            yield (held + line).strip()
            held = ""


def sent(context: Path, ignore: str) -> Iterator[Path]:
    """Yield the files of a build's context, relative to it, as ``.dockerignore`` has it.

    Of the patterns that match a file or a folder above it, the last one counts.
    """
    lines = [line.strip() for line in ignore.splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    rules = [(word.startswith("!"), _pattern(word.lstrip("!"))) for word in words]
    kept = [word.removeprefix("!") for word in words if word.startswith("!")]
    for folder, below, names in os.walk(context):
        inside = Path(folder).relative_to(context)
        below[:] = sorted(
            each
            for each in below
            if _is_in(inside / each, rules) or any(_is_above(inside / each, one) for one in kept)
        )
        yield from (inside / name for name in sorted(names) if _is_in(inside / name, rules))


def _is_in(path: Path, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    above = [str(each) for each in (path, *path.parents[:-1])]
    is_in = True
    for takes, pattern in rules:
        if any(pattern.fullmatch(each) for each in above):
            is_in = takes
    return is_in


def _is_above(folder: Path, kept: str) -> bool:
    return Path(kept).is_relative_to(folder)


def _pattern(rule: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    words = re.split(r"(\*\*/|\*\*|\*|\?)", rule.strip("/"))
    return re.compile("".join(parts.get(word, re.escape(word)) for word in words))
