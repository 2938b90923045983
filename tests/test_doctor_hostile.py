"""`posemill doctor --url` against servers that mean harm, or are odd: it says what it saw."""

import base64
import hashlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping

import pytest

from posemill.doctor import Finding, Result
from posemill.doctor.remote import examine_url
from posemill.errors import UsageError
from test_doctor_remote import answering

Answer = Callable[[bytes], Iterable[bytes]]
_ALIVE = b'{"status":"alive"}'
_STATUS = b'{"version":"1","model":"full","engine":"openvino","limits":{}}'
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def reply(body: bytes, kind: bytes = b"application/json", more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
    return head % (kind, len(body), more) + body


def posemill_but(**odd: Answer) -> Callable[[socket.socket], None]:
    """Answer as posemill does, but for these: by the last part of the path."""
    usual = {
        "healthz": reply(_ALIVE),
        "readyz": reply(_ALIVE),
        "status": reply(_STATUS),
        "": reply(b"<html>posemill</html>", b"text/html"),
    }

    def answer(connection: socket.socket) -> None:
        asked = b""
        while part := connection.recv(65536):
            asked += part
            if b"\r\n\r\n" not in asked:
                continue
            name = asked.split(b" ")[1].rpartition(b"/")[2].decode().partition(".")[0]
            if name in odd:
                for each in odd[name](asked):
                    connection.sendall(each)
                return
            connection.sendall(usual.get(name, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))
            asked = b""

    return answer


def seen(answer: Callable[[socket.socket], None], check: str, **bounds: float) -> list[Finding]:
    """What a check finds there; none of them may break, and no escape may come through."""
    with answering(answer) as url:
        examined = list(examine_url(url, "a-secret-token", **bounds))
    findings = {each.check.name: list(each.findings) for each in examined}
    for each in (finding for found in findings.values() for finding in found):
        text = each.evidence.en + each.evidence.zh + (each.fix.en if each.fix else "")
        assert each.code != "check_broke", text
        assert text.isprintable()
        assert "a-secret-token" not in text
    return findings[check]


def test_json_without_end_in_depth() -> None:
    deep = reply(b"[" * 500_000)
    (each,) = seen(posemill_but(healthz=lambda _: [deep]), "http")
    assert each.code == "not_posemill"
    event = reply(b"data: " + b"[" * 500_000 + b"\n\n", b"text/event-stream")
    (each,) = seen(posemill_but(probe=lambda _: [event]), "streaming")
    assert each.result is Result.FAILED


@pytest.mark.parametrize("target", ["http://[::1/x.js", "file:///etc/passwd", "//else.example/x"])
def test_assets_that_lead_elsewhere_or_nowhere(target: str) -> None:
    html = f'<html>posemill<script src="{target}"></script></html>'.encode()
    (each,) = seen(posemill_but(**{"": lambda _: [reply(html, b"text/html")]}), "page")
    assert each.code == "assets_missing"
    assert "outside of" in each.evidence.en


@pytest.mark.parametrize("servers", [5, "abc", {"url": "/x"}, [], [7], [{"url": {"a": 1}}]])
def test_a_document_with_odd_servers(servers: object) -> None:
    document = reply(json.dumps({"openapi": "3.1.0", "servers": servers}).encode())
    assert seen(posemill_but(openapi=lambda _: [document]), "page")


def upgraded(asked: bytes) -> bytes:
    lines = dict(line.split(b": ", 1) for line in asked.split(b"\r\n") if b": " in line)
    key = {name.lower(): value for name, value in lines.items()}[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    return (
        b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
    )


@pytest.mark.parametrize("record", [b"[]", b"5", b"null", b'{"people": 5}', b"{}", b"\xff"])
def test_a_websocket_that_answers_no_record(record: bytes) -> None:
    frame = bytes([0x81, len(record)]) + record

    def live(asked: bytes) -> Iterable[bytes]:
        yield upgraded(asked)
        yield frame + frame
        time.sleep(0.5)

    (each,) = seen(posemill_but(live=live), "websocket")
    assert each.code in {"live_broken", "live_closed"}


def test_as_many_sessions_as_there_may_be() -> None:
    def live(asked: bytes) -> Iterable[bytes]:
        yield upgraded(asked)
        yield b"\x88\x02" + (4429).to_bytes(2, "big")
        time.sleep(0.5)

    (each,) = seen(posemill_but(live=live), "websocket")
    assert (each.code, each.result) == ("live_full", Result.WARNING)


def test_a_service_that_is_not_ready() -> None:
    problem = (
        b'{"type":"urn:posemill:problem:not_ready","detail":"The models are being loaded.",'
        b'"title":"Not ready","status":503}'
    )
    said = reply(problem, b"application/problem+json").replace(b"200 OK", b"503 No")
    found = seen(posemill_but(readyz=lambda _: [said]), "http")
    assert [each.code for each in found if each.result is Result.FAILED] == ["not_ready"]
    assert "being loaded" in found[-1].evidence.en


def test_a_slow_way() -> None:
    def slow(_: bytes) -> Iterable[bytes]:
        time.sleep(0.14)
        return [reply(_ALIVE)]

    (each,) = seen(posemill_but(healthz=slow), "latency")
    assert (each.code, each.result) == ("slow_way", Result.WARNING)
    assert "10 connections, since none is kept" in each.evidence.en


def test_uploads_that_would_take_too_long_are_not_tried() -> None:
    def detect(asked: bytes) -> Iterable[bytes]:
        if re.search(rb"Content-Length: \d{7}", asked):
            time.sleep(0.7)
        return [reply(b'{"frames":[{"people":[{}]}]}')]

    found = seen(posemill_but(detect=detect), "upload", total_s=4.0)
    assert [each.code for each in found] == ["upload_slow", "uploads_pass"]
    assert "10 MB weren't tried" in found[0].evidence.en


def test_what_goes_on_below_a_websocket_is_not_written_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its library may log tracebacks of servers that misbehave; Python prints those by default."""

    def live(_: bytes) -> Iterable[bytes]:
        yield b"HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nx"

    caplog.set_level("DEBUG")
    seen(posemill_but(live=live), "websocket", patience_s=1.0)
    assert [each for each in caplog.records if "websocket" in each.name] == []


def test_a_slow_websocket_takes_no_more_than_all_of_the_time() -> None:
    def live(asked: bytes) -> Iterable[bytes]:
        time.sleep(1.5)
        yield upgraded(asked)
        time.sleep(1.5)
        yield b"\x81\x02{}"
        time.sleep(30)

    began = time.monotonic()
    seen(posemill_but(live=live), "websocket", patience_s=2.0, total_s=4.0)
    assert time.monotonic() - began < 6


def test_where_a_redirect_leads() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    with answering(posemill_but(healthz=lambda _: [head])) as url:
        found = [finding for each in examine_url(url) for finding in each.findings]
    each = next(each for each in found if each.code == "redirected")
    assert each.fix is not None
    assert f"--url {url}/login`" in each.fix.en


@pytest.mark.parametrize("token", ["很长的令牌", "a\r\nX-More: 1", "a\x00b"])
def test_a_token_that_no_header_carries(token: str) -> None:
    with pytest.raises(UsageError) as raised:
        examine_url("http://127.0.0.1:1", token)
    assert token not in str(raised.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": ", ".join(["gzip"] * 50)},
        {"Content-Length": "99999999999999999999"},
        {"Transfer-Encoding": "chunked"},
    ],
)
def test_headers_that_lie(headers: Mapping[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    said = b"HTTP/1.1 200 OK\r\n" + lines.encode() + b"\r\n" + _ALIVE
    (each,) = seen(posemill_but(healthz=lambda _: [said]), "http", patience_s=1.0)
    assert each.result is Result.FAILED
