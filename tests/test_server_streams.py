"""Streams and alerts over the API of `posemill serve`: the real processes, files as cameras."""

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import av
import httpx
import psutil
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from live_servers import MjpegServer, h264_clip, jpegs, people
from posemill.config import Settings, parse_watching
from posemill.records import loads, parse_frame, parse_header
from posemill.server.watching import Watch
from servers import TOKEN, free_port, problem, running, served

BEARER = {"Authorization": f"Bearer {TOKEN}"}
SECRETS = ("hush-hush", "hush-too")
WATCHER = "posemill.streams.process"
T = TypeVar("T")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return h264_clip(tmp_path_factory.mktemp("clips") / "a.mp4", people(40), 10, gop=10)


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    """What can be added: a file can't, since requests may not look into the disk."""
    with MjpegServer(jpegs(people(40)), 10) as server:
        yield server.url


def settings(clip: Path) -> str:
    """Return a settings file: two files as cameras, a camera that isn't there, and rules."""
    return f"""
model_complexity = 0
max_fps = 5
stall_s = 2
clip_before_s = 0.5
clip_after_s = 0.5
[[streams]]
name = "door"
url = {json.dumps(str(clip))}
record = true
zones = {{ mat = [[0, 0], [1, 0], [1, 1], [0, 1]] }}
[[streams]]
name = "hall"
url = {json.dumps(str(clip))}
[[streams]]
name = "gate"
url = "rtsp://admin:hush-hush@127.0.0.1:{free_port()}/stream?key=hush-too"
[[alerts]]
name = "visit"
rule = "person"
streams = ["door"]
for_s = 0.2
clip = true
[[alerts]]
name = "on-the-mat"
rule = "zone"
zone = "mat"
streams = ["door"]
for_s = 0.2
clip = true
"""


def until(found: Callable[[], T | None], within_s: float = 20.0) -> T:
    """Return what is found as soon as it is true."""
    ends = time.monotonic() + within_s
    while True:
        if result := found():
            return result
        assert time.monotonic() < ends, result
        time.sleep(0.03)


