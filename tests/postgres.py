"""A PostgreSQL of the test's own, on a free port of this machine."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        user = {"user": "nobody", "group": "nogroup"}
        shutil.chown(folder, **user)
        folder.chmod(0o700)
        for parent in folder.parents:
            if parent.stat().st_mode & 0o5 != 0o5 and parent.is_relative_to("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o5)
    data = folder / "cluster"
    common: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
    command = [initdb, "-D", str(data), "-U", "posemill", "--auth=trust", "--no-sync"]
    subprocess.run(command, check=True, cwd=folder, **common)
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
    server = subprocess.Popen([postgres, "-D", str(data), *options], cwd=folder, **common)
    try:
        url = f"postgresql://posemill@127.0.0.1:{port}/postgres"
        _wait_for(url)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _wait_for(url: str) -> None:
    """Return once it answers: it takes connections before it does."""
    ends = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < ends
            time.sleep(0.05)
