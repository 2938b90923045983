"""Debian's nginx, of the test's own, in the foreground and with all its files in one folder."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

_PROGRAM: Final = Path("/usr/sbin/nginx")
_CONFIGURATION: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr emerg;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{http}
}}
"""


def require_nginx() -> None:
    """Skip the test where there is none."""
    if not _PROGRAM.exists():
        pytest.skip("needs Debian's nginx: apt-get install nginx-light")


@contextmanager
def nginx(folder: Path, http: str, url: str) -> Iterator[None]:
    """Run nginx with ``http`` in its block of that name, once ``url`` answers through it."""
    require_nginx()
    path = folder / "nginx"  # no .conf, which the folder may be searched for
    path.write_text(_CONFIGURATION.format(folder=folder, http=http))
    command = [str(_PROGRAM), "-p", str(folder), "-c", str(path), "-e", "stderr"]
    subprocess.run([*command, "-t", "-q"], check=True)
    process = subprocess.Popen(command)
    try:
        _wait_for(url, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert process.poll() is None
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("nginx does not answer")
