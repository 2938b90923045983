"""From addresses to files: folders, globs, order, and what is no regular file."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.errors import BrokenSource, SourceError, SourceNotFound, UnsupportedSource
from posemill.sources import expand, open_source
from posemill.sources.files import natural_key, shown
from posemill.sources.live import live_address


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(found: list[str | Path], root: Path) -> list[str]:
    return [Path(path).relative_to(root).as_posix() for path in found]


def test_a_folder_gives_media_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "b10.jpg", "b9.JPG", "a/2.mp4", "a/10.mp4", "README.md", "notes.txt", "c.pdf")
    assert names(expand([str(tmp_path)]), tmp_path) == ["a/2.mp4", "a/10.mp4", "b9.JPG", "b10.jpg"]


def test_hidden_files_outputs_and_the_excluded_folder_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", ".b.jpg", ".hidden/c.jpg", "a.pose.jpg", "v.pose.mp4", "out/d.jpg")
    assert names(expand([tmp_path], exclude=tmp_path / "out"), tmp_path) == ["a.jpg"]
    assert names(expand([str(tmp_path / "**/*.jpg")], exclude=tmp_path / "out"), tmp_path) == [
        "a.jpg"
    ]


def test_an_output_named_outright_is_a_source(tmp_path: Path) -> None:
    touch(tmp_path, "a.pose.jpg")
    assert names(expand([str(tmp_path / "a.pose.jpg")]), tmp_path) == ["a.pose.jpg"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path, "sub/a.jpg")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert names(expand([str(tmp_path)]), tmp_path) == ["sub/a.jpg"]


def test_a_link_to_nowhere_is_reported_when_opened(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    (found,) = expand([str(tmp_path)])
    with pytest.raises(SourceNotFound):
        open_source(found)


def test_a_glob_is_expanded_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "f2.jpg", "f10.jpg", "f1.txt", "g.png")
    assert names(expand([str(tmp_path / "f*")]), tmp_path) == ["f2.jpg", "f10.jpg"]
    assert names(expand([str(tmp_path / "*.txt")]), tmp_path) == ["f1.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].jpg", "a1.jpg")
    assert names(expand([str(tmp_path / "a[1].jpg")]), tmp_path) == ["a[1].jpg"]


def test_nothing_is_taken_twice_and_the_order_asked_for_is_kept(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    asked = [str(tmp_path / "b.jpg"), str(tmp_path), str(tmp_path / "." / "b.jpg")]
    assert names(expand(asked), tmp_path) == ["b.jpg", "a.jpg"]


def test_a_folder_without_media_and_a_glob_without_matches_are_errors(tmp_path: Path) -> None:
    touch(tmp_path, "README.md")
    with pytest.raises(SourceError, match="no pictures or videos"):
        expand([str(tmp_path)])
    with pytest.raises(SourceNotFound, match="nothing matches"):
        expand([str(tmp_path / "*.jpg")])


def test_missing_files_pass_so_that_the_others_are_done(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    found = expand([str(tmp_path / "missing.jpg"), str(tmp_path / "a.jpg")])
    assert names(found, tmp_path) == ["missing.jpg", "a.jpg"]
    with pytest.raises(SourceNotFound, match=r"missing\.jpg: there is no such file"):
        open_source(found[0])


@pytest.mark.parametrize("address", ["rtsp://camera/1", "http://x/a.mp4", "HTTPS://x", "0", "12"])
def test_live_addresses_pass_as_they_are(address: str) -> None:
    assert expand([address]) == [address]


def test_schemes_that_are_no_live_sources_are_refused_without_their_password() -> None:
    with pytest.raises(
        UnsupportedSource, match=r"ftp://host/a\.mp4\?\.\.\.: ftp:// is no live source"
    ):
        live_address("ftp://user:hush@host/a.mp4?key=hush")
    with pytest.raises(BrokenSource, match="ftp:// is no live source") as raised:
        open_source("ftp://user:hush@host/a.mp4?key=hush")
    assert "hush" not in str(raised.value)


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(BrokenSource, match="camera"):
        open_source("987")


def test_a_file_called_like_a_camera_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("0").write_bytes(b"text")
    assert expand(["0"]) == [Path("0")]


def refusal(address: str | Path) -> str:
    """Open ``address`` in a thread, so that a hang fails the test rather than stops it."""
    said: list[str] = []

    def attempt() -> None:
        try:
            open_source(address)
        except SourceError as error:
            said.append(str(error))

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(5)
    assert said, "hung, or was not refused"
    return said[0]


def test_pipes_sockets_devices_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not a regular file" in refusal(tmp_path / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.jpg"))
        assert "can't be read" in refusal(tmp_path / "s.jpg")
    assert "not a regular file" in refusal("/dev/null")
    assert "is a folder" in refusal(tmp_path)


def test_what_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceError, match=r"a\.jpg: can't be read: permission denied\."):
        open_source(tmp_path / "a.jpg")


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Act as somebody who may not read everything; the superuser lays that down meanwhile."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that nobody may look into, relative to the current one."""
    touch(tmp_path, "locked/photo.jpg", "photo.jpg")
    (tmp_path / "locked").chmod(0)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    yield Path("locked")
    (tmp_path / "locked").chmod(0o700)


