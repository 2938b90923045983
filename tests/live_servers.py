"""Servers for tests that misbehave on request: what all are, an RTSP camera, and a broker.

Each is a context manager that runs a server of its own on 127.0.0.1. Its port stays the same, and
nobody else's, until it is closed, also while it is stopped.
"""

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Final, Literal, Self
from urllib.parse import quote

import pytest

from live_media import units

LOCALHOST: Final = "127.0.0.1"
# GStreamer's bindings are Debian's, so this is none of a virtual environment.
SYSTEM_PYTHON: Final = Path("/usr/bin/python3")
MOSQUITTO: Final = Path("/usr/sbin/mosquitto")

needs_rtsp = pytest.mark.skipif(
    not SYSTEM_PYTHON.exists()
    or not Path("/usr/lib/python3/dist-packages/gi").exists()
    or not any(Path("/usr/lib").glob("*/girepository-1.0/GstRtspServer-1.0.typelib")),
    reason="needs GStreamer's RTSP server: apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi",
)
needs_mosquitto = pytest.mark.skipif(
    not MOSQUITTO.exists(), reason="needs Mosquitto: apt-get install mosquitto"
)


class Server(ABC):
    """Runs from ``with`` on; has a folder of its own, and a port that nobody else can take.

    ``user``, ``password``: what it asks for; nothing without them.
    """

    # What its address is made of: scheme and path, around login, host and port.
    _address: ClassVar[str]

    def __init__(self, user: str | None, password: str | None) -> None:
        self._login = None if user is None else (user, password or "")

    @property
    def url(self) -> str:
        """The address, with user and password where it asks for them."""
        login = ":".join(quote(part, safe="") for part in self._login or ())
        return self._address.format(f"{login}@{LOCALHOST}:{self.port}".lstrip("@"))

    @property
    def bare_url(self) -> str:
        """The address alone."""
        return self._address.format(f"{LOCALHOST}:{self.port}")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            held = stack.enter_context(socket.socket())
            # Bound, this socket keeps the port from being given to others, or to the near end of a
            # connection; since it never listens, Linux lets the server bind the same one.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((LOCALHOST, 0))
            self.port: int = held.getsockname()[1]
            if sys.platform != "linux":
                held.close()
            self._folder = Path(stack.enter_context(TemporaryDirectory()))
            self.start()
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._resources:
            self.stop()

    @abstractmethod
    def start(self) -> None:
        """Listen, on the same port as before."""

    @abstractmethod
    def stop(self) -> None:
        """End all connections and listen no more; nothing where it doesn't run."""


class Program(Server):
    """A server in a process of its own."""

    _process: "subprocess.Popen[str] | None" = None

    @abstractmethod
    def _command(self) -> list[str]:
        """Return how to start it."""

    def start(self) -> None:
        assert self._process is None
        pipe = subprocess.PIPE
        process = subprocess.Popen(self._command(), stdin=pipe, stdout=pipe, text=True)
        self._process = process
        try:
            self._wait_until_it_listens(process)
        except BaseException:
            self.kill()
            raise

    def _wait_until_it_listens(self, process: "subprocess.Popen[str]") -> None:
        ends = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < ends:
            with socket.socket() as probe:
                if probe.connect_ex((LOCALHOST, self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError(f"it does not listen: {process.args!r}, {process.returncode}")

    def stop(self) -> None:
        """End it properly; nothing where it doesn't run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it by SIGKILL; nothing where it doesn't run."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it on the same port."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP: connections stay, the kernel takes new ones too, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on, with all that became due meanwhile at once."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(0.8)
            except subprocess.TimeoutExpired:
                process.kill()


class RtspServer(Program):
    """A camera with H.264 at ``rtsp://127.0.0.1:PORT/cam``, over TCP and UDP, by GStreamer.

    ``clip``: H.264 in any container, its first frame a key frame. Each connection gets it from its
    start, in real time, in an endless loop with timestamps that go on. ``user``, ``password``: what
    it asks for by ``scheme``.
    """

    _address = "rtsp://{}/cam"

    def __init__(
        self,
        clip: Path,
        *,
        user: str | None = None,
        password: str | None = None,
        scheme: Literal["basic", "digest"] = "digest",
    ) -> None:
        super().__init__(user, password)
        self._clip, self._scheme = clip, scheme

    def serve(self, clip: Path) -> None:
        """Give this clip to connections from now on; those that are open keep theirs."""
        self._change("serve", clip)

    def switch(self, clip: Path) -> None:
        """Give this clip to open connections too, from their next picture on.

        Nothing is set up anew: timestamps go on, and SPS and PPS come in-band before the clip's
        first picture, as when somebody changes a camera's resolution. So a change of resolution in
        mid-stream is ``switch`` to a clip of another size.
        """
        self._change("switch", clip)

    def _change(self, verb: str, clip: Path) -> None:
        self._clip = clip
        if (process := self._process) is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        print(verb, self._written(clip), file=process.stdin, flush=True)
        answered, _, _ = select.select([process.stdout], [], [], 10)
        assert answered, "it does not obey: is it frozen?"
        assert process.stdout.readline() == "done\n"

    def _command(self) -> list[str]:
        script = Path(__file__).with_name("rtsp_server.py")
        clip = self._written(self._clip)
        login = [self._scheme, *self._login] if self._login else []
        return [str(SYSTEM_PYTHON), "-I", str(script), str(self.port), clip, *login]

    def _written(self, clip: Path) -> str:
        """Write a clip's access units as the script reads them; return where."""
        path = self._folder / "clip"
        path.write_bytes(pickle.dumps([unit[:4] for unit in units(clip)]))
        return str(path)


class Mosquitto(Program):
    """Debian's broker, which keeps nothing: what was retained is gone with a restart.

    ``user``, ``password``: the only one who may connect; anybody without them.
    """

    _address = "mqtt://{}"

    def __init__(self, *, user: str | None = None, password: str | None = None) -> None:
        super().__init__(user, password)

    def _command(self) -> list[str]:
        lines = [f"listener {self.port} {LOCALHOST}", "persistence false", "log_dest none"]
        if os.geteuid() == 0:  # or it would take another user, who can't read the folder
            lines += ["user root"]
        if self._login is None:
            lines += ["allow_anonymous true"]
        else:
            users = self._folder / "users"
            users.touch(0o600)
            command = ["mosquitto_passwd", "-b", str(users), *self._login]
            subprocess.run(command, check=True)
            lines += [f"password_file {users}", "allow_anonymous false"]
        path = self._folder / "mosquitto.conf"
        path.write_text("\n".join([*lines, ""]))
        return [str(MOSQUITTO), "-c", str(path)]
