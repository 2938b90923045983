"""Parts of drawn clips, tracked by the models themselves, against one pass."""

from pathlib import Path

import av
import numpy as np
import pytest

from posemill.drawing.figure import draw_figures
from posemill.options import PoseOptions
from posemill.runtime import load_engine
from posemill.segments import Joined
from posemill.segments.agreement import matched
from posemill.segments.parts import Track
from posemill.sources import open_source
from posemill.sources.videos import VideoSource
from posemill.types import FramePoses

SIZE = (320, 240)
COUNT, RATE = 90, 15


def figures(path: Path, people: int) -> Path:
    """Write six seconds of drawn people with a key frame a second."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"g": "15", "crf": "18"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(COUNT):
            picture = draw_figures(people, *SIZE, number / RATE)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def opened(path: Path) -> VideoSource:
    source = open_source(path)
    assert isinstance(source, VideoSource)
    return source


@pytest.mark.parametrize("people", [1, 2])
def test_drawn_people_are_as_in_one_pass(tmp_path: Path, people: int) -> None:
    path = figures(tmp_path / "a.mkv", people)
    options = PoseOptions(
        model_complexity=0, max_people=people, threads=1, track_patience_s=1.0, model_cache=False
    )
    engine = load_engine(options)
    track = engine.tracker().track
    with opened(path) as source:
        whole = [track(frame) for frame in source]
    taken_over = 0

    def new_track() -> Track:
        nonlocal taken_over
        taken_over += 1
        return engine.tracker().track

    with Joined(opened(path), new_track, workers=2, length_s=2.9, settled_s=1.0) as parts:
        joined = list(parts)
    assert taken_over == 2
    assert [places(poses) for poses in joined] == [places(poses) for poses in whole]
    assert all(len(poses.people) == people for poses in whole[5:])
    apart = [
        np.linalg.norm(ours.points_px - theirs.points_px, axis=1).mean() / max(theirs.box_px[2:])
        for a, b in zip(joined, whole, strict=True)
        for ours, theirs in zip(a.people, b.people, strict=True)
    ]
    assert np.mean(apart) < 0.001
    assert matched(joined[-1].people, whole[-1].people, 0.001) is not None


def places(poses: FramePoses) -> tuple[int, float, list[int]]:
    return poses.index, poses.time_s, [pose.id for pose in poses.people]
