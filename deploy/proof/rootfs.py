"""Root folders of a Debian release, and commands in them: what stands in for a container engine."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# Of the base image, what the release itself has: its Python instead of one in /usr/local.
_PACKAGES: Final = "ca-certificates,netbase,tzdata,python3,python3-venv"
# How this machine reaches its registries; lent to a command, and never part of the root.
_LENT: Final = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf"),
    *("/etc/npmrc", "/etc/uv/uv.toml", "~/.npmrc", "~/.pip/pip.conf"),
    *("~/.config/pip/pip.conf", "~/.config/uv/uv.toml"),
)
_LENT_VARIABLES: Final = re.compile(
    r"(PIP_(?!CONSTRAINT|FIND_LINKS)|UV_(?!CACHE)|NPM_CONFIG_|SSL_CERT_).*|(HTTPS?|NO|ALL)_PROXY",
    re.IGNORECASE,
)
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")


def make_base(root: Path, image: str) -> None:
    """Make the root that stands for a base image, as ``python:3.13-slim-trixie``.

    ValueError where the release's own Python is another one.
    """
    found = re.fullmatch(r"(?:.*/)?python:([\d.]+)-slim-(\w+)", image)
    if found is None:
        raise ValueError(f"{image} says neither which Python it is nor which Debian")
    wanted, release = found.groups()
    if not (root / "usr/local/bin/python").is_symlink():
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", release, root]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    has = (root / "usr/bin/python3").readlink().name.removeprefix("python")
    if has != wanted:
        raise ValueError(f"{release} has Python {has}, and the image {wanted}")


def copy_root(source: Path, target: Path) -> None:
    """Begin a stage with another root's files."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def run_step(root: Path, command: str, folder: str, values: Mapping[str, str]) -> None:
    """Run a RUN in a root, as its root, with the network and this machine's registries."""
    lent = [path for path in (Path(name).expanduser() for name in _LENT) if path.is_file()]
    script = ["set -e"]
    for path in lent:
        # The home of root is /root there, whoever's it is here.
        inside = root / str(path).replace(str(Path.home()), "/root").lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        new = [] if inside.exists() else [f"touch {_q(inside)}"]
        script += [*new, f"mount --bind {_q(path)} {_q(inside)}"]
    script += [*_kernel_folders(root)]
    variables = {
        **{name: value for name, value in os.environ.items() if _LENT_VARIABLES.fullmatch(name)},
        **{"PATH": _PATH, "HOME": "/root"},
        **values,
    }
    words = ["env", "-i", f"--chdir={folder}", *(f"{k}={v}" for k, v in variables.items())]
    script.append(f"exec chroot {_q(root)} {shlex.join([*words, '/bin/sh', '-c', command])}")
    subprocess.run(_apart("\n".join(script)), check=True)
    for path in lent:  # what was made for a mount to stand on
        inside = root / str(path).replace(str(Path.home()), "/root").lstrip("/")
        if inside.is_file() and not inside.stat().st_size:
            inside.unlink()


_PATH: Final = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


def confined(
    root: Path, data: Path, user: str, words: Sequence[str], values: Mapping[str, str], folder: str
) -> list[str]:
    """Return a command that runs ``words`` as a container engine would at its strictest.

    Its root is read-only, but /data and a /tmp in memory; it is no root, has no capabilities, and
    gains none; it is process 1 of its own. The network is this machine's.
    """
    script = [
        "set -e",
        f"mount --bind {_q(root)} {_q(root)}",
        *_kernel_folders(root),
        f"mount --bind {_q(data)} {_q(root / 'data')}",
        f"mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev tmpfs {_q(root / 'tmp')}",
        f"mount -o remount,bind,ro {_q(root)}",
        f"exec chroot {_q(root)} {shlex.join([*as_user(user, values, folder), *words])}",
    ]
    return _apart("\n".join(script))


def as_user(user: str, values: Mapping[str, str], folder: str) -> list[str]:
    """Return the words that run the words after them without any privilege."""
    number, _, group = user.partition(":")
    variables = [f"{name}={value}" for name, value in ({"PATH": _PATH} | dict(values)).items()]
    return [
        *("setpriv", f"--reuid={number}", f"--regid={group}", "--clear-groups", "--no-new-privs"),
        *("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"),
        *("env", "-i", f"--chdir={folder}", *variables),
    ]


def size_of(path: Path) -> int:
    """Return the bytes below a folder, of files on its own file system alone."""
    done = subprocess.run(["du", "-sbx", path], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


def remove(root: Path) -> None:
    """Remove a root; whatever was mounted in it went with the command that it was for."""
    shutil.rmtree(root, ignore_errors=True)


def _kernel_folders(root: Path) -> list[str]:
    dev = root / "dev"
    return [
        f"mount -t proc proc {_q(root / 'proc')}",
        f"mount --bind /sys {_q(root / 'sys')}",
        f"mount -o remount,bind,ro {_q(root / 'sys')}",
        f"mount -t tmpfs -o mode=755,nosuid tmpfs {_q(dev)}",
        f"mkdir -m 1777 {_q(dev / 'shm')}",
        *(f"touch {_q(dev / d)}; mount --bind /dev/{d} {_q(dev / d)}" for d in _DEVICES),
        f"ln -s /proc/self/fd {_q(dev / 'fd')}",
    ]


def _apart(script: str) -> list[str]:
    spaces = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    return ["unshare", *spaces, "sh", "-c", script]


def _q(path: Path) -> str:
    return shlex.quote(str(path))
