"""What the settings become: options of the engine, cores, styles."""

import os

import pytest

from posemill.assemble import Workshop, drawing_style, pose_options, threads_beside_drawing
from posemill.config import Settings


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8)])
def test_drawing_gets_half_of_the_cores(
    cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert threads_beside_drawing() == threads
    assert Workshop(Settings(), draws=True).options.threads == threads
    assert Workshop(Settings(), draws=False).options.threads == 0
    assert Workshop(Settings(threads=3), draws=True).options.threads == 3


def test_drawing_masks_needs_masks() -> None:
    assert not pose_options(Settings()).enable_segmentation
    assert pose_options(Settings(mask=True)).enable_segmentation


def test_what_is_transparent_is_black_in_a_video() -> None:
    settings = Settings(transparent=True)
    assert drawing_style(settings, "picture").transparent
    video = drawing_style(settings, "video")
    assert (video.transparent, video.background) == (False, 0.0)
