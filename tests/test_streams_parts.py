"""The parts of streams without any stream: turns, figures, steps, files, pictures, clips."""

import json
import threading
import time
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from posemill.drawing import DrawingStyle
from posemill.drawing.figure import draw_figure
from posemill.errors import SinkError
from posemill.handoff import NewestHandoff
from posemill.sources import open_source
from posemill.streams.clips import ClipRecorder, ClipWriter
from posemill.streams.figures import Recent
from posemill.streams.files import HourlyRecords, sweep
from posemill.streams.gate import Gate
from posemill.streams.pictures import Lookers, rendered
from posemill.streams.stepping import Stepper
from posemill.types import Frame, FramePoses

HOUR = 3600.0
START = 1_763_000_000.0 // HOUR * HOUR


def test_turns_are_shared_by_the_rates_that_are_wanted() -> None:
    gate, counts, ends = Gate(1), Counter[str](), time.monotonic() + 1.0

    def work(name: str, fps: float) -> None:
        while time.monotonic() < ends:
            with gate.turn(name, fps):
                counts[name] += 1
                time.sleep(0.002)

    wanted = {"a": 10.0, "b": 10.0, "c": 5.0}
    threads = [threading.Thread(target=work, args=each) for each in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts["a"] == pytest.approx(counts["b"], rel=0.15)
    assert counts["c"] == pytest.approx(counts["a"] / 2, rel=0.2)


def test_no_more_are_let_in_than_there_are_places() -> None:
    gate, inside, most = Gate(2), [0], [0]
    lock = threading.Lock()

    def work(name: str) -> None:
        for _ in range(30):
            with gate.turn(name, 10):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.001)
                with lock:
                    inside[0] -= 1

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 2


def test_who_was_away_gets_no_more_than_a_fair_share_afterwards() -> None:
    gate = Gate(1)
    for _ in range(100):
        with gate.turn("busy", 10):
            pass
    with gate.turn("new", 10):
        pass
    order: list[str] = []
    holding = threading.Event()

    def hold() -> None:
        with gate.turn("hold", 1000):
            holding.wait()

    def want(name: str) -> None:
        for _ in range(5):
            with gate.turn(name, 10):
                order.append(name)
                time.sleep(0.01)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    time.sleep(0.05)
    threads += [threading.Thread(target=want, args=(name,)) for name in ("busy", "new")]
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.05)
    holding.set()
    for thread in threads:
        thread.join()
    assert set(order[:4]) == {"busy", "new"}


def test_a_turn_that_fails_gives_its_place_back() -> None:
    gate = Gate(1)
    with pytest.raises(RuntimeError), gate.turn("a", 1):
        raise RuntimeError
    with gate.turn("b", 1):
        pass


def test_more_clips_than_can_be_written_are_refused_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on, done = threading.Event(), list[tuple[Path, str | None]]()
    monkeypatch.setattr("posemill.streams.clips._encode", lambda *_: going_on.wait(20) and None)
    write_camera(tmp_path / "camera.mkv", "libx264", seconds=1)
    writer = ClipWriter()
    recorder = ClipRecorder(1.0, 1.0, writer, 0)
    with av.open(str(tmp_path / "camera.mkv")) as container:
        stream = container.streams.video[0]
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            recorder.packet(packet, stream, number / 10)
    for number in range(20):
        recorder.begin(tmp_path / f"{number}.mp4", 1.0, lambda *told: done.append(told))
    recorder.close()
    assert [why for _, why in done] == ["too many clips wait to be written"] * 4
    going_on.set()
    writer.close()


def test_rates_and_ages_are_of_the_last_seconds() -> None:
    recent = Recent(window_s=5.0)
    assert recent.ages_s(0.0) is None
    for number in range(200):
        recent.add(number / 10, 0.02 if number % 10 else 0.2)
    now = 199 / 10
    assert recent.rate(now) == pytest.approx(10, rel=0.05)
    ages = recent.ages_s(now)
    assert ages is not None
    assert ages == pytest.approx((0.02, 0.2))
    assert recent.rate(now + 10) == 0
    assert recent.ages_s(now + 10) is None


def test_the_step_down_waits_and_the_step_up_waits_longer() -> None:
    stepper = Stepper()
    down = [stepper.update(float(now), share=0.5, busy=1.0) for now in range(15)]
    assert down.index(True) == 10
    up = [stepper.update(20.0 + now, share=1.0, busy=0.3) for now in range(70)]
    assert up.index(False) == 60


def test_it_does_not_swing_while_there_is_no_room_for_the_larger_model() -> None:
    stepper = Stepper()
    for now in range(20):
        stepper.update(float(now), share=0.5, busy=1.0)
    assert all(stepper.update(100.0 + now, share=1.0, busy=0.6) for now in range(500))


