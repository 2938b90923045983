"""Nothing leaves the machine: what the command asks the system for, seen from outside."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from PIL import Image

from posemill.drawing.figure import draw_figure
from posemill.sinks import open_sink
from posemill.types import FramePoses, SourceInfo

INTERNET = re.compile(r"AF_INET6?\b|AF_NETLINK\b")


def traced(command: list[str], folder: Path) -> str:
    """Return the lines of strace that touch the internet, of the command and its children."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    log = folder / "strace.log"
    tracing = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(log), *command]
    done = subprocess.run(
        tracing, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in log.read_text().splitlines() if INTERNET.search(line))


def posemill(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "posemill", *arguments]


def figure_clip(folder: Path) -> Path:
    path = folder / "clip.mp4"
    sink = open_sink(path, SourceInfo("figure", "video", 320, 240, fps=10.0), {})
    for index in range(5):
        picture = draw_figure(320, 240, index / 10)
        sink.write(FramePoses(index, index / 10, (320, 240)), picture)
    sink.finish()
    return path


def test_the_trace_sees_a_connection(tmp_path: Path) -> None:
    connect = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    assert "connect(" in traced([sys.executable, "-c", connect], tmp_path)


def test_detecting_in_a_picture_and_a_video_asks_nobody(tmp_path: Path) -> None:
    Image.fromarray(draw_figure(320, 240)).save(tmp_path / "photo.jpg")
    figure_clip(tmp_path)
    command = posemill("detect", "photo.jpg", "clip.mp4", "--out", "results/")
    assert traced(command, tmp_path) == ""
    assert len(list((tmp_path / "results").iterdir())) == 4


@pytest.mark.parametrize("arguments", [["models"], ["config", "show"], ["--version"]])
def test_other_commands_ask_nobody(arguments: list[str], tmp_path: Path) -> None:
    assert traced(posemill(*arguments), tmp_path) == ""


def test_openvino_comes_without_what_reports_usage() -> None:
    code = (
        "import posemill.runtime.openvino, sys;"
        "print([m for m in sys.modules if 'telemetry' in m or m.startswith('openvino.tools.ovc')])"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_only_one_module_imports_openvino(project_root: Path) -> None:
    importers = {
        path.name
        for path in (project_root / "src").rglob("*.py")
        if re.search(r"^\s*(import|from) openvino", path.read_text(), re.MULTILINE)
    }
    assert importers == {"quiet_openvino.py"}


def test_the_service_a_worker_and_a_job_connect_to_nothing_but_this_machine(
    tmp_path: Path,
) -> None:
    """All of it is traced: what the service opens, answers, and does in its processes."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    from servers import free_port, wait_until_ready

    clip, log, port = figure_clip(tmp_path), tmp_path / "strace.log", free_port()
    tracing = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,bind", "-o", str(log)]
    flags = ["--host", "127.0.0.1", "--port", str(port), "--data-dir", str(tmp_path / "data")]
    process = subprocess.Popen(
        [*tracing, *posemill("serve", *flags)], stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            for page in ("/", "/docs", "/openapi.json", "/metrics"):
                assert client.get(page).status_code == 200
            assert client.post("/api/v1/detect", content=b"no picture").status_code == 415
            job = client.post("/api/v1/jobs", files={"file": ("clip.mp4", clip.read_bytes())})
            address = job.headers["location"]
            ends = time.monotonic() + 90
            while client.get(address).json()["state"] != "succeeded":
                assert time.monotonic() < ends, client.get(address).json()
                time.sleep(0.2)
    finally:
        for child in psutil.Process(process.pid).children():
            child.terminate()
        process.communicate(timeout=30)
    reached = [line for line in log.read_text().splitlines() if INTERNET.search(line)]
    assert any("bind(" in line for line in reached)
    assert not [line for line in reached if 'inet_addr("127.0.0.1")' not in line]
