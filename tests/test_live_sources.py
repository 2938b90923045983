"""Live sources over real servers: what they give, what becomes of faults, and that they return."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from live_media import h264_clip, jpegs, people
from live_servers import RtspServer, needs_rtsp
from live_web import HlsServer, MjpegServer
from posemill.errors import SourceNotFound, UnsupportedSource
from posemill.sources import open_source
from posemill.sources.live import (
    Backoff,
    LiveOptions,
    LiveSource,
    LiveState,
    Taken,
    live_address,
    redacted,
)

FPS = 10.0
OPTIONS = LiveOptions(max_fps=FPS, stall_s=1.5, freeze_s=0)


class Soon(Backoff):
    """Doesn't wait long."""

    def pause_s(self) -> float:
        return 0.2


class Reading:
    """A source that is read in a thread: its frames, states and sizes so far."""

    def __init__(self, url: str, options: LiveOptions = OPTIONS, transport: str = "tcp") -> None:
        self.taken: list[Taken] = []
        self.sizes: list[tuple[int, int]] = []
        self.states: list[LiveState] = []
        self.ages_s: list[float] = []
        self.source = LiveSource(
            url,
            options,
            rtsp_transport=transport,
            on_state=self.states.append,
            backoff=Soon(),
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with closing(iter(self.source)) as frames:  # type: ignore[type-var]
            for taken in frames:
                frame = self.source.frame(taken)
                self.ages_s.append(time.monotonic() - taken.captured_s)
                self.taken.append(taken)
                self.sizes.append((frame.width, frame.height))

    @property
    def words(self) -> list[str]:
        return [state.word for state in self.states]

    def until(self, true: Callable[[], bool], within_s: float = 15.0) -> float:
        """Wait until it is true; return how long that took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() < began + within_s, (self.states, self.source.counts)
            time.sleep(0.01)
        return time.monotonic() - began

    def more(self, count: int = 5, within_s: float = 15.0) -> float:
        """Wait for so many more frames."""
        wanted = len(self.taken) + count
        return self.until(lambda: len(self.taken) >= wanted, within_s)

    def end(self) -> None:
        self.source.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


@contextmanager
def reading(url: str, options: LiveOptions = OPTIONS, transport: str = "tcp") -> Iterator[Reading]:
    found = Reading(url, options, transport)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clips")
    small = h264_clip(folder / "small.mp4", people(40), 20, gop=20)
    large = h264_clip(folder / "large.mp4", people(40, (640, 480)), 20, gop=20)
    return small, large


def test_addresses_are_shown_without_secrets() -> None:
    for address in (
        "rtsp://user:pass@host:554/a",
        "rtsp://user:p@ss/w?rd@host/a",
        "http://host/a?user=u&password=hush",
        "rtsp://us%3Aer:hush@host/a?token=hush",
    ):
        shown = redacted(address)
        assert not any(word in shown for word in ("pass", "p@ss", "w?rd", "hush", "user"))
        assert shown.startswith(address.partition("://")[0])
    assert redacted("rtsp://user:pass@host:554/a") == "rtsp://host:554/a"


def test_an_address_is_a_camera_a_stream_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert live_address("rtsp://host/a", rtsp_transport="udp").options["rtsp_transport"] == "udp"
    assert live_address("http://host/live.m3u8").paced
    assert not live_address("http://host/video").paced
    assert live_address(str(tmp_path / "a.mp4")).is_file
    assert live_address(f"file://{tmp_path}/a.mp4").is_file
    with pytest.raises(SourceNotFound, match="no such file"):
        live_address(str(tmp_path / "b.mp4"))
    for scheme in ("ftp", "concat", "data", "rtmp", "udp"):
        with pytest.raises(UnsupportedSource):
            live_address(f"{scheme}://x")


@needs_rtsp
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp_gives_frames_evenly_at_the_rate_that_is_wanted(
    clips: tuple[Path, Path], transport: str
) -> None:
    with RtspServer(clips[0]) as server, reading(server.url, transport=transport) as found:
        found.more(30)
        steps = [b.time_s - a.time_s for a, b in pairwise(found.taken[10:])]
        assert all(0.04 < step < 0.16 for step in steps), steps
        assert sum(steps) / len(steps) == pytest.approx(1 / FPS, rel=0.1)
        assert found.words == ["live"]
        assert found.source.codec == "h264"


@needs_rtsp
def test_user_and_password_open_the_door(clips: tuple[Path, Path]) -> None:
    with RtspServer(clips[0], user="me", password="p@ss:/word") as server:
        with reading(server.url) as found:
            found.more(3)
        with reading(server.bare_url) as refused:
            refused.until(lambda: bool(refused.states))
            assert refused.states[0].word == "failed"
            assert "password" in refused.states[0].reason


@needs_rtsp
def test_a_server_that_is_killed_is_found_again(clips: tuple[Path, Path]) -> None:
    with RtspServer(clips[0]) as server, reading(server.url) as found:
        found.more()
        server.kill()
        found.until(lambda: found.words[-1] == "failed", 3)
        server.restart()
        found.more(within_s=5)
        assert found.words == ["live", "failed", "live"]
        indices = [each.index for each in found.taken]
        assert indices == list(range(len(indices)))
        assert all(b.time_s > a.time_s for a, b in pairwise(found.taken))


@needs_rtsp
def test_a_server_that_freezes_is_stalled_after_as_long_as_is_said(
    clips: tuple[Path, Path],
) -> None:
    with RtspServer(clips[0]) as server, reading(server.url) as found:
        found.more()
        server.freeze()
        took = found.until(lambda: found.words[-1] == "stalled", 5)
        assert took == pytest.approx(OPTIONS.stall_s, abs=0.6)
        assert found.states[-1].reason == "no frame came for 1.5 s"
        server.thaw()
        found.more(within_s=5)
        assert found.words[-1] == "live"


@needs_rtsp
def test_another_resolution_in_mid_stream_goes_on(clips: tuple[Path, Path]) -> None:
    with RtspServer(clips[0]) as server, reading(server.url) as found:
        found.more()
        server.switch(clips[1])
        found.until(lambda: found.sizes[-1] == (640, 480), 5)
        assert found.words == ["live"]
        assert found.source.counts.connections == 1


def test_a_frame_that_is_too_large_is_refused_and_the_stream_fails(tmp_path: Path) -> None:
    options = LiveOptions(max_fps=FPS, stall_s=1.5, max_pixels=320 * 240 - 1)
    with MjpegServer(jpegs(people(3)), FPS) as server, reading(server.url, options) as found:
        found.until(lambda: bool(found.states))
        assert found.states[0].word == "failed"
        assert "max_pixels" in found.states[0].reason
        assert not found.taken


def test_motion_jpeg_is_of_its_own_time() -> None:
    with MjpegServer(jpegs(people(20)), FPS) as server, reading(server.url) as found:
        found.more(30)
        assert max(found.ages_s) < 0.3
        steps = [b.time_s - a.time_s for a, b in pairwise(found.taken[10:])]
        assert sum(steps) / len(steps) == pytest.approx(1 / FPS, rel=0.1)


def test_what_is_not_wanted_of_motion_jpeg_is_not_decoded() -> None:
    options = LiveOptions(max_fps=2)
    with MjpegServer(jpegs(people(20)), 20) as server, reading(server.url, options) as found:
        found.more(6)
        counts = found.source.counts
        assert counts.skipped >= 6 * counts.taken
        assert counts.broken == 0


@pytest.mark.parametrize("fault", ["cut", "garbage", "freeze", "refuse"])
def test_motion_jpeg_comes_back_from(fault: str) -> None:
    with MjpegServer(jpegs(people(20)), FPS) as server, reading(server.url) as found:
        found.more()
        if fault == "refuse":
            server.refuse(503)
            server.cut()
        else:
            getattr(server, fault)()
        if fault != "cut":
            found.until(lambda: found.words[-1] in ("failed", "stalled"), 10)
        server.heal()
        found.more(within_s=8)
        found.until(lambda: found.words[-1] == "live", 3)


def test_pictures_that_never_change_are_a_fault() -> None:
    options = LiveOptions(max_fps=FPS, stall_s=1.5, freeze_s=1.0)
    with MjpegServer(jpegs(people(20)), FPS) as server, reading(server.url, options) as found:
        found.more()
        server.repeat()
        found.until(lambda: found.words[-1] == "stalled", 12)
        assert "has not changed for 1 s" in found.states[-1].reason
        count = server.connections
        found.until(lambda: server.connections > count, 10)  # it is tried again
        server.heal()
        found.until(lambda: found.words[-1] == "live", 10)


def test_a_server_that_was_never_there_is_waited_for(clips: tuple[Path, Path]) -> None:
    with MjpegServer(jpegs(people(20)), FPS) as server:
        server.stop()
        with reading(server.url) as found:
            found.until(lambda: found.words == ["failed"])
            assert found.states[0].reason == "connection refused"
            server.start()
            found.more()


def test_hls_is_played_at_its_own_pace(clips: tuple[Path, Path]) -> None:
    with HlsServer(clips[0]) as server, reading(server.url) as found:
        found.more(40, within_s=20)
        arrivals = [each.captured_s for each in found.taken[10:]]
        steps = [b - a for a, b in pairwise(arrivals)]
        assert max(steps) < 1.5
        assert sum(steps) / len(steps) == pytest.approx(1 / FPS, rel=0.25)


def test_a_file_is_played_in_real_time_again_and_again(clips: tuple[Path, Path]) -> None:
    with reading(str(clips[0])) as found:
        took = found.more(30)
        assert took == pytest.approx(3.0, abs=0.7)
        assert found.source.counts.connections == 2  # of two seconds each
        assert found.words == ["live"]


def test_a_file_that_is_not_played_again_ends(clips: tuple[Path, Path]) -> None:
    options = LiveOptions(max_fps=FPS, loop=False)
    with reading(str(clips[0]), options) as found:
        found.until(lambda: found.words == ["live", "ended"])
        assert len(found.taken) == 20


def test_a_file_without_frames_fails_and_does_not_spin(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with reading(str(tmp_path / "a.mp4")) as found:
        found.until(lambda: found.words == ["failed"])
        time.sleep(1.0)
        assert found.source.counts.connections <= 8


def test_detect_keeps_what_it_has_where_the_resolution_changes() -> None:
    with MjpegServer(jpegs(people(20)), FPS) as server, open_source(server.url) as source:
        frames = iter(source)
        next(frames)
        server.show(jpegs(people(20, (640, 480))))
        assert all((frame.width, frame.height) == (320, 240) for frame in frames)
        assert source.damage is not None
        assert "640 x 480 pixels from" in source.damage


def test_a_stream_is_a_source_for_detect_too(clips: tuple[Path, Path]) -> None:
    with MjpegServer(jpegs(people(20)), FPS) as server, open_source(server.url) as source:
        assert (source.info.kind, source.info.width, source.info.height) == ("video", 320, 240)
        frames = iter(source)
        first = [next(frames) for _ in range(5)]
        assert [frame.index for frame in first] == [0, 1, 2, 3, 4]
        source.close()
        assert not list(frames)
