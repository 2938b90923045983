"""Writes mediapipe_0.10.21.json: what MediaPipe itself sees in pictures that tests can make.

    .venv/bin/python tests/goldens/make.py

Needs uv and the package registry, or --mediapipe-python. The pictures: scikit-image's
astronaut, and frames of the drawn figure of posemill.drawing.figure, as pictures and, thirty
frames long, as a stream.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from skimage import data

from posemill.drawing.figure import draw_figure
from posemill.peers.mediapipe import MediaPipePeer
from posemill.types import Picture

TARGET = Path(__file__).with_name("mediapipe_0.10.21.json")
# Two inference libraries add numbers in different orders. Image landmarks: mean, in % of the
# person's box; world landmarks: mean, in mm; visibility: mean. A stream is wider, since each
# region depends on all results before.
TOLERANCE = {
    "pictures": {"image_percent": 0.05, "world_mm": 1.5, "visibility": 0.002},
    "stream": {"image_percent": 0.25, "world_mm": 6.0, "visibility": 0.005},
}
STREAM_FRAMES, STREAM_KEPT, SIZE = 30, (0, 1, 9, 29), (640, 360)


def stream() -> list[Picture]:
    """Return half a second of sway twice as fast as real time, so that filters matter."""
    return [draw_figure(*SIZE, time_s=index / 15) for index in range(STREAM_FRAMES)]


def loss() -> list[Picture]:
    """Return a person who is gone for two frames."""
    empty = np.zeros((*SIZE[::-1], 3), np.uint8)
    return [
        empty if index in (8, 9) else draw_figure(*SIZE, time_s=index / 15) for index in range(14)
    ]


def astronaut() -> Picture:
    return np.asarray(data.astronaut())  # type: ignore[no-untyped-call]


def rounded(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: np.round(answer[key], 5).tolist() for key in ("landmarks", "world")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mediapipe-python")
    args = parser.parse_args()
    pictures = {"astronaut": astronaut(), "figure": draw_figure(*SIZE, time_s=1.0)}
    goldens: dict[str, Any] = {"pictures": [], "stream": [], "loss": []}
    with MediaPipePeer(args.mediapipe_python) as peer:
        for complexity in (0, 1, 2):
            for name, picture in pictures.items():
                peer.start(static_image_mode=True, model_complexity=complexity)
                answer = rounded(peer.process(picture))
                goldens["pictures"].append({"picture": name, "complexity": complexity, **answer})
        for smooth in (True, False):
            version = peer.start(model_complexity=1, smooth_landmarks=smooth)["version"]
            answers = [peer.process(picture) for picture in stream()]
            for index in STREAM_KEPT:
                frame = {"frame": index, "smooth": smooth, **rounded(answers[index])}
                goldens["stream"].append(frame)
        peer.start(model_complexity=1)
        answers = [peer.process(picture) for picture in loss()]
        goldens["loss"] = [{"frame": k, **rounded(answers[k])} for k in (7, 10, 13)]
    origin = f"MediaPipe {version}, mp.solutions.pose, by tests/goldens/make.py"
    TARGET.write_text(json.dumps({"origin": origin, "tolerance": TOLERANCE, **goldens}) + "\n")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
