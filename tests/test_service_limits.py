"""The limits of the service from outside: each as small as a flag can make it, and then passed."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from attacks import Victim, attacked, problem
from hostile_pictures import saved, zipped
from hostile_videos import clip

MAX_PICTURE, MAX_VIDEO = 850_000, 900_000
MAX_UPLOADS = 6
MAX_PIXELS = 270_000  # the picture of every check has 262144
LIMITS: dict[str, int | str] = {
    "max-content-length": MAX_PICTURE,
    "max-video-length": MAX_VIDEO,
    "max-pixels": MAX_PIXELS,
    "max-frames": 20,
    "max-duration-s": 3,
    "max-streams": 2,
    "max-archive-files": 3,
    "upload-extensions": "png,jpg,mp4,zip",
    "max-uploads": MAX_UPLOADS,
    "queue-size": 1,
    "max-live": 1,
    "body-timeout-s": 2,
    "min-free-space": 1,
}
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
HALF = "HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + "x" * 100


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, astronaut_path: Path) -> Iterator[Victim]:
    flags = [word for name, value in LIMITS.items() for word in (f"--{name}", str(value))]
    folder = tmp_path_factory.mktemp("limited")
    with attacked(folder, astronaut_path.read_bytes(), *flags) as found:
        yield found


@pytest.fixture
def service(victim: Victim) -> Iterator[Victim]:
    yield victim
    victim.check()


def in_pieces(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 50_000):
        yield data[at : at + 50_000]


def form(data: bytes) -> dict[str, Any]:
    """Return a form that doesn't say how long it is."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return {"content": in_pieces(head + data + b"\r\n--b--\r\n"), "headers": headers}


@pytest.mark.parametrize(
    ("path", "limit"), [("/api/v1/detect", MAX_PICTURE), ("/api/v1/jobs", MAX_VIDEO)]
)
@pytest.mark.parametrize("way", ["declared", "undeclared", "form", "undeclared form"])
def test_no_more_bytes_than_the_limit(service: Victim, path: str, limit: int, way: str) -> None:
    data = b"x" * (limit + 1)
    ways: dict[str, dict[str, Any]] = {
        "declared": {"content": data},
        "undeclared": {"content": in_pieces(data)},
        "form": {"files": {"file": ("a.png", data)}},
        "undeclared form": form(data),
    }
    assert problem(service.post(path, **ways[way])) == (413, "too_large")
    assert service.get("/api/v1/jobs?state=uploading").json()["total"] == 0


@pytest.mark.parametrize("size", [1001, MAX_VIDEO + 1])
@pytest.mark.parametrize("is_declared", [True, False])
def test_no_more_bytes_than_were_announced_for_an_upload(
    service: Victim, size: int, is_declared: bool
) -> None:
    about = {**TUS, "Upload-Length": "1000"}
    address = service.url + service.post("/api/v1/uploads", headers=about).headers["location"]
    content = b"x" * size if is_declared else in_pieces(b"x" * size)
    headers = {**PIECE, "Upload-Offset": "0"}
    answer = httpx.patch(address, content=content, headers=headers, timeout=20)
    too_large = is_declared and size > MAX_VIDEO
    assert problem(answer) == ((413, "too_large") if too_large else (422, "bad_body"))
    assert int(httpx.head(address, headers=TUS, timeout=20).headers["upload-offset"]) <= 1000
    assert httpx.delete(address, headers=TUS, timeout=20).status_code == 204


def test_an_upload_larger_than_the_limit_is_not_begun(service: Victim) -> None:
    about = {**TUS, "Upload-Length": str(MAX_VIDEO + 1)}
    assert problem(service.post("/api/v1/uploads", headers=about)) == (413, "too_large")


def test_no_more_pixels_than_the_limit(service: Victim) -> None:
    larger = saved("PNG", 600, 500)
    assert problem(service.post("/api/v1/detect", content=larger)) == (413, "media_too_large")
    asked = service.post("/api/v1/detect?max_pixels=99999999", content=larger)
    assert problem(asked) == (422, "bad_option")
    with connect(service.url.replace("http", "ws") + "/api/v1/live") as live:
        live.send(larger)
        assert '"media_too_large"' in live.recv(10)
    job = service.job(clip(3, size=(640, 480)))
    assert (job["state"], job["problem"]["code"]) == ("failed", "media_too_large")
    job = service.job(zipped({"a.png": larger, "b.png": saved("PNG")}), "a.zip")
    summary = service.get(f"/api/v1/jobs/{job['id']}/results/summary").json()
    assert (summary["frames"], summary["unread"]) == (1, 1)
    assert "max_pixels" in summary["problems"][0]


