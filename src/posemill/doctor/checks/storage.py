"""The data folder and the database: writable, with room, and with locks that hold."""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from posemill.config import data_folder
from posemill.doctor.checks.engine import TRIAL
from posemill.doctor.checks.machine import MIB
from posemill.doctor.checks.whereabouts import user
from posemill.doctor.child import ask
from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.premises import Premises

# Where locks of files may not hold between machines, and sometimes not on one.
_NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afpfs", "ceph")
_PROBE_BYTES: Final = MIB
_CLOCKS_APART_S: Final = 2.0


def data_dir(given: Premises) -> Iterator[Finding]:
    """Write into the data folder, or beside where it will be, and lock an SQLite file there."""
    settings = given.settings
    folder = data_folder(settings)
    there = _existing(folder)
    free = shutil.disk_usage(there).free
    try:
        with tempfile.TemporaryDirectory(prefix=".posemill-doctor-", dir=there) as scratch:
            path = Path(scratch)
            with (path / "probe").open("wb") as file:
                file.write(bytes(_PROBE_BYTES))
                os.fsync(file.fileno())
            apart_s = (path / "probe").stat().st_mtime - time.time()
            locks = _locks_hold(path / "probe.sqlite")
    except OSError as error:
        yield _not_writable(folder, there, error)
        return
    if free < settings.min_free_space:
        yield failed(
            "no_room",
            Words(
                f"{folder}: {_gib(free)} free, less than min_free_space "
                f"({_gib(settings.min_free_space)}): "
                "uploads are refused",
                f"{folder}：剩余 {_gib(free)}，低于 min_free_space（"
                f"{_gib(settings.min_free_space)}）：将拒绝上传",
            ),
            Words(
                "Make room, choose another disk with --data-dir, or lower min_free_space.",
                "请清理磁盘，用 --data-dir 换一块磁盘，或降低 min_free_space。",
            ),
        )
    kind = _file_system(there)
    yield from _locking(folder, kind, is_sqlite=settings.database_url is None, holds=locks)
    if abs(apart_s) > _CLOCKS_APART_S:
        yield warning(
            "clocks_apart",
            Words(
                f"The file server's clock is {apart_s:+.0f} s from this one",
                f"文件服务器的时钟与本机相差 {apart_s:+.0f} 秒",
            ),
            Words("Keep both by NTP.", "请在两端都启用 NTP 同步。"),
        )
    is_new = "" if folder.exists() else " (will be made)"
    is_new_zh = "" if folder.exists() else "（将自动创建）"
    if free >= settings.min_free_space:
        yield good(
            "data_dir",
            f"{folder}{is_new}: {user()} may write, {_gib(free)} free, on {kind or 'a local disk'}",
            f"{folder}{is_new_zh}：用户 {user()} 可写，剩余 {_gib(free)}，位于 "
            f"{kind or '本地磁盘'}",
        )


def database(given: Premises) -> Iterator[Finding]:
    """Connect to the database of the settings, where there is one."""
    url = given.settings.database_url
    if url is None:
        yield skipped("sqlite", "SQLite, in the data folder", "使用数据目录中的 SQLite")
        return
    answer = ask(TRIAL, "postgresql", given={"url": url}, patience_s=30)
    if answer.found is None:
        said = _without_secret(answer.failure, url)
        yield failed(
            "no_database",
            Words(
                f"database_url can't be reached: {said}",
                f"无法连接 database_url：{said}",
            ),
            Words(
                "Is PostgreSQL up, and are host, port, user, password and database of the address "
                "right? From a container, localhost is the container itself.",
                "请确认 PostgreSQL 已启动，且地址中的主机、端口、用户、密码与库名正确；"
                "在容器内 localhost 指容器自身。",
            ),
        )
        return
    version = answer.found["version"]
    if not answer.found["may_create"]:
        yield failed(
            "database_denied",
            Words(
                f"PostgreSQL {version}: this user may not create schemas in the database",
                f"PostgreSQL {version}：该用户无权在库中创建模式（schema）",
            ),
            Words(
                "grant create on database NAME to USER;", "grant create on database 库名 to 用户;"
            ),
        )
        return
    yield good("database", f"PostgreSQL {version} answers", f"PostgreSQL {version} 已连通")


def _locking(folder: Path, kind: str, *, is_sqlite: bool, holds: bool) -> Iterator[Finding]:
    if not is_sqlite:
        return
    fix = Words(
        "Put data_dir on a local disk, or give jobs a PostgreSQL: --database-url.",
        "请将 data_dir 放在本地磁盘，或为任务使用 PostgreSQL：--database-url。",
    )
    if not holds:
        yield failed(
            "no_locks",
            Words(
                f"{folder}: one process doesn't see the other's lock on an SQLite file "
                f"({kind or 'file system unknown'})",
                f"{folder}：一个进程看不到另一个进程对 SQLite 文件的锁（{kind or '文件系统未知'}）",
            ),
            fix,
        )
    elif kind in _NETWORK:
        yield warning(
            "network_disk",
            Words(
                f"{folder} is on {kind}: SQLite's locks hold here, but not between machines",
                f"{folder} 位于 {kind}：SQLite 锁在本机有效，但跨机器无效",
            ),
            fix,
        )


def _locks_hold(path: Path) -> bool:
    """Whether another process sees a lock on an SQLite file. OSError where none can be made."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("create table probe (one integer)")
            connection.execute("begin immediate")
            answer = ask(TRIAL, "lock", given={"path": str(path)}, patience_s=30)
            return answer.found is not None and bool(answer.found["is_seen"])
    except sqlite3.OperationalError:  # as on a file system without any locks
        return False


def _not_writable(folder: Path, there: Path, error: OSError) -> Finding:
    reason = error.strerror or str(error)
    who = user()
    if not os.access(there, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        fix = Words("Choose another folder: --data-dir.", "请用 --data-dir 另选目录。")
    else:
        give = f"chown -R {who}" if folder == there else f"install -d -o {who}"
        fix = Words(
            f"sudo {give} {folder}, or choose another folder with --data-dir; in a container "
            "with a read-only root, mount a volume there.",
            f"sudo {give} {folder}，或用 --data-dir 另选目录；根文件系统只读的容器中请在此挂载卷。",
        )
    return failed(
        "not_writable",
        Words(
            f"{there}: {who} can't write there: {reason}",
            f"{there}：用户 {who} 无法写入：{reason}",
        ),
        fix,
    )


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    # Path.is_dir raises where a folder above may not be entered.
    return next(each for each in (folder, *folder.parents) if os.path.isdir(each))  # noqa: PTH112


def _file_system(path: Path) -> str:
    """Return the kind of the file system behind ``path``, as `nfs4`; empty where unknown."""
    import psutil  # noqa: PLC0415

    best, kind = -1, ""
    for each in psutil.disk_partitions(all=True):
        mount = Path(each.mountpoint)
        if path.is_relative_to(mount) and len(mount.parts) > best:
            best, kind = len(mount.parts), each.fstype
    return kind


def _without_secret(said: str, url: str) -> str:
    secret = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return said.replace(secret, "***") if secret else said


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"
