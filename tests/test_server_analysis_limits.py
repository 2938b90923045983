"""Analyses under load and attack: queues, time-outs, memory, processes that fall, who may ask."""

import json
import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes_service import FakeSeats, served, settings_for
from finished_jobs import FinishedJobs, analysis_lanes, clip_of, write_records
from movements import again, squat
from posemill.errors import Busy, SourceTooLarge, WorkerCrashed, WorkerTimeout
from posemill.server.analysis_process import Analyses, Shelf
from posemill.workers import Answer
from servers import DOCUMENT, PICTURE, problem, running

SQUATS = clip_of(again(squat()))


class Lane(FakeSeats):
    """Analyses that end with an error, or are answered when they are told to."""

    def __init__(self, fails: Exception | None = None) -> None:
        super().__init__()
        self.fails, self.future = fails, Future[Answer]()

    def submit(self, request: Any, data: bytes = b"", *, timeout_s: float) -> "Future[Answer]":
        self.requests.append(request)
        if isinstance(self.fails, Busy):
            raise self.fails
        if self.fails is not None:
            self.future.set_exception(self.fails)
        return self.future


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Busy("too many wait.", 3.0), 503, "busy"),
        (WorkerCrashed("it ended."), 500, "worker_crashed"),
        (WorkerTimeout("it took too long."), 504, "worker_timeout"),
        (SourceTooLarge("it needs more memory than it may use."), 413, "media_too_large"),
    ],
)
def test_what_goes_wrong_has_its_code(
    tmp_path: Path, error: Exception, status: int, code: str
) -> None:
    settings = settings_for(tmp_path)
    jobs = FinishedJobs(settings)
    job = jobs.place(SQUATS)
    with served(settings, jobs, analysis=Lane(error)) as address:
        answer = httpx.get(f"{address}/api/v1/jobs/{job}/count")
        text = httpx.get(f"{address}/metrics").text
    assert problem(answer)["status"] == status
    assert answer.json()["code"] == code
    assert answer.headers.get("retry-after") == ("3" if status == 503 else None)
    assert 'posemill_analyses_total{fate="refused",kind="count"} 1.0' in text


def test_the_loop_goes_on_while_an_analysis_does_and_who_leaves_takes_it_along(
    tmp_path: Path,
) -> None:
    settings, lane = settings_for(tmp_path), Lane()
    jobs = FinishedJobs(settings)
    job = jobs.place(SQUATS)
    with served(settings, jobs, analysis=lane) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{address}/api/v1/jobs/{job}/count", timeout=0.5)
        assert httpx.get(f"{address}/healthz", timeout=2).status_code == 200
        ends = time.monotonic() + 5
        while not lane.future.cancelled():
            assert time.monotonic() < ends
            time.sleep(0.01)


