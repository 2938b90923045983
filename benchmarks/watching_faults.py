"""Cameras in a process of their own, and what can go wrong with them: for watching_soak.py."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any, Final

import psutil

Status = Mapping[str, Any]

FPS: Final = 10
SIZES: Final = ((480, 360), (640, 360))
# Rates and ages are those of the last five seconds.
WINDOW_S: Final = 6.0
LEAST_SHARE, MOST_AGE_MS = 0.8, 1000.0


# --- the other process: cameras and the receiver


def cameras(count: int) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from live_media import h264_clip, jpegs, people  # noqa: PLC0415
    from live_servers import RtspServer  # noqa: PLC0415
    from live_web import MjpegServer  # noqa: PLC0415

    received: list[tuple[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((body["id"], body["stream"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    shown = [people(60, size, fps=FPS) for size in SIZES]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clips = [h264_clip(folder / f"{n}.mp4", each, FPS) for n, each in enumerate(shown)]
        pictures = [jpegs(each) for each in shown]
        receiver = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Receiver))
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        stack.callback(receiver.shutdown)
        servers: list[Any] = [
            stack.enter_context(MjpegServer(pictures[0], FPS) if n % 2 else RtspServer(clips[0]))
            for n in range(count)
        ]
        say([each.url for each in servers], f"http://127.0.0.1:{receiver.server_port}/")
        for line in sys.stdin:
            number, verb, size = json.loads(line)
            if verb == "received":
                say(received)
                continue
            server = servers[number]
            if verb == "switch":
                server.switch(clips[size])
            elif verb == "show":
                server.show(pictures[size])
            else:
                getattr(server, verb)()
            say("done")


def say(*words: object) -> None:
    print(json.dumps(words), flush=True)


class Cameras:
    """The other process, as this one sees it."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, __file__, str(count)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.pid = self._process.pid
        self.urls, self.receiver = self._answer()

    def ask(self, number: int, verb: str, size: int = 0) -> Any:
        print(json.dumps([number, verb, size]), file=self._pipe(self._process.stdin), flush=True)
        return self._answer()[0]

    def close(self) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(60)

    def cpu_s(self) -> float:
        """Return what it and its servers, also those that were killed, have taken."""
        process = psutil.Process(self.pid)
        took = sum(process.cpu_times()[:4])
        for server in process.children():
            try:
                took += sum(server.cpu_times()[:2])
            except psutil.Error:
                continue
        return took

    def _answer(self) -> Any:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise SystemExit("the cameras' process has ended")
        return json.loads(line)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


# --- faults


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault: how it is made, and how it is healed, after how long; "" where that isn't needed."""

    what: str
    make: str
    heal: str = ""
    after_s: float = 5.0


KINDS: Final = {
    "rtsp": (
        Kind("killed and started again", "kill", "start"),
        Kind("frozen and thawed", "freeze", "thaw", 6.0),
        Kind("switched to another size", "switch"),
    ),
    "mjpeg": (
        Kind("cut in mid-frame", "cut"),
        Kind("garbage", "garbage", "heal"),
        Kind("the same picture again and again", "repeat", "heal"),
        Kind("refused with 503", "refuse", "heal"),
        Kind("another size shown", "show"),
    ),
}


@dataclass(slots=True)
class Fault:
    """One fault of one stream, and what was seen of it and of the others."""

    kind: Kind
    name: str
    number: int
    width: int  # that it must have when it is over
    connections: int  # before it
    made_s: float
    steady: dict[str, float]  # the others that were well, and their rates
    healed_s: float | None = None
    back_s: float | None = None
    has_shown: bool = False  # in the stream's state
    processed: int = 0
    least: dict[str, float] = field(default_factory=dict)  # share of its rate before
    oldest_ms: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def see(self, statuses: Mapping[str, Status], now: float) -> None:
        own = statuses[self.name]
        self.has_shown = self.has_shown or own["state"] != "live"
        if self.healed_s is not None and self.back_s is None:
            if not self._is_well(own):
                self.processed = own["processed"]
            elif own["processed"] > self.processed:
                self.back_s = now
        for name, rate in self.steady.items():
            other = statuses[name]
            if other["state"] != "live":
                self.lost.add(name)
            self.least[name] = min(self.least.get(name, 9.9), other["fps"] / max(rate, 0.1))
            age_ms = other["age_p95_ms"] or 0.0
            self.oldest_ms[name] = max(self.oldest_ms.get(name, 0.0), age_ms)

    def _is_well(self, own: Status) -> bool:
        is_anew = own["connections"] > self.connections or self.kind.make != "cut"
        return own["state"] == "live" and own["width"] == self.width and is_anew

    def is_over(self, now: float) -> bool:
        return self.back_s is not None and now - self.made_s > WINDOW_S

    @property
    def took_s(self) -> float | None:
        if self.back_s is None or self.healed_s is None:
            return None
        return self.back_s - self.healed_s

    def troubles(self) -> list[str]:
        found = []
        if self.back_s is None:
            found.append("it did not come back in time")
        if self.kind.make not in ("switch", "show") and not self.has_shown:
            found.append("its state never told of it")
        found += [f"{name} was not live" for name in sorted(self.lost)]
        slow = {name: share for name, share in self.least.items() if share < LEAST_SHARE}
        found += [f"{name} fell to {share:.0%} of its rate" for name, share in slow.items()]
        old = {name: age for name, age in self.oldest_ms.items() if age > MOST_AGE_MS}
        found += [f"{name} had a p95 age of {age:.0f} ms" for name, age in old.items()]
        return found

    def line(self) -> str:
        since = "healing" if self.kind.heal else "the fault"
        took = "not back" if self.took_s is None else f"{self.took_s:5.1f} s after {since}"
        rest = (
            f"others: least {min(self.least.values()):4.0%} of their rates, p95 age "
            f"{max(self.oldest_ms.values()):4.0f} ms"
            if self.least
            else "no other was steady"
        )
        return f"{self.name} {self.kind.what:32} {took:>25}; {rest}"


if __name__ == "__main__":
    cameras(int(sys.argv[1]))