class Api:
    """A service that runs, as somebody with the token asks it."""

    def __init__(self, url: str, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.url, self.process, self.folder = url, process, folder

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self.send("GET", path, **request)

    def post(self, path: str, body: object) -> httpx.Response:
        return self.send("POST", path, json=body)

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**BEARER, **request.pop("headers", {})}
        url = f"{self.url}/api/v1{path}"
        return httpx.request(method, url, headers=headers, timeout=30, **request)

    def stream(self, name: str) -> dict[str, Any]:
        answer = self.get(f"/streams/{name}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def is_live(self, name: str) -> bool:
        found = self.stream(name)
        return bool(found["state"] == "live" and found["processed"] > 0)

    def alerts(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.get("/alerts", params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["alerts"]
        return found

    def watcher(self) -> psutil.Process | None:
        """The process that watches, while it runs."""
        for each in psutil.Process(self.process.pid).children():
            try:
                if WATCHER in each.cmdline():
                    return each
            except psutil.Error:
                pass
        return None

    @contextmanager
    def watch(self, query: str = "") -> Iterator[ClientConnection]:
        url = self.url.replace("http", "ws") + f"/api/v1/streams/watch{query}"
        with connect(url, proxy=None, additional_headers=BEARER) as session:
            yield session


@contextmanager
def service(folder: Path, text: str, *, port: int | None = None) -> Iterator[Api]:
    """Run the service with a settings file, and no process that isn't needed here."""
    file = folder / "posemill.toml"
    file.write_text(text)
    given = ("--job-workers", "0", "--auth-token", TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSEMILL_CONFIG", str(file))
        with served(folder / "data", *given, port=port) as (url, process):
            yield Api(url, process, folder / "data")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[Api]:
    with service(tmp_path_factory.mktemp("streams"), settings(clip)) as found:
        until(lambda: found.is_live("door") and found.is_live("hall"))
        yield found


def picture_of(message: bytes) -> tuple[dict[str, Any], Image.Image]:
    """Return the head and the picture of a binary message."""
    (length,) = struct.unpack("!I", message[:4])
    head: dict[str, Any] = json.loads(message[4 : 4 + length])
    with Image.open(BytesIO(message[4 + length :])) as found:
        found.load()
        return head, found.copy()


def next_picture(
    session: ClientConnection, fits: Callable[[dict[str, Any], Image.Image], bool]
) -> tuple[dict[str, Any], Image.Image]:
    """Return the next picture that fits."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        message = session.recv(timeout=20)
        if isinstance(message, bytes) and fits(*(found := picture_of(message))):
            return found
    raise AssertionError("no such picture came")


def next_event(session: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next event of a kind."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        message = session.recv(timeout=20)
        if isinstance(message, str):
            event: dict[str, Any] = json.loads(message)
            if event["event"] == kind:
                return event
    raise AssertionError(f"no {kind} came")


# --- what there is


def test_streams_are_listed_with_how_they_are(api: Api) -> None:
    until(lambda: api.stream("gate")["state"] == "failed")

    def settled() -> dict[str, Any] | None:
        listed: dict[str, Any] = api.get("/streams").json()
        are = [each["state"] for each in listed["streams"]]
        is_seen = all(each["width"] for each in listed["streams"][:2])
        return listed if are == ["live", "live", "failed"] and is_seen else None

    found = until(settled)
    assert found["may_change"] is True
    assert [each["name"] for each in found["alerts"]] == ["visit", "on-the-mat"]
    door, hall, gate = found["streams"]
    assert [door["name"], hall["name"], gate["name"]] == ["door", "hall", "gate"]
    assert (door["width"], door["height"]) == (320, 240)
    assert (door["model"], door["codec"], door["added"]) == ("lite", "h264", False)
    assert (door["max_fps"], door["url"]) == (5.0, api.stream("door")["settings"]["url"])
    assert gate["url"].endswith("/stream?...")
    assert gate["reason"]
    assert abs(time.time() - gate["since"]) < 120
    assert set(api.stream("door")["settings"]["zones"]) == {"mat"}
    until(lambda: 3 < api.stream("door")["fps"] < 7)


def test_no_answer_tells_the_password(api: Api) -> None:
    until(lambda: api.stream("gate")["state"] == "failed")
    told = [api.get(path).text for path in ("/streams", "/streams/gate", "/alerts")]
    told += [httpx.get(api.url + "/metrics", headers=BEARER).text]
    with api.watch() as session:
        told += [json.dumps(next_event(session, "status"))]
    tested = api.post("/streams/test", api_body("gate", f"rtsp://a:hush-hush@{nowhere()}/b"))
    wrong = api.post("/streams", {**api_body("new", "rtsp://a:hush-hush@h/b"), "fps": 3})
    scheme = api.post("/streams/test", api_body("new", "ftp://a:hush-hush@h/b"))
    told += [tested.text, wrong.text, scheme.text]
    assert wrong.status_code == 422
    assert all(told)
    assert not [word for word in SECRETS if word in "".join(told)]


def api_body(name: str, url: str | Path) -> dict[str, Any]:
    return {"name": name, "url": str(url)}


def nowhere() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_cannot_be_done_is_said_in_both_languages(
    api: Api, camera: str, language: str
) -> None:
    other = api_body("door", camera)
    cases: list[tuple[str, str, object, int, str]] = [
        ("GET", "/streams/nobody", None, 404, "stream_not_found"),
        ("GET", "/streams/nobody/snapshot", None, 404, "stream_not_found"),
        ("GET", "/streams/nobody/mjpeg", None, 404, "stream_not_found"),
        ("GET", "/streams/nobody/events", None, 404, "stream_not_found"),
        ("DELETE", "/streams/nobody", None, 404, "stream_not_found"),
        ("PUT", "/streams/nobody", {}, 404, "stream_not_found"),
        ("POST", "/streams", other, 409, "stream_exists"),
        ("PUT", "/streams/door", other, 409, "stream_fixed"),
        ("DELETE", "/streams/door", None, 409, "stream_fixed"),
        ("POST", "/streams", {"name": "new"}, 422, "bad_option"),
        ("POST", "/streams", {"name": "A b", "url": "0"}, 422, "bad_option"),
        ("POST", "/streams", {**api_body("new", camera), "engine": "x"}, 422, "bad_option"),
        ("POST", "/streams", [], 422, "bad_body"),
        ("GET", "/streams/door/snapshot?width=1", None, 422, "bad_option"),
        ("GET", "/alerts/nothing", None, 404, "alert_not_found"),
        ("GET", "/alerts/..%2F..%2Fetc/snapshot", None, 404, "not_found"),
        ("POST", "/alerts/nothing/acknowledge", None, 404, "alert_not_found"),
        ("POST", "/alerts/test", {"name": "nobody"}, 404, "stream_not_found"),
        ("POST", "/alerts/test", {}, 422, "bad_body"),
        ("GET", "/alerts?limit=0", None, 422, "bad_option"),
    ]
    failed = []
    for method, path, body, status, code in cases:
        answer = api.send(method, path, json=body, headers={"Accept-Language": language})
        if answer.status_code != status or answer.json().get("code") != code:
            failed.append((method, path, body, answer.status_code, answer.text))
            continue
        found = problem(answer)
        assert answer.headers["content-language"] == language
        is_chinese = any("\u4e00" <= c <= "\u9fff" for c in found["title"])
        assert is_chinese == (language == "zh"), path
    assert not failed


def test_without_the_token_nothing_is_told(api: Api) -> None:
    for path in ("/streams", "/streams/door/snapshot", "/streams/door/mjpeg", "/alerts"):
        answer = httpx.get(f"{api.url}/api/v1{path}")
        assert (answer.status_code, problem(answer)["code"]) == (401, "unauthorized")


def test_without_a_token_of_the_service_nothing_is_added(tmp_path: Path, camera: str) -> None:
    with running(tmp_path) as open_one:
        base = f"{open_one.url}/api/v1/streams"
        nothing = {"streams": [], "may_change": False, "alerts": []}
        assert httpx.get(base).json() == nothing
        for method, path in (("POST", ""), ("POST", "/test"), ("PUT", "/new"), ("DELETE", "/new")):
            answer = httpx.request(method, base + path, json=api_body("new", camera))
            assert (answer.status_code, problem(answer)["code"]) == (403, "token_needed")
        headers = {"Accept-Language": "zh"}
        chinese = httpx.post(base, json=api_body("new", camera), headers=headers)
        assert "令牌" in chinese.json()["title"]
        assert problem(httpx.get(base + "/new"))["code"] == "stream_not_found"
        assert open_one.service.watch.pid is None  # nothing to watch, no process for it
    assert not (tmp_path / "streams" / "streams.json").exists()


# --- adding, and what stays


def test_what_is_added_stays_until_it_is_removed(tmp_path: Path, clip: Path, camera: str) -> None:
    port = free_port()
    kept = tmp_path / "data" / "streams" / "streams.json"
    secret = f"rtsp://bob:hush-hush@{nowhere()}/cam?key=hush-too"
    said = ""
    with service(tmp_path, settings(clip), port=port) as first:
        added = first.post("/streams", {**api_body("new", camera), "max_fps": 4})
        assert added.status_code == 201, added.text
        assert (added.json()["added"], added.json()["max_fps"]) == (True, 4.0)
        assert first.post("/streams", api_body("away", secret)).status_code == 201
        until(lambda: first.is_live("new") and first.stream("away")["state"] == "failed")
        until(lambda: first.is_live("door"))
        assert [each["name"] for each in json.loads(kept.read_text())] == ["new", "away"]
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        said += stopped(first)
    assert records_of(tmp_path / "data" / "streams" / "door") > 0
    with service(tmp_path, settings(clip), port=port) as second:
        until(lambda: second.is_live("new"))
        assert second.stream("away")["added"] is True
        changed = second.send("PUT", "/streams/away", json={"max_fps": 2})
        assert (changed.status_code, changed.json()["max_fps"]) == (200, 2.0)
        raw = {each["name"]: each for each in json.loads(kept.read_text())}
        assert raw["away"] == {"name": "away", "url": secret, "max_fps": 2.0}
        assert "hush" not in changed.text
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        for name in ("new", "away"):
            assert second.send("DELETE", f"/streams/{name}").status_code == 204
            assert problem(second.get(f"/streams/{name}"))["code"] == "stream_not_found"
        assert json.loads(kept.read_text()) == []
        said += stopped(second)
    assert "stream away is failed" in said
    assert not [word for word in (*SECRETS, "Traceback") if word in said]


def stopped(api: Api) -> str:
    """Stop a service properly; return what it said. Nothing of it is left."""
    family = psutil.Process(api.process.pid).children(recursive=True)
    assert api.watcher() in family
    api.process.send_signal(signal.SIGTERM)
    _, said = api.process.communicate(timeout=20)
    assert api.process.returncode == 0, said
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    return said


def records_of(folder: Path) -> int:
    """Return how many records a folder holds, all of them whole, each with when it was."""
    count, header = 0, None
    for path in sorted(folder.iterdir()):
        lines = path.read_bytes().splitlines(keepends=True)
        assert lines[-1].endswith(b"\n")
        assert parse_header(loads(lines[0]))["source"] == folder.name
        for line in lines:
            record = loads(line)
            if "schema" in record:
                header = parse_header(record)
                continue
            assert header is not None
            assert parse_frame(record, header).size_px == (320, 240)
            assert abs(time.time() - record["at"]) < 300
            count += 1
    return count


def test_records_stay_whole_while_a_stream_is_changed(api: Api, camera: str) -> None:
    body = {**api_body("kept", camera), "record": True, "max_fps": 10}
    assert api.post("/streams", body).status_code == 201
    try:
        for number in range(3):
            until(lambda: api.is_live("kept"))
            until(lambda: api.stream("kept")["processed"] > 5)
            changed = api.send("PUT", "/streams/kept", json={"record": True, "max_fps": 9 - number})
            assert changed.status_code == 200
        until(lambda: api.is_live("kept"))
    finally:
        assert api.send("DELETE", "/streams/kept").status_code == 204
    folder = api.folder / "streams" / "kept"
    until(lambda: is_closed(api, folder))
    assert records_of(folder) > 15


def is_closed(api: Api, folder: Path) -> bool:
    watcher = api.watcher()
    assert watcher is not None
    return not [each for each in watcher.open_files() if Path(each.path).parent == folder]


def test_followers_of_a_stream_that_is_changed_go_on(api: Api, camera: str) -> None:
    assert api.post("/streams", api_body("other", camera)).status_code == 201
    try:
        with api.watch("?streams=other&width=160") as session:
            next_picture(session, lambda head, _: head["stream"] == "other")
            changed = api.send("PUT", "/streams/other", json={"max_fps": 4})
            assert changed.status_code == 200
            until(lambda: api.is_live("other"))
            until(lambda: api.stream("other")["looking"] == 1, within_s=6)
    finally:
        assert api.send("DELETE", "/streams/other").status_code == 204


def test_an_address_that_can_never_work_is_refused(api: Api) -> None:
    answer = api.post("/streams", api_body("never", "ftp://127.0.0.1/clip"))
    try:
        assert (answer.status_code, answer.json().get("code")) == (422, "bad_option")
    finally:
        api.send("DELETE", "/streams/never")


def test_an_address_is_tested(api: Api, camera: str) -> None:
    found = api.post("/streams/test", {"url": camera}).json()
    assert (found["ok"], found["width"], found["height"]) == (True, 320, 240)
    assert found["codec"] == "mjpeg"
    head, _, data = found["picture"].partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(BytesIO(b64decode(data))) as picture:
        assert picture.size == (320, 240)
    for url in (f"rtsp://{nowhere()}/cam", f"http://{nowhere()}/video", "/dev/video99"):
        answer = api.post("/streams/test", api_body("x", url))
        assert answer.status_code in (200, 422), answer.text
        if answer.status_code == 200:
            assert answer.json()["ok"] is False
            assert answer.json()["reason"]
    until(lambda: len(api.get("/streams").json()["streams"]) == 3)


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
