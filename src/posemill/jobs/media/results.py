"""What a job is asked for, and the files that come of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from posemill.assemble import drawing_style, pose_options
from posemill.config import Settings
from posemill.drawing import draw
from posemill.options import MODEL_NAMES
from posemill.records import header
from posemill.runtime.precision import effective_precision
from posemill.sinks.picture import encoded
from posemill.types import Frame, FramePoses, SourceInfo

ALL: Final = ("records", "csv", "annotated")
_VIDEO_SUFFIXES: Final = {"records": ".jsonl", "csv": ".csv", "annotated": ".mp4"}
_THUMBNAIL_PX: Final = 480


@dataclass(frozen=True, slots=True)
class Plan:
    """One job: its folder, what was sent, what to call it, and what is wanted of it."""

    folder: Path
    source: Path
    name: str
    settings: Settings
    results: tuple[str, ...] = ALL

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Plan":
        """Return the plan that a request of the worker describes."""
        options = dict(request["settings"])
        results = tuple(options.pop("results", ALL))
        folder = Path(request["folder"])
        return cls(
            folder, folder / request["source"], request["name"], Settings(**options), results
        )

    @property
    def suffixes(self) -> list[str]:
        """The suffixes of the parts of a video."""
        wanted = {*self.results, *(("records",) if self.settings.exercise else ())}
        return [suffix for kind, suffix in _VIDEO_SUFFIXES.items() if kind in wanted]


def header_of(info: SourceInfo, settings: Settings) -> dict[str, Any]:
    """Return the posemill/1 header of a source."""
    options = pose_options(settings)
    return header(
        info,
        model=MODEL_NAMES[options.model_complexity],
        engine=options.engine,
        precision=effective_precision(options),
    )


def write_thumbnail(path: Path, frame: Frame, poses: FramePoses, plan: Plan) -> None:
    """Write a small annotated picture of a frame."""
    picture = draw(frame, poses, drawing_style(plan.settings, "video"))
    image = Image.fromarray(picture[:, :, :3])
    image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
    write_bytes(path, encoded(np.asarray(image), ".jpg", path.name))


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write a file aside, have it be on the disk, and give it its name."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
