"""Jobs that count: the option, the result, and the same bytes whatever is killed."""

import json
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes_service import served, settings_for
from finished_jobs import clip_of, write_records
from movements import again, squat
from posemill.config import Settings
from posemill.errors import SettingError, WorkerError
from posemill.jobs.media import analysis as analysis_module
from posemill.jobs.media.analysis import write_counts
from posemill.jobs.media.steps import Media
from posemill.jobs.store import RESULTS
from posemill.server.uploads import job_options
from posemill.workers import Limits, MediaProcess
from test_jobs_media import Run, clip

JOBS = "/api/v1/jobs"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("videos") / "walk.mp4")


@pytest.mark.parametrize(
    ("query", "owner", "kept"),
    [
        ({}, None, None),
        ({}, "push_up", "push_up"),
        ({"exercise": "squat"}, "push_up", "squat"),
        ({"exercise": "auto"}, None, "auto"),
        ({"exercise": ""}, "push_up", None),
    ],
)
def test_the_option(query: dict[str, str], owner: str | None, kept: str | None) -> None:
    options = job_options([*query.items()], Settings(exercise=owner))
    assert options.get("exercise") == kept
    assert ("exercise" in options) == (kept is not None)
    assert options["results"] == ["records", "csv", "annotated"]


@pytest.mark.parametrize("word", ["flying", "/etc/mine.toml", "../mine.toml", "auto,squat"])
def test_the_option_takes_no_path(word: str) -> None:
    with pytest.raises(SettingError, match="must be auto or one of bench_press"):
        job_options([("exercise", word)], Settings())


def test_it_is_taken_by_the_query_and_by_tus(tmp_path: Path) -> None:
    with served(settings_for(tmp_path)) as address, httpx.Client(base_url=address) as client:
        job = client.post(f"{JOBS}?exercise=squat", content=b"video").json()
        assert job["options"]["exercise"] == "squat"
        assert "exercise" not in client.post(JOBS, content=b"video").json()["options"]
        assert client.post(f"{JOBS}?exercise=no", content=b"x").json()["code"] == "bad_option"
        metadata = f"filename {b64encode(b'a.mp4').decode()},exercise {b64encode(b'auto').decode()}"
        headers = {
            **{"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": metadata},
            "Content-Type": "application/offset+octet-stream",
        }
        made = client.post("/api/v1/uploads", content=b"x", headers=headers)
        assert made.status_code == 201
        options = client.get(JOBS).json()["jobs"][0]["options"]
        assert options["exercise"] == "auto"


@pytest.mark.parametrize("results", [["records", "csv"], ["csv"]])
def test_the_same_bytes_come_out_of_fresh_processes(
    source: Path, tmp_path: Path, results: list[str]
) -> None:
    chosen: dict[str, Any] = {"exercise": "auto", "results": results}
    undisturbed = Run(tmp_path / "a", source, **chosen).all(Media())
    run = Run(tmp_path / "b", source, **chosen)
    step, finished = 0, False
    while not finished:
        answer = Media().step({**run.request, "step": step}, b"")
        finished, step = answer.fields["finished"], step + 1
    Media().finish(run.request, b"")
    assert run.results() == undisturbed
    assert ("records.jsonl" in undisturbed) == ("records" in results)
    document = json.loads(undisturbed[RESULTS["analysis"][0][0]])
    assert (document["schema"], document["kind"]) == ("posemill.analysis/1", "count")
    assert document["source"] == "walk.mp4"
    summary = json.loads(undisturbed["summary.json"])
    told = [{key: each[key] for key in summary["counts"][0]} for each in document["people"]]
    assert summary["counts"] == told
    assert summary["counts"][0]["exercise"] == "auto"
    Media().finish(run.request, b"")
    assert run.results() == undisturbed


def test_kills_while_it_finishes_change_nothing(source: Path, tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"exercise": "squat", "results": ["records"]}
    run, other = (Run(tmp_path / name, source, **chosen) for name in "ab")
    media = Media()
    for each in (run, other):
        media.begin(each.request, b"")
        step = 0
        while not media.step({**each.request, "step": step}, b"").fields["finished"]:
            step += 1
    media.finish(other.request, b"")
    process = MediaProcess("posemill.jobs.media", {}, limits=Limits(4 << 30))
    try:
        for limit_s in (0.02, 0.1, 0.3):
            process.start()
            with suppress(WorkerError):
                process.ask({"do": "finish", **run.request}, timeout_s=limit_s)
        process.ask({"do": "finish", **run.request}, timeout_s=60)
    finally:
        process.close()
    assert run.results() == other.results()


def test_without_the_option_there_is_none(source: Path, tmp_path: Path) -> None:
    made = Run(tmp_path / "a", source, results=["records"]).all(Media())
    assert "analysis.json" not in made
    assert "counts" not in json.loads(made["summary.json"])


def test_squats_are_counted(tmp_path: Path) -> None:
    path = write_records(tmp_path / "records.jsonl", clip_of(again(squat())))
    told = write_counts(path, tmp_path / "analysis.json", "squat")
    (person,) = told["counts"]
    assert (person["id"], person["count"], person["between"]) == (0, 3, [3, 3])
    assert json.loads((tmp_path / "analysis.json").read_text())["people"][0]["count"] == 3


def test_what_can_not_be_counted_costs_no_other_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target = tmp_path / "records.jsonl", tmp_path / "analysis.json"
    write_records(path, [])
    assert write_counts(path, target, "squat") == {"counts": []}

    def too_much(*_: object) -> None:
        raise MemoryError

    target.unlink()
    monkeypatch.setattr(analysis_module, "motions", too_much)
    assert write_counts(path, target, "squat") == {
        "problem": "squat could not be counted: the video is too long for it."
    }
    path.write_text("nonsense\n")
    assert "could not be counted" in write_counts(path, target, "squat")["problem"]
    assert not target.exists()
