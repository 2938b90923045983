"""Streams together: fair shares, faults that stay with one, outputs, alerts once and only once."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from live_media import h264_clip, jpegs, people
from live_servers import Mosquitto, RtspServer, needs_mosquitto, needs_rtsp
from live_web import MjpegServer
from posemill.config import Settings, Watching, parse_watching
from posemill.errors import SettingError, StreamExists, StreamFixed, StreamNotFound
from posemill.records import parse_frame, parse_header
from posemill.sources import open_source
from posemill.sources.live import Backoff
from posemill.streams.hub import Event, Hub
from posemill.streams.watcher import Watcher

PERSON = {"name": "somebody", "rule": "person", "for_s": 0.2}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return h264_clip(tmp_path_factory.mktemp("clips") / "a.mp4", people(40), 20, gop=20)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "pause_s", lambda _: 0.2)


class Watched:
    """A watcher, and all that it tells."""

    def __init__(self, folder: Path, tables: dict[str, Any], **settings: Any) -> None:
        given = {"model_complexity": 0, "max_fps": 10.0, "stall_s": 1.5, **settings}
        self.settings = Settings(data_dir=str(folder), **given)
        watching = parse_watching(tables, self.settings, "here") if tables else Watching()
        self.events: list[Event] = []
        hub = Hub()
        hub.listen(self.events.append)
        self.watcher = Watcher(self.settings, watching, hub)
        self.watcher.start(added=True)

    def status(self, name: str) -> dict[str, Any]:
        return next(each for each in self.watcher.statuses() if each["name"] == name)

    def is_beyond(self, name: str, count: int) -> bool:
        return int(self.status(name)["processed"]) > count

    def of(self, kind: str, stream: str | None = None) -> list[Event]:
        return [e for e in list(self.events) if e.kind == kind and stream in (None, e.stream)]

    def until(self, true: Callable[[], Any], within_s: float = 30.0) -> None:
        ends = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < ends, self.watcher.statuses()
            time.sleep(0.02)

    def live(self, *names: str) -> None:
        self.until(lambda: all(self.status(n)["processed"] > 3 for n in names))


@contextmanager
def watched(folder: Path, tables: dict[str, Any], **settings: Any) -> Iterator[Watched]:
    found = Watched(folder, tables, **settings)
    try:
        yield found
    finally:
        found.watcher.close()
        left = [t.name for t in threading.enumerate() if t.name.startswith("posemill")]
        assert not left


def streams(**urls: str | Path) -> dict[str, Any]:
    return {"streams": [{"name": name, "url": str(url)} for name, url in urls.items()]}


def test_eight_streams_get_what_they_want_or_fair_shares(tmp_path: Path, clip: Path) -> None:
    names = [f"s{n}" for n in range(8)]
    with watched(tmp_path, streams(**dict.fromkeys(names, clip))) as found:
        found.live(*names)
        before = {name: found.status(name)["processed"] for name in names}
        began = time.monotonic()
        time.sleep(5)
        took = time.monotonic() - began
        rates = [(found.status(name)["processed"] - before[name]) / took for name in names]
        assert min(rates) > 0.8 * max(rates)
        assert max(rates) <= 10.5
        ages = [found.status(name)["age_p95_ms"] for name in names]
        # Two intervals of what comes, and an inference on a busy machine.
        assert max(ages) < 2 * 1000 / min(rates) + 200


def test_more_than_the_machine_can_carry_lowers_rates_evenly_and_not_the_latency(
    tmp_path: Path, clip: Path
) -> None:
    names = [f"s{n}" for n in range(10)]
    with watched(
        tmp_path, streams(**dict.fromkeys(names, clip)), max_fps=20.0, model_complexity=2
    ) as found:
        found.live(*names)
        before = {name: found.status(name) for name in names}
        began = time.monotonic()
        time.sleep(6)
        took = time.monotonic() - began
        after = {name: found.status(name) for name in names}
        rates = [(after[n]["processed"] - before[n]["processed"]) / took for n in names]
        assert max(rates) < 15
        assert min(rates) > 0.7 * max(rates) - 0.5
        assert all(after[name]["dropped"] > before[name]["dropped"] for name in names)
        interval_ms = 1000 / min(rates)
        assert max(each["age_p95_ms"] for each in after.values()) < 2 * interval_ms + 500


def test_trouble_of_one_stream_does_not_touch_the_others(tmp_path: Path, clip: Path) -> None:
    with (
        MjpegServer(jpegs(people(20)), 10) as bad,
        watched(tmp_path, streams(good=clip, bad=bad.url)) as found,
    ):
        found.live("good", "bad")
        for fault in (bad.garbage, bad.freeze, bad.cut):
            before, began = found.status("good")["processed"], time.monotonic()
            fault()
            time.sleep(2)
            rate = (found.status("good")["processed"] - before) / (time.monotonic() - began)
            assert rate > 7
            assert found.status("good")["connections"] <= 1 + 20 / 2
            bad.heal()
            count = found.status("bad")["processed"]
            found.until(partial(found.is_beyond, "bad", count + 3))
        assert found.status("good")["state"] == "live"
        states = [event.fields["state"] for event in found.of("state", "bad")]
        assert states[0] == "live"
        assert states[-1] == "live"
        assert {"failed", "stalled"} & set(states)


@needs_rtsp
def test_an_alert_is_raised_once_over_all_faults_and_a_restart(tmp_path: Path, clip: Path) -> None:
    with RtspServer(clip) as server:
        tables = {**streams(door=server.url), "alerts": [PERSON]}
        with watched(tmp_path / "data", tables) as found:
            found.until(lambda: found.of("alert"))
            for _ in range(2):
                server.kill()
                found.until(lambda: found.status("door")["state"] == "failed")
                server.restart()
                found.until(lambda: found.status("door")["state"] == "live")
            server.freeze()
            found.until(lambda: found.status("door")["state"] == "stalled")
            server.thaw()
            found.until(lambda: found.status("door")["state"] == "live")
            store = found.watcher.store
            found.until(lambda: store.list(10)[0].has_clip)
            assert len(store.list(10)) == 1
        with watched(tmp_path / "data", tables) as again:
            again.live("door")
            time.sleep(1)
            (alert,) = again.watcher.store.list(10)
            assert alert.ended is None
            assert alert.has_snapshot
            files = (tmp_path / "data" / "alerts").glob(f"{alert.id}.*")
            assert {path.suffix for path in files} == {".jpg", ".mp4"}


def test_records_are_kept_and_are_those_of_posemill(tmp_path: Path, clip: Path) -> None:
    with watched(tmp_path, streams(door=clip), record=True) as found:
        found.live("door")
        began = time.time()
    (path,) = (tmp_path / "streams" / "door").iterdir()
    head, *frames = [json.loads(line) for line in path.read_text().splitlines()]
    header = parse_header(head)
    poses = [parse_frame(frame, header) for frame in frames]
    assert any(each.people for each in poses)
    assert all(abs(frame["at"] - began) < 60 for frame in frames)


def test_a_stream_that_is_lost_shows_nobody_any_more(tmp_path: Path) -> None:
    with (
        MjpegServer(jpegs(people(20)), 10) as camera,
        watched(tmp_path, streams(door=camera.url)) as found,
    ):
        found.until(lambda: found.status("door")["people"] == 1)
        camera.stop()
        found.until(lambda: found.status("door")["state"] == "failed")
        found.until(lambda: found.status("door")["people"] == 0, 3)


def test_a_disk_that_takes_nothing_stops_no_stream(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "streams").mkdir()
    (tmp_path / "streams" / "door").touch()
    with watched(tmp_path, streams(door=clip), record=True) as found:
        found.live("door")
        found.until(lambda: found.status("door")["unwritten"] > 2)
        assert found.status("door")["state"] == "live"


def test_pictures_are_drawn_only_while_somebody_looks(tmp_path: Path, clip: Path) -> None:
    with watched(tmp_path, streams(door=clip)) as found:
        found.live("door")
        assert not found.of("picture")
        assert not found.of("record")
        found.watcher.look("door", "me", 200)
        found.until(lambda: len(found.of("picture", "door")) > 2)
        assert found.of("header", "door")
        assert found.of("record", "door")
        assert all(event.data.startswith(b"\xff\xd8") for event in found.of("picture"))
        found.watcher.look("door", "me", None)
        time.sleep(0.5)
        count = len(found.of("picture"))
        time.sleep(0.5)
        assert len(found.of("picture")) == count


@needs_mosquitto
def test_states_alerts_and_records_go_to_the_broker(tmp_path: Path, clip: Path) -> None:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    came: dict[str, bytes] = {}
    with Mosquitto() as broker:
        client = Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda *args: came.update({args[2].topic: args[2].payload})
        client.connect("127.0.0.1", broker.port)
        client.subscribe("home/#")
        client.loop_start()
        tables = {**streams(door=clip), "alerts": [PERSON]}
        with watched(
            tmp_path,
            tables,
            mqtt_url=f"mqtt://127.0.0.1:{broker.port}",
            mqtt_topic="home",
            mqtt_records=True,
        ) as found:
            found.until(lambda: {"home/door/state", "home/door/records", "home/status"} <= {*came})
            found.until(lambda: any("alert" in topic for topic in came))
        client.loop_stop()
        client.disconnect()
    assert json.loads(came["home/door/state"])["state"] == "live"
    assert "people" in json.loads(came["home/door/records"])


def test_streams_are_added_changed_and_removed_and_stay_so(tmp_path: Path, clip: Path) -> None:
    with MjpegServer(jpegs(people(20)), 10, user="me", password="hush") as camera:
        with watched(tmp_path, streams(door=clip)) as found:
            watcher = found.watcher
            assert watcher.add({"name": "yard", "url": camera.url, "max_fps": 5})["added"]
            found.live("yard")
            with pytest.raises(StreamExists):
                watcher.add({"name": "yard", "url": camera.url})
            with pytest.raises(SettingError):
                watcher.add({"name": "Yard!", "url": camera.url})
            for file in (str(clip), f"file://{clip}"):
                with pytest.raises(SettingError, match="from the settings file alone"):
                    watcher.add({"name": "disk", "url": file})
            with pytest.raises(StreamFixed):
                watcher.remove("door")
            with pytest.raises(StreamNotFound):
                watcher.remove("nowhere")
            assert watcher.change("yard", {"max_fps": 3})["max_fps"] == 3
            assert watcher.one("yard")["settings"]["url"] == camera.bare_url
        stored = tmp_path / "streams" / "streams.json"
        assert stored.stat().st_mode & 0o777 == 0o600
        with watched(tmp_path, {}) as again:
            again.live("yard")
            again.watcher.remove("yard")
            assert again.watcher.statuses() == []
            assert json.loads(stored.read_text()) == []


def test_a_stream_that_is_changed_while_others_take_all_turns_goes_on(
    tmp_path: Path, clip: Path
) -> None:
    with (
        MjpegServer(jpegs(people(20)), 10) as camera,
        watched(tmp_path, streams(a=clip, b=clip, c=clip), model_complexity=2) as found,
    ):
        found.watcher.add({"name": "yard", "url": camera.url})
        found.live("yard", "a")
        for fps in range(3, 9):
            found.watcher.change("yard", {"max_fps": fps})
            time.sleep(0.3)
        found.live("yard")
        assert found.status("yard")["state"] == "live"
        assert found.status("yard")["max_fps"] == 8


def test_a_broken_list_of_added_streams_stops_none_of_the_settings(
    tmp_path: Path, clip: Path
) -> None:
    stored = tmp_path / "streams" / "streams.json"
    stored.parent.mkdir()
    stored.write_text("[{")
    with watched(tmp_path, streams(door=clip)) as found:
        found.live("door")
        with pytest.raises(SettingError, match=r"streams\.json: can't be read: .*mend or remove"):
            found.watcher.add({"name": "yard", "url": "rtsp://127.0.0.1:9/x"})
    assert stored.read_text() == "[{"


def test_an_added_stream_that_the_settings_have_too_is_not_forgotten(
    tmp_path: Path, clip: Path
) -> None:
    stored = tmp_path / "streams" / "streams.json"
    stored.parent.mkdir()
    stored.write_text('[{"name": "door", "url": "rtsp://127.0.0.1:9/x"}]')
    with watched(tmp_path, streams(door=clip)) as found:
        found.live("door")
        found.watcher.add({"name": "yard", "url": "rtsp://127.0.0.1:9/y"})
    assert {each["name"] for each in json.loads(stored.read_text())} == {"yard", "door"}


def test_a_clip_of_motion_jpeg_lasts_as_long_as_what_happened(tmp_path: Path) -> None:
    with (
        MjpegServer(jpegs(people(20)), 5) as camera,
        watched(
            tmp_path,
            {**streams(door=camera.url), "alerts": [PERSON]},
            clip_before_s=1.0,
            clip_after_s=3.0,
        ) as found,
    ):
        found.until(lambda: any(e.fields["clip"] for e in found.of("alert")))
        (alert,) = found.watcher.store.list(10)
    with open_source(tmp_path / "alerts" / f"{alert.id}.mp4") as source:
        frames = list(source)
    # FFmpeg takes such pictures for 25 a second.
    assert 3.0 < frames[-1].time_s < 5.5
    assert len(frames) / frames[-1].time_s == pytest.approx(5, rel=0.3)


def test_a_file_that_ends_leaves_its_clip(tmp_path: Path, clip: Path) -> None:
    with watched(tmp_path, {**streams(door=clip), "alerts": [PERSON]}, loop=False) as found:
        found.until(lambda: found.status("door")["state"] == "ended")
        found.until(lambda: found.watcher.store.list(10)[0].has_clip)
        assert found.status("door")["people"] == 0


def test_a_clip_under_way_is_written_when_all_ends(tmp_path: Path, clip: Path) -> None:
    with watched(tmp_path, {**streams(door=clip), "alerts": [PERSON]}) as found:
        found.until(lambda: found.of("alert"))
        time.sleep(0.5)
    (path,) = (tmp_path / "alerts").glob("*.mp4")
    with open_source(path) as source:
        assert len(list(source)) > 5


def test_records_that_are_old_go_also_of_streams_that_are_gone(tmp_path: Path, clip: Path) -> None:
    old = tmp_path / "streams" / "gone" / "2020-01-01T00.jsonl"
    old.parent.mkdir(parents=True)
    old.touch()
    with watched(tmp_path, streams(door=clip)) as found:
        found.until(lambda: not old.exists())


def test_a_fault_of_ours_ends_one_stream_and_it_is_begun_again(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posemill.streams.watcher._AGAIN_S", 0.5)
    with watched(tmp_path, streams(good=clip, bad=clip)) as found:
        found.live("good", "bad")
        stream = found.watcher.stream("bad")
        monkeypatch.setattr(stream.source, "frame", lambda _: 1 / 0)
        found.until(lambda: found.status("bad")["state"] == "failed")
        assert "ZeroDivisionError" in found.status("bad")["reason"]
        found.until(lambda: found.watcher.stream("bad") is not stream)
        found.live("bad")
        assert found.status("good")["state"] == "live"
