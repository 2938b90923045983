"""Stand-ins at the seams: an engine without models, a source and a sink without files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from posemill.options import PoseOptions
from posemill.skeleton import LANDMARK_COUNT
from posemill.types import Frame, FramePoses, Picture, Pose, SourceInfo


def fake_pose(frame: Frame, identity: int = 0) -> Pose:
    """Return a person who stands where the brightness of the frame puts them."""
    shade = float(frame.pixels[::8, ::8].mean()) / 255
    landmarks = np.empty((LANDMARK_COUNT, 5), np.float32)
    landmarks[:, 0] = np.linspace(0.25, 0.75, LANDMARK_COUNT)
    landmarks[:, 1] = 0.25 + 0.5 * shade
    landmarks[:, 2] = 0.0
    landmarks[:, 3:] = 0.9
    world = np.zeros((LANDMARK_COUNT, 3), np.float32)
    return Pose(identity, 0.9, landmarks, world, (frame.width, frame.height))


@dataclass
class FakeEngine:
    """Deterministic: somebody in every frame that is not black. Counts what it made."""

    options: PoseOptions = field(default_factory=PoseOptions)
    estimators: int = 0
    trackers: int = 0
    wait: Callable[[], None] = lambda: None

    def estimator(self) -> "FakeEngine":
        self.estimators += 1
        return self

    def tracker(self) -> "FakeEngine":
        self.trackers += 1
        return self

    def sharing(self, options: PoseOptions) -> "FakeEngine":
        return self

    def reset(self) -> None:
        pass

    def estimate(self, frame: Frame) -> FramePoses:
        self.wait()
        people = (fake_pose(frame),) if frame.pixels.any() else ()
        return FramePoses(frame.index, frame.time_s, (frame.width, frame.height), people)

    track = estimate


@dataclass
class FakeSource:
    """``count`` grey frames of 8x8, then ``error`` if there is one."""

    count: int
    error: Exception | None = None
    damage: str | None = None
    fps: float = 25.0
    before_each: Callable[[int], None] = lambda _: None
    delivered: int = 0

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("fake.mp4", "video", 8, 8, self.fps, self.count, self.count / self.fps)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.count):
            self.before_each(index)
            self.delivered += 1
            yield Frame(np.full((8, 8, 3), index % 256, np.uint8), index, index / self.fps)
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class FakeSink:
    """Remembers what it was given; raises ``error`` at frame ``fails_at``."""

    wants_picture: bool = False
    error: Exception | None = None
    fails_at: int = 0
    path: Path = Path("fake.jsonl")
    before_each: Callable[[int], None] = lambda _: None
    frames: list[int] = field(default_factory=list)
    pictures: list[Picture | None] = field(default_factory=list)
    ended: str = ""

    def begin(self, info: SourceInfo, header: dict[str, Any]) -> None:
        pass

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        self.before_each(poses.index)
        if self.error is not None and poses.index >= self.fails_at:
            raise self.error
        self.frames.append(poses.index)
        self.pictures.append(picture)

    def finish(self) -> None:
        self.ended = "finished"

    def discard(self) -> None:
        self.ended = "discarded"
