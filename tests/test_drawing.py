"""Drawing: what is where, in which colour, and that nothing a model can say breaks it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from posemill.drawing import DrawingStyle, draw
from posemill.drawing.strokes import Layer, Strokes, paint, touch
from posemill.errors import SettingError
from posemill.skeleton import LANDMARK_INDEX
from posemill.types import Floats, Frame, FramePoses, Picture, Pose

WIDTH, HEIGHT = 400, 300
RED, WHITE = (255, 0, 0), (224, 224, 224)
GREY = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
STYLES = [
    DrawingStyle(),
    DrawingStyle("limbs"),
    DrawingStyle("limbs", transparent=True, names=True, values=True, box=True, mask=True),
    DrawingStyle(names=True, values=True, box=True, mask=True, background=0.3),
]


def person(visibility: float = 0.9, mask: Floats | None = None, identity: int = 0) -> Pose:
    """Return somebody whose landmarks lie on a circle, each far from all others."""
    angles = np.arange(33) * (2 * np.pi / 33)
    marks = np.zeros((33, 5), np.float32)
    marks[:, 0] = 0.5 + 0.33 * np.cos(angles)
    marks[:, 1] = 0.5 + 0.43 * np.sin(angles)
    marks[:, 3:] = visibility
    return Pose(identity, 0.75, marks, np.zeros((33, 3), np.float32), (WIDTH, HEIGHT), mask)


def poses(*people: Pose) -> FramePoses:
    return FramePoses(0, 0.0, (WIDTH, HEIGHT), people)


def at(picture: Picture, pose: Pose, name: str) -> tuple[int, ...]:
    x, y = pose.landmarks[LANDMARK_INDEX[name], :2]
    found = picture[int(y * picture.shape[0]), int(x * picture.shape[1])]
    return tuple(int(value) for value in found)


def middle(picture: Picture, pose: Pose, one: str, other: str) -> tuple[int, ...]:
    ends = pose.landmarks[[LANDMARK_INDEX[one], LANDMARK_INDEX[other]], :2]
    x, y = ends.mean(axis=0)
    found = picture[int(y * picture.shape[0]), int(x * picture.shape[1])]
    return tuple(int(value) for value in found)


def test_plain_is_red_points_and_white_lines() -> None:
    pose = person()
    before = GREY.copy()
    picture = draw(before, poses(pose))
    assert picture.shape == GREY.shape
    assert picture.dtype == np.uint8
    assert (before == GREY).all()
    assert at(picture, pose, "left_wrist") == RED
    assert at(picture, pose, "nose") == RED
    assert middle(picture, pose, "left_hip", "left_shoulder") == WHITE
    assert tuple(picture[HEIGHT // 2, 5]) == (90, 90, 90)
    colours = {tuple(pixel) for pixel in picture.reshape(-1, 3).tolist()}
    assert {RED, WHITE, (90, 90, 90)} <= colours
    assert len(colours) > 50  # smooth edges


def test_nobody_is_the_picture_itself() -> None:
    frame = Frame(GREY)
    for style in (DrawingStyle(), DrawingStyle("limbs", names=True, box=True, mask=True)):
        picture = draw(frame, poses(), style)
        assert (picture == GREY).all()
        assert not np.shares_memory(picture, GREY)


def test_limbs_are_told_apart() -> None:
    pose = person()
    picture = draw(GREY, poses(pose), DrawingStyle("limbs"))
    bones = {
        "left arm": ("left_shoulder", "left_elbow"),
        "right arm": ("right_shoulder", "right_elbow"),
        "left leg": ("left_knee", "left_hip"),
        "right leg": ("right_knee", "right_hip"),
        "torso": ("left_hip", "left_shoulder"),
        "face": ("mouth_left", "mouth_right"),
    }
    colours = [middle(picture, pose, *ends) for ends in bones.values()]
    assert len(set(colours)) == 6
    for number, colour in enumerate(colours):
        for other in colours[number + 1 :]:
            assert np.abs(np.subtract(colour, other)).sum() > 60


def test_the_nearer_limb_is_on_top() -> None:
    for nearer, expected in (("left", (86, 180, 233)), ("right", (230, 159, 0))):
        pose = person(visibility=0.0)
        for side, depth in (("left", 0.5), ("right", 0.6 if nearer == "left" else 0.4)):
            slope = 1 if side == "left" else -1
            for name, step in (("shoulder", -0.3), ("elbow", 0.3)):
                index = LANDMARK_INDEX[f"{side}_{name}"]
                pose.landmarks[index] = (0.5 + step, 0.5 + step * slope, depth, 1, 1)
            # The other joints of the arm are hidden, but count for its depth.
            for name in ("wrist", "pinky", "index", "thumb"):
                pose.landmarks[LANDMARK_INDEX[f"{side}_{name}"], 2] = depth
        picture = draw(np.zeros((901, 1201, 3), np.uint8), poses(pose), DrawingStyle("limbs"))
        assert tuple(picture[450, 600].tolist()) == expected


@pytest.mark.parametrize("column", [3, 4])
@pytest.mark.parametrize("style", ["plain", "limbs"])
def test_an_unsure_joint_is_hidden_with_its_bones(column: int, style: str) -> None:
    pose = person(visibility=0)  # so that no other bone is in the way
    for name in ("left_hip", "left_shoulder", "left_knee"):
        pose.landmarks[LANDMARK_INDEX[name], 3:] = 0.9
    pose.landmarks[LANDMARK_INDEX["left_hip"], column] = 0.55
    hidden = draw(GREY, poses(pose), DrawingStyle(style))  # type: ignore[arg-type]
    assert at(hidden, pose, "left_hip") == (90, 90, 90)
    assert middle(hidden, pose, "left_hip", "left_shoulder") == (90, 90, 90)
    assert at(hidden, pose, "left_shoulder") != (90, 90, 90)
    shown = draw(GREY, poses(pose), DrawingStyle(style, min_visibility=0.5))  # type: ignore[arg-type]
    assert at(shown, pose, "left_hip") != (90, 90, 90)
    assert middle(shown, pose, "left_hip", "left_shoulder") != (90, 90, 90)


@pytest.mark.parametrize("place", [(1.01, 0.5), (-0.01, 0.5), (0.5, 1e9), (np.nan, 0.5)])
def test_a_joint_outside_is_hidden_with_its_bones(place: tuple[float, float]) -> None:
    pose = person()
    without = person()
    pose.landmarks[LANDMARK_INDEX["left_hip"], :2] = place
    without.landmarks[LANDMARK_INDEX["left_hip"], 3] = 0
    assert (draw(GREY, poses(pose)) == draw(GREY, poses(without))).all()


def test_the_background_fades() -> None:
    pose = person()
    for share, expected in ((1.0, 90), (0.5, 45), (0.0, 0)):
        picture = draw(GREY, poses(pose), DrawingStyle(background=share))
        assert tuple(picture[HEIGHT // 2, 5]) == (expected,) * 3
        assert at(picture, pose, "left_wrist") == RED


def test_transparent_is_the_skeleton_alone() -> None:
    pose = person()
    picture = draw(GREY, poses(pose), DrawingStyle(transparent=True))
    assert picture.shape == (HEIGHT, WIDTH, 4)
    assert at(picture, pose, "left_wrist") == (*RED, 255)
    assert tuple(picture[HEIGHT // 2, 5]) == (0, 0, 0, 0)
    # Over the same ground it gives what drawing on that ground gives, edges included.
    share = picture[..., 3:] / 255
    over = picture[..., :3] * share + GREY * (1 - share)
    assert np.abs(over - draw(GREY, poses(pose))).max() < 3


@pytest.mark.parametrize("style", ["plain", "limbs"])
def test_lines_follow_the_size_of_the_picture_and_of_the_person(style: str) -> None:
    def inked(height: int, scale: float) -> float:
        """Return the share of the person's box that is drawn on."""
        pose = person()
        pose.landmarks[:, :2] = 0.5 + (pose.landmarks[:, :2] - 0.5) * scale
        black = np.zeros((height, height * 4 // 3, 3), np.uint8)
        picture = draw(black, poses(pose), DrawingStyle(style))  # type: ignore[arg-type]
        return float((picture.max(axis=2) > 110).mean()) / scale**2

    normal = inked(720, 1.0)
    assert inked(1440, 1.0) == pytest.approx(normal, rel=0.1)
    assert inked(360, 1.0) == pytest.approx(normal, rel=0.1)
    assert inked(1440, 0.4) == pytest.approx(inked(1440, 0.2), rel=0.1)
    assert inked(1440, 0.2) < 2 * normal


def test_coordinates_fit_any_size_of_copy() -> None:
    pose = person()
    picture = draw(np.zeros((900, 1200, 3), np.uint8), poses(pose))
    assert at(picture, pose, "right_ankle") == RED


def test_a_box_with_id_and_score() -> None:
    pose = person()
    x, y, width, height = pose.box_px
    with_box = draw(GREY, poses(pose), DrawingStyle(box=True)).astype(int)
    changed = np.abs(with_box - draw(GREY, poses(pose))).sum(axis=2) > 0
    rows, columns = np.nonzero(changed)
    assert columns.min() == pytest.approx(x, abs=1)
    assert columns.max() == pytest.approx(x + width, abs=1)
    assert rows.max() == pytest.approx(y + height, abs=1)
    assert rows.min() < y - 5  # the text above


def test_names_and_values_are_added() -> None:
    pose = person()
    plain = draw(GREY, poses(pose)).astype(int)
    inked = [
        int((np.abs(draw(GREY, poses(pose), style) - plain).sum(axis=2) > 0).sum())
        for style in (
            DrawingStyle(values=True),
            DrawingStyle(names=True),
            DrawingStyle(names=True, values=True),
        )
    ]
    assert 500 < inked[0] < inked[1] < inked[2]


def test_a_name_in_the_corner_stays_inside() -> None:
    pose = person(visibility=0.0)
    pose.landmarks[LANDMARK_INDEX["right_foot_index"]] = (1, 1, 0, 1, 1)
    plain = draw(GREY, poses(pose)).astype(int)
    named = draw(GREY, poses(pose), DrawingStyle(names=True))
    rows, columns = np.nonzero(np.abs(named - plain).sum(axis=2))
    assert 60 < np.ptp(columns) < 140  # as wide as the name in the middle of the picture
    pose.landmarks[LANDMARK_INDEX["right_foot_index"], :2] = 0.5
    plain = draw(GREY, poses(pose)).astype(int)
    centred = draw(GREY, poses(pose), DrawingStyle(names=True))
    assert np.ptp(np.nonzero(np.abs(centred - plain).sum(axis=2))[1]) == np.ptp(columns)
    assert rows.size


def test_a_mask_tints_where_it_is() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[100:120, 190:210] = 1
    for transparent in (False, True):
        style = DrawingStyle(mask=True, transparent=transparent)
        pose, other = person(mask=mask), person(mask=mask, identity=1)
        picture = draw(GREY, poses(pose), style)
        plain = draw(GREY, poses(pose), DrawingStyle(transparent=transparent))
        changed = (picture != plain).any(axis=2)
        assert changed[101:119, 191:209].mean() > 0.8
        changed[100:120, 190:210] = False
        assert not changed.any()
        assert (draw(GREY, poses(other), style) != picture).any()
    small = person(mask=np.ones((30, 40), np.float32))
    assert (draw(GREY, poses(small), DrawingStyle(mask=True))[5, 5] != 90).any()
    assert (draw(GREY, poses(person()), DrawingStyle(mask=True)) == draw(GREY, poses(pose))).all()


anything = arrays.arrays(
    np.float32,
    (33, 5),
    elements=st.one_of(
        st.floats(width=32), st.floats(-0.25, 1.25, width=32), st.just(np.float32(0.999))
    ),
)


@given(anything, st.integers(1, 70), st.integers(1, 70), st.sampled_from(STYLES))
def test_nothing_breaks_it(marks: Floats, width: int, height: int, style: DrawingStyle) -> None:
    mask = np.full((height, width), 0.5, np.float32)
    pose = Pose(2**40, 0.5, marks, np.zeros((33, 3), np.float32), (width, height), mask)
    picture = draw(np.zeros((height, width, 3), np.uint8), poses(pose, pose), style)
    assert picture.shape == (height, width, 4 if style.transparent else 3)
    assert picture.dtype == np.uint8


@given(
    st.lists(st.tuples(*[st.floats(-5, 45, width=32)] * 4), min_size=1, max_size=5),
    st.floats(0.5, 6, width=32),
)
def test_a_stroke_covers_what_is_near_it(ends: list[tuple[float, ...]], radius_px: float) -> None:
    points = np.array(ends, np.float32)
    strokes = Strokes(points[:, :2], points[:, 2:], np.full(len(ends), radius_px, np.float32))
    canvas = np.zeros((40, 30, 3), np.uint8)
    paint(canvas, touch(strokes, 0, (30, 40)), [Layer((255, 255, 255))])
    y, x = np.mgrid[:40, :30].astype(np.float64)
    nearest = np.full((40, 30), np.inf)
    for x0, y0, x1, y1 in ends:
        dx, dy = x1 - x0, y1 - y0
        length2 = dx * dx + dy * dy
        share = np.clip(((x - x0) * dx + (y - y0) * dy) / length2, 0, 1) if length2 > 1e-12 else 0
        nearest = np.minimum(nearest, np.hypot(x - x0 - share * dx, y - y0 - share * dy))
    expected = np.clip(radius_px + 0.5 - nearest, 0, 1) * 255
    assert np.abs(canvas[..., 0] - expected).max() < 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style", "baroque"),
        ("min_visibility", -0.1),
        ("min_visibility", float("nan")),
        ("background", 1.5),
    ],
)
def test_nonsense_settings_are_named(name: str, value: object) -> None:
    with pytest.raises(SettingError, match=name):
        DrawingStyle(**{name: value})  # type: ignore[arg-type]


def test_a_real_skeleton_lies_on_its_person(shared_data: Path) -> None:
    import av

    folder = shared_data / "tfjs_pose"
    points = np.array(json.loads((folder / "pose_squats.full.json").read_text()), np.float32)
    with av.open(str(folder / "pose_squats.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8)
    marks = np.ones((33, 5), np.float32)
    marks[:, :3] = points[0] / (720, 1280, 720)
    pose = Pose(0, 1, marks, np.zeros((33, 3), np.float32), (720, 1280))
    for style in STYLES[:2]:
        drawn = draw(picture, poses(pose), style).astype(int)
        rows, columns = np.nonzero(np.abs(drawn - picture).sum(axis=2))
        x, y, width, height = pose.box_px
        assert columns.min() == pytest.approx(x, abs=10)
        assert columns.max() == pytest.approx(x + width, abs=10)
        assert rows.min() == pytest.approx(y, abs=10)
        assert rows.max() == pytest.approx(y + height, abs=10)
        assert 2_000 < len(rows) < 40_000
