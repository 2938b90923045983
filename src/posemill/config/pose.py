"""The settings of the pose pipeline: the engine, the people, drawing, what to take."""

from dataclasses import dataclass

from posemill.config.kinds import (
    FLAG,
    MOMENT,
    REGION,
    SEGMENT_COUNT,
    SHARE,
    SUBJECT,
    choice,
    number,
    whole,
)
from posemill.config.rows import row
from posemill.options import PEOPLE_CAP, PRECISIONS, ROTATIONS, TILES


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseSettings:
    """What the command and the service do alike; a field is a row of the table."""

    static_image_mode: bool = row(False, FLAG, "engine", "Take each frame as a picture by itself.")
    model_complexity: int = row(1, choice(0, 1, 2), "engine", "0 lite, 1 full, 2 heavy model.")
    smooth_landmarks: bool = row(True, FLAG, "engine", "Smooth landmarks over time, in videos.")
    enable_segmentation: bool = row(False, FLAG, "engine", "Compute each person's mask as well.")
    smooth_segmentation: bool = row(True, FLAG, "engine", "Smooth masks over time, in videos.")
    min_detection_confidence: float = row(
        0.5, SHARE, "engine", "How sure the detector must be that there is a person."
    )
    min_tracking_confidence: float = row(
        0.5, SHARE, "engine", "How sure the landmark model must be to go on with a person."
    )
    max_people: int = row(
        1, whole(0, PEOPLE_CAP), "people", f"People to look for, 0 for all (up to {PEOPLE_CAP})."
    )
    min_people: int = row(
        1, whole(0, PEOPLE_CAP), "people", "With fewer in sight, detect in every frame of a video."
    )
    redetect_every: int = row(
        0,
        whole(0, 1_000_000),
        "people",
        "Frames between looks for more people, 0 for half a second.",
    )
    track_patience_s: float = row(
        2.0, number(0), "people", "Seconds for which a lost person keeps the id."
    )
    detect_tiles: str | None = row(
        None,
        choice(*TILES),
        "people",
        "Look closer, for small and far people: in 2x2 or 3x3 tiles, or where it helps (auto: "
        "the default in pictures of several people).",
        '"auto"',
    )
    detect_rotations: str | None = row(
        None,
        choice(*ROTATIONS),
        "people",
        "Where nobody stands upright, look for people who lie or are upside down (auto: the "
        "default in pictures).",
        '"auto"',
    )
    region: tuple[int, int, int, int] | None = row(
        None, REGION, "people", "Look for people in this part of the picture only.", "[0, 0, 9, 9]"
    )
    refine_passes: int = row(
        0, whole(0, 3), "people", "In pictures, further passes, each from the last one's result."
    )
    subject: str | None = row(
        None,
        SUBJECT,
        "people",
        "Give one person only, chosen so and kept: by score, size, nearness to the middle, or id.",
        '"largest"',
    )
    repair_swaps: bool = row(
        False, FLAG, "people", "Exchange left and right where they changed places in one frame."
    )
    engine: str = row(
        "openvino",
        choice("openvino", "mediapipe"),
        "engine",
        "What runs the models: openvino or mediapipe.",
    )
    precision: str = row("f32", choice(*PRECISIONS), "engine", "Their arithmetic.")
    threads: int = row(0, whole(0, 1024), "engine", "Cores for one inference, 0 for all.")
    model_cache: bool = row(
        True, FLAG, "engine", "Keep compiled models in the user's cache folder for the next start."
    )
    style: str = row(
        "plain",
        choice("plain", "limbs"),
        "drawing",
        "plain: red points, white lines. limbs: each arm and leg in a colour of its own.",
    )
    min_visibility: float = row(0.6, SHARE, "drawing", "Hide joints less visible than this.")
    background: float = row(1.0, SHARE, "drawing", "How much of the picture shows, 0 for black.")
    transparent: bool = row(
        False,
        FLAG,
        "drawing",
        "Only the skeleton, in .png and .webp (in a folder, videos: on black).",
    )
    names: bool = row(False, FLAG, "drawing", "Write the name of each joint.")
    values: bool = row(False, FLAG, "drawing", "Write the visibility of each joint.")
    box: bool = row(False, FLAG, "drawing", "Draw the box around each person.")
    mask: bool = row(
        False, FLAG, "drawing", "Tint each person's mask; implies enable_segmentation."
    )
    start: float | None = row(
        None, MOMENT, "selection", "Where in a video to start: seconds or hh:mm:ss.", '"0:10"'
    )
    end: float | None = row(
        None, MOMENT, "selection", "Where in a video to end: seconds or hh:mm:ss.", '"1:30"'
    )
    every: int = row(1, whole(1), "selection", "Take one frame of a video in so many.")
    fps: float | None = row(
        None, number(0, above=True), "selection", "Take at most so many frames a second.", "10"
    )
    rotate: int = row(0, choice(0, 90, 180, 270), "selection", "Degrees to turn it, clockwise.")
    all_frames: bool = row(
        False, FLAG, "selection", "Take every frame of an animated picture, not only the first."
    )
    segments: str = row(
        "auto",
        SEGMENT_COUNT,
        "selection",
        "Track so many parts of a long video at once; auto: where it is faster.",
        '"off"',
    )