@pytest.mark.parametrize("name", ["locked/photo.jpg", "locked/[1].jpg"])
def test_a_locked_folder_is_a_source_error(locked: Path, name: str) -> None:
    with ordinary_user(), pytest.raises(SourceError, match=r"can't be read: permission denied\.$"):
        for address in expand([name], exclude=locked / "out"):
            open_source(address)


@pytest.mark.parametrize("pattern", ["locked/*.jpg", "locked/**/*", "locked/a/*.jpg"])
def test_a_pattern_in_a_locked_folder_says_why_nothing_matches(locked: Path, pattern: str) -> None:
    with ordinary_user(), pytest.raises(SourceError) as caught:
        expand([pattern])
    assert str(caught.value) == f"{pattern}: can't be read: permission denied."


def test_a_locked_folder_below_spares_the_others(locked: Path) -> None:
    assert locked.is_dir()
    with ordinary_user():
        assert expand(["."]) == [Path("locked"), Path("photo.jpg")]
        assert expand(["*.jpg"]) == [Path("photo.jpg")]


def test_a_current_folder_that_is_gone_is_a_source_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for address in (".", "*", "*.jpg"):
        with pytest.raises(SourceError):
            expand([address], exclude=Path("out"))


def test_whatever_else_the_system_refuses_is_a_source_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.jpg")

    def fail(*_: object, **__: object) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fstat", fail)
    with pytest.raises(SourceError, match=r"a\.jpg: can't be read: input/output error\.$"):
        open_source(tmp_path / "a.jpg")
    monkeypatch.undo()
    monkeypatch.setattr(os.path, "lexists", fail)
    with pytest.raises(SourceError, match=r"a\.jpg: can't be read: input/output error\.$"):
        expand([tmp_path / "a.jpg"])


def test_a_file_whose_first_bytes_can_not_be_read() -> None:
    path = Path("/proc/self/mem")
    if not path.exists():
        pytest.skip("needs /proc, whose mem can be opened but not read from 0")
    with pytest.raises(SourceError, match=r"^/proc/self/mem: can't be read: input/output error\.$"):
        open_source(path)


@pytest.mark.parametrize(
    "name", ["", "a\0b.jpg", "x" * 300, "x" * 5000 + ".jpg", "y" * 300 + "/a.jpg", "\ud800.jpg"]
)
def test_impossible_names_are_source_errors(name: str) -> None:
    (address,) = expand([name])
    with pytest.raises(SourceError):
        open_source(address)


def test_a_name_with_a_line_break_is_told_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines 中文.jpg"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match="is empty") as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    assert "two\\nlines 中文.jpg: is empty" in str(caught.value)


@given(st.text())
def test_shown_names_are_one_printable_line(name: str) -> None:
    assert shown(name).isprintable()


@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), unique=True))
def test_natural_order_is_a_total_order(parts: list[str]) -> None:
    paths = [Path(part) for part in parts]
    backwards = paths[::-1]
    keys = [natural_key(path) for path in sorted(paths, key=natural_key)]
    assert keys == [natural_key(path) for path in sorted(backwards, key=natural_key)]
    assert keys == sorted(keys)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_in_names_sort_as_numbers(one: int, other: int) -> None:
    assert (natural_key(Path(f"f{one}.jpg")) < natural_key(Path(f"f{other}.jpg"))) == (one < other)
