"""The data folder belongs to its owner alone, whoever makes it, and stays open to our processes."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fakes_service import served, settings_for
from finished_jobs import FinishedJobs, analysis_lanes, clip_of
from movements import again, squat
from posemill.alerts import AlertStore
from posemill.config import Settings
from posemill.config.places import make_private
from posemill.exercises.templates import Templates
from posemill.jobs import Jobs
from posemill.jobs.heartbeats import Slot
from posemill.streams.added import write_added
from posemill.streams.files import HourlyRecords

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def work(data: Path) -> None:
    with Slot(data / "workers"):
        pass


def record(data: Path) -> None:
    records = HourlyRecords(data / "streams" / "door")
    records.begin({})
    records.write("{}")
    records.close()


MAKERS: dict[str, Callable[[Path], object]] = {
    "jobs": lambda data: Jobs(Settings(data_dir=str(data))).close(),
    "workers": work,
    "alerts": lambda data: AlertStore(data / "alerts").close(),
    "templates": lambda data: Templates(data / "templates").save("squat", "{}"),
    "streams": record,
    "streams/": lambda data: write_added(data / "streams", []),
}


@pytest.mark.parametrize("name", MAKERS)
def test_whoever_makes_it_makes_it_for_its_owner_alone(tmp_path: Path, name: str) -> None:
    data = tmp_path / "srv" / "data"
    MAKERS[name](data)
    assert [rights(folder) for folder in (data, data / name)] == [0o700, 0o700]
    assert all(rights(Path(folder)) == 0o700 for folder, *_ in os.walk(data))


@pytest.mark.parametrize("name", MAKERS)
def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    for folder in (data, data / name):
        folder.mkdir()
        folder.chmod(0o2775)
    MAKERS[name](data)
    assert [rights(folder) for folder in (data, data / name)] == [0o2775, 0o2775]


def test_it_may_be_made_by_two_at_once_and_a_file_is_in_the_way(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b")
    make_private(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "b"):
        with pytest.raises(OSError):
            make_private(path)


def test_confined_processes_reach_what_is_in_it(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data")
    jobs = FinishedJobs(settings)
    job = jobs.place(clip_of(again(squat())))
    with (
        analysis_lanes() as lanes,
        served(settings, jobs, analysis=lanes) as address,
        httpx.Client(base_url=f"{address}/api/v1", timeout=60) as client,
    ):
        made = client.post("/templates", json={"name": "squat", "jobs": [job]})
        assert made.status_code == 201, made.text
        assert client.get(f"/jobs/{job}/score?template=squat").json()["kind"] == "score"
    assert rights(tmp_path / "data") == rights(tmp_path / "data" / "templates") == 0o700
