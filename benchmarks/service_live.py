"""Live sessions: frames up over WebSocket, records down; drops and glass-to-record latency.

    .venv/bin/python benchmarks/service_live.py clip.mp4 --clients 4 --fps 15

The clip's frames are sent as JPEGs of 640x480, at their own pace. The latency is from before a
frame is sent to when its record is here; the clients share the processor with the service.
"""

import argparse
import json
import threading
import time
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from service_client import served
from websockets.sync.client import connect

from posemill import open_source

SIZE = (640, 480)


def jpegs(clip: Path, count: int) -> list[bytes]:
    frames = []
    with open_source(clip) as source:
        for frame in source:
            data = BytesIO()
            Image.fromarray(frame.pixels).resize(SIZE).save(data, "JPEG", quality=80)
            frames.append(data.getvalue())
            if len(frames) == count:
                break
    return frames


class Client(threading.Thread):
    """One session: sends on time, whatever comes back."""

    def __init__(self, port: int, frames: list[bytes], fps: float, for_s: float) -> None:
        super().__init__()
        self.address = f"ws://127.0.0.1:{port}/api/v1/live?max_fps={fps:g}"
        self.frames, self.fps, self.for_s = frames, fps, for_s
        self.sent_s: list[float] = []
        self.latencies: list[float] = []
        self.last: dict[str, object] = {}
        self.people = 0

    def run(self) -> None:
        with connect(self.address, max_size=None) as socket:
            reader = threading.Thread(target=self.read, args=(socket,))
            reader.start()
            began = time.perf_counter()
            while (now := time.perf_counter()) < began + self.for_s:
                due = began + len(self.sent_s) / self.fps
                if now < due:
                    time.sleep(due - now)
                self.sent_s.append(time.perf_counter())
                socket.send(self.frames[len(self.sent_s) % len(self.frames)])
            time.sleep(1)
            socket.close()
            reader.join()

    def read(self, socket) -> None:  # type: ignore[no-untyped-def]
        for message in socket:
            answer = json.loads(message)
            if "frame" in answer:
                self.latencies.append(time.perf_counter() - self.sent_s[answer["frame"]])
                self.last = {k: answer[k] for k in ("received", "processed", "dropped")}
                self.people += bool(answer["people"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--fps", type=float, default=15)
    parser.add_argument("--seconds", type=float, default=30)
    args = parser.parse_args()
    frames = jpegs(args.clip, 150)
    with served("--max-fps", "30") as (port, _):
        clients = [Client(port, frames, args.fps, args.seconds) for _ in range(args.clients)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    for client in clients:
        late = np.array(client.latencies) * 1000
        p50, p95, p99 = np.percentile(late, [50, 95, 99])
        print(
            f"sent {len(client.sent_s)}, answers {len(late)}, with people {client.people}, "
            f"{client.last}, glass to record p50 {p50:.0f} p95 {p95:.0f} p99 {p99:.0f} ms"
        )


if __name__ == "__main__":
    main()
