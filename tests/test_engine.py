"""The whole graph with the real models: one suite over every engine that is installed."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from math import cos, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posemill import PoseEstimator, PoseTracker, open_source
from posemill.drawing.figure import draw_figure
from posemill.errors import EngineUnavailable, SettingError
from posemill.options import PoseOptions
from posemill.runtime import ENGINES, Engine, load_engine
from posemill.runtime.openvino import OpenVinoEngine
from posemill.skeleton import LANDMARK_NAMES
from posemill.types import Floats, Frame, FramePoses, Picture, Pose
from posemill.warp import crop

SIZE = (640, 360)
GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "goldens" / "mediapipe_0.10.21.json").read_text()
)
TOLERANCE: dict[str, dict[str, float]] = GOLDENS["tolerance"]


@pytest.fixture(params=list(ENGINES), scope="module")
def engine_name(request: pytest.FixtureRequest) -> str:
    if request.param == "mediapipe" and find_spec("mediapipe") is None:
        pytest.skip("the optional engine mediapipe is not installed (make test-mediapipe)")
    return str(request.param)


@pytest.fixture(scope="module")
def engine(engine_name: str) -> Engine:
    return load_engine(PoseOptions(engine=engine_name))


def only(poses: FramePoses) -> Pose:
    assert len(poses.people) == 1
    return poses.people[0]


def box_side(pose: Pose) -> float:
    return max(pose.box_px[2:])


def apart_percent(first: Floats, second: Floats, side_px: float) -> float:
    """Mean distance of points, both (33, 2) in pixels, in % of the person's box."""
    return float(100 * np.linalg.norm(first - second, axis=1).mean() / side_px)


def moved(picture: Picture, matrix: list[list[float]]) -> Picture:
    """Return the picture seen through a map from new pixels to old ones, at 400x400."""
    out = np.empty((400, 400, 3), np.float32)
    crop(picture, np.array(matrix, float), out, replicate=True, scale=1.0, offset=0.0)
    return out.astype(np.uint8)


# One suite over all engines


def test_a_person_is_found_with_plausible_numbers(engine: Engine, astronaut: Picture) -> None:
    pose = only(engine.estimator().estimate(Frame(astronaut)))
    assert pose.landmarks.shape == (33, 5)
    assert pose.world.shape == (33, 3)
    assert pose.landmarks.dtype == pose.world.dtype == np.float32
    assert np.isfinite(pose.landmarks).all()
    assert ((pose.landmarks[:, 3:] >= 0) & (pose.landmarks[:, 3:] <= 1)).all()
    # Her nose, in the picture that scikit-image ships, is at about (225, 127).
    assert pose.points_px[0] == pytest.approx([225, 127], abs=5)
    assert pose["nose"].visibility > 0.9
    # Her left shoulder is on our right, and world landmarks are metres.
    assert pose["left_shoulder"].x > pose["right_shoulder"].x
    shoulders = pose.world[LANDMARK_NAMES.index("left_shoulder"), 0] - pose.world[12, 0]
    assert 0.2 < shoulders < 0.5


def test_nobody_in_an_empty_picture(engine: Engine) -> None:
    for value in (0, 127, 255):
        frame = Frame(np.full((120, 160, 3), value, np.uint8), 7, 1.5)
        for poses in (engine.estimator().estimate(frame), engine.tracker().track(frame)):
            assert poses.people == ()
            assert (poses.index, poses.time_s, poses.size_px) == (7, 1.5, (160, 120))


def test_estimates_do_not_depend_on_what_came_before(engine: Engine, astronaut: Picture) -> None:
    estimator = engine.estimator()
    first = only(estimator.estimate(Frame(astronaut)))
    estimator.estimate(Frame(draw_figure(*SIZE)))
    np.testing.assert_array_equal(
        first.landmarks, only(estimator.estimate(Frame(astronaut))).landmarks
    )


def test_a_reset_forgets_and_ids_are_not_reused(engine: Engine) -> None:
    tracker = engine.tracker()
    picture = draw_figure(*SIZE)
    first = only(tracker.track(Frame(picture, 0, 0.0)))
    only(tracker.track(Frame(draw_figure(*SIZE, time_s=0.3), 1, 0.1)))
    tracker.reset()
    again = only(tracker.track(Frame(picture, 2, 0.2)))
    np.testing.assert_allclose(first.landmarks, again.landmarks, atol=1e-5)
    assert again.id > first.id


def test_loss_and_return(engine: Engine) -> None:
    tracker = engine.tracker()
    person, empty = draw_figure(*SIZE), np.zeros((*SIZE[::-1], 3), np.uint8)
    ids = []
    for index, picture in enumerate([person, person, empty, empty, person]):
        ids.append([p.id for p in tracker.track(Frame(picture, index, index / 30)).people])
    assert ids[:4] == [[0], [0], [], []]
    assert len(ids[4]) == 1


