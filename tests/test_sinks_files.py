"""Files appear whole or not at all, and why they can't be written is said in one sentence."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fakes import fake_pose
from posemill.errors import SinkError, UsageError
from posemill.records import header
from posemill.sinks import SUFFIXES, Sink, open_sink
from posemill.types import Frame, FramePoses, SourceInfo
from privileges import locked

INFO = SourceInfo("clip.mp4", "video", 320, 240, 25.0)
HEADER = header(INFO, model="full", engine="openvino", precision="f32")
NOISE = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
every_suffix = pytest.mark.parametrize("suffix", list(SUFFIXES))


def write(sink: Sink, count: int) -> None:
    for index in range(count):
        frame = Frame(np.roll(NOISE, 7 * index, axis=1), index, index / 25)
        poses = FramePoses(index, index / 25, (320, 240), (fake_pose(frame),))
        sink.write(poses, frame.pixels if sink.wants_picture else None)


@every_suffix
def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("older")
    sink = open_sink(path, INFO, HEADER)
    write(sink, 1)
    assert path.read_text() == "older"
    (part,) = set(tmp_path.iterdir()) - {path}
    assert part.name == f".out{suffix}.{os.getpid()}.part"
    sink.finish()
    assert path.stat().st_size > 100
    assert list(tmp_path.iterdir()) == [path]
    sink.discard()
    assert path.exists()


@every_suffix
@pytest.mark.parametrize("count", [0, 1])
def test_what_is_discarded_leaves_nothing(tmp_path: Path, suffix: str, count: int) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("older")
    sink = open_sink(path, INFO, HEADER)
    write(sink, count)
    sink.discard()
    sink.discard()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "older"


@every_suffix
def test_a_missing_folder_is_named(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SinkError, match=r"there is no folder .*missing; create it"):
        open_sink(tmp_path / "missing" / f"out{suffix}", INFO, HEADER)
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match=r"there is no folder .*file"):
        open_sink(tmp_path / "file" / f"out{suffix}", INFO, HEADER)


@every_suffix
def test_a_folder_is_no_file(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / f"out{suffix}"
    folder.mkdir()
    with pytest.raises(SinkError, match="is a folder"):
        open_sink(folder, INFO, HEADER)
    assert list(tmp_path.iterdir()) == [folder]


@every_suffix
def test_a_folder_that_appears_meanwhile_is_reported(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    sink = open_sink(path, INFO, HEADER)
    write(sink, 1)
    path.mkdir()
    with pytest.raises(SinkError, match="can't be written: Is a directory"):
        sink.finish()
    assert list(tmp_path.iterdir()) == [path]


@every_suffix
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_without_permission(tmp_path: Path, suffix: str, mode: int) -> None:
    denied = pytest.raises(SinkError, match="can't be written: Permission denied")
    with locked(tmp_path, mode), denied:
        open_sink(tmp_path / f"out{suffix}", INFO, HEADER)


@every_suffix
def test_a_name_that_no_file_system_takes(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SinkError, match="can't be written: File name too long"):
        open_sink(tmp_path / f"{'a' * 300}{suffix}", INFO, HEADER)


@every_suffix
def test_a_file_system_that_takes_no_files(suffix: str) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs /proc, where nobody can create files")
    with pytest.raises(SinkError, match=r"^/proc/self/out.*: can't be written: .+\.$"):
        open_sink(Path("/proc/self") / f"out{suffix}", INFO, HEADER)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@every_suffix
@pytest.mark.parametrize("size", [0, 1, 50_000])
def test_output_beyond_a_limit_is_reported(tmp_path: Path, suffix: str, size: int) -> None:
    sink = open_sink(tmp_path / f"out{suffix}", INFO, HEADER)
    if suffix in (".jpg", ".jpeg", ".webp"):
        size = min(size, 20_000)
    with largest_file(size), pytest.raises(SinkError, match=r"out\.\w+: can't be .*too large\.$"):
        write_all(sink)
    sink.discard()
    assert list(tmp_path.iterdir()) == []


@every_suffix
def test_a_full_disk_is_reported(tmp_path: Path, suffix: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=24k", "tmpfs", str(disk)]
    if (
        os.geteuid()
        or subprocess.run(["mount", *options], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    try:
        sink = open_sink(disk / f"out{suffix}", INFO, HEADER)
        with pytest.raises(SinkError, match="can't be written: No space left on device"):
            write_all(sink)
        sink.discard()
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def write_all(sink: Sink) -> None:
    holds_one = sink.path.suffix in (".jpg", ".jpeg", ".png", ".webp")
    write(sink, 1 if holds_one else 60)
    sink.finish()


@pytest.mark.parametrize("name", ["out.txt", "out", "out.mp4.bak", ".jsonl"])
def test_an_unknown_suffix_is_refused_with_those_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.jsonl \.json \.csv \.jpg .*\.mp4"):
        open_sink(tmp_path / name, INFO, HEADER)
    assert list(tmp_path.iterdir()) == []


@every_suffix
def test_a_link_is_followed(tmp_path: Path, suffix: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / f"out{suffix}"
    link.symlink_to(elsewhere / "target")
    sink = open_sink(link, INFO, HEADER)
    write(sink, 1)
    sink.finish()
    assert link.is_symlink()
    assert [path.name for path in elsewhere.iterdir()] == ["target"]


@every_suffix
@pytest.mark.parametrize(
    "name", ["a" * 240, "ü" * 120, "100% a:b'c\"", b"caf\xe9".decode(errors="surrogateescape")]
)
def test_names_may_be_long_or_odd(tmp_path: Path, suffix: str, name: str) -> None:
    path = tmp_path / f"{name}{suffix}"
    sink = open_sink(path, INFO, HEADER)
    write(sink, 1)
    sink.finish()
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_size > 100


def test_two_sinks_and_a_leftover_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    leftover = tmp_path / f".out.jsonl.{os.getpid()}.part"
    leftover.write_text("of a process that was killed")
    first, second = open_sink(path, INFO, HEADER), open_sink(path, INFO, HEADER)
    write(first, 3)
    write(second, 1)
    first.finish()
    second.finish()
    assert len(path.read_text().splitlines()) == 2
    assert leftover.read_text() == "of a process that was killed"


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_pictures_and_videos_hold_one_source(tmp_path: Path, suffix: str) -> None:
    sink = open_sink(tmp_path / f"out{suffix}", INFO, HEADER)
    with pytest.raises(UsageError, match="one source only"):
        sink.begin(INFO, HEADER)
    with pytest.raises(SinkError, match="there was no"):
        sink.finish()
    assert list(tmp_path.iterdir()) == []