def test_more_than_may_wait_are_told_to_come_again(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    jobs = FinishedJobs(settings)
    job = jobs.place(clip_of(again(squat()), 30))
    with (
        analysis_lanes() as lanes,
        served(settings, jobs, analysis=lanes) as address,
        ThreadPoolExecutor(16) as threads,
    ):
        url = f"{address}/api/v1/jobs/{job}/angles?names=all"
        answers = list(threads.map(lambda _: httpx.get(url, timeout=60), range(16)))
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {200, 503}
        good = {answer.content for answer in answers if answer.status_code == 200}
        assert len(good) == 1
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert (refused.json()["code"], int(refused.headers["retry-after"]) > 0) == ("busy", True)


def test_a_process_that_falls_costs_the_request_it_was_at(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    jobs = FinishedJobs(settings)
    job = jobs.place(SQUATS)
    with analysis_lanes() as lanes, served(settings, jobs, analysis=lanes) as address:
        url = f"{address}/api/v1/jobs/{job}/count"
        assert httpx.get(url, timeout=60).status_code == 200
        os.kill(lanes.pids[0], signal.SIGKILL)
        assert httpx.get(url, timeout=60).status_code in (200, 500)
        assert httpx.get(url, timeout=60).status_code == 200
        assert lanes.restarts == 1


def test_time_is_bounded_and_the_next_one_is_answered(tmp_path: Path) -> None:
    # Long enough for a busy machine to import what filters, too short for an hour of records.
    settings = settings_for(tmp_path, analysis_timeout_s=4.0)
    jobs = FinishedJobs(settings)
    long, short = jobs.place(clip_of(again(squat()), 30)), jobs.place(SQUATS)
    path, _ = jobs.result(long, "records") or (Path(), "")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"".join(lines[1:]) * 120)
    with analysis_lanes() as lanes, served(settings, jobs, analysis=lanes) as address:
        url = f"{address}/api/v1/jobs/"
        assert httpx.get(f"{url}{short}/count?exercise=squat", timeout=60).status_code == 200
        late = httpx.get(f"{url}{long}/count", timeout=60)
        assert (late.status_code, late.json()["code"]) == (504, "worker_timeout")
        ends = time.monotonic() + 30
        while not lanes.is_ready:
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert httpx.get(f"{url}{short}/exercises").status_code == 404
        assert httpx.get(f"{url}{short}/count?exercise=squat", timeout=60).status_code == 200


def test_the_process_is_confined(tmp_path: Path) -> None:
    with analysis_lanes() as lanes:
        path = write_records(tmp_path / "records.jsonl", SQUATS)
        asked = {"do": "count", "records": [str(path)], "exercise": "squat"}
        lanes.submit(asked, timeout_s=60).result()
        assert lanes.confined in ("seccomp", "limits")


def test_records_are_read_once_and_again_when_they_changed(tmp_path: Path) -> None:
    path = write_records(tmp_path / "records.jsonl", SQUATS)
    shelf = Shelf()
    first = shelf.read(str(path))
    assert shelf.read(str(path)) is first
    assert first.everyone is first.everyone
    write_records(path, SQUATS[:50])
    assert len(shelf.read(str(path)).frames) == 50


def test_what_is_kept_of_records_is_bounded(tmp_path: Path) -> None:
    paths = [write_records(tmp_path / f"{n}.jsonl", SQUATS) for n in range(3)]
    size = paths[0].stat().st_size
    shelf = Shelf(2 * size + 10)
    kept = [shelf.read(str(path)) for path in paths[:2]]
    assert shelf.read(str(paths[0])) is kept[0]
    third = shelf.read(str(paths[2]))
    assert shelf.read(str(paths[0])) is kept[0]
    assert shelf.read(str(paths[2])) is third
    assert shelf.read(str(paths[1])) is not kept[1]
    small = Shelf(10)
    assert small.read(str(paths[0])) is not small.read(str(paths[0]))


def test_who_may_not_ask_may_not_ask_this_either(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, auth_token="a-long-random-word")
    jobs = FinishedJobs(settings)
    job = jobs.place(SQUATS)
    addresses = [f"jobs/{job}/{what}" for what in ("count", "angles", "report", "score")]
    with served(settings, jobs, analysis=Lane()) as address:
        for path in (*addresses, "exercises", "templates", "templates/a"):
            answer = httpx.get(f"{address}/api/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), path
        for path in ("templates", "compare"):
            assert httpx.post(f"{address}/api/v1/{path}").status_code == 401


def test_pages_of_other_sites_may_not_change_anything(tmp_path: Path) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    with served(settings_for(tmp_path), analysis=Lane()) as address:
        for method, path in (("POST", "templates"), ("POST", "compare"), ("DELETE", "templates/a")):
            answer = httpx.request(method, f"{address}/api/v1/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def pictures(*names: str) -> list[tuple[str, tuple[str, bytes]]]:
    return [(name, (f"{name}.jpg", PICTURE)) for name in names]


def test_two_pictures_are_detected_and_compared(tmp_path: Path) -> None:
    with running(tmp_path) as service, analysis_lanes() as lanes:
        object.__setattr__(service.service, "analysis", lanes)
        url = f"{service.url}/api/v1/compare"
        answer = httpx.post(url, files=pictures("a", "b"), timeout=60)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["kind"], found["of"], found["people"]) == (
            "comparison",
            "pictures",
            [[0]] * 2,
        )
        assert found["similarity"] == pytest.approx(100)
        assert found["a"] == found["b"] == json.loads(DOCUMENT)
        assert len(service.lanes.asked) == 2
        for files, reason in ((pictures("a"), "called b"), (pictures("b"), "called a")):
            wrong = httpx.post(url, files=files, timeout=60)
            assert problem(wrong)["code"] == "bad_body"
            assert reason in wrong.json()["detail"]
        assert problem(httpx.post(url, content=b"x"))["code"] == "bad_body"
        assert problem(httpx.post(url, data={"a": "x", "b": "y"}))["code"] == "bad_body"
        mirrored = httpx.post(f"{url}?mirror=true", files=pictures("a", "b"), timeout=60).json()
        assert mirrored["mirrored"] is True
        odd = httpx.post(f"{url}?mirror=2", files=pictures("a", "b"), timeout=60)
        assert problem(odd)["code"] == "bad_option"


def test_a_picture_with_nobody_in_it(tmp_path: Path) -> None:
    document = json.loads(DOCUMENT)
    document["frames"][0]["people"] = []
    data = json.dumps([json.loads(DOCUMENT), document]).encode()
    handler = Analyses().handlers()["compare_pictures"]
    with pytest.raises(ValueError, match="nobody is seen in the picture b"):
        handler({"mirror": "auto", "records": []}, data)
