"""The service under attack by how things are sent: odd requests, floods, and many at once."""

import base64
import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from attacks import Victim, attacked
from hostile_videos import clip

HEADER_S = BODY_S = 2.0
CLOSE = b"Host: x\r\nConnection: close\r\n"
POST = b"POST /api/v1/detect HTTP/1.1\r\n" + CLOSE
HEADS = [
    *(POST + b"Content-Length: %b\r\n\r\n" % b for b in (b"-1", b"+5", b"0x5", b"5, 6", b"")),
    *(POST + b"Content-Length: %b\r\n\r\n" % b for b in (b"9" * 19, b"9" * 5000, b"1e9", b"5 5")),
    POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: identity\r\n\r\nhello",
    POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\nhello",
    POST + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 100_000,
    POST + b"Expect: 200-ok\r\nContent-Length: 0\r\n\r\n",
    b"GET /health\0z HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"GET /healthz\r\n\r\n",
    b"GET /healthz HTTP/3.0\r\n" + CLOSE + b"\r\n",
    b"GET /health z HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"X: a\0b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"X : a\r\n no name\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"X: a\rY: b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 300_000,
    b"GET /" + b"a" * 300_000,
    b"GET /readyz HTTP/1.1\r\n" + CLOSE + b"A: b\r\n" * 20_000 + b"\r\n",
    b"A" * 5000 + b" / HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"PRI * HTTP/2.0\r\n" + CLOSE + b"\r\nSM\r\n\r\n",
    b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"GET http://127.0.0.1:1/ HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"TRACE /healthz HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"\r\n" * 5000,
    b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n",
    b"GET /api/v1/live HTTP/1.1\r\n" + CLOSE + b"\r\n",
]
PATHS = [
    "/api/v1/jobs/..%2f..%2fetc/passwd",
    "/api/v1/jobs/..%2f..%2fetc%2fpasswd/results/records",
    "/api/v1/jobs/%2e%2e/results/records",
    "/api/v1/jobs/{job}/results/..%2f..%2fjob.json",
    "/api/v1/jobs/{job}/results/..%2fupload",
    "/api/v1/jobs/{job}%2f..%2f{job}",
    "/api/v1/jobs/{job}%00",
    "/api/v1/jobs/%00",
    "/api/v1/jobs/" + "a" * 20_000,
    "/api/v1/uploads/..%2f..%2fetc%2fpasswd",
    "/assets/..%2fapp.py",
    "/assets/%2e%2e/app.py",
    "/assets/..%5c..%5capp.py",
    "/assets/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "/assets//etc/passwd",
    "/assets/%00",
    "/assets/docs.js%00.png",
    "//etc/passwd",
    "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "/api/v1/jobs?offset=" + "9" * 5000,
    "/api/v1/jobs?state=%00",
]


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, astronaut_path: Path) -> Iterator[Victim]:
    timeouts = ("--header-timeout-s", str(HEADER_S), "--body-timeout-s", str(BODY_S))
    with attacked(
        tmp_path_factory.mktemp("flooded"),
        astronaut_path.read_bytes(),
        *timeouts,
        *("--live-idle-s", "2", "--min-free-space", "1"),
    ) as found:
        yield found


@pytest.fixture
def service(victim: Victim) -> Iterator[Victim]:
    yield victim
    victim.check()


@pytest.mark.parametrize("number", range(len(HEADS)))
def test_an_odd_head_is_refused_or_answered_and_the_connection_ends(
    service: Victim, number: int
) -> None:
    said = service.said(HEADS[number])
    status = said[:13].decode("latin-1")
    assert not said or (status.startswith("HTTP/1.1 ") and status[9] in "1234"), said[:300]
    assert said.count(b"HTTP/1.1 ") <= 1


def test_requests_in_one_go_are_answered_in_order(service: Victim) -> None:
    get = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /readyz HTTP/1.1\r\n" + CLOSE + b"\r\n"
    said = service.said(get % b"healthz" + get % b"nothing" + get % b"healthz" + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"404", b"200", b"200"]


def test_a_request_is_not_smuggled_in_the_body_of_another(service: Victim) -> None:
    inner = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /api/v1/detect HTTP/1.1\r\nHost: x\r\n"
    both = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(inner))
    said = service.said(head + both + inner)
    assert b'"openapi"' not in said
    declared = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(inner)
    assert b'"openapi"' not in service.said(head + declared + inner)


