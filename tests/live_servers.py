"""Cameras and a broker for tests: RTSP, MJPEG and HLS servers, Mosquitto, and clips for them.

Each is a context manager that runs a server of its own on 127.0.0.1 and misbehaves on request.
Its port stays the same, and nobody else's, until it is closed, also while it is stopped.
"""

import os
import pickle
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from itertools import cycle, islice
from math import ceil
from pathlib import Path
from socketserver import ThreadingTCPServer
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final, Literal, NamedTuple, Self
from urllib.parse import quote

import av
import pytest
from av.bitstream import BitStreamFilterContext
from PIL import Image

from posemill.bench.figure import draw_figures
from posemill.types import Picture

LOCALHOST: Final = "127.0.0.1"
NANOSECONDS: Final = Fraction(1, 1_000_000_000)
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


# --- what is shown


def people(
    frames: int, size_px: tuple[int, int] = (320, 240), *, fps: float = 10.0, persons: int = 1
) -> list[Picture]:
    """Return so many pictures of drawn people, there and back, so that a loop has no jump."""
    there = [draw_figures(persons, *size_px, n / fps) for n in range(frames // 2 + 1)]
    return [there[min(n, frames - n)] for n in range(frames)]


def jpegs(pictures: Iterable[Picture], quality: int = 85) -> list[bytes]:
    """Return pictures as JPEGs."""
    made = []
    for pixels in pictures:
        file = BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        made.append(file.getvalue())
    return made


def h264_clip(
    path: Path,
    pictures: Sequence[Picture],
    fps: int = 10,
    seconds: float | None = None,
    gop: int | None = None,
) -> Path:
    """Write RGB pictures of one size as H.264 in MP4, as a camera encodes: no B-frames.

    ``seconds``: as long as this, the pictures again and again; each once without it. ``gop``:
    frames from one key frame to the next, no others between; a second's without it.
    """
    frames = len(pictures) if seconds is None else round(seconds * fps)
    height, width = pictures[0].shape[:2]
    options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1", "crf": "18"}
    options |= {"x264-params": f"keyint={gop or fps}:min-keyint={gop or fps}:scenecut=0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for pixels in islice(cycle(pictures), frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


class _Unit(NamedTuple):
    """One access unit as a byte stream; times in ns from the first one of its clip."""

    dts: int
    pts: int
    duration: int
    data: bytes
    is_key: bool


def _units(clip: Path) -> list[_Unit]:
    """Return the access units of a clip's video."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        to_bytes = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [done for packet in container.demux(stream) for done in to_bytes.filter(packet)]
        base = stream.time_base

    def ns(stamp: int | None) -> int:
        assert stamp is not None
        assert base is not None
        return round(stamp * base / NANOSECONDS)

    assert packets[0].is_keyframe
    start = ns(packets[0].dts)
    return [
        _Unit(
            ns(packet.dts) - start,
            ns(packet.pts) - start,
            ns(packet.duration),
            bytes(packet),
            packet.is_keyframe,
        )
        for packet in packets
    ]


# --- servers in general


class _Server(ABC):
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


class _Program(_Server):
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


# --- RTSP


class RtspServer(_Program):
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
        path.write_bytes(pickle.dumps([unit[:4] for unit in _units(clip)]))
        return str(path)


# --- HTTP


class _Listener(ThreadingTCPServer):
    """Answers each connection in a thread of its own; ``close`` ends all of them."""

    allow_reuse_address = True
    daemon_threads = False  # those would not be waited for
    request_queue_size = 64

    def __init__(self, port: int, answer: "Callable[[_Request], None]") -> None:
        self.answer = answer
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__((LOCALHOST, port), _Request)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.drop()
        self.server_close()

    def drop(self) -> None:
        """End the connections that are open."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # the other side was faster
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # Under the lock, lest drop takes another file's number for this connection.
        with self._lock:
            self._open.discard(request)
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        self.server.answer(self)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer in one go."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Web(_Server):
    """A server of HTTP in threads of this process."""

    _listener: _Listener | None = None

    def start(self) -> None:
        assert self._listener is None
        self._listener = _Listener(self.port, self._answer)

    def stop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    @abstractmethod
    def _answer(self, request: _Request) -> None:
        """Answer a GET."""


class MjpegServer(_Web):
    """A camera with JPEGs without end at ``http://127.0.0.1:PORT/video``.

    ``pictures``: JPEGs that are shown in turn, ``fps`` a second, by one clock: whoever is connected
    sees the same one, and who reads too slowly misses some. ``user``, ``password``: basic
    authentication. ``connections``: how many times it began to send pictures; ``refusals``: how
    many times it said something else to who asked for them.

    A fault lasts until another one or ``heal``.
    """

    _address = "http://{}/video"

    def __init__(
        self,
        pictures: Sequence[bytes],
        fps: float = 10.0,
        *,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        super().__init__(user, password)
        self._pictures, self._fps = pictures, fps
        self._began_s = time.monotonic()
        self._changed = threading.Condition()
        # What a picture's number gives; None: nothing. Connections of an older round end.
        self._source: Callable[[int], bytes] | None = self._regular
        self._refusal: int | None = None
        self._round = 0
        self._is_running = False
        self.connections = self.refusals = 0

    def freeze(self) -> None:
        """Send nothing more, and keep the connections; new ones get their headers alone."""
        self._send(None)

    def repeat(self) -> None:
        """Send the picture of this moment for ever."""
        picture = self._regular(self._number())
        self._send(lambda _: picture)

    def garbage(self) -> None:
        """Send random bytes instead of pictures, as long as these."""
        self._send(lambda number: random.randbytes(len(self._regular(number))))

    def refuse(self, status: int = HTTPStatus.SERVICE_UNAVAILABLE) -> None:
        """End all connections, and answer further ones with this status."""
        with self._changed:
            self._refusal = status
            self._end_round()

    def cut(self) -> None:
        """End all connections in the middle of a picture; new ones are well."""
        with self._changed:
            self._end_round()

    def show(self, pictures: Sequence[bytes]) -> None:
        """Show these from now on, of another size perhaps."""
        with self._changed:
            self._pictures = pictures

    def heal(self) -> None:
        """Be well again."""
        with self._changed:
            self._refusal = None
        self._send(self._regular)

    def start(self) -> None:
        self._is_running = True
        super().start()

    def stop(self) -> None:
        with self._changed:
            self._is_running = False  # which ends those too that come at this moment
            self._changed.notify_all()
        super().stop()

    def _send(self, source: Callable[[int], bytes] | None) -> None:
        with self._changed:
            self._source = source
            self._changed.notify_all()

    def _end_round(self) -> None:
        self._round += 1
        self._changed.notify_all()

    def _regular(self, number: int) -> bytes:
        return self._pictures[number % len(self._pictures)]

    def _number(self) -> int:
        return int((time.monotonic() - self._began_s) * self._fps)

    def _answer(self, request: _Request) -> None:
        if request.path.partition("?")[0] != "/video":
            request.say(HTTPStatus.NOT_FOUND)
            return
        with self._changed:
            refusal, current = self._refused(request), self._round
            self.refusals += refusal is not None
            self.connections += refusal is None
        if refusal is None:
            self._stream(request, current)
        else:
            request.say(refusal, WWW_Authenticate='Basic realm="camera"')

    def _refused(self, request: _Request) -> int | None:
        if self._refusal is not None or self._login is None:
            return self._refusal
        wanted = f"Basic {b64encode(':'.join(self._login).encode()).decode()}"
        is_known = request.headers.get("Authorization") == wanted
        return None if is_known else HTTPStatus.UNAUTHORIZED

    def _stream(self, request: _Request, current: int) -> None:
        request.send_response(HTTPStatus.OK)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.send_header("Connection", "close")
        request.end_headers()
        number = -1
        while True:
            number, picture, is_last = self._next(number, current)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            if is_last:
                request.wfile.write(head.encode() + picture[: len(picture) // 2])
                return
            request.wfile.write(head.encode() + picture + b"\r\n")

    def _next(self, last: int, current: int) -> tuple[int, bytes, bool]:
        """Wait for a picture later than ``last``; return its number, it, and whether to end."""
        with self._changed:
            while self._is_running and self._round == current:
                number = self._number()
                if self._source is None:
                    self._changed.wait()
                elif number <= last:
                    due_s = self._began_s + (last + 1) / self._fps
                    self._changed.wait(due_s - time.monotonic())
                else:
                    return number, self._source(number), False
            return last, self._regular(last), True


class _Segment(NamedTuple):
    number: int
    duration_s: float
    data: bytes


class HlsServer(_Web):
    """A live playlist at ``http://127.0.0.1:PORT/live.m3u8``: the last few segments of MPEG-TS.

    ``clip``: H.264 in any container, its first frame a key frame. It is played again and again,
    with timestamps and packet counters that go on, also while the server is stopped. Segments last
    ``segment_s``, or more where key frames are rare; ``window``: how many the playlist has.
    """

    _address = "http://{}/live.m3u8"

    def __init__(self, clip: Path, *, segment_s: float = 1.0, window: int = 5) -> None:
        super().__init__(None, None)
        self._segments = _segments(_units(clip), segment_s)
        self._window = window
        self._lock = threading.Lock()
        # Those that have just left the playlist are still there for who was told of them.
        self._held: deque[_Segment] = deque(maxlen=2 * window)
        self._end_s = time.monotonic() - window * segment_s

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        self._segments.close()

    def _answer(self, request: _Request) -> None:
        with self._lock:
            held = self._up_to_now()
        parts = {f"/{each.number}.ts": each.data for each in held}
        if request.path == "/live.m3u8":
            playlist = self._playlist(held[-self._window :])
            request.say(HTTPStatus.OK, playlist, Content_Type="application/vnd.apple.mpegurl")
        elif request.path in parts:
            request.say(HTTPStatus.OK, parts[request.path], Content_Type="video/mp2t")
        else:
            request.say(HTTPStatus.NOT_FOUND)

    def _up_to_now(self) -> list[_Segment]:
        while self._end_s < time.monotonic():
            segment = next(self._segments)
            self._end_s += segment.duration_s
            self._held.append(segment)
        return list(self._held)

    def _playlist(self, window: Sequence[_Segment]) -> bytes:
        longest_s = max(each.duration_s for each in window)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{ceil(longest_s)}"]
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{window[0].number}"]
        for each in window:
            lines += [f"#EXTINF:{each.duration_s:.3f},", f"{each.number}.ts"]
        return "\n".join([*lines, ""]).encode()


def _segments(units: Sequence[_Unit], segment_s: float) -> Generator[_Segment]:
    """Yield the segments of a clip in an endless loop, all from one muxer."""
    file, number, began = BytesIO(), 0, 0
    options = {"mpegts_flags": "pat_pmt_at_frames", "flush_packets": "1"}
    with av.open(file, "w", format="mpegts", container_options=options) as container:
        stream = container.add_mux_stream("h264")
        for unit in _endless(units):
            duration_s = (unit.dts - began) / 1e9
            if unit.is_key and duration_s >= segment_s:
                yield _Segment(number, duration_s, file.getvalue())
                file.seek(0)
                file.truncate()
                number, began = number + 1, unit.dts
            packet = av.Packet(unit.data)
            packet.stream, packet.time_base = stream, NANOSECONDS
            packet.dts, packet.pts, packet.duration = unit.dts, unit.pts, unit.duration
            packet.is_keyframe = unit.is_key
            container.mux(packet)


def _endless(units: Sequence[_Unit]) -> Iterator[_Unit]:
    start = 0
    while True:
        for unit in units:
            yield unit._replace(dts=start + unit.dts, pts=start + unit.pts)
        start += units[-1].dts + units[-1].duration


# --- MQTT


class Mosquitto(_Program):
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
