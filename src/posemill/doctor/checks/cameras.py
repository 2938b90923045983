"""Cameras of this machine: there, and open to this user."""

import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from posemill.config import Watching
from posemill.doctor.checks.whereabouts import user
from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.premises import Premises

_DEVICES = Path("/dev")


def look(given: Premises) -> Iterator[Finding]:
    """Look at the devices of cameras on Linux, and at those that [[streams]] name."""
    if not sys.platform.startswith("linux"):
        yield skipped(
            "cameras_elsewhere",
            "On this system only opening one tells: posemill watch 0",
            "在此系统上只有打开后才能知道：posemill watch 0",
        )
        return
    wanted = set(_wanted(given.watching))
    there = set(_devices())
    for path in sorted(wanted - there):
        yield failed(
            "no_camera",
            Words(
                f"[[streams]] names {path}, which is not there", f"[[streams]] 中的 {path} 不存在"
            ),
            Words(
                f"Plug it in (ls /dev/video*), or correct the url; in a container: --device {path}",
                f"请插入摄像头（ls /dev/video*）或更正 url；容器中请加 --device {path}",
            ),
        )
    for path in sorted(there):
        yield from _openable(path, is_wanted=path in wanted)
    if not wanted and not there:
        yield skipped("no_cameras", "None in this machine", "本机没有摄像头")


def _openable(path: Path, *, is_wanted: bool) -> Iterator[Finding]:
    if os.access(path, os.R_OK | os.W_OK):
        yield good("camera", f"{path} may be opened", f"{path} 可以打开")
        return
    group = _group_of(path)
    make = failed if is_wanted else warning
    yield make(
        "camera_denied",
        Words(f"{path} may not be opened by {user()}", f"用户 {user()} 无权打开 {path}"),
        Words(
            f"sudo usermod -aG {group} {user()}, then log in again; in a container: "
            f"--device {path} "
            f"--group-add {group}",
            f"sudo usermod -aG {group} {user()}，然后重新登录；容器中请加 --device {path} "
            f"--group-add {group}",
        ),
    )


def _wanted(watching: Watching) -> Iterator[Path]:
    for stream in watching.streams:
        if stream.url.isdecimal():
            yield _DEVICES / f"video{stream.url}"
        elif stream.url.startswith(f"{_DEVICES}/"):
            yield Path(stream.url)


def _devices() -> Iterator[Path]:
    for path in _DEVICES.glob("video*"):
        if re.fullmatch(r"video\d+", path.name) and stat.S_ISCHR(path.stat().st_mode):
            yield path


def _group_of(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, OSError):
        return "video"
