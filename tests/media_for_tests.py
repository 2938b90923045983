"""A media process that misbehaves on request: what workers must put up with."""

import ctypes
import os
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


def escape(request: Mapping[str, Any], _: bytes) -> Answer:
    """Try one thing that is not allowed, and tell what came of it."""
    attempts: dict[str, Callable[[], object]] = {
        "socket": lambda: socket.socket().close(),
        "unix": lambda: socket.socket(socket.AF_UNIX).close(),
        "program": lambda: subprocess.run(["/bin/true"], check=True),
        "fork": os.fork,
        "kill": lambda: os.kill(os.getppid(), 0),
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
