"""`posemill serve` as people run it: the real processes behind it, its start, and its end."""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from posemill.cli.serving import _addresses
from posemill.config import Settings
from posemill.errors import UsageError
from posemill.server.listening import listen
from posemill.server.supervisor import Supervisor
from servers import free_port, served


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return list(psutil.Process(process.pid).children(recursive=True))


def all_gone(processes: list[psutil.Process], limit_s: float = 10.0) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=limit_s)
    return not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def test_a_picture_a_broken_one_and_a_good_end(tmp_path: Path, astronaut_path: Path) -> None:
    with served(tmp_path) as (url, process):
        picture = astronaut_path.read_bytes()
        found = httpx.post(f"{url}/api/v1/detect", content=picture, timeout=30)
        document = found.json()
        assert document["schema"] == "posemill/1"
        assert len(document["frames"][0]["people"]) == 1
        drawn = httpx.post(
            f"{url}/api/v1/detect", content=picture, headers={"Accept": "image/png"}, timeout=30
        )
        assert drawn.content.startswith(b"\x89PNG")
        broken = httpx.post(f"{url}/api/v1/detect", content=picture[:5000])
        assert (broken.status_code, broken.json()["code"]) == (422, "broken_media")
        text = httpx.post(f"{url}/api/v1/detect", content=b"#EXTM3U\nfile:///etc/passwd")
        assert (text.status_code, text.json()["code"]) == (415, "unsupported_media")
        metrics = httpx.get(f"{url}/metrics").text
        assert 'posemill_people_total{kind="picture"} 2.0' in metrics
        before = children(process)
        assert len(before) == 4  # for pictures, for live, for analyses, for jobs
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0
        assert f"listening on {url}/" in said
        assert "Traceback" not in said
        assert all_gone(before)


def test_masks_come_with_the_people(tmp_path: Path, astronaut_path: Path) -> None:
    with served(tmp_path, "--job-workers", "0") as (url, _):
        answer = httpx.post(
            f"{url}/api/v1/detect",
            params={"enable_segmentation": "true"},
            content=astronaut_path.read_bytes(),
            timeout=30,
        )
    document = answer.json()
    (person,) = document["frames"][0]["people"]
    with Image.open(BytesIO(b64decode(person["mask"]))) as mask:
        assert (mask.mode, mask.size) == ("L", (document["width"], document["height"]))
        inside = np.asarray(mask)[int(person["landmarks"][0][1] * mask.height)]
    assert inside[int(person["landmarks"][0][0] * mask.width)] > 200


def test_nothing_outlives_a_service_that_is_killed(tmp_path: Path) -> None:
    with served(tmp_path) as (_, process):
        before = children(process)
        process.kill()
        process.wait()
        assert all_gone(before)


def test_a_job_worker_that_falls_is_started_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), stop_timeout_s=10.0)
    supervisor = Supervisor(settings)
    try:
        first = _one_pid(supervisor, other_than=None)
        assert os.getpgid(first) != os.getpgrp()  # a terminal's Ctrl-C doesn't reach it
        os.kill(first, signal.SIGKILL)
        second = _one_pid(supervisor, other_than=first)
    finally:
        supervisor.close()
    assert not psutil.pid_exists(second)
    assert supervisor.pids == []


def _one_pid(supervisor: Supervisor, other_than: int | None) -> int:
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        for pid in supervisor.pids:
            if pid != other_than:
                return pid
        time.sleep(0.02)
    raise AssertionError("no worker runs")


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with listen(Settings(host="127.0.0.1", port=0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "posemill", "serve", "--host", "127.0.0.1"]
        done = subprocess.run(
            [*command, "--port", port, "--data-dir", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


def test_an_address_of_another_machine() -> None:
    with pytest.raises(UsageError, match="an address of this machine"):
        listen(Settings(host="192.0.2.1", port=free_port()))


def test_it_says_where_to_open_it_and_that_it_is_open(tmp_path: Path) -> None:
    assert next(iter(_addresses("0.0.0.0"))) == "127.0.0.1"
    assert list(_addresses("192.0.2.7")) == ["192.0.2.7"]
    with served(tmp_path, "--host", "0.0.0.0", "--job-workers", "0") as (_, process):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "auth_token" in said
    with served(tmp_path, "--host", "0.0.0.0", "--auth-token", "x", "--job-workers", "0") as (
        _,
        process,
    ):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert "auth_token" not in said


def test_several_pictures_belong_to_their_answers(tmp_path: Path, astronaut_path: Path) -> None:
    picture = astronaut_path.read_bytes()
    files = [("file", (f"{n}.png", picture if n % 2 else b"nothing")) for n in range(4)]
    with served(tmp_path, "--job-workers", "0") as (url, _):
        answer = httpx.post(f"{url}/api/v1/detect", files=files, timeout=60)
    results = json.loads(answer.content)["results"]
    assert ["problem" in each for each in results] == [True, False, True, False]
    assert [each["source"] for each in results] == ["0.png", "1.png", "2.png", "3.png"]
