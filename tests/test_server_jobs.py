"""Jobs from outside: sent, listed, followed, removed; forms split at any byte."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes_service import served, settings_for
from posemill.jobs import Job, Jobs
from posemill.server import events
from posemill.server.multipart import FormFile
from posemill.server.problems import Problem

JOBS = "/api/v1/jobs"
MIB = 1024**2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    settings = settings_for(folder, max_video_length=1_000_000)
    with served(settings) as address, httpx.Client(base_url=address) as client:
        yield client


def stored(folder: Path, job: dict[str, str]) -> bytes:
    return (folder / "jobs" / job["id"] / "upload").read_bytes()


def test_a_body_becomes_a_job(client: httpx.Client, folder: Path) -> None:
    headers = {"X-File-Name": "..%2F%E8%B7%91.mp4"}
    answer = client.post(f"{JOBS}?max_people=3&results=csv", content=b"video", headers=headers)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{job['id']}"
    assert (job["name"], job["state"], job["bytes"]) == ("跑.mp4", "queued", 5)
    assert (job["options"]["max_people"], job["options"]["results"]) == (3, ["csv"])
    assert stored(folder, job) == b"video"
    assert client.get(answer.headers["location"]).json() == job


def test_a_form_becomes_a_job(client: httpx.Client, folder: Path) -> None:
    data = os.urandom(300_000)
    answer = client.post(JOBS, files={"file": ("C:\\clips\\a b.mp4", data)})
    assert answer.status_code == 202
    assert answer.json()["name"] == "a b.mp4"
    assert stored(folder, answer.json()) == data


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b""}, 422, "bad_body"),
        ({"files": {"other": ("a.mp4", b"x")}}, 422, "bad_body"),
        ({"files": [("file", ("a.mp4", b"x")), ("file", ("b.mp4", b"x"))]}, 422, "bad_body"),
        ({"files": {"file": ("a.mp4", b"")}}, 422, "bad_body"),
        ({"files": {"file": ("a.exe", b"x")}}, 415, "unsupported_extension"),
        ({"content": b"x" * 1_000_001}, 413, "too_large"),
        ({"content": iter([b"x" * 600_000] * 2)}, 413, "too_large"),
        ({"content": b"x", "params": {"max_people": "no"}}, 422, "bad_option"),
        ({"content": b"x", "params": {"results": "all"}}, 422, "bad_option"),
        ({"content": b"x", "params": {"port": "1"}}, 422, "bad_option"),
        (
            {
                "content": b"--x\r\nhalf",
                "headers": {"Content-Type": "multipart/form-data; boundary=x"},
            },
            422,
            "bad_body",
        ),
    ],
)
def test_what_is_refused_leaves_nothing(
    client: httpx.Client, folder: Path, request_: dict[str, object], status: int, code: str
) -> None:
    answer = client.post(JOBS, **request_)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert list((folder / "jobs").iterdir()) == []


def test_a_broken_connection_leaves_nothing(client: httpx.Client, folder: Path) -> None:
    def halves() -> Iterator[bytes]:
        yield b"x" * 1000
        end = time.monotonic() + 5
        while not list((folder / "jobs").iterdir()) and time.monotonic() < end:
            time.sleep(0.01)
        raise ConnectionError("the line is cut")

    with pytest.raises(ConnectionError):
        client.post(JOBS, content=halves())
    end = time.monotonic() + 5
    while list((folder / "jobs").iterdir()):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_pages_of_jobs_newest_first(client: httpx.Client) -> None:
    sent = [client.post(JOBS, content=b"x").json()["id"] for _ in range(5)]
    page = client.get(JOBS, params={"limit": 2, "offset": 1}).json()
    assert [job["id"] for job in page["jobs"]] == [sent[3], sent[2]]
    assert page["total"] == 5
    assert client.get(JOBS, params={"state": "failed"}).json()["total"] == 0
    for wrong in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"state": "odd"}):
        assert client.get(JOBS, params=wrong).status_code == 422


def test_removed_is_gone(client: httpx.Client, folder: Path) -> None:
    address = client.post(JOBS, content=b"x").headers["location"]
    assert client.delete(address).status_code == 204
    for answer in (client.get(address), client.delete(address), client.get(f"{address}/events")):
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert client.get(f"{JOBS}/..%2f..%2fetc").status_code == 404
    assert list((folder / "jobs").iterdir()) == []


def test_memory_stays_flat_while_much_streams(folder: Path) -> None:
    memory, peak = psutil.Process().memory_info, 0
    piece = b"x" * MIB

    def pieces() -> Iterator[bytes]:
        nonlocal peak
        for _ in range(200):
            peak = max(peak, memory().rss)
            yield piece

    with served(settings_for(folder)) as address, httpx.Client(base_url=address) as client:
        client.post(JOBS, content=piece)
        before = memory().rss
        job = client.post(JOBS, content=pieces()).json()
    assert job["bytes"] == 200 * MIB
    assert peak - before < 30 * MIB


class Working(Jobs):
    """Jobs that go on by a tenth whenever they are asked for."""

    tenths = 0

    def get(self, job_id: str) -> Job:
        job = super().get(job_id)
        self.tenths += 1
        state = "succeeded" if self.tenths >= 10 else "running"
        return replace(job, state=state, progress=min(1.0, self.tenths / 10))


def told(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in lines:
            found.append((lines.get("id", ""), json.loads(lines["data"])))
    return found


def test_events_tell_a_job_to_its_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events.events, "__kwdefaults__", {"poll_s": 0.02, "heartbeat_s": 0.0})
    settings = settings_for(folder)
    with served(settings, Working(settings)) as address, httpx.Client(base_url=address) as client:
        at = client.post(JOBS, content=b"x").headers["location"] + "/events"
        answer = client.get(at)
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = told(answer)
        shares = [job["progress"] for _, job in found]
        assert shares == sorted(set(shares))
        assert len(shares) > 3
        assert found[-1][1]["state"] == "succeeded"
        assert ": still here" in answer.text
        last, none = {"Last-Event-ID": found[-1][0]}, {"Last-Event-ID": found[0][0]}
        assert client.get(at, headers=last).status_code == 204
        assert told(client.get(at, headers=none)) == found[-1:]


class Failing(Jobs):
    """Tells every job as one that failed."""

    def get(self, job_id: str) -> Job:
        problem = {"code": "source_too_large", "detail": "a.mp4: is too long."}
        return replace(super().get(job_id), state="failed", problem=problem)


@pytest.mark.parametrize(("wanted", "title"), [("zh-CN", "媒体超出限制"), ("en", "Too large")])
def test_the_problem_of_a_job_is_told_in_both_languages(
    folder: Path, wanted: str, title: str
) -> None:
    settings = settings_for(folder)
    headers = {"Accept-Language": wanted}
    with (
        served(settings, Failing(settings)) as address,
        httpx.Client(base_url=address, headers=headers) as client,
    ):
        at = client.post(JOBS, content=b"x").headers["location"]
        problem = client.get(at).json()["problem"]
        assert (problem["code"], problem["title"]) == ("media_too_large", title)
        assert "a.mp4: is too long." in problem["detail"]
        assert told(client.get(f"{at}/events"))[-1][1]["problem"] == problem


def test_followers_beyond_the_most_are_told_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posemill.server.service._MAX_FOLLOWERS", 1)
    with served(settings_for(folder)) as address, httpx.Client(base_url=address) as client:
        at = client.post(JOBS, content=b"x").headers["location"] + "/events"
        with client.stream("GET", at) as first:
            lines = first.iter_lines()  # held: without it, the connection ends
            next(lines)
            answer = client.get(at)
            assert (answer.status_code, answer.json()["code"]) == (503, "too_many_followers")
            assert answer.headers["retry-after"]


def test_followers_do_not_hold_up_the_end(folder: Path) -> None:
    with ExitStack() as stack:
        address = stack.enter_context(served(settings_for(folder)))
        at = address + httpx.post(address + JOBS, content=b"x").headers["location"] + "/events"
        with httpx.stream("GET", at) as answer:
            lines = answer.iter_lines()
            next(lines)
            began = time.monotonic()
            stack.close()  # the service is asked to stop, and waited for
            assert time.monotonic() - began < 5
            list(lines)  # they end


def test_a_sweep_that_fails_is_followed_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Jobs):
        sweeps = 0

        def sweep(self) -> None:
            Broken.sweeps += 1
            raise FileNotFoundError("a fault of ours")

    monkeypatch.setattr("posemill.server.app._SWEEP_S", 0.05)
    settings = settings_for(folder)
    with served(settings, Broken(settings)):
        time.sleep(1.0)
    assert Broken.sweeps > 2


def test_events_end_when_the_job_is_removed(client: httpx.Client) -> None:
    address = client.post(JOBS, content=b"x").headers["location"]
    with client.stream("GET", f"{address}/events") as answer:
        lines = answer.iter_lines()
        assert "event: job" in (next(lines), next(lines), next(lines), next(lines))
        other = httpx.delete(f"http://{urlsplit(str(client.base_url)).netloc}{address}")
        assert other.status_code == 204
        assert "event: removed" in list(lines)


def form(name: str, data: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    return b"--b0\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n--b0--\r\n"


@given(
    st.binary(max_size=200) | st.sampled_from([b"\r\n--b0", b"\r\n--b", b"--b0--\r", b"\r\n-\r\n"]),
    st.lists(st.integers(0, 400), max_size=20),
)
def test_a_form_is_the_same_wherever_it_is_split(data: bytes, cuts: list[int]) -> None:
    if b"\r\n--b0" in data or data.startswith(b"--b0"):
        data = data.replace(b"--b0", b"--b1")
    body = form("跑.mp4", data)
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    file = FormFile("multipart/form-data; boundary=b0")
    found = b"".join(file.feed(body[start:end]) for start, end in pairwise(edges))
    file.finish()
    assert (found, file.name) == (data, "跑.mp4")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_form_is_read_or_refused(noise: bytes, at: int) -> None:
    body = form("a.mp4", b"data")
    body = body[:at] + noise + body[at:]
    file = FormFile("multipart/form-data; boundary=b0")
    try:
        file.feed(body)
        file.finish()
    except Problem as problem:
        assert problem.status == 422
