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