def test_masks_come_at_picture_size_and_only_when_asked(engine_name: str) -> None:
    picture = Frame(draw_figure(*SIZE))
    options = PoseOptions(engine=engine_name, enable_segmentation=True)
    engine = load_engine(options)
    for poses in (engine.estimator().estimate(picture), engine.tracker().track(picture)):
        mask = only(poses).mask
        assert mask is not None
        assert mask.shape == SIZE[::-1]
        assert 0 <= mask.min() <= mask.max() <= 1
        assert mask[180, 320] > 0.8, "the middle of the shirt"
        assert mask[20, 20] < 0.1, "a corner of the wall"
    assert (
        only(load_engine(PoseOptions(engine=engine_name)).estimator().estimate(picture)).mask
        is None
    )


@pytest.mark.parametrize(
    "golden", GOLDENS["pictures"], ids=lambda g: f"{g['picture']}{g['complexity']}"
)
def test_pictures_agree_with_mediapipe(
    golden: dict[str, Any], engine_name: str, astronaut: Picture
) -> None:
    pictures = {"astronaut": astronaut, "figure": draw_figure(*SIZE, time_s=1.0)}
    options = PoseOptions(engine=engine_name, model_complexity=golden["complexity"])
    pose = only(load_engine(options).estimator().estimate(Frame(pictures[golden["picture"]])))
    agrees(pose, golden, TOLERANCE["pictures"])


@pytest.mark.parametrize("smooth", [True, False])
def test_a_stream_agrees_with_mediapipe(smooth: bool, engine_name: str) -> None:
    options = PoseOptions(engine=engine_name, smooth_landmarks=smooth)
    tracker = load_engine(options).tracker()
    goldens = {g["frame"]: g for g in GOLDENS["stream"] if g["smooth"] is smooth}
    for index in range(max(goldens) + 1):
        picture = draw_figure(*SIZE, time_s=index / 15)
        pose = only(tracker.track(Frame(picture, index, (index + 1) / 30)))
        if index in goldens:
            agrees(pose, goldens[index], TOLERANCE["stream"])


def test_a_stream_with_a_loss_agrees_with_mediapipe(engine: Engine) -> None:
    tracker = engine.tracker()
    goldens = {g["frame"]: g for g in GOLDENS["loss"]}
    empty = np.zeros((*SIZE[::-1], 3), np.uint8)
    for index in range(14):
        picture = empty if index in (8, 9) else draw_figure(*SIZE, time_s=index / 15)
        poses = tracker.track(Frame(picture, index, (index + 1) / 30))
        if index in goldens:
            agrees(only(poses), goldens[index], TOLERANCE["stream"])


def agrees(pose: Pose, golden: dict[str, Any], tolerance: dict[str, float]) -> None:
    expected = np.array(golden["landmarks"], np.float32)
    expected_px = expected[:, :2] * np.array(pose.size_px, np.float32)
    assert apart_percent(pose.points_px, expected_px, box_side(pose)) < tolerance["image_percent"]
    world = np.linalg.norm(pose.world - np.array(golden["world"]), axis=1)
    assert 1000 * world.mean() < tolerance["world_mm"]
    assert np.abs(pose.landmarks[:, 3] - expected[:, 3]).mean() < tolerance["visibility"]


# Our own engine


@pytest.fixture(scope="module")
def ours() -> Engine:
    return load_engine(PoseOptions())


@pytest.mark.parametrize("angle", [-0.5, 0.0, 0.3])
@pytest.mark.parametrize("scale", [0.8, 1.25])
def test_a_moved_picture_gives_the_moved_landmarks(
    ours: Engine, astronaut: Picture, angle: float, scale: float
) -> None:
    base = moved(astronaut, [[1.28, 0, 0], [0, 1.28, 0]])
    c, s = cos(angle) / scale, sin(angle) / scale
    center = np.array([170.0, 160.0])
    linear = np.array([[c, -s], [s, c]])
    matrix = np.column_stack([linear, center - linear @ [200, 200]])
    before = only(ours.estimator().estimate(Frame(base)))
    after = only(ours.estimator().estimate(Frame(moved(base, matrix.tolist()))))
    back = after.points_px @ linear.T + matrix[:, 2]
    sure = before.landmarks[:, 3] > 0.9
    assert sure.sum() >= 11
    assert apart_percent(back[sure], before.points_px[sure], box_side(before)) < 3


