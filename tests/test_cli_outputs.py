"""Addresses and --out values become jobs; what makes no sense is refused before any work."""

import os
from pathlib import Path

import pytest
from PIL import Image

from posemill.cli.outputs import PICTURES, RECORDS, STDOUT, VIDEOS, Job, jobs, targets
from posemill.errors import SourceError, UsageError
from privileges import locked


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)
    return name


def planned(addresses: list[str], *outs: str, transparent: bool = False) -> list[Job]:
    failures: list[SourceError] = []
    listed = jobs(addresses, targets(outs, transparent=transparent), failures)
    assert not failures
    return listed


def names(addresses: list[str], *outs: str) -> list[list[str]]:
    return [[str(stem) for stem in job.stems] for job in planned(addresses, *outs)]


def test_suffixes_are_those_of_the_sinks() -> None:
    from posemill.sinks import SUFFIXES

    assert set(SUFFIXES) == {*RECORDS, *PICTURES, *VIDEOS}


def test_without_out_records_go_to_stdout() -> None:
    assert targets([], transparent=False).records == (STDOUT,)


def test_outs_are_sorted_by_what_they_are(folder: Path) -> None:
    (folder / "there.d").mkdir()
    found = targets(
        ["a.CSV", "-", "b.jpg", "c.mp4", "there.d", "new.d/", "plain"], transparent=False
    )
    assert found.records == (Path("a.CSV"), STDOUT)
    assert found.copies == (Path("b.jpg"), Path("c.mp4"))
    assert found.folders == (Path("there.d"), Path("new.d"), Path("plain"))


