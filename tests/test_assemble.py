"""What the settings become: options of the engine, cores, styles."""

import os

import pytest

from posemill import assemble
from posemill.assemble import Workshop, drawing_style, pose_options, threads_beside_drawing
from posemill.config import Settings
from posemill.types import SourceInfo


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


def in_parts(settings: Settings, duration_s: float | None, *, drawn: bool = False) -> int:
    """Return how many parts at once a video of so many seconds is tracked in."""
    workshop = Workshop(settings, draws=drawn)
    info = SourceInfo("a.mp4", "video", 8, 8, duration_s=duration_s)
    return workshop._segments(workshop._length_s(info), drawn=drawn)


@pytest.mark.parametrize(
    ("duration_s", "cores", "parts"),
    [(10.0, 8, 0), (119.0, 8, 1), (121.0, 8, 2), (3600.0, 8, 8), (3600.0, 1, 1), (None, 8, 0)],
)
def test_long_videos_are_divided_among_the_cores(
    duration_s: float | None, cores: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "usable_cores", lambda: cores)
    assert in_parts(Settings(), duration_s) == parts
    assert in_parts(Settings(start=30.0, end=155.0), 3600.0) == min(cores, 2)


@pytest.mark.parametrize(
    ("settings", "drawn", "parts"),
    [
        (Settings(), False, 8),
        (Settings(), True, 0),
        (Settings(model_complexity=2), True, 8),
        (Settings(segments="3"), True, 3),
        (Settings(segments="off"), False, 0),
        (Settings(threads=1), False, 0),
        (Settings(threads=1, segments="2"), False, 2),
        (Settings(engine="mediapipe"), False, 0),
        (Settings(mask=True, segments="2"), False, 0),
        (Settings(enable_segmentation=True), False, 0),
        (Settings(subject="3", max_people=0), False, 0),
        (Settings(subject="largest"), False, 0),
        (Settings(static_image_mode=True), False, 0),
    ],
)
def test_what_can_or_should_not_be_divided_is_not(
    settings: Settings, drawn: bool, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "usable_cores", lambda: 8)
    assert in_parts(settings, 3600.0, drawn=drawn) == parts
