"""A media process that misbehaves on request: what workers must put up with."""

import ctypes
import fcntl
import os
import platform
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from posemill.errors import BrokenSource
from posemill.workers import Answer, Handler, run_as_media_process


def echo(request: Mapping[str, Any], data: bytes) -> Answer:
    print("what libraries print must not get between the answers")
    return Answer({"pid": os.getpid(), **request}, data[::-1])


def hang(_: Mapping[str, Any], __: bytes) -> Answer:
    time.sleep(600)
    return Answer()


def crash(_: Mapping[str, Any], __: bytes) -> Answer:
    ctypes.string_at(0)
    return Answer()


def fill(_: Mapping[str, Any], __: bytes) -> Answer:
    kept = [bytearray(64 << 20) for _ in range(1024)]
    return Answer({"kept": len(kept)})


def refuse(_: Mapping[str, Any], __: bytes) -> Answer:
    raise BrokenSource("x.jpg: is broken.")


def fault(_: Mapping[str, Any], __: bytes) -> Answer:
    raise ZeroDivisionError("a fault of ours")


# On x86-64 and on 64-bit Arm.
_CALLS = {"tgkill": (234, 131), "tkill": (200, 130), "prlimit64": (302, 261)}


def call(name: str, *arguments: int) -> None:
    """Make a system call that libc has no function for."""
    number = _CALLS[name][platform.machine() == "aarch64"]
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(number, *map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), name)


def private() -> None:
    """Raise PermissionError where no other process may look at this one's memory."""
    if not ctypes.CDLL(None).prctl(3, 0, 0, 0, 0):  # PR_GET_DUMPABLE
        raise PermissionError


def escape(request: Mapping[str, Any], _: bytes) -> Answer:
    """Try one thing that is not allowed, and tell what came of it."""
    parent = os.getppid()
    attempts: dict[str, Callable[[], object]] = {
        "socket": lambda: socket.socket().close(),
        "unix": lambda: socket.socket(socket.AF_UNIX).close(),
        "program": lambda: subprocess.run(["/bin/true"], check=True),
        "fork": os.fork,
        "kill": lambda: os.kill(parent, 0),
        "tgkill": lambda: call("tgkill", parent, parent, 0),
        "tkill": lambda: call("tkill", parent, 0),
        "pidfd": lambda: os.close(os.pidfd_open(parent)),
        "owner": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, parent),
        "limit": lambda: call("prlimit64", parent, resource.RLIMIT_NOFILE, 0, 0),
        "memory": lambda: Path(f"/proc/{parent}/mem").open("r+b").close(),
        "environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "private": private,
        "own limit": lambda: resource.getrlimit(resource.RLIMIT_NOFILE),
        "own thread": lambda: call("tgkill", os.getpid(), threading.get_native_id(), 0),
        "thread": lambda: threading.Thread(target=print).start(),
        "file": lambda: Path(__file__).read_text(),
    }
    try:
        attempts[request["what"]]()
    except OSError as error:
        return Answer({"came": type(error).__name__})
    return Answer({"came": "through"})


def build(arguments: Mapping[str, Any]) -> Mapping[str, Handler]:
    if arguments.get("fails"):
        sys.exit("it can't be loaded")
    return {
        "echo": echo,
        "hang": hang,
        "crash": crash,
        "fill": fill,
        "refuse": refuse,
        "fault": fault,
        "escape": escape,
    }


if __name__ == "__main__":
    run_as_media_process(build)