def test_tracking_follows_a_photo_moved_by_known_steps(ours: Engine, astronaut: Picture) -> None:
    base = moved(astronaut, [[1.28, 0, 0], [0, 1.28, 0]])
    still = only(ours.estimator().estimate(Frame(base)))
    tracker = ours.tracker()
    for index in range(20):
        x, y = 2.0 * index, -1.0 * index
        frame = Frame(moved(base, [[1, 0, x], [0, 1, y]]), index, index / 30)
        pose = only(tracker.track(frame))
        assert pose.id == 0
        expected = still.points_px - (x, y)
        visible = (still.landmarks[:, 3] > 0.9) & (expected > 0).all(axis=1)
        off = apart_percent(pose.points_px[visible], expected[visible], box_side(still))
        assert off < 4, f"frame {index}"


@pytest.mark.parametrize(
    "times", [[0, 0, 0, 0], [5, 4, 3, 2], [0, 1e-9, 1e9, -1e9], [0, 0.1, 0.1, 0.2]]
)
def test_any_order_of_timestamps_is_handled(ours: Engine, times: list[float]) -> None:
    tracker = ours.tracker()
    for index, time_s in enumerate(times):
        pose = only(tracker.track(Frame(draw_figure(*SIZE, time_s=index / 10), index, time_s)))
        assert np.isfinite(pose.landmarks).all()


def test_a_clock_set_back_goes_on_from_there(ours: Engine) -> None:
    def last(times: list[float]) -> Floats:
        tracker = ours.tracker()
        for index, time_s in enumerate(times):
            picture = draw_figure(*SIZE, time_s=index / 5)
            pose = only(tracker.track(Frame(picture, index, time_s)))
        return pose.landmarks

    forward = last([0, 0.04, 0.08, 0.58])
    np.testing.assert_allclose(last([10, 10.04, 0, 0.5]), forward, atol=1e-6)
    assert not np.allclose(last([0, 0.04, 0.08, 0.12]), forward, atol=1e-6)


def test_a_reset_forgets_the_pace(ours: Engine) -> None:
    def after(times: list[float]) -> Floats:
        tracker = ours.tracker()
        for index, time_s in enumerate(times):
            tracker.track(Frame(draw_figure(*SIZE, time_s=index / 5), index, time_s))
        tracker.reset()
        for index in (3, 4):  # at the same time: counted as the usual interval
            pose = only(tracker.track(Frame(draw_figure(*SIZE, time_s=index / 5), index, 50)))
        return pose.landmarks

    np.testing.assert_allclose(after([]), after([0, 5]), atol=1e-6)


def test_another_picture_size_starts_anew(ours: Engine) -> None:
    tracker = ours.tracker()
    tracker.track(Frame(draw_figure(640, 360), 0, 0.0))
    tracker.track(Frame(draw_figure(640, 360), 1, 0.1))
    small = draw_figure(320, 180)
    moved_on = only(tracker.track(Frame(small, 2, 0.2)))
    alone = only(ours.estimator().estimate(Frame(small)))
    assert apart_percent(moved_on.points_px, alone.points_px, box_side(alone)) < 0.01
    assert moved_on.id == 1


def test_static_image_mode_keeps_nothing_between_frames(engine_name: str) -> None:
    engine = load_engine(PoseOptions(engine=engine_name, static_image_mode=True))
    tracker = engine.tracker()
    for index in range(3):
        frame = Frame(draw_figure(*SIZE, time_s=index), index, index / 30)
        tracked, alone = only(tracker.track(frame)), only(engine.estimator().estimate(frame))
        np.testing.assert_allclose(tracked.landmarks, alone.landmarks, atol=1e-6)


def test_smooth_segmentation_can_be_off(ours: Engine) -> None:
    def second_mask(smooth: bool) -> Floats:
        options = PoseOptions(enable_segmentation=True, smooth_segmentation=smooth)
        tracker = load_engine(options).tracker()
        for index in range(2):
            frame = Frame(draw_figure(*SIZE, time_s=index), index, index / 30)
            mask = only(tracker.track(frame)).mask
        assert mask is not None
        return mask

    assert np.abs(second_mask(True) - second_mask(False)).max() > 0.05


def test_threads_are_those_asked_for() -> None:
    for threads in (1, 2):
        engine = OpenVinoEngine(PoseOptions(model_complexity=0, threads=threads))
        assert engine.threads == threads


def test_smoothing_calms_jitter(ours: Engine) -> None:
    rng = np.random.default_rng(3)
    base = draw_figure(*SIZE).astype(np.int16)
    pictures = [
        (base + rng.normal(0, 12, base.shape)).clip(0, 255).astype(np.uint8) for _ in range(12)
    ]

    def spread(smooth: bool) -> float:
        tracker = load_engine(PoseOptions(smooth_landmarks=smooth)).tracker()
        points = [
            only(tracker.track(Frame(picture, index, index / 30))).points_px
            for index, picture in enumerate(pictures)
        ]
        return float(np.diff(np.array(points[2:]), axis=0).std())

    assert spread(True) < 0.5 * spread(False)


