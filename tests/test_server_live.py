"""Live sessions from outside: what is answered, what is dropped, and who is sent away."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from fakes_service import FakeSeats, served, settings_for
from posemill.server import live as live_module


@contextmanager
def service(folder: Path, seats: FakeSeats, **more: Any) -> Iterator[str]:
    with served(settings_for(folder, **more), live=seats) as address:
        yield address.replace("http", "ws") + "/api/v1/live"


def closed(connection: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            connection.recv(10)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def said(connection: ClientConnection) -> dict[str, Any]:
    found = json.loads(connection.recv(10))
    assert isinstance(found, dict)
    return found


def test_a_header_and_then_a_record_a_frame(tmp_path: Path) -> None:
    seats = FakeSeats()
    with service(tmp_path, seats, max_fps=200.0) as address, connect(address) as connection:
        connection.send(b"frame")
        assert said(connection) == {"schema": "posemill/1"}
        assert said(connection)["frame"] == 0
        for number in range(1, 4):
            time.sleep(0.02)
            connection.send(b"frame")
            record = said(connection)
            assert record["frame"] == number
            assert record["received"] == record["processed"] == number + 1
            assert record["dropped"] == 0
    times = [each["time_s"] for each in seats.requests if each["do"] == "live_frame"]
    assert times == sorted(set(times))
    assert times[0] == 0.0
    assert seats.requests[-1]["do"] == "live_close"
    assert seats.sessions == 0


def test_the_newest_frame_wins_and_the_counts_add_up(tmp_path: Path) -> None:
    with (
        service(tmp_path, FakeSeats(0.3), max_fps=240.0) as address,
        connect(address) as connection,
    ):
        for _ in range(20):
            connection.send(b"frame")
            time.sleep(0.01)
        said(connection)
        records = [said(connection), said(connection)]
    assert [each["frame"] for each in records] == [0, 19]
    assert records[1]["received"] == 20
    assert records[1]["processed"] == 2
    assert records[1]["dropped"] == 18


def test_no_more_than_max_fps_are_processed(tmp_path: Path) -> None:
    seats = FakeSeats()
    with service(tmp_path, seats) as address, connect(f"{address}?max_fps=10") as connection:
        began = time.monotonic()
        for _ in range(100):
            connection.send(b"frame")
            time.sleep(0.01)
        took_s = time.monotonic() - began
    count = sum(each["do"] == "live_frame" for each in seats.requests)
    assert 0.6 * 10 * took_s <= count <= 10 * took_s + 2


def test_a_bad_frame_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    with service(tmp_path, FakeSeats(), max_fps=200.0) as address:
        language = {"Accept-Language": "zh"}
        with connect(address, additional_headers=language) as connection:
            connection.send(b"bad")
            problem = said(connection)
            assert problem["problem"]["code"] == "broken_media"
            assert problem["problem"]["title"] == "文件无法读取"
            assert (problem["frame"], problem["dropped"]) == (0, 1)
            time.sleep(0.02)
            connection.send(b"frame")
            assert said(connection)["frame"] == 1


def test_sessions_beyond_max_live_are_refused(tmp_path: Path) -> None:
    seats = FakeSeats()
    with service(tmp_path, seats, max_live=2) as address:
        with connect(address) as first, connect(address), connect(address) as third:
            assert closed(third) == (4429, "too_many_sessions")
            first.send(b"frame")
            assert said(first) == {"schema": "posemill/1"}
        end = time.monotonic() + 5
        while seats.sessions and time.monotonic() < end:
            time.sleep(0.01)
        with connect(address) as again:
            again.send(b"frame")
            assert said(again) == {"schema": "posemill/1"}


def test_silence_and_nonsense_close_with_a_reason(tmp_path: Path) -> None:
    with service(tmp_path, FakeSeats(), live_idle_s=0.3, max_content_length=1000) as address:
        with connect(address) as idle:
            assert closed(idle) == (4408, "idle")
        with connect(address) as texting:
            texting.send("{}")
            assert closed(texting) == (1003, "binary_only")
        with connect(address) as large:
            large.send(b"x" * 1001)
            assert closed(large)[0] == 1009
        with connect(f"{address}?max_peopel=2") as wrong:
            problem = said(wrong)["problem"]
            assert (problem["code"], "max_people" in problem["detail"]) == ("bad_option", True)
            assert closed(wrong) == (4400, "bad_option")


def test_who_reads_too_slowly_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "_SEND_S", 0.3)
    seats = FakeSeats(record_bytes=1_000_000)
    with (
        service(tmp_path, seats, max_fps=200.0) as address,
        connect(address, close_timeout=0.2, max_queue=1) as connection,
    ):
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                connection.send(b"frame")
            except ConnectionClosed:
                break
            if seats.requests and seats.sessions == 0:
                break
            time.sleep(0.02)
        assert seats.sessions == 0
        assert sum(each["do"] == "live_frame" for each in seats.requests) < 100


def test_the_token_and_the_origin_are_asked_for(tmp_path: Path) -> None:
    with service(tmp_path, FakeSeats(), auth_token="a word") as address:
        with pytest.raises(InvalidStatus) as refused, connect(address):
            pass
        assert refused.value.response.status_code == 401
        assert b'"code":"unauthorized"' in refused.value.response.body
        with connect(address, additional_headers={"Authorization": "Bearer a word"}) as open_one:
            open_one.send(b"frame")
            assert said(open_one) == {"schema": "posemill/1"}
    with service(tmp_path, FakeSeats()) as address:
        with (
            pytest.raises(InvalidStatus) as foreign,
            connect(address, origin=Origin("http://elsewhere.example")),
        ):
            pass
        assert foreign.value.response.status_code == 403
        own = address.replace("ws", "http", 1).removesuffix("/api/v1/live")
        with connect(address, origin=Origin(own)) as same:
            same.send(b"frame")
            assert said(same) == {"schema": "posemill/1"}
