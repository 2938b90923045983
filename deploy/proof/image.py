"""The stages of a Dockerfile, made one after the other in roots of their own."""

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dockerfile import Instruction, Stage, expand, sent
from rootfs import copy_root, make_base, remove, run_step, size_of


@dataclass
class Image:
    """What a stage left: its files, and how to run them."""

    root: Path
    values: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


class Build:
    """``context``: the folder that is sent; ``place``: where the roots go."""

    def __init__(self, context: Path, place: Path, arguments: Mapping[str, str]) -> None:
        self._context, self._place, self._arguments = context, place, dict(arguments)
        self._made: dict[str, Image] = {}

    def stage(self, stage: Stage, number: int) -> Image:
        """Make a stage anew; say what each step took."""
        base = self._place / "base"
        make_base(base, stage.image)
        image = Image(self._place / f"stage-{number}")
        remove(image.root)
        copy_root(base, image.root)
        self._made[stage.name or str(number)] = image
        given: dict[str, str] = {}
        for step in stage.steps:
            began_s = time.monotonic()
            self._do(step, image, given)
            if step.name in ("RUN", "COPY"):
                took_s = time.monotonic() - began_s
                print(f"    {took_s:6.1f} s  {step.name} {step.text[:70]}", flush=True)
        grown = (size_of(image.root) - size_of(base)) / 1e6
        print(f"    {grown:6.0f} MB more than the base image's stand-in", flush=True)
        return image

    def _do(self, step: Instruction, image: Image, given: dict[str, str]) -> None:
        values = image.values | given
        if step.name == "ARG":
            key, has_default, default = step.text.partition("=")
            if has_default or key in self._arguments:
                given[key] = self._arguments.get(key, default)
        elif step.name == "ENV":
            path = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
            for word in step.words:
                key, _, value = word.partition("=")
                image.values[key] = expand(value, path | values)
        elif step.name == "WORKDIR":
            image.folder = str(PurePosixPath(image.folder, step.text))
            _inside(image, image.folder).mkdir(parents=True, exist_ok=True)
        elif step.name == "RUN":
            run_step(image.root, step.text, image.folder, values)
        elif step.name == "COPY":
            self._copy(step, image)
        elif step.name == "USER":
            image.user = step.text
        elif step.name == "HEALTHCHECK":
            image.health = Instruction("CMD", {}, step.text.partition("CMD ")[2]).words
        elif step.name == "ENTRYPOINT":
            image.command = step.words
        elif step.name == "CMD":
            image.command = [*image.command, *step.words]

    def _copy(self, step: Instruction, image: Image) -> None:
        *sources, target = step.words
        into = _inside(image, str(PurePosixPath(image.folder, target)))
        if "from" in step.flags:
            source = _inside(self._made[step.flags["from"]], sources[0])
            into.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{source}/.", into], check=True)
            return
        for relative in sent(self._context, (self._context / ".dockerignore").read_text()):
            if any(source == "." or relative.is_relative_to(source) for source in sources):
                (into / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self._context / relative, into / relative)


def _inside(image: Image, path: str) -> Path:
    return image.root / path.lstrip("/")
