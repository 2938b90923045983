"""What people do, asked of the service: the answers, and whatever may be wrong with a question."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jsonschema_rs
import pytest

from everyday_moves import FALLS
from fakes_service import served, settings_for
from finished_jobs import FinishedJobs, analysis_lanes, clip_of
from movements import again, squat
from posemill.server.app import api

NOBODY = "A" * 22


@dataclass
class Asked:
    """A service with real analyses, and its jobs."""

    client: httpx.Client
    jobs: FinishedJobs

    def job(self, job_id: str, what: str, **query: Any) -> httpx.Response:
        return self.client.get(f"/api/v1/jobs/{job_id}/{what}", params=query)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    settings = settings_for(tmp_path_factory.mktemp("analysis"))
    jobs = FinishedJobs(settings)
    with (
        analysis_lanes() as lanes,
        served(settings, jobs, analysis=lanes) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield Asked(client, jobs)


@pytest.fixture(scope="module")
def squats(service: Asked) -> str:
    return service.jobs.place(clip_of(again(squat())))


def fits(answer: httpx.Response, name: str) -> dict[str, Any]:
    """Return an answer, which must be as the documentation says."""
    assert answer.status_code in (200, 201), answer.text
    document = api().openapi()
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    found: dict[str, Any] = answer.json()
    jsonschema_rs.validate(schema, found)
    return found


def test_exercises_are_listed_in_both_languages(service: Asked) -> None:
    found = fits(service.client.get("/api/v1/exercises"), "Exercises")["exercises"]
    known = {each["name"]: each for each in found}
    assert known["squat"]["names"] == {"en": "Squat", "zh": "深蹲"}
    assert known["squat"]["sides"] == "both"
    assert len(known) >= 17


@pytest.mark.parametrize("exercise", ["squat", "auto"])
def test_repetitions_are_counted(service: Asked, squats: str, exercise: str) -> None:
    found = fits(service.job(squats, "count", exercise=exercise), "CountDocument")
    assert (found["schema"], found["kind"]) == ("posemill.analysis/1", "count")
    assert (found["source"], found["fps"], found["exercise"]) == ("clip.mp4", 20.0, exercise)
    (person,) = found["people"]
    assert (person["id"], person["count"], person["frames"]) == (0, 3, 180)
    assert [each["turn_s"] for each in person["repetitions"]] == pytest.approx(
        [1.5, 4.5, 7.5], abs=0.1
    )
    assert len(person["time_s"]) == len(person["signal"]["both"]) == 180


def test_signals_are_thinned_for_charts(service: Asked) -> None:
    long = service.jobs.place(clip_of(again(squat()), 120, 20))
    person = fits(service.job(long, "count", exercise="squat"), "CountDocument")["people"][0]
    assert person["count"] == 40
    assert 1000 < len(person["time_s"]) == len(person["signal"]["both"]) <= 2000
    assert person["time_s"][-1] == pytest.approx(120, abs=0.2)


def test_angles_over_time(service: Asked, squats: str) -> None:
    found = fits(service.job(squats, "angles"), "AnglesDocument")
    (person,) = found["people"]
    assert {"left_knee_flexion", "trunk_lean"} <= set(person["angles"])
    knee = person["angles"]["left_knee_flexion"]
    assert knee["range_of_motion"] == pytest.approx(100, abs=3)
    assert len(knee["values"]) == len(person["time_s"]) == 180
    assert abs(person["symmetry"]["knee_flexion"]) < 3
    few = fits(service.job(squats, "angles", points=50), "AnglesDocument")["people"][0]
    assert few["time_s"] == person["time_s"][::4]
    assert few["angles"]["left_knee_flexion"]["values"] == knee["values"][::4]
    assert few["angles"]["left_knee_flexion"]["max"] == knee["max"]
    some = fits(service.job(squats, "angles", names="left_knee_flexion,2d"), "AnglesDocument")
    assert some["names"][0] == "left_knee_flexion"
    assert "right_knee_angle" in some["people"][0]["angles"]


def test_what_happened(service: Asked) -> None:
    job = service.jobs.place(clip_of(FALLS["forward"], 8))
    found = fits(service.job(job, "behaviour", kinds="hands_up,fall"), "EventsDocument")
    assert (found["kind"], found["kinds"]) == ("events", ["hands_up", "fall"])
    assert [each["kind"] for each in found["events"]] == ["fall"]
    assert fits(service.job(job, "behaviour"), "EventsDocument")["kinds"][0] == "fall"


def test_a_comparison_with_itself_and_its_mirror(service: Asked, squats: str) -> None:
    found = fits(service.job(squats, f"compare/{squats}"), "ComparisonDocument")
    assert found["similarity"] == pytest.approx(100, abs=1)
    assert (found["of"], found["mirrored"], found["people"]) == ("clips", False, [[0], [0]])
    assert len(found["moments"]["a_s"]) == len(found["moments"]["joints_deg"]["left_knee"])


@pytest.mark.parametrize("what", ["count", "angles", "behaviour", f"compare/{NOBODY}"])
def test_unknown_jobs(service: Asked, squats: str, what: str) -> None:
    for job in (NOBODY, "x", "..%5c..%5cetc"):
        answer = service.job(job, what)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    other = service.job(squats, f"compare/{NOBODY}")
    assert (other.status_code, other.json()["code"]) == (404, "job_not_found")


@pytest.mark.parametrize("what", ["count", "angles", "behaviour"])
def test_jobs_that_have_nothing_yet_or_never(service: Asked, what: str) -> None:
    place = service.jobs.place
    jobs = {
        place(None, state="PENDING"): "job_not_finished",
        place(None, state="ENQUEUED"): "job_not_finished",
        place(None): "no_records",
        place(None, state="ERROR"): "no_records",
        place(clip_of(again(squat()), 1), kind="pictures"): "no_records",
    }
    for job, code in jobs.items():
        answer = service.job(job, what)
        assert (answer.status_code, answer.json()["code"]) == (409, code)


@pytest.mark.parametrize(
    ("what", "query", "said"),
    [
        ("count", {"exercise": "flying"}, "squat"),
        ("count", {"exercise": ""}, "squat"),
        ("count", {"exercise": "/etc/passwd.toml"}, "squat"),
        ("count", {"exercise": "x" * 5000}, "exercise"),
        ("angles", {"names": "left_tail"}, "left_knee_flexion"),
        ("angles", {"names": ","}, "names"),
        ("angles", {"points": "0"}, "points"),
        ("behaviour", {"kinds": "dancing"}, "fall"),
        ("behaviour", {"kinds": "angle"}, "fall"),
        ("compare", {"mirror": "perhaps"}, "mirror"),
        ("compare", {"find": "perhaps"}, "find"),
        ("compare", {"person": "-1"}, "person"),
        ("compare", {"person": "7"}, "person"),
        ("compare", {"other_person": "7"}, "other_person"),
    ],
)
def test_options_that_make_no_sense(
    service: Asked, squats: str, what: str, query: dict[str, str], said: str
) -> None:
    answer = service.job(squats, f"compare/{squats}" if what == "compare" else what, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")
    assert said in answer.json()["detail"]
    assert len(answer.text) < 4000


def test_hostile_paths_are_only_names(service: Asked, squats: str) -> None:
    for name in ("../../jobs", "..", "/etc/passwd", "a/b", "x" * 300, "", "\n", "深" * 80):
        answer = service.job(squats, "score", template=name)
        assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found"), name
        body = {"name": name, "jobs": [squats]}
        made = service.client.post("/api/v1/templates", json=body)
        assert (made.status_code, made.json()["code"]) == (422, "bad_option"), name


def test_templates_are_made_listed_shown_and_removed(service: Asked, squats: str) -> None:
    client = service.client
    body = {"name": "深蹲 1", "jobs": [squats, squats], "exercise": "squat"}
    made = client.post("/api/v1/templates", json=body)
    assert made.status_code == 201
    about = fits(made, "TemplateSummary")
    assert (about["name"], about["exercise"], about["clips"]) == ("深蹲 1", "squat", 1)
    assert (about["repetitions"], about["phases"]) == (3, ["descent", "ascent"])
    assert fits(client.get("/api/v1/templates"), "Templates")["templates"] == [about]
    assert client.post("/api/v1/templates", json=body).json()["code"] == "template_exists"
    whole = fits(client.get("/api/v1/templates/深蹲 1"), "Template")
    assert (whole["schema"], whole["name"]) == ("posemill-template/1", "深蹲 1")
    score = fits(service.job(squats, "score", template="深蹲 1"), "ScoreDocument")
    assert (score["kind"], score["template"]) == ("score", "深蹲 1")
    assert score["total"] == pytest.approx(100, abs=1)
    assert len(score["repetitions"]) == 3
    assert client.delete("/api/v1/templates/深蹲 1").status_code == 204
    for answer in (
        client.delete("/api/v1/templates/深蹲 1"),
        client.get("/api/v1/templates/深蹲 1"),
        service.job(squats, "score", template="深蹲 1"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found")
    assert client.get("/api/v1/templates").json() == {"templates": []}


def test_who_squats_worse_is_told_how_to_do_better(service: Asked, squats: str) -> None:
    made = service.client.post("/api/v1/templates", json={"name": "squat", "jobs": [squats]})
    assert made.json()["exercise"] == "squat"
    worse = service.jobs.place(clip_of(again(squat(0.6))))
    found = fits(service.job(worse, "score", template="squat"), "ScoreDocument")
    assert found["total"] < 90
    assert found["advice"]
    assert all(set(each["texts"]) == {"en", "zh"} for each in found["advice"])
    service.client.delete("/api/v1/templates/squat")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"no json", 422, "bad_body"),
        (b"[]", 422, "bad_body"),
        (b"{}", 422, "bad_body"),
        (b'{"name":"a","jobs":[]}', 422, "bad_body"),
        (b'{"name":"a","jobs":"JOB"}', 422, "bad_body"),
        (b'{"name":1,"jobs":["JOB"]}', 422, "bad_body"),
        (b'{"name":"a","jobs":[1]}', 422, "bad_body"),
        (b'{"name":"a","jobs":["JOB"],"path":"/etc"}', 422, "bad_body"),
        (b'{"name":"a","jobs":["JOB"],"exercise":"my.toml"}', 422, "bad_option"),
        (b'{"name":"\\ud800","jobs":["JOB"]}', 422, "bad_option"),
        (b'{"name":"a","jobs":["../../etc"]}', 404, "job_not_found"),
        (b'{"name":"a","jobs":["STILL"]}', 422, "not_analysable"),
    ],
)
def test_templates_that_can_not_be_made(
    service: Asked, squats: str, body: bytes, status: int, code: str
) -> None:
    still = service.jobs.place([])
    sent = body.replace(b"JOB", squats.encode()).replace(b"STILL", still.encode())
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/api/v1/templates", content=sent, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert service.client.get("/api/v1/templates").json() == {"templates": []}


def test_a_damaged_template_spares_the_others(service: Asked, squats: str) -> None:
    folder = service.jobs.folders.jobs_folder.parent / "templates"
    folder.mkdir(exist_ok=True)
    (folder / "bad.json").write_text("{}")
    try:
        (found,) = fits(service.client.get("/api/v1/templates"), "Templates")["templates"]
        assert found["name"] == "bad"
        for answer in (
            service.client.get("/api/v1/templates/bad"),
            service.job(squats, "score", template="bad"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "broken_media")
            assert str(folder) not in answer.text
        assert str(folder) not in str(found)
    finally:
        (folder / "bad.json").unlink()


def test_nobody_in_sight(service: Asked, squats: str) -> None:
    empty = service.jobs.place(clip_of({}, 3))
    assert fits(service.job(empty, "count"), "CountDocument")["people"] == []
    assert fits(service.job(empty, "angles"), "AnglesDocument")["people"] == []
    assert fits(service.job(empty, "behaviour"), "EventsDocument")["events"] == []
    for what in (f"compare/{squats}", "report"):
        answer = service.job(empty, what)
        assert (answer.status_code, answer.json()["code"]) == (422, "not_analysable")


def test_damaged_records_say_so_and_not_where_they_are(service: Asked) -> None:
    job = service.jobs.place([])
    path, _ = service.jobs.result(job, "records") or (None, "")
    assert path is not None
    path.write_text("nonsense")
    answer = service.job(job, "count")
    assert (answer.status_code, answer.json()["code"]) == (422, "broken_media")
    assert "records.jsonl" in answer.json()["detail"]
    assert str(path.parent) not in answer.text


@pytest.mark.parametrize(("asked", "word"), [({"language": "zh"}, "关节"), ({}, "Repetitions")])
def test_a_report_to_read(service: Asked, squats: str, asked: dict[str, str], word: str) -> None:
    answer = service.job(squats, "report", exercise="squat", **asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["content-disposition"] == "inline"
    assert "<script" not in answer.text
    assert "clip.mp4" in answer.text
    assert word in answer.text


def test_a_report_in_the_language_of_the_reader(service: Asked, squats: str) -> None:
    address = f"/api/v1/jobs/{squats}/report"
    answer = service.client.get(address, headers={"Accept-Language": "zh-CN"})
    assert '<html lang="zh-Hans"' in answer.text
    assert "Accept-Language" in answer.headers["vary"]
    assert service.job(squats, "report", language="fr").json()["code"] == "bad_option"


def test_what_was_analysed_is_counted(service: Asked, squats: str) -> None:
    service.job(squats, "count")
    service.job(NOBODY, "count")
    text = service.client.get("/metrics").text
    assert 'posemill_analyses_total{fate="done",kind="count"}' in text
    assert 'posemill_stage_seconds_count{stage="analysis_count"}' in text
    assert 'posemill_queue_depth{queue="analysis"} 0.0' in text
    assert 'posemill_memory_bytes{process="analysis"}' in text