@pytest.mark.parametrize("number", range(len(PATHS)))
def test_no_address_leads_out(service: Victim, number: int) -> None:
    job = service.get("/api/v1/jobs?limit=1&state=succeeded").json()["jobs"][0]["id"]
    get = f"GET {PATHS[number].replace('{job}', job)} HTTP/1.1\r\n".encode()
    said = service.said(get + CLOSE + b"Tus-Resumable: 1.0.0\r\n\r\n")
    assert said[9:12] in (b"404", b"405", b"422"), said[:300]
    assert b"application/problem+json" in said
    assert b"root:" not in said and b"import" not in said


# --- floods


def opened(service: Victim, stack: ExitStack, count: int, said: bytes) -> list[socket.socket]:
    """Open so many connections, and say the same on each."""
    found = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", service.port), timeout=10)
        found.append(stack.enter_context(client))
        client.sendall(said)
    return found


def rest_of(client: socket.socket, limit_s: float) -> bytes:
    """Return what comes until the service closes; TimeoutError where it doesn't in time."""
    said, ends = b"", time.monotonic() + limit_s
    while True:
        client.settimeout(max(0.001, ends - time.monotonic()))
        try:
            more = client.recv(65536)
        except ConnectionResetError:
            return said
        if not more:
            return said
        said += more


def test_idle_connections_hold_nobody_up_and_are_closed(service: Victim) -> None:
    with ExitStack() as stack:
        idle = opened(service, stack, 300, b"")
        service.answers_a_picture(3.0)
        assert {rest_of(client, HEADER_S + 3) for client in idle} == {b""}


def test_heads_that_trickle_hold_nobody_up_and_are_closed(service: Victim) -> None:
    with ExitStack() as stack:
        slow = opened(service, stack, 50, b"POST /api/v1/detect HTTP/1.1\r\nHost: x\r\n")
        ends = time.monotonic() + HEADER_S - 0.5
        while time.monotonic() < ends:
            for client in slow:
                client.sendall(b"X-A: b\r\n")
            service.answers_a_picture(3.0)
        assert {rest_of(client, 4.0) for client in slow} == {b""}


@pytest.mark.parametrize("path", [b"/api/v1/detect", b"/api/v1/jobs"])
def test_halves_of_bodies_are_given_up_and_a_picture_gets_through(
    service: Victim, path: bytes
) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"
    with ExitStack() as stack:
        halves = opened(service, stack, 50, head + b"x" * 500)
        service.answers_a_picture(BODY_S + 4)
        codes = [rest_of(client, BODY_S + 4)[9:12] for client in halves]
    assert set(codes) == {b"408", b"503"}  # more than max_uploads at once
    ends = time.monotonic() + 5
    while service.get("/api/v1/jobs?state=uploading").json()["total"]:
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_live_sessions_dropped_in_the_middle_of_a_frame_leave_their_seats(service: Victim) -> None:
    key = base64.b64encode(os.urandom(16))
    head = b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    head += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
    whole = b"\x82\xff" + struct.pack(">Q", len(service.picture)) + bytes(4) + service.picture
    with ExitStack() as stack:
        for number in range(30):
            (client,) = opened(service, stack, 1, head)
            client.sendall(whole[:100_000])
            if number % 2:  # the others stay, and say no more
                client.close()
        service.answers_a_picture(4.0)
        ends = time.monotonic() + 8
        while service.get("/api/v1/status").json()["live_sessions"]:
            assert time.monotonic() < ends
            time.sleep(0.1)


def test_jobs_sent_at_once_each_get_their_own_result(service: Victim) -> None:
    counts = [2 + number for number in range(12)]

    def sent(count: int) -> int:
        job = service.job(clip(count), f"{count}.mp4")
        assert (job["state"], job["name"]) == ("succeeded", f"{count}.mp4"), job
        records = service.get(f"/api/v1/jobs/{job['id']}/results/records").text
        summary = service.get(f"/api/v1/jobs/{job['id']}/results/summary").json()
        assert summary["name"] == f"{count}.mp4"
        assert summary["frames"] == job["frames"]
        return len(records.splitlines()) - 1

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(sent, counts)) == counts
