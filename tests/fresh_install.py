"""Run in a network namespace of its own: serves a fresh install there, and asks it as a user would.

    python fresh_install.py POSEMILL PHOTO

``POSEMILL``: the installed command. Prints what came of it as JSON. The standard library alone.
"""

import fcntl
import json
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

SERVICE = "http://127.0.0.1:5000"  # the default port: nobody else is in this namespace
OUTSIDE = ("192.0.2.1", 80)  # an address that documentation is free to use
SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41


def raise_loopback() -> None:
    """Bring up ``lo``, the only interface of a new namespace."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", UP_AND_RUNNING))


def reaches_outside() -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(OUTSIDE) == 0


def wait_until_ready(service: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 60
    while service.poll() is None and time.monotonic() < ends:
        try:
            urllib.request.urlopen(f"{SERVICE}/readyz").close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service did not become ready")


def ask(posemill: str, photo: Path) -> dict[str, Any]:
    with subprocess.Popen([posemill, "serve"]) as service:
        try:
            wait_until_ready(service)
            with urllib.request.urlopen(f"{SERVICE}/") as page:
                title = page.read().decode().partition("<title>")[2].partition("</title>")[0]
            detecting = urllib.request.Request(f"{SERVICE}/api/v1/detect", photo.read_bytes())
            detecting.add_header("Content-Type", "application/octet-stream")
            with urllib.request.urlopen(detecting) as answer:
                found = json.load(answer)
        finally:
            service.send_signal(signal.SIGTERM)
    return {"title": title, "found": found, "exit_code": service.returncode}


if __name__ == "__main__":
    raise_loopback()
    assert not reaches_outside()
    print(json.dumps(ask(sys.argv[1], Path(sys.argv[2]))))
