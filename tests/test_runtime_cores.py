"""How many cores a process has, by affinity and by the quotas of its control groups."""

import os
from pathlib import Path

import pytest

from posemill import cores
from posemill.assemble import threads_beside_drawing
from posemill.cores import usable_cores


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `self` (of /proc) and `mount` (/sys/fs/cgroup), and eight cores."""
    monkeypatch.setattr(cores, "_GROUPS_OF", tmp_path / "self")
    monkeypatch.setattr(cores, "_MOUNT", tmp_path / "mount")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


V1 = "3:memory:/a\n2:cpu,cpuacct:/a/b\n1:name=systemd:/a"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"self": "0::/"}, 8),
        ({"self": "0::/", "mount/cpu.max": "max 100000"}, 8),
        ({"self": "0::/", "mount/cpu.max": "200000 100000"}, 2),
        ({"self": "0::/", "mount/cpu.max": "150000 100000"}, 2),
        ({"self": "0::/", "mount/cpu.max": "10000 100000"}, 1),
        ({"self": "0::/", "mount/cpu.max": "1600000 100000"}, 8),
        ({"self": "0::/", "mount/cpu.max": "nonsense"}, 8),
        # The group above counts too, and where a container knows its path on the host only.
        ({"self": "0::/a/b", "mount/a/cpu.max": "300000 100000"}, 3),
        ({"self": "0::/host/path", "mount/cpu.max": "400000 100000"}, 4),
        (
            {
                "self": "0::/a/b",
                "mount/a/cpu.max": "300000 100000",
                "mount/a/b/cpu.max": "500000 100000",
            },
            3,
        ),
        (
            {
                "self": V1,
                "mount/cpu,cpuacct/a/b/cpu.cfs_quota_us": "250000",
                "mount/cpu,cpuacct/a/b/cpu.cfs_period_us": "50000",
            },
            5,
        ),
        (
            {
                "self": V1,
                "mount/cpu/cpu.cfs_quota_us": "100000",
                "mount/cpu/cpu.cfs_period_us": "50000",
            },
            2,
        ),
        (
            {
                "self": V1,
                "mount/cpu/cpu.cfs_quota_us": "-1",
                "mount/cpu/cpu.cfs_period_us": "100000",
            },
            8,
        ),
    ],
)
def test_quotas_count(files: dict[str, str], expected: int, linux: Path) -> None:
    write(linux, files)
    assert usable_cores() == expected
    assert threads_beside_drawing() == max(1, expected // 2)


def test_affinity_counts(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(linux, {"self": "0::/", "mount/cpu.max": "400000 100000"})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5}, raising=False)
    assert usable_cores() == 1


def test_systems_without_affinity_or_groups(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1
