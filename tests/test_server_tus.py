"""Resumable uploads from outside: real sockets, and connections that break."""

import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes_service import served, settings_for
from posemill.jobs import Jobs
from posemill.server.problems import Problem
from posemill.server.tus import metadata

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
DATA = bytes(range(256)) * 1000


def encoded(**values: str) -> str:
    return ",".join(f"{key} {b64encode(text.encode()).decode()}" for key, text in values.items())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        served(settings_for(folder, max_video_length=1_000_000)) as address,
        httpx.Client(base_url=address) as client,
    ):
        yield client


def begun(client: httpx.Client, length: int = len(DATA), **values: str) -> str:
    named = {"filename": "clip.mp4", **values}
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": encoded(**named)}
    answer = client.post("/api/v1/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == "0"
    assert "GMT" in answer.headers["upload-expires"]
    return answer.headers["location"]


def patched(client: httpx.Client, address: str, offset: int, data: bytes) -> httpx.Response:
    headers = {**PIECE, "Upload-Offset": str(offset)}
    return client.patch(address, headers=headers, content=data)


def offset_of(client: httpx.Client, address: str) -> int:
    answer = client.head(address, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def stored(folder: Path, address: str) -> bytes:
    return (folder / "jobs" / address.rsplit("/", 1)[1] / "upload").read_bytes()


def test_pieces_become_a_job(client: httpx.Client, folder: Path) -> None:
    address = begun(client, max_people="2", results="csv", filetype="video/mp4")
    first = patched(client, address, 0, DATA[:1000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "1000")
    assert "location" not in first.headers
    last = patched(client, address, 1000, DATA[1000:])
    assert last.status_code == 204
    assert last.headers["location"] == last.headers["posemill-job"]
    job = client.get(last.headers["location"]).json()
    assert (job["name"], job["state"], job["bytes"]) == ("clip.mp4", "queued", len(DATA))
    assert job["options"]["max_people"] == 2
    assert job["options"]["results"] == ["csv"]
    assert stored(folder, address) == DATA
    assert client.delete(address, headers=TUS).status_code == 409


def test_creation_takes_the_first_piece(client: httpx.Client, folder: Path) -> None:
    headers = {**PIECE, "Upload-Length": str(len(DATA))}
    answer = client.post("/api/v1/uploads", headers=headers, content=DATA[:70_000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "70000")
    assert offset_of(client, answer.headers["location"]) == 70_000
    assert stored(folder, answer.headers["location"]) == DATA[:70_000]


def test_what_can_be_done_is_told(client: httpx.Client) -> None:
    answer = client.options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-max-size"] == "1000000"
    assert "creation-with-upload" in answer.headers["tus-extension"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload-Length": "5"}, 412, "wrong_version"),
        ({**TUS}, 400, "bad_request"),
        ({**TUS, "Upload-Length": "-1"}, 400, "bad_request"),
        ({**TUS, "Upload-Length": "0"}, 422, "bad_body"),
        ({**TUS, "Upload-Length": "1000001"}, 413, "too_large"),
        ({**TUS, "Upload-Length": "5", "Upload-Metadata": "filename !"}, 400, "bad_request"),
        (
            {**TUS, "Upload-Length": "5", "Upload-Metadata": encoded(filename="a.exe")},
            415,
            "unsupported_extension",
        ),
        (
            {**TUS, "Upload-Length": "5", "Upload-Metadata": encoded(max_people="no")},
            422,
            "bad_option",
        ),
    ],
)
def test_creations_refused(
    client: httpx.Client, folder: Path, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post("/api/v1/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list((folder / "jobs").iterdir()) == []


def test_pieces_refused_change_nothing(client: httpx.Client) -> None:
    address = begun(client, length=10)
    assert patched(client, address, 3, b"abc").status_code == 409
    assert patched(client, address, 0, b"a" * 11).json()["code"] == "bad_body"
    wrong = client.patch(address, headers={**TUS, "Upload-Offset": "0"}, content=b"a")
    assert wrong.json()["code"] == "unsupported_content_type"
    assert offset_of(client, address) == 0
    unknown = client.patch("/api/v1/uploads/" + "x" * 22, headers={**PIECE, "Upload-Offset": "0"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "upload_not_found")


def test_giving_up_removes_it(client: httpx.Client, folder: Path) -> None:
    address = begun(client)
    patched(client, address, 0, b"abc")
    assert client.delete(address, headers=TUS).status_code == 204
    assert client.head(address, headers=TUS).status_code == 404
    assert list((folder / "jobs").iterdir()) == []


def half_a_patch(client: httpx.Client, address: str, offset: int, data: bytes) -> socket.socket:
    """Announce the rest of DATA, and send ``data`` only."""
    base = urlsplit(str(client.base_url))
    assert base.hostname is not None and base.port is not None
    connection = socket.create_connection((base.hostname, base.port))
    head = f"PATCH {address} HTTP/1.1\r\nHost: {base.netloc}\r\nTus-Resumable: 1.0.0\r\n"
    head += f"Content-Type: {PIECE['Content-Type']}\r\nUpload-Offset: {offset}\r\n"
    head += f"Content-Length: {len(DATA) - offset}\r\n\r\n"
    connection.sendall(head.encode() + data)
    return connection


def until_stored(folder: Path, address: str, count: int) -> None:
    end = time.monotonic() + 10
    while len(stored(folder, address)) != count:
        assert time.monotonic() < end
        time.sleep(0.02)


def until_free(client: httpx.Client, address: str, offset: int) -> None:
    end = time.monotonic() + 10
    while patched(client, address, offset, b"").status_code != 204:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_came_before_a_connection_broke_is_kept(client: httpx.Client, folder: Path) -> None:
    address, offset = begun(client), 0
    for size in (1, 100_000, 70_001):
        connection = half_a_patch(client, address, offset, DATA[offset : offset + size])
        offset += size
        until_stored(folder, address, offset)
        connection.close()
        until_free(client, address, offset)
        assert offset_of(client, address) == offset
    assert "location" in patched(client, address, offset, DATA[offset:]).headers
    assert stored(folder, address) == DATA


def test_two_clients_at_one_upload(client: httpx.Client, folder: Path) -> None:
    address = begun(client)
    with half_a_patch(client, address, 0, DATA[:50]) as first:
        until_stored(folder, address, 50)
        second = patched(client, address, 50, DATA[50:])
        assert (second.status_code, second.json()["code"]) == (409, "conflict")
        assert client.delete(address, headers=TUS).status_code == 409
        first.sendall(DATA[50:])
        assert b"204" in first.recv(100)
    assert stored(folder, address) == DATA


def test_of_clients_racing_one_writes_each_byte(client: httpx.Client, folder: Path) -> None:
    address = begun(client)
    statuses: list[int] = []

    def send() -> None:
        statuses.append(patched(client, address, 0, DATA).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204, 409, 409, 409]
    assert stored(folder, address) == DATA


def test_uploads_outlive_the_service(folder: Path) -> None:
    settings = settings_for(folder)
    with served(settings) as address, httpx.Client(base_url=address) as client:
        upload, whole = begun(client), begun(client, length=3)
        patched(client, upload, 0, DATA[:1234])
    # All of it came, and the service fell before it handed the job on.
    (folder / "jobs" / whole.rsplit("/", 1)[1] / "upload").write_bytes(b"abc")
    with served(settings) as address, httpx.Client(base_url=address) as client:
        assert offset_of(client, upload) == 1234
        assert "location" in patched(client, upload, 1234, DATA[1234:]).headers
        job = client.head(whole, headers=TUS).headers["location"]
        assert client.get(job).json()["state"] == "queued"
    jobs = Jobs(settings)
    assert {job.state for job in jobs.list(10)[0]} == {"queued"}
    jobs.close()


@given(st.dictionaries(st.text("abcdefXYZ_-", min_size=1), st.text(), max_size=5))
def test_metadata_is_what_was_encoded(values: dict[str, str]) -> None:
    assert metadata(encoded(**values)) == values


@given(st.text(max_size=200))
def test_any_metadata_is_read_or_refused(header: str) -> None:
    try:
        found = metadata(header)
    except Problem as problem:
        assert problem.status == 400
    else:
        assert json.dumps(found)
