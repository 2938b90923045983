"""The nginx of compose.yaml, in front of a real service: with a prefix, without one, with TLS."""

import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from websockets.sync.client import connect

from nginx import nginx, require_nginx
from posemill.drawing.figure import draw_figure
from servers import free_port, served

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "nginx"
# What the image has around the template.
AROUND = """
  access_log off;
  keepalive_timeout 65;
"""


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service itself."""
    require_nginx()
    folder = tmp_path_factory.mktemp("data")
    with served(folder, "--job-workers", "0", "--max-content-length", "20MiB") as (url, _):
        yield url


@contextmanager
def proxied(behind: str, folder: Path, prefix: str, tls: int = 0) -> Iterator[str]:
    """Run nginx as the image does, on a free port; yield the address."""
    port = free_port()
    text = (FOLDER / "default.conf.template").read_text()
    given = {"UPSTREAM": behind.removeprefix("http://"), "PREFIX": prefix}
    for name, value in (given | {"NGINX_LOCAL_RESOLVERS": "127.0.0.1"}).items():
        assert f"${{{name}}}" in text
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("/etc/nginx/tls", str(folder))
    if tls:
        example = (FOLDER / "tls.conf.example").read_text().replace("/etc/nginx/tls", str(folder))
        (folder / "tls.conf").write_text(example.replace("listen 443", f"listen 127.0.0.1:{tls}"))
    url = f"http://127.0.0.1:{port}{prefix}"
    with nginx(folder, AROUND + text, url + "/healthz"):
        yield url


@pytest.fixture(scope="module", params=["", "/pose"], ids=["at-the-root", "below-a-path"])
def address(
    behind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with proxied(behind, tmp_path_factory.mktemp("nginx"), request.param) as url:
        yield url


def encoded(width: int, height: int, kind: str) -> bytes:
    file = BytesIO()
    Image.fromarray(np.asarray(draw_figure(width, height))).save(file, kind)
    return file.getvalue()


def test_a_picture_of_15_mb(address: str) -> None:
    picture = encoded(2500, 2000, "BMP")
    assert len(picture) > 15_000_000
    files = {"file": ("figure.bmp", picture)}
    found = httpx.post(address + "/api/v1/detect", files=files, timeout=60)
    assert len(found.json()["frames"][0]["people"]) == 1


def test_too_much_is_told_by_posemill(address: str) -> None:
    refused = httpx.post(address + "/api/v1/detect", content=bytes(21 * 1024**2), timeout=60)
    assert refused.status_code == 413
    assert refused.json()["code"] == "too_large"


def test_a_live_session(address: str) -> None:
    with connect(address.replace("http", "ws") + "/api/v1/live", proxy=None) as session:
        session.send(encoded(640, 480, "JPEG"))
        assert json.loads(session.recv(30))["schema"] == "posemill/1"
        assert len(json.loads(session.recv(30))["people"]) == 1


def test_events_arrive_when_they_are_sent(address: str) -> None:
    came_s = []
    with httpx.stream("GET", address + "/api/v1/probe", timeout=30) as answer:
        for line in answer.iter_lines():
            if line.startswith("data:"):
                came_s.append(time.monotonic())
    assert len(came_s) == 5
    assert came_s[-1] - came_s[0] > 0.5


def test_the_prefix_is_known_behind_it(address: str) -> None:
    prefix = httpx.URL(address).path.rstrip("/")
    document = httpx.get(address + "/openapi.json").json()
    assert document.get("servers") == ([{"url": prefix}] if prefix else None)
    if prefix:
        moved = httpx.get(address)
        assert (moved.status_code, moved.headers["location"]) == (301, "/pose/")


def test_with_a_certificate(behind: str, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *words, *names, *files], check=True, capture_output=True)
    port, trust = free_port(), ssl.create_default_context(cafile=certificate)
    with proxied(behind, tmp_path, "/pose", tls=port):
        url = f"https://127.0.0.1:{port}/pose"
        assert httpx.get(url + "/healthz", verify=trust).status_code == 200
        live = url.replace("https", "wss") + "/api/v1/live"
        with connect(live, ssl=trust, proxy=None) as session:
            session.send(encoded(640, 480, "JPEG"))
            assert json.loads(session.recv(30))["schema"] == "posemill/1"
