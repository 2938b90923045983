"""Results from outside: whole, in ranges, unchanged, under safe names."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes_service import served, settings_for
from posemill.server.problems import Problem
from posemill.server.results import span

DATA = bytes(range(256)) * 1000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with served(settings_for(tmp_path)) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def video(client: httpx.Client, tmp_path: Path) -> str:
    headers = {"X-File-Name": "%22;%20x=%E8%B7%91.mp4"}
    job = client.post("/api/v1/jobs", content=b"x", headers=headers).json()["id"]
    folder = tmp_path / "jobs" / job / "results"
    folder.mkdir()
    (folder / "annotated.mp4").write_bytes(DATA)
    (folder / "table.csv").write_text("frame\n")
    return f"/api/v1/jobs/{job}/results/annotated"


def test_what_was_sent_comes_back_by_its_own_name(client: httpx.Client, video: str) -> None:
    answer = client.get(video.replace("annotated", "source"), headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.content) == (206, b"x")
    assert answer.headers["content-type"] == "video/mp4"
    assert "%E8%B7%91.mp4" in answer.headers["content-disposition"]
    page = client.post("/api/v1/jobs", content=b"<script>", headers={"X-File-Name": "x"}).json()
    answer = client.get(f"/api/v1/jobs/{page['id']}/results/source")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_the_whole_file(client: httpx.Client, video: str) -> None:
    answer = client.get(video)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    name = answer.headers["content-disposition"]
    assert name == "inline; filename*=utf-8''%22%3B%20x%3D%E8%B7%91-annotated.mp4"
    head = client.head(video)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(DATA)))
    table = client.get(video.replace("annotated", "csv"))
    assert table.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=255999-", 255_999, 256_000),
        ("bytes=-10", 255_990, 256_000),
        ("bytes=-999999", 0, 256_000),
        ("bytes=255000-999999", 255_000, 256_000),
    ],
)
def test_a_range(client: httpx.Client, video: str, asked: str, start: int, end: int) -> None:
    answer = client.get(video, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/256000"


@pytest.mark.parametrize("asked", ["bytes=9-1", "lines=1-2", "bytes=0-1,5-6", "bytes=", "odd"])
def test_what_is_no_range_gets_the_whole(client: httpx.Client, video: str, asked: str) -> None:
    answer = client.get(video, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA)


def test_a_range_beyond_the_end_is_refused(client: httpx.Client, video: str) -> None:
    answer = client.get(video, headers={"Range": "bytes=256000-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "bad_range")
    assert answer.headers["content-range"] == "bytes */256000"


def test_what_the_client_has_is_not_sent_again(client: httpx.Client, video: str) -> None:
    etag = client.get(video).headers["etag"]
    assert client.get(video, headers={"If-None-Match": etag}).status_code == 304
    part = {"Range": "bytes=0-4", "If-Range": etag}
    assert client.get(video, headers=part).content == DATA[:5]
    part["If-Range"] = '"another"'
    assert client.get(video, headers=part).content == DATA


def test_what_is_not_there(client: httpx.Client, video: str) -> None:
    missing = client.get(video.replace("annotated", "records"))
    assert (missing.status_code, missing.json()["code"]) == (404, "result_not_found")
    assert client.get(video.replace("annotated", "passwd")).status_code == 422


@given(st.integers(1, 1000), st.integers(0, 1200), st.integers(0, 1200))
def test_spans_lie_within_the_file(size: int, first: int, last: int) -> None:
    try:
        found = span(f"bytes={first}-{last}", size)
    except Problem as problem:
        assert problem.status == 416
        assert first >= size
    else:
        assert found == (None if last < first else (first, min(last, size - 1)))


@given(st.text(max_size=60) | st.from_regex(r"bytes=[0-9,\- ]{0,30}"), st.integers(0, 1000))
def test_any_range_is_read_or_refused(header: str, size: int) -> None:
    try:
        found = span(header, size)
    except Problem as problem:
        assert problem.status == 416
    else:
        assert found is None or 0 <= found[0] <= found[1] < size
