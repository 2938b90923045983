"""The service from outside, on a real socket: limits, problems, languages, who may ask."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from posemill.errors import (
    BrokenSource,
    Busy,
    PosemillError,
    SourceTooLarge,
    UnsupportedSource,
    WorkerCrashed,
    WorkerTimeout,
)
from servers import DOCUMENT, PICTURE, TOKEN, Running, detect, problem, running, talk

DETECT = b"POST /api/v1/detect HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def open_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(
        tmp_path_factory.mktemp("open"),
        max_content_length=1000,
        max_uploads=2,
        header_timeout_s=1.0,
        body_timeout_s=1.0,
    ) as service:
        yield service


@pytest.fixture
def service(open_service: Running) -> Running:
    open_service.lanes.fails = None
    open_service.lanes.asked.clear()
    return open_service


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("guarded"), auth_token=TOKEN) as service:
        yield service


def test_a_picture_as_the_body(service: Running) -> None:
    answer = detect(service, content=PICTURE, params={"max_people": "3", "static_image_mode": "1"})
    assert (answer.status_code, answer.content) == (200, DOCUMENT)
    request, data = service.lanes.asked[0]
    assert data == PICTURE
    assert request["settings"]["max_people"] == 3


def test_a_picture_in_a_form_and_several_in_order(service: Running) -> None:
    assert detect(service, files={"file": ("a.jpg", PICTURE)}).content == DOCUMENT
    files = [("file", ("a.jpg", PICTURE)), ("file", ("b.exe", b"x")), ("file", ("c.png", b"y"))]
    results = detect(service, files=files).json()["results"]
    assert [next(iter(each)) for each in results] == ["schema", "source", "schema"]
    assert results[1]["source"] == "b.exe"
    assert results[1]["problem"]["code"] == "unsupported_extension"


def test_a_name_is_never_a_path(service: Running) -> None:
    detect(service, files={"file": ("../../etc/passwd.jpg", PICTURE)})
    detect(service, files={"file": ("C:\\Windows\\x.jpg", PICTURE)})
    detect(service, content=PICTURE, headers={"X-File-Name": "%2e%2e%2f%E4%BA%BA%0A.jpg"})
    names = [request["name"] for request, _ in service.lanes.asked]
    assert names == ["passwd.jpg", "x.jpg", "人_.jpg"]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("image/png", "png"),
        ("image/*", "jpg"),
        ("image/webp;q=0.9, application/json;q=0.1", "webp"),
        ("*/*", "records"),
        ("application/json, */*;q=0.1", "records"),
    ],
)
def test_accept_chooses_records_or_a_picture(service: Running, accept: str, wanted: str) -> None:
    assert detect(service, content=PICTURE, headers={"Accept": accept}).status_code == 200
    assert service.lanes.asked[0][0]["answer"] == wanted


def test_accept_of_nothing_there_is(service: Running) -> None:
    assert problem(detect(service, content=b"x", headers={"Accept": "text/html"}))["status"] == 406


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BrokenSource("it is broken."), 422, "broken_media"),
        (UnsupportedSource("it is no picture."), 415, "unsupported_media"),
        (SourceTooLarge("it has too many pixels."), 413, "media_too_large"),
        (WorkerCrashed("it fell."), 500, "worker_crashed"),
        (WorkerTimeout("it took too long."), 504, "worker_timeout"),
        (Busy("too many.", 7), 503, "busy"),
    ],
)
def test_errors_are_problems(
    service: Running, error: PosemillError, status: int, code: str
) -> None:
    service.lanes.fails = error
    answer = detect(service, content=PICTURE)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("7" if code == "busy" else None)


def test_a_wrong_option_names_the_nearest_one(service: Running) -> None:
    answer = detect(service, content=PICTURE, params={"max_peple": "3"})
    assert answer.status_code == 422
    assert "did you mean max_people?" in problem(answer)["detail"]
    answer = detect(service, content=PICTURE, params={"max_people": "many"})
    assert "max_people" in problem(answer)["detail"]
    answer = detect(service, content=PICTURE, params={"auth_token": "x"})
    assert problem(answer)["code"] == "bad_option"


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/assets/../app.py"])
def test_what_is_not_there(service: Running, path: str) -> None:
    assert problem(httpx.get(service.url + path))["code"] == "not_found"


def test_a_method_that_is_not_taken(service: Running) -> None:
    answer = httpx.put(service.url + "/api/v1/detect")
    assert problem(answer)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.5", "en"),
        ("fr", "en"),
        ("fr;q=1, zh;q=0.2", "zh"),
        ("zh;q=0, en", "en"),
        ("zh;q=x;;,", "en"),
    ],
)
def test_problems_in_both_languages(service: Running, wanted: str, language: str) -> None:
    answer = httpx.get(service.url + "/nothing", headers={"Accept-Language": wanted})
    title = {"en": "Not found", "zh": "未找到"}[language]
    assert (problem(answer)["title"], answer.headers["content-language"]) == (title, language)


def test_the_page_and_its_parts_come_from_here(service: Running) -> None:
    page = httpx.get(service.url)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    parts = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(parts) > 2
    for part in parts:
        assert part.startswith("./page/")
        answer = httpx.get(f"{service.url}/{part}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["index.html", ".stamp", "..%2findex.html", "%2e%2e%2f.stamp", ""])
def test_of_the_page_only_its_parts_are_served(service: Running, name: str) -> None:
    assert httpx.get(f"{service.url}/page/{name}").status_code == 404


def test_the_docs_are_served_from_here(service: Running) -> None:
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "docs.js"):
        assert httpx.get(f"{service.url}/assets/{name}").status_code == 200


def test_made_up_methods_make_up_no_metrics(service: Running) -> None:
    for method in ("MADEUP1", "MADEUP2"):
        assert httpx.request(method, service.url + "/healthz").status_code == 405
    said = httpx.get(service.url + "/metrics").text
    assert "MADEUP" not in said
    assert 'method="other"' in said


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_monitors_may_ask_for_heads(service: Running, path: str) -> None:
    answer = httpx.head(service.url + path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_no_request_is_a_problem(service: Running) -> None:
    said = talk(service.port, b"NONSENSE\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in said
    assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == "bad_request"


def test_connections_beyond_the_most_are_told_so(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posemill.server.listening._MAX_CONNECTIONS", 0)
    said = talk(service.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after" in said.lower()


def test_health_and_metrics(service: Running) -> None:
    detect(service, content=PICTURE)
    service.lanes.fails = Busy("too many.")
    detect(service, content=PICTURE)
    assert httpx.get(service.url + "/healthz").status_code == 200
    assert httpx.get(service.url + "/readyz").json() == {"status": "ready"}
    text = httpx.get(service.url + "/metrics").text
    for line in (
        'posemill_rejections_total{code="busy"}',
        'posemill_stage_seconds_bucket{le="0.005",stage="queue"}',
        'posemill_stage_seconds_bucket{le="0.005",stage="infer"}',
        'posemill_requests_total{method="POST",route="/api/v1/detect",status="200"}',
        'posemill_queue_depth{queue="pictures"} 0.0',
        'posemill_memory_bytes{process="service"}',
        'model="full"',
    ):
        assert line in text
    assert httpx.get(service.url + "/api/v1/status").json()["model"] == "full"


def test_not_ready_while_models_load(service: Running) -> None:
    service.lanes.is_ready = False
    try:
        answer = httpx.get(service.url + "/readyz")
    finally:
        service.lanes.is_ready = True
    assert (answer.status_code, problem(answer)["code"]) == (503, "not_ready")
    assert int(answer.headers["retry-after"]) > 0


def test_a_declared_length_beyond_the_limit_is_refused_before_the_body(service: Running) -> None:
    began = time.monotonic()
    said = talk(service.port, DETECT + b"Content-Length: 1001\r\nConnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in said
    assert time.monotonic() - began < 5
    assert not service.lanes.asked


def test_an_undeclared_length_is_refused_at_the_byte(service: Running) -> None:
    head = DETECT + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    inside, beyond = b"3e8\r\n" + b"x" * 1000 + b"\r\n", b"1\r\nx\r\n"
    assert talk(service.port, head, inside, b"0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert talk(service.port, head, inside, beyond).startswith(b"HTTP/1.1 413 ")


def test_headers_that_do_not_come_end_the_connection(service: Running) -> None:
    began = time.monotonic()
    talk(service.port, DETECT, *[b"X-A: b\r\n"] * 6, pause_s=0.25)
    assert 0.9 < time.monotonic() - began < 5
    assert talk(service.port) == b""


def test_a_body_that_does_not_come_is_a_problem(service: Running) -> None:
    said = talk(service.port, DETECT + b"Content-Length: 100\r\n\r\nabc")
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_flood_of_headers_is_refused(service: Running) -> None:
    said = talk(service.port, b"GET / HTTP/1.1\r\n", *[b"X-A: " + b"b" * 1000 + b"\r\n"] * 100)
    assert said == b"" or said.startswith(b"HTTP/1.1 4")
    assert httpx.get(service.url + "/healthz").status_code == 200


def test_too_many_uploads_at_once(service: Running) -> None:
    import socket
    from contextlib import ExitStack

    with ExitStack() as stack:
        for _ in range(2):
            client = socket.create_connection(("127.0.0.1", service.port))
            stack.enter_context(client)
            client.sendall(DETECT + b"Content-Length: 100\r\n\r\nabc")
        time.sleep(0.2)
        answer = detect(service, content=PICTURE)
    assert (answer.status_code, problem(answer)["code"]) == (503, "too_many_uploads")
    assert int(answer.headers["retry-after"]) > 0
    time.sleep(0.2)
    assert detect(service, content=PICTURE).status_code == 200


def test_slow_senders_hold_up_their_own_kind_alone(service: Running) -> None:
    import socket
    from contextlib import ExitStack

    for path in (b"jobs", b"session", b"nothing"):
        head = b"POST /api/v1/" + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
        with ExitStack() as stack:
            for _ in range(3):
                client = socket.create_connection(("127.0.0.1", service.port))
                stack.enter_context(client)
                client.sendall(head)
            time.sleep(0.2)
            assert detect(service, content=PICTURE).status_code == 200


def test_what_is_neither_picture_nor_video_is_small(guarded: Running) -> None:
    for path in ("/api/v1/session", "/api/v1/status", "/nothing"):
        answer = httpx.post(
            guarded.url + path, content=b"x" * 20_000, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert (answer.status_code, problem(answer)["code"]) == (413, "too_large_here")


def test_a_picture_nobody_waits_for_is_taken_out_of_the_queue(service: Running) -> None:
    import socket
    from concurrent.futures import Future

    waiting: Future[Any] = Future()
    service.lanes.answers = waiting
    try:
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(DETECT + b"Content-Length: 3\r\n\r\nabc")
            ends = time.monotonic() + 5
            while not service.lanes.asked and time.monotonic() < ends:
                time.sleep(0.01)
            assert not waiting.cancelled()
        while not waiting.cancelled() and time.monotonic() < ends:
            time.sleep(0.01)
        assert waiting.cancelled()
    finally:
        service.lanes.answers = None


@pytest.mark.parametrize(
    "body",
    [b"", b"no boundary", b"--b\r\n", b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n'],
)
def test_a_form_that_is_none(service: Running, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = detect(service, content=body, headers=headers)
    assert problem(answer)["code"] == "bad_body"
    answer = detect(service, content=body, headers={"Content-Type": "multipart/form-data"})
    assert problem(answer)["code"] == "bad_body"


def test_every_problem_can_be_said_in_both_languages() -> None:
    from posemill.server.problem_texts import PROBLEMS
    from posemill.server.problems import Problem

    names = ("size", "reason", "limit", "setting", "suffix", "known", "given", "method")
    for code, entry in PROBLEMS.items():
        found = Problem(code, **dict.fromkeys(names, "THIS"), seconds=1.0)  # type: ignore[arg-type]
        english, chinese = found.body("en"), found.body("zh")
        assert english["status"] == entry.status
        assert english["title"].isascii() and not chinese["title"].isascii()
        assert "{" not in json.dumps([english["detail"], chinese["detail"]])
