"""The pipeline: order, overlap, and every way that it can end."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from fakes import FakeEngine, FakeSink, FakeSource
from posemill.errors import BrokenSource, SinkError
from posemill.pipeline import PROGRESS_INTERVAL_S, Progress, run, write
from posemill.types import Frame, FramePoses, Picture


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def track(frame: Frame) -> FramePoses:
    return FakeEngine().track(frame)


def render(frame: Frame, poses: FramePoses) -> Picture:
    return np.full_like(frame.pixels, frame.index)


def test_every_frame_arrives_in_order_with_its_own_picture() -> None:
    drawn, plain = FakeSink(wants_picture=True), FakeSink()
    report = run(FakeSource(50), track, render, [drawn, plain])
    assert drawn.frames == plain.frames == list(range(50))
    assert [int(picture[0, 0, 0]) for picture in drawn.pictures if picture is not None] == list(
        range(50)
    )
    assert plain.pictures == [None] * 50
    assert (report.frames, report.with_people) == (50, 49)  # the first frame is black
    assert not report.interrupted
    assert report.rate == pytest.approx(50 / report.elapsed_s)


def test_nothing_is_drawn_when_no_sink_wants_pictures() -> None:
    def fail(frame: Frame, poses: FramePoses) -> Picture:
        raise AssertionError("drawn")

    assert run(FakeSource(3), track, fail, [FakeSink()]).frames == 3


def test_a_source_without_frames() -> None:
    assert run(FakeSource(0), track, None, [FakeSink()]).frames == 0


def test_stages_overlap() -> None:
    pause_s, count = 0.02, 15

    def slow(_: object) -> None:
        time.sleep(pause_s)

    source = FakeSource(count, before_each=slow)
    engine = FakeEngine(wait=lambda: slow(0))
    sink = FakeSink(before_each=slow)
    report = run(source, engine.track, None, [sink])
    assert report.elapsed_s < 2 * count * pause_s  # in turn it would be three times


def test_damage_is_reported() -> None:
    source = FakeSource(4, damage="torn at 2 s")
    assert run(source, track, None, [FakeSink()]).damage == "torn at 2 s"


def test_an_error_of_the_source_comes_out_after_its_frames_are_written() -> None:
    sink = FakeSink()
    with pytest.raises(BrokenSource, match="torn"):
        run(FakeSource(4, error=BrokenSource("torn")), track, None, [sink])
    assert sink.frames == [0, 1, 2, 3]


def test_an_error_of_a_sink_stops_an_endless_source() -> None:
    source = FakeSource(1_000_000)
    with pytest.raises(SinkError, match="full"):
        run(source, track, None, [FakeSink(error=SinkError("full"), fails_at=3)])
    assert source.delivered < 100


def test_an_error_of_the_engine_stops_an_endless_source() -> None:
    def fail(frame: Frame) -> FramePoses:
        raise RuntimeError("no model")

    source = FakeSource(1_000_000)
    with pytest.raises(RuntimeError, match="no model"):
        run(source, fail, None, [FakeSink()])
    assert source.delivered < 100


def test_an_error_of_the_drawing_comes_out() -> None:
    def fail(frame: Frame, poses: FramePoses) -> Picture:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(FakeSource(1_000_000), track, fail, [FakeSink(wants_picture=True)])


@pytest.mark.parametrize("way", ["flag", "exception"])
def test_an_interrupted_run_writes_what_is_tracked(way: str) -> None:
    asked = threading.Event()

    def interrupted(frame: Frame) -> FramePoses:
        if frame.index == 20:
            asked.set()
            if way == "exception":
                raise KeyboardInterrupt
        return track(frame)

    sink = FakeSink()
    stopped = asked.is_set if way == "flag" else lambda: False
    report = run(FakeSource(1_000_000), interrupted, None, [sink], stopped=stopped)
    assert report.interrupted
    assert sink.frames == list(range(21 if way == "flag" else 20))
    assert report.frames == len(sink.frames)


def test_a_stalled_source_does_not_hold_an_interrupt_up() -> None:
    release = threading.Event()
    began = time.monotonic()

    def stall(index: int) -> None:
        if index == 2:
            release.wait(0.5)

    report = run(
        FakeSource(3, before_each=stall),
        track,
        None,
        [FakeSink()],
        stopped=lambda: time.monotonic() - began > 0.1,
    )
    assert report.interrupted
    assert report.frames == 2


def test_progress_is_throttled_and_ends_with_the_last_frame() -> None:
    told: list[Progress] = []
    engine = FakeEngine(wait=lambda: time.sleep(0.002))
    report = run(FakeSource(100), engine.track, None, [FakeSink()], told.append)
    assert told[-1] == Progress(100, 99 / 25)
    assert 2 <= len(told) <= 2 + report.elapsed_s / PROGRESS_INTERVAL_S


class Found(list[FramePoses]):
    """Poses that were tracked elsewhere."""

    damage: str | None = None


def test_poses_from_elsewhere_are_written_without_pictures() -> None:
    found = Found(track(frame) for frame in FakeSource(40))
    found.damage = "torn"
    told: list[Progress] = []
    sink = FakeSink()
    report = write(found, [sink], told.append)
    assert sink.frames == list(range(40))
    assert sink.pictures == [None] * 40
    assert (report.frames, report.with_people, report.damage) == (40, 39, "torn")
    assert told[-1] == Progress(40, 39 / 25)
    assert not report.interrupted


def test_ctrl_c_while_poses_are_written_keeps_those_before() -> None:
    class Interrupted(Found):
        def __iter__(self) -> Iterator[FramePoses]:
            yield from super().__iter__()
            raise KeyboardInterrupt

    sink = FakeSink()
    report = write(Interrupted(track(frame) for frame in FakeSource(5)), [sink])
    assert report.interrupted
    assert sink.frames == list(range(5))
