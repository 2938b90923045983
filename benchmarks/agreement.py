"""How far posemill's landmarks are from MediaPipe 0.10.21's on the same frames.

    .venv/bin/python benchmarks/agreement.py ../shared/data/tfjs_pose/pose_1.mp4 FOLDER ...

Every frame goes to both, pictures and `--static` as pictures, videos as a stream at 30
frames a second, as MediaPipe's Python API pretends. Distances are in % of the longer side
of the person's box, world distances in mm. `noise` is MediaPipe against itself when one
pixel in a hundred differs by one grey level: no engine can agree better than that.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posemill.options import PoseOptions
from posemill.peers.mediapipe import MediaPipePeer
from posemill.runtime import load_engine
from posemill.sources import expand, open_source
from posemill.types import Frame

INTERVAL_S = 0.033333
Array = npt.NDArray[np.float64]


@dataclass
class Tally:
    """Distances of landmarks, frame by frame, and the frames that only one side saw."""

    frames: int = 0
    only_first: int = 0
    only_second: int = 0
    image: list[Array] = field(default_factory=list)
    world: list[Array] = field(default_factory=list)
    visibility: list[Array] = field(default_factory=list)

    def add(self, first: dict[str, Any] | None, second: dict[str, Any] | None, size: Array) -> None:
        self.frames += 1
        if first is None or second is None:
            self.only_first += second is None and first is not None
            self.only_second += first is None and second is not None
            return
        a, b = (np.array(side["landmarks"])[:, :4] for side in (first, second))
        points = b[:, :2] * size
        box = np.ptp(points, axis=0).max()
        self.image.append(100 * np.linalg.norm((a - b)[:, :2] * size, axis=1) / box)
        world = np.array(first["world"]) - np.array(second["world"])
        self.world.append(1000 * np.linalg.norm(world, axis=1))
        self.visibility.append(np.abs(a - b)[:, 3])

    def summary(self) -> dict[str, Any]:
        if not self.image:
            return {"frames": self.frames, "both": 0, "only_first": self.only_first}
        image, world = np.array(self.image), np.array(self.world)
        per_frame = image.mean(axis=1)
        return {
            "frames": self.frames,
            "both": len(image),
            "only_ours": self.only_first,
            "only_mediapipe": self.only_second,
            "image_mean": image.mean(),
            "image_p95": np.percentile(image, 95),
            "image_median_frame": np.median(per_frame),
            "world_mean": world.mean(),
            "visibility_mean": np.array(self.visibility).mean(),
            "parted": int((per_frame > 5).sum()),
        }


def compare(
    groups: Sequence[Sequence[str]],
    peers: tuple[MediaPipePeer, MediaPipePeer],
    *,
    complexity: int,
    static: bool,
    limit: int,
) -> tuple[Tally, Tally]:
    """Return ours against MediaPipe, and MediaPipe against itself with noise."""
    engine = load_engine(PoseOptions(model_complexity=complexity))
    ours, noise = Tally(), Tally()
    rng = np.random.default_rng(0)
    for paths in groups:
        tracker, estimator = engine.tracker(), engine.estimator()
        for peer in peers:
            peer.start(static_image_mode=static, model_complexity=complexity)
        for frame in islice(_frames(paths), limit or None):
            time_s = (frame.index + 1) * INTERVAL_S
            timed = Frame(frame.pixels, frame.index, time_s)
            found = (estimator.estimate if static else tracker.track)(timed).people
            mine = {"landmarks": found[0].landmarks, "world": found[0].world} if found else None
            size = np.array([frame.width, frame.height], float)
            answer, noisy = (
                peer.process(picture)
                for peer, picture in zip(
                    peers, (frame.pixels, _disturbed(frame.pixels, rng)), strict=True
                )
            )
            theirs = answer if "landmarks" in answer else None
            ours.add(mine, theirs, size)
            noise.add(noisy if "landmarks" in noisy else None, theirs, size)
    return ours, noise


def _frames(paths: Sequence[str]) -> Iterator[Frame]:
    for path in paths:
        with open_source(path) as source:
            yield from source


def _disturbed(pixels: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    change = rng.random(pixels.shape[:2], np.float32) < 0.01
    return np.where(change[..., None], pixels ^ 1, pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", help="videos, or folders of pictures")
    parser.add_argument("--complexity", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--mode", nargs="+", choices=["static", "tracking"], default=["static"])
    parser.add_argument("--limit", type=int, default=0, help="frames of each source, 0 for all")
    parser.add_argument("--mediapipe-python", help="an interpreter that has mediapipe 0.10.21")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    python = args.mediapipe_python
    with MediaPipePeer(python) as first, MediaPipePeer(python) as second:
        for source in args.sources:
            paths = [str(path) for path in expand([source])]
            for mode in args.mode:
                for complexity in args.complexity:
                    ours, noise = compare(
                        [paths],
                        (first, second),
                        complexity=complexity,
                        static=mode == "static",
                        limit=args.limit,
                    )
                    show(source, mode, complexity, ours, noise, as_json=args.json)


def show(
    source: str, mode: str, complexity: int, ours: Tally, noise: Tally, *, as_json: bool
) -> None:
    name = f"{Path(source).name} {mode} {('lite', 'full', 'heavy')[complexity]}"
    if as_json:
        print(json.dumps({"name": name, "ours": ours.summary(), "noise": noise.summary()}))
        return
    for label, tally in (("posemill", ours), ("noise", noise)):
        text = " ".join(
            f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in tally.summary().items()
        )
        print(f"{name:42} {label:9} {text}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
