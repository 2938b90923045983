"""Behind Debian's nginx, under a prefix: what a proxy in front must not break."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from websockets.sync.client import connect

from browsers import chromium, driver, visit
from nginx import nginx, require_nginx
from posemill.drawing.figure import draw_figure
from servers import free_port, served

HTTP = """
  access_log off;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port};
    location /pose/ {{
      proxy_pass {behind}/;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Prefix /pose;
    }}
  }}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service behind nginx, with the prefix."""
    require_nginx()
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    url = f"http://127.0.0.1:{port}/pose"
    with (
        served(folder / "data") as (behind, _),
        nginx(folder, HTTP.format(port=port, behind=behind), url + "/healthz"),
    ):
        yield url


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A drawn person as JPEG."""
    file = BytesIO()
    Image.fromarray(np.asarray(draw_figure(640, 480, 0.0))).save(file, "JPEG")
    return file.getvalue()


def test_the_page_and_all_it_refers_to(address: str) -> None:
    page = httpx.get(address + "/")
    assert page.status_code == 200
    found = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
    assert found
    for reference in found:
        assert httpx.URL(address + "/").join(reference).path.startswith("/pose/"), reference


def test_the_docs_and_all_they_need(address: str) -> None:
    docs = httpx.get(address + "/docs")
    for reference in re.findall(r'(?:href|src)="(?!data:)([^"]+)"', docs.text):
        assert httpx.get(httpx.URL(address + "/docs").join(reference)).status_code == 200
    assert httpx.get(address + "/openapi.json").json()["servers"] == [{"url": "/pose"}]


def test_a_picture(address: str, picture: bytes) -> None:
    found = httpx.post(address + "/api/v1/detect", content=picture, timeout=30)
    assert len(found.json()["frames"][0]["people"]) == 1
    assert httpx.get(address + "/nothing").json()["code"] == "not_found"


def test_a_job_and_its_events(address: str, picture: bytes) -> None:
    import zipfile

    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", picture)
    taken = httpx.post(
        address + "/api/v1/jobs", files={"file": ("a.zip", file.getvalue())}, timeout=30
    )
    assert taken.status_code == 202, taken.text
    assert taken.headers["location"].startswith("/pose/api/v1/jobs/")
    job_url = httpx.URL(address).join(taken.headers["location"])
    with httpx.stream("GET", f"{job_url}/events", timeout=60) as stream:
        states = [
            json.loads(line.removeprefix("data:"))["state"]
            for line in stream.iter_lines()
            if line.startswith("data:")
        ]
    assert states[-1] == "succeeded"
    assert httpx.get(f"{job_url}/results/records").status_code == 200


def test_a_live_session(address: str, picture: bytes) -> None:
    with connect(address.replace("http", "ws") + "/api/v1/live", proxy=None) as session:
        session.send(picture)
        header = json.loads(session.recv(30))
        record = json.loads(session.recv(30))
    assert header["schema"] == "posemill/1"
    assert record["frame"] == 0
    assert len(record["people"]) == 1


def test_a_live_session_of_another_site_is_refused(address: str) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.typing import Origin

    with (
        pytest.raises(InvalidStatus) as refused,
        connect(
            address.replace("http", "ws") + "/api/v1/live",
            origin=Origin("https://evil.example"),
            proxy=None,
        ),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_the_page_in_a_browser(address: str, astronaut_path: Path) -> None:
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with (
        driver() as playwright,
        chromium(playwright, *flags) as browser,
        visit(browser, address + "/") as visiting,
    ):
        page = visiting.page
        page.set_input_files("input[type=file] >> nth=0", str(astronaut_path))
        expect(page.get_by_text("1 person found")).to_be_visible()
        page.get_by_role("link", name="Status").click()
        expect(page.get_by_text("Everything is ready.")).to_be_visible()
        page.get_by_role("link", name="Live").click()
        page.get_by_role("button", name="Switch the camera on").click()
        page.wait_for_function(
            "() => parseFloat(document.querySelector('[data-readout] dd')?.textContent) > 1"
        )
        fetched = [urlsplit(url) for url in visiting.asked if url.startswith(("http", "ws"))]
        assert {url.scheme for url in fetched} == {"http", "ws"}
        assert all(url.path.startswith("/pose/") for url in fetched)
        page.get_by_role("link", name="API").click()
        expect(page.get_by_role("link", name="/api/v1/detect")).to_be_visible()
