"""Cameras of HTTP for tests: Motion JPEG and HLS, and their faults."""

import random
import socket
import sys
import threading
import time
from abc import abstractmethod
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from math import ceil
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any, NamedTuple

import av

from live_media import NANOSECONDS, Unit, units
from live_servers import LOCALHOST, Server


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


class _Web(Server):
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
        self._segments = _segments(units(clip), segment_s)
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


def _segments(units: Sequence[Unit], segment_s: float) -> Generator[_Segment]:
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


def _endless(units: Sequence[Unit]) -> Iterator[Unit]:
    start = 0
    while True:
        for unit in units:
            yield unit._replace(dts=start + unit.dts, pts=start + unit.pts)
        start += units[-1].dts + units[-1].duration
