"""Streams over the API of `posemill serve`: what there is, what can't be done, what is added."""

import json
import signal
import stat
import time
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from live_media import h264_clip, jpegs, people
from live_web import MjpegServer
from posemill.records import loads, parse_frame, parse_header
from servers import free_port, problem, running
from stream_services import (
    BEARER,
    SECRETS,
    Api,
    api_body,
    next_event,
    next_picture,
    nowhere,
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


def test_a_folder_that_takes_nothing_is_told_and_nothing_is_added(api: Api, camera: str) -> None:
    stored = api.folder / "streams" / "streams.json"
    before = stored.read_bytes() if stored.exists() else None
    stored.unlink(missing_ok=True)
    stored.mkdir()
    try:
        answer = api.post("/streams", api_body("never", camera))
        assert (answer.status_code, problem(answer)["code"]) == (503, "store_unavailable")
        assert api.get("/streams/never").status_code == 404
    finally:
        stored.rmdir()
        if before is not None:
            stored.write_bytes(before)
