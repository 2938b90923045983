"""The tests' own cameras and broker: that they do what they say, read as posemill reads them."""

import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Literal

import av
import httpx
import numpy as np
import psutil
import pytest
from av.error import ExitError, HTTPServerError, HTTPUnauthorizedError, InvalidDataError
from paho.mqtt import MQTTException, publish, subscribe

from live_media import h264_clip, jpegs, people
from live_servers import Mosquitto, RtspServer, needs_mosquitto, needs_rtsp
from live_web import HlsServer, MjpegServer

FPS = 40
SMALL, LARGE = (160, 120), (240, 176)
Frames = Iterator[av.VideoFrame]


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """Fail where a test leaves a thread, a process or a file open."""
    process = psutil.Process()

    def present() -> tuple[object, ...]:
        gc.collect()  # clients that were refused are cycles
        return set(threading.enumerate()), process.children(), process.num_fds()

    before = present()
    yield
    assert present() == before


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter of a second, so that its end is soon there."""
    path = tmp_path_factory.mktemp("clips") / "small.mp4"
    return h264_clip(path, people(10, SMALL, fps=FPS), FPS, gop=5)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "large.mp4"
    return h264_clip(path, people(10, LARGE, fps=FPS), FPS, gop=5)


@contextmanager
def reading(url: str, patience_s: float = 5.0, **options: str) -> Iterator[Frames]:
    """Open an address and give its frames, the first ones all at once."""
    options |= {"fpsprobesize": "0"}
    with av.open(url, container_options=options, timeout=(5.0, patience_s)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        yield (
            frame
            for packet in container.demux(stream)
            for frame in stream.decode(packet)
            if packet.size
        )


def size(frame: av.VideoFrame) -> tuple[int, int]:
    return frame.width, frame.height


def steps_s(frames: Iterable[av.VideoFrame]) -> set[float]:
    times = [frame.time for frame in frames if frame.time is not None]  # RTSP's first has none
    return {round(later - time_s, 3) for time_s, later in pairwise(times)}


def soon(is_true: Callable[[], bool]) -> bool:
    """Return whether something comes true within some seconds."""
    ends = time.monotonic() + 5
    while not is_true() and time.monotonic() < ends:
        time.sleep(0.01)
    return is_true()


def test_a_clip_is_as_long_as_asked_and_has_key_frames_where_asked(tmp_path: Path) -> None:
    pictures = people(6, SMALL)
    assert np.array_equal(pictures[1], pictures[5])  # there and back
    assert not np.array_equal(pictures[1], pictures[2])
    with av.open(str(h264_clip(tmp_path / "a.mp4", pictures, 10, seconds=2, gop=8))) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 20
    assert [n for n, frame in enumerate(frames) if frame.key_frame] == [0, 8, 16]
    assert size(frames[0]) == SMALL


# --- RTSP


@needs_rtsp
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp_in_real_time_past_the_end_of_the_clip(small: Path, transport: str) -> None:
    with RtspServer(small) as server:
        began_s = time.monotonic()
        with reading(server.url, rtsp_transport=transport) as frames:
            read = list(islice(frames, 25))
        took_s = time.monotonic() - began_s
    assert steps_s(read) == {1 / FPS}
    assert 0.55 < took_s < 4  # 0.6 s


@needs_rtsp
@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_rtsp_asks_for_a_password(small: Path, scheme: Literal["basic", "digest"]) -> None:
    with RtspServer(small, user="viewer", password="p@ss:/word", scheme=scheme) as server:
        with reading(server.url, rtsp_transport="tcp") as frames:
            assert size(next(frames)) == SMALL
        for wrong in (server.bare_url, server.url.replace("word", "")):
            with pytest.raises(HTTPUnauthorizedError), reading(wrong):
                pass


@needs_rtsp
def test_rtsp_changes_its_size_in_mid_stream(small: Path, large: Path) -> None:
    with RtspServer(small) as server:
        with reading(server.url, rtsp_transport="tcp") as frames:
            read = list(islice(frames, 10))
            server.serve(large)
            read += islice(frames, 5)
            assert {size(frame) for frame in read} == {SMALL}
            with reading(server.url, rtsp_transport="tcp") as others:
                assert size(next(others)) == LARGE
            server.switch(large)
            read += takewhile(lambda frame: size(frame) == SMALL, islice(frames, 40))
            read += islice(frames, 5)
        assert {size(frame) for frame in read[-5:]} == {LARGE}
        # The first one of the other size is not among them.
        assert steps_s(read) == {1 / FPS, 2 / FPS}


@needs_rtsp
def test_rtsp_dies_and_comes_back(small: Path, large: Path) -> None:
    with RtspServer(small) as server:
        port = server.port
        with reading(server.url, rtsp_transport="tcp") as frames:
            next(frames)
            server.kill()
            assert len(list(frames)) < 20  # it ends, without an error
        with pytest.raises(ConnectionRefusedError), reading(server.url):
            pass
        server.serve(large)
        server.start()
        server.restart()
        assert server.port == port
        with reading(server.url, rtsp_transport="tcp") as frames:
            assert size(next(frames)) == LARGE


@needs_rtsp
def test_rtsp_freezes_and_thaws(small: Path) -> None:
    with RtspServer(small) as server:
        with (
            reading(server.url, 0.3, rtsp_transport="tcp") as frames,
            reading(server.url, rtsp_transport="tcp") as patient,
        ):
            next(patient)
            server.freeze()
            with pytest.raises(ExitError):
                list(frames)
            server.thaw()
            assert steps_s(islice(patient, 30)) == {1 / FPS}
        server.freeze()
        began_s = time.monotonic()
        server.stop()
        assert time.monotonic() - began_s < 1


# --- MJPEG


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return jpegs(people(10, SMALL))


@pytest.fixture
def mjpeg(pictures: list[bytes]) -> Iterator[MjpegServer]:
    with MjpegServer(pictures, FPS) as server:
        yield server


def test_mjpeg_in_real_time(mjpeg: MjpegServer) -> None:
    began_s = time.monotonic()
    with reading(mjpeg.url) as frames, reading(mjpeg.url) as others:
        read = list(islice(frames, 21))
        took_s = time.monotonic() - began_s
        next(others)
    assert 0.45 < took_s < 4  # 0.5 s
    assert len({frame.to_ndarray().tobytes() for frame in read}) > 3
    assert mjpeg.connections == 2
    assert httpx.get(mjpeg.url.replace("video", "other")).status_code == 404
    assert (mjpeg.connections, mjpeg.refusals) == (2, 0)


def test_mjpeg_repeats_changes_and_freezes(mjpeg: MjpegServer) -> None:
    with reading(mjpeg.url, 0.3) as frames:
        next(frames)
        mjpeg.repeat()
        shown = [frame.to_ndarray().tobytes() for frame in islice(frames, 40)]
        assert len(set(shown[-10:])) == 1  # the first ones were on their way
        mjpeg.show(jpegs(people(4, LARGE)))
        mjpeg.heal()
        assert any(size(frame) == LARGE for frame in islice(frames, 40))
        mjpeg.freeze()
        with pytest.raises(ExitError):
            list(frames)
    mjpeg.heal()
    with reading(mjpeg.url) as frames:
        assert size(next(frames)) == LARGE


def test_mjpeg_sends_garbage(mjpeg: MjpegServer) -> None:
    with reading(mjpeg.url) as frames:
        next(frames)
        mjpeg.garbage()
        with pytest.raises(InvalidDataError):
            list(frames)


def test_mjpeg_cuts_refuses_and_is_away(mjpeg: MjpegServer) -> None:
    for fault in (mjpeg.cut, mjpeg.refuse, mjpeg.stop):
        with reading(mjpeg.url) as frames:
            next(frames)
            fault()
            with pytest.raises(OSError):  # in the middle of a picture
                list(frames)
        if fault == mjpeg.refuse:
            with pytest.raises(HTTPServerError), reading(mjpeg.url):
                pass
            mjpeg.refuse(401)
            with pytest.raises(HTTPUnauthorizedError), reading(mjpeg.url):
                pass
            mjpeg.heal()
    with pytest.raises(ConnectionRefusedError), reading(mjpeg.url):
        pass
    mjpeg.start()
    with reading(mjpeg.url) as frames:
        next(frames)
    assert mjpeg.connections == 4
    assert mjpeg.refusals >= 2  # FFmpeg asks again after 401


@pytest.mark.parametrize("is_frozen", [False, True])
def test_mjpeg_stops_at_once_where_nobody_reads(mjpeg: MjpegServer, is_frozen: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    mjpeg.show(jpegs([noise]))
    if is_frozen:
        mjpeg.freeze()
    with httpx.stream("GET", mjpeg.url) as answer:
        assert answer.status_code == 200
        began_s = time.monotonic()
        mjpeg.stop()
        assert time.monotonic() - began_s < 1


def test_mjpeg_asks_for_a_password(pictures: list[bytes]) -> None:
    with MjpegServer(pictures, FPS, user="viewer", password="p@ss:/word") as server:
        with reading(server.url) as frames:
            next(frames)
        with pytest.raises(HTTPUnauthorizedError), reading(server.bare_url):
            pass


# --- HLS


def test_hls_goes_on_past_the_end_of_the_clip(small: Path) -> None:
    with HlsServer(small, segment_s=0.25, window=3) as server:
        with reading(server.url) as frames:
            read = list(islice(frames, 60))
        assert steps_s(read) == {1 / FPS}
        assert not any(frame.is_corrupt for frame in read)
        number = playlist(server)["#EXT-X-MEDIA-SEQUENCE"]
        server.stop()
        with pytest.raises(ConnectionRefusedError), reading(server.url):
            pass
        server.start()
        assert soon(lambda: int(playlist(server)["#EXT-X-MEDIA-SEQUENCE"]) > int(number))
        with reading(server.url) as frames:
            assert size(next(frames)) == SMALL


def playlist(server: HlsServer) -> dict[str, str]:
    text = httpx.get(server.url).text
    assert text.count(".ts\n") == 3
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


# --- MQTT


def say(broker: Mosquitto, text: str, password: str | None = None) -> None:
    """Publish something that is retained."""
    auth: publish.AuthParameter | None = None
    if password is not None:
        auth = {"username": "mill", "password": password}
    publish.single("a/b", text, retain=True, hostname="127.0.0.1", port=broker.port, auth=auth)


@needs_mosquitto
def test_mosquitto_is_away_and_back() -> None:
    with Mosquitto() as broker:
        say(broker, "kept")
        message = subscribe.simple("a/#", hostname="127.0.0.1", port=broker.port)  # type: ignore[no-untyped-call]
        assert message.payload == b"kept"
        broker.stop()
        with pytest.raises(ConnectionRefusedError):
            say(broker, "nobody hears it")
        broker.start()
        say(broker, "again")


@needs_mosquitto
def test_mosquitto_asks_for_a_password(caplog: pytest.LogCaptureFixture) -> None:
    with Mosquitto(user="mill", password="secret") as broker:
        assert broker.url == f"mqtt://mill:secret@127.0.0.1:{broker.port}"
        say(broker, "hello", "secret")
        for wrong in (None, "guessed"):
            with pytest.raises(MQTTException, match="Not authorized"):
                say(broker, "hello", wrong)
        caplog.clear()  # what paho logged holds its connections