def test_confidence_thresholds_are_used(ours: Engine) -> None:
    faint = (draw_figure(*SIZE).astype(np.float32) * 0.04 + 120).astype(np.uint8)
    frame = Frame(faint)
    open_minded = PoseOptions(min_detection_confidence=0.0, min_tracking_confidence=0.0)
    strict = PoseOptions(min_detection_confidence=1.0)
    assert load_engine(open_minded).estimator().estimate(frame).people
    assert not load_engine(strict).estimator().estimate(frame).people
    never = PoseOptions(min_tracking_confidence=1.0)
    assert not load_engine(never).estimator().estimate(Frame(draw_figure(*SIZE))).people


def test_many_threads_share_one_engine(ours: Engine, astronaut: Picture) -> None:
    pictures = [astronaut, draw_figure(*SIZE), np.zeros((50, 60, 3), np.uint8)]
    expected = [ours.estimator().estimate(Frame(picture)) for picture in pictures]
    estimator = ours.estimator()
    barrier = threading.Barrier(4)

    def work(worker: int) -> Iterator[tuple[int, FramePoses]]:
        barrier.wait()
        return iter(
            [(k % 3, estimator.estimate(Frame(pictures[k % 3]))) for k in range(worker, worker + 6)]
        )

    with ThreadPoolExecutor(4) as pool:
        for results in pool.map(work, range(4)):
            for which, poses in results:
                assert len(poses.people) == len(expected[which].people)
                for a, b in zip(poses.people, expected[which].people, strict=True):
                    np.testing.assert_allclose(a.landmarks, b.landmarks, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (3, 5), (2000, 30)])
def test_odd_sizes(ours: Engine, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    assert ours.estimator().estimate(Frame(picture)).size_px == size


def test_every_exif_orientation_gives_the_same_landmarks(ours: Engine, shared_data: Path) -> None:
    found = []
    for path in sorted((shared_data / "exif_orientation").glob("*.jpg")):
        with open_source(path) as source:
            (frame,) = source
        found.append(only(ours.estimator().estimate(frame)))
    assert len(found) == 9
    for pose in found[1:]:
        assert pose.size_px == found[0].size_px
        apart = apart_percent(pose.points_px, found[0].points_px, box_side(found[0]))
        assert apart < 2, "a wrong turn would be tens; each file was compressed anew"


# The public API


def test_the_api_takes_plain_pictures(astronaut: Picture) -> None:
    pose = only(PoseEstimator(model_complexity=0).estimate(astronaut))
    plain = pose.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["landmarks"][0][0] == pytest.approx(pose["nose"].x, abs=1e-6)
    tracker = PoseTracker(model_complexity=0)
    assert [tracker.track(astronaut).index for _ in range(2)] == [0, 1]
    assert tracker.track(astronaut, time_s=9.5).time_s == 9.5


@pytest.mark.parametrize(
    "options",
    [
        {"model_complexity": 3},
        {"min_detection_confidence": 1.5},
        {"min_tracking_confidence": float("nan")},
        {"max_people": 33},
        {"engine": "tensorflow"},
        {"precision": "f8"},
        {"threads": -1},
        {"threads": True},
        {"static_image_mode": "no"},
        {"complexity": 1},
        {"min_people": -1},
        {"track_patience_s": float("inf")},
        {"detect_tiles": "4"},
        {"detect_rotations": "on"},
        {"region": (0, 0, 0, 5)},
        {"region": [0, 0, 5, 5]},
        {"region": "0,0,5,5"},
        {"subject": "tallest"},
        {"subject": "3"},  # an id, where one person is followed
        {"subject": 3},
        {"refine_passes": -1},
        {"refine_passes": 4},
    ],
)
def test_wrong_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(options))):
        PoseEstimator(**options)


def test_wrong_pictures_are_refused(astronaut: Picture) -> None:
    estimator = PoseEstimator(model_complexity=0)
    grey, four = astronaut[..., :1], np.dstack([astronaut, astronaut[..., 0]])
    for wrong in (astronaut[..., 0], grey, four, astronaut.astype(np.float32), astronaut[:0]):
        with pytest.raises(ValueError, match="RGB"):
            Frame(wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="RGB"):
            estimator.estimate(wrong)  # type: ignore[arg-type]


def test_a_missing_engine_says_how_to_get_it() -> None:
    if find_spec("mediapipe") is not None:
        pytest.skip("mediapipe is installed")
    with pytest.raises(EngineUnavailable, match="pip install"):
        load_engine(PoseOptions(engine="mediapipe"))