@pytest.mark.parametrize(
    ("outs", "transparent", "message"),
    [
        (["a.gif"], False, r"a.gif: .gif is not known; known are .jsonl .json .csv .jpg"),
        (["a.csv", "./a.csv"], False, "given twice"),
        (["a.jpg"], True, r"a.jpg: .jpg can't be transparent; use .png or .webp"),
        (["a.mp4"], True, "can't be transparent"),
        ([""], False, "--out '' names nothing; give a file or a folder"),
        ([".csv"], False, r"--out .csv is a suffix only; add a name, as in --out result.csv"),
        (["out/.JPG"], False, "is a suffix only"),
    ],
)
def test_bad_outs(outs: list[str], transparent: bool, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        targets(outs, transparent=transparent)


def test_a_folder_gets_records_and_a_copy_of_each() -> None:
    (job,) = planned([picture("photos/x.jpg")], "out/")
    assert job.paths("picture", transparent=False) == [Path("out/x.jsonl"), Path("out/x.pose.jpg")]
    assert job.paths("picture", transparent=True)[1] == Path("out/x.pose.png")
    assert job.paths("video", transparent=True)[1] == Path("out/x.pose.mp4")


@pytest.mark.parametrize(
    ("name", "copy"), [("a.JPEG", "a.pose.jpeg"), ("a.tiff", "a.pose.png"), ("a", "a.pose.png")]
)
def test_copies_of_pictures_keep_a_suffix_that_can_be_written(name: str, copy: str) -> None:
    (job,) = planned([name], "out/")
    assert job.paths("picture", transparent=False)[1] == Path("out") / copy


def test_subfolders_are_kept_and_like_names_told_apart() -> None:
    for name in ("p/a.jpg", "p/a.png", "p/b/a.jpg", "q/a.jpg", "q/A.jpg"):
        picture(name)
    assert names(["p"], "out/") == [["out/a"], ["out/a.png"], ["out/b/a"]]
    assert names(["p/a.jpg", "p/a.png", "q/a.jpg"], "out/") == [
        ["out/a"],
        ["out/a.png"],
        ["out/a.jpg"],
    ]
    assert names(["p/a.jpg", "p/b/a.jpg", "q/a.jpg"], "o1/", "o2/")[2] == [
        "o1/a.jpg-2",
        "o2/a.jpg-2",
    ]
    assert len({name[0].casefold() for name in names(["q"], "out/")}) == 2


def test_records_of_a_folder_never_take_the_name_of_another_out() -> None:
    picture("a.jpg")
    assert names(["a.jpg"], "out/", "out/a.jsonl") == [["out/a.jpg"]]


def test_a_source_given_twice_is_one() -> None:
    picture("p/a.jpg")
    assert len(planned(["p/a.jpg", "p", "p/../p/a.jpg", "p/*.jpg"])) == 1


def test_the_out_folder_is_no_source() -> None:
    for name in ("p/a.jpg", "p/out/b.jpg", "p/out2/c.jpg"):
        picture(name)
    assert names(["p"], "p/out", "p/out2/") == [["p/out/a", "p/out2/a"]]


def test_the_out_folder_may_be_the_folder_of_the_sources() -> None:
    for name in ("p/a.jpg", "p/a.pose.jpg"):
        picture(name)
    assert names(["p"], "p") == [["p/a"]]
    assert names(["p/*.jpg"], "p") == [["p/a"]]


def test_an_address_with_nothing_behind_it_spares_the_others(folder: Path) -> None:
    picture("a.jpg")
    (folder / "empty").mkdir()
    failures: list[SourceError] = []
    listed = jobs(["empty", "a.jpg", "*.nothing"], targets([], transparent=False), failures)
    assert [job.address for job in listed] == [Path("a.jpg")]
    assert len(failures) == 2
    assert "empty" in str(failures[0])


def test_a_copy_takes_one_source() -> None:
    picture("a.jpg")
    picture("b.jpg")
    with pytest.raises(UsageError, match=r"x.jpg takes one source, not 2; give a folder"):
        planned(["a.jpg", "b.jpg"], "x.jpg")


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_a_source_is_never_overwritten(link: object) -> None:
    source = out = picture("a.jpg")
    if callable(link):
        link("a.jpg", out := "b.jpg")
    with pytest.raises(UsageError, match="overwrite the source"):
        planned([source], out)


def test_a_source_that_is_called_like_a_copy_is_not_overwritten() -> None:
    picture("a.jpg")
    picture("a.pose.jpg")
    with pytest.raises(UsageError, match=r"overwrite the source a.pose.jpg"):
        planned(["a.jpg", "a.pose.jpg"], ".")


def test_a_source_that_is_called_like_records_is_not_overwritten() -> None:
    Path(picture("a.jpg")).rename("a.jsonl")
    with pytest.raises(UsageError, match=r"overwrite the source a.jsonl"):
        planned(["a.jsonl"], ".")


def test_a_source_that_records_link_to_is_not_overwritten() -> None:
    for name in ("a.jpg", "b.jpg"):
        picture(name)
    Path("out").mkdir()
    Path("out/b.jsonl").symlink_to("../a.jpg")
    with pytest.raises(UsageError, match=r"overwrite the source out/b.jsonl"):
        planned(["a.jpg", "b.jpg"], "out")


def test_a_folder_may_be_called_like_a_suffix(folder: Path) -> None:
    (folder / ".csv").mkdir()
    assert targets([".csv"], transparent=False).folders == (Path(".csv"),)
    assert targets([".json/"], transparent=False).folders == (Path(".json"),)


def test_what_cant_be_looked_at_is_left_to_whoever_opens_it(folder: Path) -> None:
    (folder / "locked").mkdir()
    addresses = ["locked/a.jpg", "a" * 300, "b" * 300 + ".jpg"]
    outs = ["locked/x.csv", "locked/x/", "c" * 300, "d" * 300 + ".json"]
    with locked(folder / "locked"):
        assert [str(job.address) for job in planned(addresses, *outs)] == addresses
        found = targets(outs, transparent=False)
    assert found.records == (Path(outs[0]), Path(outs[3]))
    assert found.folders == (Path(outs[1]), Path(outs[2]))


def test_a_pattern_in_a_locked_folder_spares_the_others(folder: Path) -> None:
    picture("a.jpg")
    (folder / "locked").mkdir()
    failures: list[SourceError] = []
    with locked(folder / "locked"):
        listed = jobs(["locked/*.jpg", "a.jpg"], targets([], transparent=False), failures)
    assert [job.address for job in listed] == [Path("a.jpg")]
    assert len(failures) == 1
