"""What is found instead of what belongs to this environment: other ones, variables, files."""

import os
import re
import shutil
import site
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from posemill.doctor.checks.installed import (
    Package,
    counting,
    install_command,
    own_bin,
    running,
    search_path,
)
from posemill.doctor.checks.requirements import needs
from posemill.doctor.finding import Finding, Words, failed, good, warning

# Modules of the standard library that nothing here imports, and folders that many projects have.
_HARMLESS: Final = frozenset(
    {"test", "tests", "this", "antigravity", "turtledemo", "idlelib", "docs", "examples", "setup"}
)
_ALSO: Final = ("protobuf", "mediapipe", "opencv-python", "opencv-contrib-python")
_SHOWN: Final = 6


def other_active(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look for an environment that the shell has active, and that isn't this one."""
    own = Path(sys.prefix).resolve()
    values = {name: environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    active = {name: Path(value) for name, value in values.items() if value}
    if own in {path.resolve() for path in active.values()}:
        return
    for name, path in active.items():
        leave = "conda deactivate" if name == "CONDA_PREFIX" else "deactivate"
        yield warning(
            "other_environment_active",
            Words(
                f"{name} is {path}, but this posemill runs from {own}: what `pip` installs now, "
                "this posemill doesn't see",
                f"{name} 为 {path}，而当前 posemill 运行于 {own}：此时用 `pip` 安装的包，"
                "posemill 看不到",
            ),
            Words(
                f"Run {leave}, and install for this environment with: {install_command('PACKAGE')}",
                f"请执行 {leave}；为本环境安装请使用：{install_command('PACKAGE')}",
            ),
        )


def other_programs(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look whose `posemill` and `pip` a shell takes."""
    found = _on_path("posemill", environ)
    own = own_bin() / "posemill"
    if found and _elsewhere(found):
        yield warning(
            "other_posemill_on_path",
            Words(
                f"`posemill` on the PATH is {found}, of another environment than this one, "
                f"{sys.prefix}",
                f"PATH 上的 `posemill` 是 {found}，属于另一个环境，而不是当前的 {sys.prefix}",
            ),
            Words(
                f"Call this one by its full path, {own}, or put {own.parent} first in PATH.",
                f"请用完整路径 {own} 调用，或把 {own.parent} 放到 PATH 最前面。",
            ),
        )
    pip = _on_path("pip", environ)
    if pip and _elsewhere(pip):
        command = install_command("PACKAGE")
        yield good(
            "pip_of_another",
            f"`pip` on the PATH, {pip}, installs into another environment; for this one: {command}",
            f"PATH 上的 `pip`（{pip}）会安装到另一个环境；为本环境安装请使用：{command}",
        )


def variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at PYTHONHOME and PYTHONPATH."""
    home = environ.get("PYTHONHOME")
    if home:
        yield warning(
            "pythonhome_set",
            Words(
                f"PYTHONHOME is {home}: every Python started from here takes its library from "
                "there, whatever its version",
                f"PYTHONHOME 为 {home}：由此启动的所有 Python 都从那里加载标准库，无论版本是否相符",
            ),
            running(_without("PYTHONHOME")),
        )
    for entry in filter(None, environ.get("PYTHONPATH", "").split(os.pathsep)):
        hidden = hidden_by(Path(entry))
        if hidden:
            yield warning(
                "pythonpath_hides",
                Words(
                    f"PYTHONPATH has {entry}, whose {_some(hidden)} come before those of this "
                    "environment",
                    f"PYTHONPATH 包含 {entry}，其中的 {_some(hidden)} 优先于本环境中的同名模块",
                ),
                running(_without("PYTHONPATH")),
            )
        else:
            yield good(
                "pythonpath_harmless",
                f"PYTHONPATH has {entry}, which hides nothing of this environment",
                f"PYTHONPATH 包含 {entry}，未遮住本环境中的任何模块",
            )


def user_packages(everything: Sequence[Package], user: Path | None = None) -> Iterator[Finding]:
    """Look for packages in the user's own folder that come before those of the environment."""
    folder = (user or Path(site.getusersitepackages())).resolve()
    concerned = {"posemill", *_ALSO, *(each.requirement.name for each in needs(everything))}
    taken = counting(everything)
    hidden = [
        f"{taken[each.name]} ({each.version})"
        for each in everything
        if each.name in concerned and each.folder != folder == taken[each.name].folder
    ]
    if hidden:
        listed = ", ".join(hidden)
        setting = "set" if os.name == "nt" else "export"
        yield warning(
            "user_site_hides",
            Words(
                f"Packages in {folder} hide those of this environment (in parentheses): {listed}",
                f"{folder} 中的包遮住了本环境中的同名包（括号内为本环境版本）：{listed}",
            ),
            running(f"{setting} PYTHONNOUSERSITE=1"),
        )


def working_folder(folder: Path) -> Iterator[Finding]:
    """Look for files that Python takes for a module, when it is started here."""
    hidden = hidden_by(folder)
    if hidden:
        say = failed if _taken_here(folder, hidden) else warning
        here = [str(folder / name) for name in hidden][:_SHOWN]
        yield say(
            "files_hide_modules",
            Words(
                f"In the working folder, {', '.join(here)} have the names of modules: what is "
                "started here with `python -m` or as a script imports these instead",
                f"当前目录中的 {'、'.join(here)} 与模块同名：在此处用 `python -m` "
                "或以脚本方式启动的程序会误导入它们",
            ),
            Words(
                "Rename them, or start posemill in another folder, by its command `posemill`.",
                "请重命名这些文件，或在其他目录中用 `posemill` 命令启动。",
            ),
        )


def hidden_by(folder: Path) -> list[str]:
    """Return the modules in a folder whose names are taken by the library or by packages."""
    if not folder.is_dir():
        return []
    own = _modules(folder)
    others = [each for each in search_path() if each != folder.resolve()]
    taken = set(sys.stdlib_module_names).union(*(_modules(each) for each in others))
    return sorted(own[name] for name in set(own) & taken - _HARMLESS)


def environment_of(program: Path) -> Path | None:
    """Return the environment whose Python runs a program on the PATH; None where nothing says it.

    By the line that starts the script, in either form that pip writes; a launcher by its folder.
    """
    try:
        with program.open("rb") as file:
            head = file.read(4096).decode("utf-8", "replace")
    except OSError:
        return None
    if not head.startswith("#!"):
        return program.resolve().parent.parent
    found = re.match(r"#!(\S+)(?:\n'''exec' [\"']?([^\"'\n]+?)[\"']? \"\$0\")?", head)
    python = Path(found[2] or found[1]) if found else None
    return python.parent.parent if python and python.name.startswith("python") else None


def _taken_here(folder: Path, hidden: Sequence[str]) -> bool:
    """Whether this very Python looks there first, and posemill imports one of those names."""
    names = {each.partition(".")[0] for each in hidden}
    used = names & set(sys.modules) | names - sys.stdlib_module_names
    return bool(used) and folder.resolve() in search_path()


def _elsewhere(program: Path) -> bool:
    found = environment_of(program)
    own = {Path(sys.prefix).resolve(), own_bin().parent.resolve()}
    return found is not None and found.resolve() not in own


def _on_path(name: str, environ: Mapping[str, str]) -> Path | None:
    found = shutil.which(name, path=environ.get("PATH", ""))
    return Path(found) if found else None


def _modules(folder: Path) -> dict[str, str]:
    """Return what can be imported from a folder: by name, the file or folder it is."""
    found = {}
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return {}
    for entry in entries:
        name, _, suffix = entry.name.partition(".")
        compiled = suffix.endswith(("so", "pyd")) and not suffix.startswith("so.")
        whole = os.path.isfile(folder / entry.name / "__init__.py")  # noqa: PTH113 - never raises
        if name.isidentifier() and (suffix == "py" or compiled or whole):
            found[name] = entry.name
    return found


def _without(variable: str) -> str:
    return f"set {variable}=" if os.name == "nt" else f"unset {variable}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" (+{more})" if more > 0 else "")
