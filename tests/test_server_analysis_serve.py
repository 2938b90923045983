"""The whole service with its models: a video that counts, two pictures, a live session."""

import json
import time
from io import BytesIO
from pathlib import Path

import av
import httpx
import numpy as np
from PIL import Image
from websockets.sync.client import connect

from posemill.drawing.figure import draw_figure
from posemill.reports.movement_words import TEXTS
from servers import served


def jpeg(time_s: float) -> bytes:
    file = BytesIO()
    Image.fromarray(draw_figure(320, 240, time_s)).save(file, "JPEG", quality=92)
    return file.getvalue()


def clip(path: Path) -> bytes:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(40):
            pixels = np.ascontiguousarray(draw_figure(320, 240, index / 10))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode())
    return path.read_bytes()


def test_from_a_video_to_a_report(tmp_path: Path) -> None:
    flags = ("--model-complexity", "0")
    with (
        served(tmp_path / "data", *flags) as (url, _),
        httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client,
    ):
        video = {"file": ("walk.mp4", clip(tmp_path / "walk.mp4"))}
        job = client.post("/jobs?exercise=auto&results=records", files=video).json()
        own = f"/jobs/{job['id']}"
        assert client.get(f"{own}/count").json()["code"] == "job_not_finished"
        ends = time.monotonic() + 60
        while client.get(own).json()["state"] not in ("succeeded", "failed"):
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert "analysis" in client.get(own).json()["results"]
        kept = client.get(f"{own}/results/analysis").json()
        assert kept == client.get(f"{own}/count").json()
        assert kept["people"]
        summary = client.get(f"{own}/results/summary").json()
        assert summary["counts"][0]["count"] == kept["people"][0]["count"]
        report = client.get(f"{own}/report").text
        assert report.count("data:image/") >= 3  # pictures out of the video
        assert TEXTS["en"]["plain"] not in report
        both = {"a": ("a.jpg", jpeg(0.0)), "b": ("b.jpg", jpeg(0.0))}
        compared = client.post("/compare?mirror=false", files=both).json()
        assert compared["similarity"] > 95
        with connect(f"{url.replace('http', 'ws')}/api/v1/live?exercise=squat") as live:
            live.send(jpeg(0.0))
            assert json.loads(live.recv(30))["analysis"]["exercise"] == "squat"
            for number in range(1, 3):
                record = json.loads(live.recv(30))
                assert set(record["people"][0]["analysis"]["count"]) == {"count", "progress"}
                time.sleep(0.1)
                live.send(jpeg(number / 10))
        assert client.get("/status").json()["restarts"] == 0
