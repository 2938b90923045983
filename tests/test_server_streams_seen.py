"""Streams and alerts as `posemill serve` shows them, and the process behind it."""

import json
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx
import psutil
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from live_media import h264_clip, jpegs, people
from live_web import MjpegServer
from posemill.config import Settings, parse_watching
from posemill.records import parse_frame, parse_header
from posemill.server.watching import Watch
from servers import TOKEN, problem
from stream_services import (
    BEARER,
    Api,
    next_event,
    next_picture,
    service,
    settings,
    until,
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return h264_clip(tmp_path_factory.mktemp("clips") / "a.mp4", people(40), 10, gop=10)


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    """What can be added: a file can't, since requests may not look into the disk."""
    with MjpegServer(jpegs(people(40)), 10) as server:
        yield server.url


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[Api]:
    with service(tmp_path_factory.mktemp("streams"), settings(clip)) as found:
        until(lambda: found.is_live("door") and found.is_live("hall"))
        yield found


# --- what is seen


def test_a_snapshot_is_as_wide_as_wanted(api: Api) -> None:
    for query, size in (("", (320, 240)), ("?width=160", (160, 120))):
        answer = api.get(f"/streams/door/snapshot{query}")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        with Image.open(BytesIO(answer.content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", size)
    until(lambda: api.stream("door")["looking"] == 0)


def test_motion_jpeg_is_part_after_part(api: Api) -> None:
    url = f"{api.url}/api/v1/streams/door/mjpeg?width=160"
    with httpx.stream("GET", url, headers=BEARER, timeout=20) as answer:
        assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=posemill"
        came = b""
        for chunk in answer.iter_bytes():
            came += chunk
            if came.count(b"--posemill\r\n") > 3:
                break
    for part in came.split(b"--posemill\r\n")[1:3]:
        head, _, data = part.partition(b"\r\n\r\n")
        assert head.startswith(b"Content-Type: image/jpeg\r\nContent-Length: ")
        length = int(head.rpartition(b" ")[2])
        assert data[length:] == b"\r\n"
        with Image.open(BytesIO(data[:length])) as picture:
            assert picture.size == (160, 120)


def test_server_sent_events_are_a_header_then_records(api: Api) -> None:
    url = f"{api.url}/api/v1/streams/door/events"
    told: list[dict[str, Any]] = []
    with httpx.stream("GET", url, headers=BEARER, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
            if sum(each["event"] == "record" for each in told) > 3:
                assert api.stream("door")["looking"] == 1
                break
    until(lambda: api.stream("door")["looking"] == 0)
    told = [each for each in told if each["event"] in ("header", "record")]
    assert told[0]["event"] == "header"
    header = parse_header(told[0]["header"])
    for each in told[1:]:
        assert each["stream"] == "door"
        assert abs(time.time() - each["record"]["at"]) < 20
    frames = [parse_frame(each["record"], header) for each in told[1:] if "record" in each]
    assert all(frame.people for frame in frames)
    assert [f.index for f in frames] == sorted({f.index for f in frames})


def test_the_wall_shows_what_is_asked_for(api: Api) -> None:
    with api.watch("?streams=door&width=160") as session:
        status = next_event(session, "status")
        assert {each["name"] for each in status["streams"]} >= {"door", "hall", "gate"}
        head, picture = next_picture(session, lambda *_: True)
        assert set(head) == {"stream", "frame", "time_s"}
        assert (head["stream"], picture.size) == ("door", (160, 120))
        until(lambda: api.stream("door")["looking"] == 1)
        session.send(json.dumps({"streams": ["hall"], "width": 200, "records": True}))
        head, picture = next_picture(session, lambda head, _: head["stream"] == "hall")
        assert picture.size == (200, 150)
        assert next_event(session, "record")["stream"] == "hall"
        until(lambda: api.stream("door")["looking"] == 0)
        session.send(json.dumps({"streams": ["hall"], "width": 0}))  # records go on
        next_event(session, "status")
        until(lambda: no_picture_within(session, 1.0))
    until(lambda: api.stream("hall")["looking"] == 0)


def no_picture_within(session: ClientConnection, seconds: float) -> bool:
    """Return whether only text comes for a while."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        try:
            if isinstance(session.recv(timeout=left), bytes):
                return False
        except TimeoutError:
            break
    return True


@pytest.mark.parametrize("query", ["?width=-1", "?width=9999", "?width=wide"])
def test_a_bad_option_of_the_wall_ends_it(api: Api, query: str) -> None:
    with api.watch(query) as session, pytest.raises(ConnectionClosed) as closed:
        session.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4400, "bad_option")


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"width": true}', '{"width": 1.5}', '{"streams": [1]}', "[" * 9999]
)
def test_a_bad_change_of_the_wall_ends_it(api: Api, text: str) -> None:
    with api.watch("?streams=") as session:
        session.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                session.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4400, "bad_option")


def test_who_leaves_abruptly_is_no_longer_drawn_for(api: Api) -> None:
    until(lambda: api.stream("hall")["looking"] == 0)
    with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as client:
        client.settimeout(20)
        head = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        client.sendall(b"GET /api/v1/streams/hall/mjpeg HTTP/1.1\r\n" + head.encode())
        came = b""
        while b"\xff\xd8" not in came:
            came += client.recv(65536)
        assert api.stream("hall")["looking"] == 1
        # RST in place of a goodbye.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: api.stream("hall")["looking"] == 0)
    with api.watch("?streams=hall") as session:
        next_picture(session, lambda *_: True)
        assert api.stream("hall")["looking"] == 1
        linger = struct.pack("ii", 1, 0)
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        session.socket.shutdown(socket.SHUT_RDWR)
        until(lambda: api.stream("hall")["looking"] == 0)


# --- alerts


def test_an_alert_is_raised_once_with_picture_and_clip(api: Api) -> None:
    def whole() -> list[dict[str, Any]]:
        found = [each for each in api.alerts(stream="door") if not each["test"]]
        return found if len(found) == 2 and all(each["clip"] for each in found) else []

    found = until(whole)
    assert {each["name"] for each in found} == {"visit", "on-the-mat"}
    for alert in found:
        assert (alert["schema"], alert["stream"]) == ("posemill.alert/1", "door")
        assert (alert["snapshot"], alert["ended"], alert["occurrences"]) == (True, None, 1)
        one = api.get(f"/alerts/{alert['id']}").json()
        assert (one["id"], one["began"]) == (alert["id"], alert["began"])
        picture = api.get(f"/alerts/{alert['id']}/snapshot")
        assert picture.headers["content-type"] == "image/jpeg"
        with Image.open(BytesIO(picture.content)) as shown:
            assert shown.size == (320, 240)
    path = f"/alerts/{found[0]['id']}/clip"
    film = api.get(path)
    assert film.headers["content-type"] == "video/mp4"
    with av.open(BytesIO(film.content), "r") as container:
        assert len(list(container.decode(video=0))) > 5
    part = api.get(path, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-range"] == f"bytes 4-7/{len(film.content)}"
    beyond = api.get(path, headers={"Range": f"bytes={len(film.content)}-"})
    assert (beyond.status_code, problem(beyond)["code"]) == (416, "bad_range")


def test_alerts_are_filtered_and_acknowledged(api: Api) -> None:
    until(lambda: len(api.alerts(stream="door")) >= 2)
    tried = api.post("/alerts/test", {"name": "visit"})
    assert tried.status_code == 202
    test = tried.json()
    assert (test["test"], test["name"]) == (True, "visit")
    everything = api.alerts()
    assert everything[0]["id"] == test["id"]
    assert [each["id"] for each in everything] == sorted(
        (each["id"] for each in everything), reverse=True
    )
    assert api.alerts(limit=1) == everything[:1]
    older = api.alerts(before=everything[0]["id"])
    assert [each["id"] for each in older] == [each["id"] for each in everything[1:]]
    assert api.alerts(stream="hall") == []
    done = api.send("POST", f"/alerts/{test['id']}/acknowledge").json()
    assert abs(time.time() - done["acknowledged"]) < 20
    again = api.send("POST", f"/alerts/{test['id']}/acknowledge").json()
    assert again["acknowledged"] == done["acknowledged"]
    left = [each["id"] for each in api.alerts(unacknowledged=True)]
    assert left == [each["id"] for each in everything[1:]]
    missing = api.get(f"/alerts/{test['id']}/clip")
    assert (missing.status_code, problem(missing)["code"]) == (404, "result_not_found")


def test_the_metrics_tell_of_streams_and_alerts(api: Api) -> None:
    def metrics() -> str:
        found = httpx.get(api.url + "/metrics", headers=BEARER).text
        return (
            found if 'posemill_stream_age_seconds{quantile="0.95",stream="door"}' in found else ""
        )

    text = until(metrics)
    for line in (
        'posemill_stream_state{state="live",stream="door"} 1.0',
        'posemill_stream_state{state="failed",stream="gate"} 1.0',
        'posemill_stream_frames_total{fate="processed",stream="hall"}',
        'posemill_stream_connections_total{stream="door"}',
        'posemill_stream_max_fps{stream="door"} 5.0',
        'posemill_stream_fps{stream="door"}',
        'posemill_stream_people{stream="door"}',
        'posemill_stream_looking{stream="door"}',
        "posemill_alerts{",
    ):
        assert line in text


def session_is_read(session: ClientConnection) -> bool:
    """Read what is there already."""
    try:
        session.recv(timeout=0)
    except TimeoutError:
        return True
    return False


# --- the process that watches; the last ones, since all begins anew


def test_the_process_that_watches_comes_back_and_so_do_pictures(api: Api) -> None:
    raised = {each["id"] for each in until(lambda: api.alerts(stream="door"))}
    with api.watch("?streams=door,hall&width=160") as session:
        next_picture(session, lambda head, _: head["stream"] == "door")
        watcher = api.watcher()
        assert watcher is not None
        os.kill(watcher.pid, signal.SIGKILL)
        psutil.wait_procs([watcher], timeout=10)
        again = until(api.watcher)
        assert again.pid != watcher.pid
        until(lambda: session_is_read(session))  # what comes now is of the new process
        next_picture(session, lambda head, _: head["stream"] == "door")
        next_picture(session, lambda head, _: head["stream"] == "hall")
        until(lambda: api.stream("door")["looking"] == 1)
    until(lambda: api.stream("door")["looking"] == 0)
    assert {each["id"] for each in api.alerts(stream="door")} == raised  # taken up again
    assert httpx.get(api.url + "/readyz").status_code == 200


def test_a_service_that_is_stopped_while_it_starts_to_watch_stops(
    tmp_path: Path, clip: Path
) -> None:
    for pause_s in (0.0, 0.2, 0.6):
        chosen = Settings(data_dir=str(tmp_path))
        tables = {"streams": [{"name": "door", "url": str(clip)}]}
        watch = Watch(chosen, parse_watching(tables, chosen, "here"))
        time.sleep(pause_s)
        began = time.monotonic()
        watch.close()
        assert time.monotonic() - began < 8
        assert watch.pid is None


def test_a_process_that_says_nothing_is_ended_and_followed_by_another(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posemill.server.watching._LISTEN_S", 0.2)
    monkeypatch.setattr("posemill.server.watching._SILENT_S", 3.0)
    chosen = Settings(data_dir=str(tmp_path), model_complexity=0)
    tables = {"streams": [{"name": "door", "url": str(clip)}]}
    watch = Watch(chosen, parse_watching(tables, chosen, "here"))
    try:
        until(lambda: watch.statuses and watch.statuses[0]["state"] == "live")
        first = watch.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        until(lambda: watch.statuses[0]["state"] == "failed")
        until(lambda: watch.statuses[0]["state"] == "live")
        assert watch.pid != first
    finally:
        watch.close()
