"""The data folder: writable, with room, and with locks that hold."""

import errno
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote
from typing import Final

from posemill.config import data_folder
from posemill.doctor.checks.engine import TRIAL
from posemill.doctor.checks.room import MIB
from posemill.doctor.checks.whereabouts import user
from posemill.doctor.child import ask
from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.premises import Premises

# Where locks of files may not hold between machines, and sometimes not on one.
_NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afpfs", "ceph")
_PROBE_BYTES: Final = MIB
_CLOCKS_APART_S: Final = 2.0
_FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_LONGEST: Final = 200


def data_dir(given: Premises) -> Iterator[Finding]:
    """Write into the data folder, or beside where it will be, and lock an SQLite file there."""
    settings = given.settings
    yield from _temporary()
    try:
        folder = data_folder(settings)
    except RuntimeError:  # of a user without an entry, and without HOME
        yield _no_home()
        return
    there = _existing(folder)
    barrier = _in_the_way(folder, there)
    if barrier is not None:
        yield barrier
        return
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
    is_new = "" if folder == there else " (will be made)"
    is_new_zh = "" if folder == there else "（将自动创建）"
    if free >= settings.min_free_space:
        yield good(
            "data_dir",
            f"{folder}{is_new}: {user()} may write, {_gib(free)} free, on {kind or 'a local disk'}",
            f"{folder}{is_new_zh}：用户 {user()} 可写，剩余 {_gib(free)}，位于 "
            f"{kind or '本地磁盘'}",
        )


def _locking(folder: Path, kind: str, *, is_sqlite: bool, holds: bool | None) -> Iterator[Finding]:
    if not is_sqlite:
        return
    fix = Words(
        "Put data_dir on a local disk, or give jobs a PostgreSQL: --database-url.",
        "请将 data_dir 放在本地磁盘，或为任务使用 PostgreSQL：--database-url。",
    )
    if holds is False:
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


def _locks_hold(path: Path) -> bool | None:
    """Whether another process sees a lock on an SQLite file, None where there was none to look.

    OSError where no file can be made.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("create table probe (one integer)")
            connection.execute("begin immediate")
            answer = ask(TRIAL, "lock", given={"path": str(path)}, patience_s=30)
            return None if answer.found is None else bool(answer.found["is_seen"])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        return False  # as on a file system without any locks


def _temporary() -> Iterator[Finding]:
    """Look for a folder of passing things, without which no process that decodes begins."""
    try:
        tempfile.TemporaryFile().close()
    except OSError as error:
        reason = error.strerror or str(error)
        yield failed(
            "no_temporary_folder",
            Words(
                f"There is no temporary folder that can be written: {reason}",
                f"没有可写的临时目录：{reason}",
            ),
            Words(
                "Docker: --tmpfs /tmp; Kubernetes: an emptyDir mounted at /tmp; elsewhere: set "
                "TMPDIR to a folder that can be written.",
                "Docker：--tmpfs /tmp；Kubernetes：在 /tmp 挂载 emptyDir；"
                "其他环境：将 TMPDIR 设为可写的目录。",
            ),
        )


def _no_home() -> Finding:
    return failed(
        "no_home",
        Words(
            f"Nothing says where data is to be kept: {user()} has no home folder, and HOME isn't "
            "set",
            f"无法确定数据存放位置：用户 {user()} 没有主目录，也没有设置 HOME",
        ),
        Words(
            "Name a folder: --data-dir /var/lib/posemill (or POSEMILL_DATA_DIR).",
            "请指定目录：--data-dir /var/lib/posemill（或 POSEMILL_DATA_DIR）。",
        ),
    )


def _in_the_way(folder: Path, there: Path) -> Finding | None:
    """Return that what has the name of the data folder, or of one above it, is something else."""
    if folder == there:
        return None
    first = there / folder.relative_to(there).parts[0]
    is_other = os.path.lexists(first)
    try:
        folder.lstat()
        reason = ""
    except OSError as error:
        reason = str(error.strerror) if error.errno == errno.ENAMETOOLONG else ""
    if not is_other and not reason:
        return None
    shown = _shortened(first if is_other else folder)
    return failed(
        "not_a_folder",
        Words(
            f"{shown}: {reason or 'it is there, but is no folder'}, so no data can be kept in it",
            f"{shown}：{reason or '已存在，但不是目录'}，无法存放数据",
        ),
        Words(
            "Choose another folder: --data-dir; or move away what is there.",
            "请用 --data-dir 另选目录，或移走现有的文件。",
        ),
    )


def _shortened(path: Path) -> str:
    text = str(path)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _not_writable(folder: Path, there: Path, error: OSError) -> Finding:
    reason = error.strerror or str(error)
    who = user()
    if error.errno in _FULL:
        fix = Words(
            "Make room there (df -h, df -i), or choose another disk with --data-dir.",
            "请清理该磁盘（df -h、df -i），或用 --data-dir 换一块磁盘。",
        )
    elif error.errno == errno.EROFS:
        fix = Words(
            "Choose another folder: --data-dir; in a container with a read-only root, mount a "
            f"volume there: docker run -v posemill:{quote(str(folder))}.",
            "请用 --data-dir 另选目录；根文件系统只读的容器中请在此挂载卷："
            f"docker run -v posemill:{quote(str(folder))}。",
        )
    elif not os.access(there, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        fix = Words("Choose another folder: --data-dir.", "请用 --data-dir 另选目录。")
    else:
        give = f"chown -R {who}" if folder == there else f"install -d -o {who}"
        fix = Words(
            f"sudo {give} {quote(str(folder))}, or choose another folder with --data-dir.",
            f"sudo {give} {quote(str(folder))}，或用 --data-dir 另选目录。",
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
    try:
        import psutil  # noqa: PLC0415

        mounts = psutil.disk_partitions(all=True)
    except (ImportError, OSError):  # not installed, or without /proc
        return ""
    best, kind = -1, ""
    for each in mounts:
        mount = Path(each.mountpoint)
        if path.is_relative_to(mount) and len(mount.parts) > best:
            best, kind = len(mount.parts), each.fstype
    return kind


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"