def test_a_short_shortage_changes_nothing() -> None:
    stepper = Stepper()
    assert not any(
        stepper.update(float(now), share=0.5 if now % 8 else 1.0, busy=1.0) for now in range(100)
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_records_are_in_files_of_an_hour(tmp_path: Path) -> None:
    now = [START]
    records = HourlyRecords(tmp_path / "door", lambda: now[0])
    records.begin({"schema": "posemill/1"})
    for step in range(4):
        now[0] = START + step * HOUR / 2
        records.write(json.dumps({"frame": step}))
    records.close()
    files = sorted((tmp_path / "door").iterdir())
    assert [lines(path) for path in files] == [
        [{"schema": "posemill/1"}, {"frame": 0}, {"frame": 1}],
        [{"schema": "posemill/1"}, {"frame": 2}, {"frame": 3}],
    ]


def test_what_a_crash_cut_short_is_mended(tmp_path: Path) -> None:
    records = HourlyRecords(tmp_path, lambda: START)
    records.begin({"n": 1})
    records.write('{"frame": 0}')
    records.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b'{"frame": 1, "peo' + b"p" * 100_000)
    again = HourlyRecords(tmp_path, lambda: START)
    again.begin({"n": 2})
    again.write('{"frame": 2}')
    again.close()
    assert lines(path) == [{"n": 1}, {"frame": 0}, {"n": 2}, {"frame": 2}]


def test_old_files_of_records_go_and_others_stay(tmp_path: Path) -> None:
    for name in ("2020-01-01T00.jsonl", "notes.jsonl", "2020-99-99T99.jsonl"):
        (tmp_path / name).touch()
    sweep(tmp_path, HOUR, START)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2020-99-99T99.jsonl",
        "notes.jsonl",
    ]


def test_a_folder_that_takes_nothing_is_told_and_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    records = HourlyRecords(blocked / "door", lambda: START)
    records.begin({})
    with pytest.raises(SinkError, match="records can't be written"):
        records.write("{}")
    blocked.unlink()
    records.write("{}")
    records.close()
    assert lines(next((blocked / "door").iterdir())) == [{}, {}]


def test_the_widest_look_counts_while_it_lasts() -> None:
    lookers = Lookers()
    assert (lookers.width_px, len(lookers)) == (0, 0)
    lookers.look("records", 0)
    assert (lookers.width_px, len(lookers)) == (0, 1)
    lookers.look("a", 320)
    lookers.look("b", 99_999)
    assert lookers.width_px == 3840
    lookers.look("b", None)
    lookers.look("b", None)
    assert lookers.width_px == 320


def test_pictures_are_as_wide_as_somebody_looks() -> None:
    frame = Frame(np.array(draw_figure(640, 360)))
    poses = FramePoses(0, 0.0, (640, 360))
    for wanted, size in ((320, (320, 180)), (3840, (640, 360))):
        data = rendered(frame, poses, DrawingStyle(), wanted)
        with open_picture(data) as source:
            (found,) = source
        assert (found.width, found.height) == size


def open_picture(data: bytes) -> Any:
    from posemill.sources import open_picture_bytes

    return open_picture_bytes(data, "a.jpg")


def test_the_newest_waiting_item_is_taken_and_the_others_count_as_dropped() -> None:
    handoff: NewestHandoff[int] = NewestHandoff(3)
    for item in (2, 3, 4):
        handoff.put(item)
    assert handoff.newest(1) == 4
    assert handoff.dropped == 3
    assert handoff.newest(5) == 5
    assert handoff.waiting == 0


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_a_clip_holds_what_was_before_and_after(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "camera.mkv"
    write_camera(path, codec, seconds=6)
    writer, done = ClipWriter(), list[tuple[Path, str | None]]()
    recorder = ClipRecorder(1.0, 1.0, writer, 0)
    clip = tmp_path / "clips" / "a.mp4"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            recorder.packet(packet, stream, number / 10)
            if number == 30:
                recorder.begin(clip, 3.0, lambda *told: done.append(told))
    recorder.close()
    writer.close()
    assert done == [(clip, None)]
    with open_source(clip) as source:
        frames = list(source)
    assert [path.name for path in clip.parent.iterdir()] == ["a.mp4"]
    # A second before, from the key frame on that is early enough, to a second after.
    assert 2.0 <= frames[-1].time_s <= 3.2
    assert all(b.time_s - a.time_s == pytest.approx(0.1, abs=0.01) for a, b in pairwise(frames))


def test_a_clip_that_can_not_be_written_says_why(tmp_path: Path) -> None:
    path = tmp_path / "camera.mkv"
    write_camera(path, "libx264", seconds=2)
    (tmp_path / "clips").touch()
    writer, done = ClipWriter(), list[tuple[Path, str | None]]()
    recorder = ClipRecorder(1.0, 1.0, writer, 0)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            recorder.packet(packet, stream, number / 10)
    recorder.begin(tmp_path / "clips" / "a.mp4", 2.0, lambda *told: done.append(told))
    recorder.close()
    writer.close()
    assert done[0][1]


def write_camera(path: Path, codec: str, seconds: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = 320, 240
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.time_base = Fraction(1, 10)
        stream.options = {} if codec == "mjpeg" else {"g": "10", "bf": "0"}
        for number in range(seconds * 10):
            picture = np.array(draw_figure(320, 240, number / 10))
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