@pytest.mark.parametrize(
    ("name", "data", "setting"),
    [
        ("frames.mp4", lambda: clip(21), "max_frames"),
        ("long.mp4", lambda: clip(16, fps=5), "max_duration_s"),
        ("tracks.mp4", lambda: clip(2, tracks=3), "max_streams"),
        ("files.zip", lambda: zipped({f"{n}.png": b"x" for n in range(4)}), "max_archive_files"),
    ],
)
def test_a_file_beyond_a_limit_ends_as_a_job_that_names_it(
    service: Victim, name: str, data: Any, setting: str
) -> None:
    job = service.job(data(), name)
    assert (job["state"], job["problem"]["code"]) == ("failed", "media_too_large"), job
    assert setting in job["problem"]["detail"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("frames.mp4", lambda: clip(20)),
        ("tracks.mp4", lambda: clip(2, tracks=2)),
        ("files.zip", lambda: zipped({f"{n}.png": saved("PNG") for n in range(3)})),
    ],
)
def test_a_file_at_a_limit_is_taken(service: Victim, name: str, data: Any) -> None:
    assert service.job(data(), name)["state"] == "succeeded"


def test_only_the_suffixes_of_the_setting_are_taken(service: Victim) -> None:
    movie = base64.b64encode(b"a.mov").decode()
    about = {**TUS, "Upload-Length": "5", "Upload-Metadata": f"filename {movie}"}
    named = {"X-File-Name": "a.webp"}
    for answer in (
        service.post("/api/v1/detect", content=service.picture, headers=named),
        service.post("/api/v1/detect", files={"file": ("a.webp", service.picture)}),
        service.post("/api/v1/jobs", content=clip(2), headers={"X-File-Name": "a.mov"}),
        service.post("/api/v1/jobs", files={"file": ("a.mov", clip(2))}),
        service.post("/api/v1/uploads", headers=about),
    ):
        assert problem(answer) == (415, "unsupported_extension")


@pytest.mark.parametrize(
    ("path", "other"),
    [("/api/v1/jobs", "/api/v1/detect"), ("/api/v1/detect", "/api/v1/jobs")],
)
def test_uploads_beyond_the_limit_are_told_at_once_to_come_again(
    service: Victim, path: str, other: str
) -> None:
    with ExitStack() as stack:
        for _ in range(MAX_UPLOADS):
            client = socket.create_connection(("127.0.0.1", service.port), timeout=10)
            stack.enter_context(client)
            client.sendall(f"POST {path} {HALF}".encode())
        time.sleep(0.3)
        began = time.monotonic()
        answer = service.post(path, content=b"x")
        assert problem(answer) == (503, "too_many_uploads")
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - began < 1
        refused = service.post(other, files={"file": ("a.exe", b"x")})
        assert problem(refused) == (415, "unsupported_extension")
        assert service.get("/readyz").status_code == 200


def test_pictures_beyond_the_queue_are_told_at_once_to_come_again(service: Victim) -> None:
    together = threading.Barrier(8)

    def send(_: int) -> tuple[httpx.Response, float]:
        together.wait(10)
        began = time.monotonic()
        answer = service.post("/api/v1/detect", content=service.picture)
        return answer, time.monotonic() - began

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(8)))
    answered = [(answer, took_s) for answer, took_s in found if answer.status_code == 200]
    refused = [(answer, took_s) for answer, took_s in found if answer.status_code != 200]
    assert answered and refused
    for answer, _ in refused:
        # Where their bodies come at the same time, there is no room for all of these either.
        assert problem(answer) in ((503, "busy"), (503, "too_many_uploads"))
        assert int(answer.headers["retry-after"]) > 0
    assert min(took_s for _, took_s in refused) < max(took_s for _, took_s in answered)


def test_live_sessions_beyond_the_limit_are_refused_and_seats_become_free(service: Victim) -> None:
    address = service.url.replace("http", "ws") + "/api/v1/live"
    with connect(address) as first:
        first.send(service.picture)
        first.recv(10)
        with connect(address) as second, pytest.raises(ConnectionClosed) as closed:
            second.recv(10)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4429, "too_many_sessions")
    ends = time.monotonic() + 5
    while service.get("/api/v1/status").json()["live_sessions"]:
        assert time.monotonic() < ends
        time.sleep(0.05)
    with connect(address) as again:
        again.send(service.picture)
        again.recv(10)
