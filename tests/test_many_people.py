"""Several people at once, with the real models and drawn figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import zip_longest
from typing import Any

import numpy as np
import pytest

from posemill.blazepose.belief import Impression
from posemill.blazepose.belief import examine as real_examine
from posemill.blazepose.doubts import exchanged
from posemill.blazepose.estimator import BlazePoseEstimator
from posemill.blazepose.look import Body
from posemill.blazepose.look import look as real_look
from posemill.blazepose.models import Fill, Model, Models
from posemill.blazepose.tracker import BlazePoseTracker
from posemill.drawing.figure import draw_figure
from posemill.errors import SourceError
from posemill.options import PoseOptions
from posemill.runtime.openvino import OpenVinoEngine
from posemill.types import Floats, Frame, FramePoses, Picture, Pose

WIDTH, HEIGHT = 960, 360
STANDING = (120, 360, 600, 840)


@pytest.fixture(scope="module")
def models() -> Models:
    return OpenVinoEngine(PoseOptions()).models


@cache
def empty_room(width: int, height: int) -> Picture:
    """Return the figure's room without the figure, who stands in the middle of a wide one."""
    return draw_figure(width + 3 * height, height)[:, :1].repeat(width, axis=1)


@cache
def figure(height: int, time_s: float) -> Picture:
    return draw_figure(2 * height // 3, height, time_s)


def scene(*centers: float, time_s: float = 0.0, heights: Sequence[int] = ()) -> Picture:
    """Return a room with a figure at each of the horizontal centers, later ones in front."""
    room = empty_room(WIDTH, max([HEIGHT, *heights])).copy()
    for center, height in zip_longest(centers, heights[: len(centers)], fillvalue=HEIGHT):
        drawn = figure(int(height), round(time_s, 2))
        left, width = round(center) - drawn.shape[1] // 2, drawn.shape[1]
        low, high = max(left, 0), min(left + width, WIDTH)
        if low < high:
            part = drawn[:, low - left : high - left]
            person = (part != empty_room(high - low, int(height))).any(axis=2)
            room[-int(height) :, low:high][person] = part[person]
    return room


def tracker(models: Models, **options: Any) -> BlazePoseTracker:
    return BlazePoseTracker(models, PoseOptions(**options))


def estimate(models: Models, picture: Picture, **options: Any) -> FramePoses:
    return BlazePoseEstimator(models, PoseOptions(**options)).estimate(Frame(picture))


def follow(
    watcher: BlazePoseTracker, pictures: Sequence[Picture], interval_s: float = 1 / 15
) -> list[list[int]]:
    """Return the ids in each picture."""
    return [
        [person.id for person in watcher.track(Frame(picture, k, k * interval_s)).people]
        for k, picture in enumerate(pictures)
    ]


def hips_px(person: Pose) -> float:
    return float(person.points_px[23:25, 0].mean())


# Pictures


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_everyone_in_a_picture_is_found_once(models: Models, count: int) -> None:
    people = estimate(models, scene(*STANDING[:count]), max_people=0).people
    assert sorted(map(hips_px, people)) == pytest.approx(STANDING[:count], abs=25)
    assert [person.id for person in people] == list(range(count))


def test_no_more_than_max_people(models: Models) -> None:
    assert len(estimate(models, scene(*STANDING[:3]), max_people=2).people) == 2
    assert len(estimate(models, scene(*STANDING[:3])).people) == 1


def test_tiles_find_whom_the_whole_picture_does_not_show(models: Models) -> None:
    small = draw_figure(160, 90)
    picture = np.tile(draw_figure(12800, 90)[:1, :160], (720, 8, 1))
    picture[560:650, 1000:1160] = small
    assert not estimate(models, picture, max_people=0, detect_tiles="off").people
    for tiles in ("2", "3", "auto", None):
        (person,) = estimate(models, picture, max_people=0, detect_tiles=tiles).people
        assert hips_px(person) == pytest.approx(1080, abs=10)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_who_lies_or_is_upside_down_is_seen_turned(models: Models, quarters: int) -> None:
    upright = draw_figure(400, 400)
    (expected,) = estimate(models, upright).people
    turned = np.ascontiguousarray(np.rot90(upright, quarters))
    (person,) = estimate(models, turned).people
    points = expected.points_px - 199.5
    for _ in range(quarters):
        points = points[:, ::-1] * np.array([1, -1])
    assert np.abs(person.points_px - 199.5 - points)[:29].mean() < 8


def test_only_the_region_is_searched(models: Models) -> None:
    picture = scene(*STANDING)
    for center in STANDING:
        region = (center - 110, 0, 220, HEIGHT)
        (person,) = estimate(models, picture, max_people=0, region=region).people
        assert hips_px(person) == pytest.approx(center, abs=25)
    assert not estimate(models, picture, region=(230, 0, 20, 20)).people
    with pytest.raises(SourceError, match="outside of a picture of 960x360"):
        estimate(models, picture, region=(960, 0, 20, 20))


def test_the_subject_is_whom_the_rule_names(models: Models) -> None:
    picture = scene(120, 400, 780, heights=(HEIGHT, HEIGHT, 560))
    for several in (0, 1):
        central, largest = (
            estimate(models, picture, max_people=several, subject=rule).people
            for rule in ("central", "largest")
        )
        assert [round(hips_px(p) / 100) for p in central] == [4]
        assert [round(hips_px(p) / 100) for p in largest] == [8]
    everyone = estimate(models, picture, max_people=0).people
    chosen = estimate(models, picture, max_people=0, subject="1").people
    assert [hips_px(p) for p in chosen] == [hips_px(p) for p in everyone if p.id == 1]


def test_refining_looks_again(models: Models) -> None:
    (once,) = estimate(models, scene(480)).people
    (again,) = estimate(models, scene(480), refine_passes=1).people
    assert 0 < np.abs(once.points_px - again.points_px).max() < 15


# Streams


def test_everyone_keeps_an_id_of_their_own(models: Models) -> None:
    watcher = tracker(models, max_people=0)
    places = []
    for k in range(12):
        centers = (120 + 8 * k, 480, 840 - 8 * k)
        poses = watcher.track(Frame(scene(*centers, time_s=k / 15), k, k / 15))
        places.append({person.id: hips_px(person) for person in poses.people})
    assert all(set(seen) == {0, 1, 2} for seen in places)
    for who in range(3):
        steps = np.diff([seen[who] for seen in places])
        assert np.abs(steps).max() < 40


def test_who_passes_in_front_does_not_take_the_id(models: Models) -> None:
    watcher = tracker(models, max_people=2)
    for k in range(40):
        walking = 150 + 17 * k
        poses = watcher.track(Frame(scene(480, walking, time_s=k / 15), k, k / 15))
        if k == 0:
            ids = {person.id: abs(hips_px(person) - 480) for person in poses.people}
            stander = min(ids, key=lambda who: ids[who])
    last = {person.id: hips_px(person) for person in poses.people}
    assert last.keys() == {0, 1}
    assert last[stander] == pytest.approx(480, abs=25)
    assert last[1 - stander] == pytest.approx(walking, abs=25)


def test_the_lost_come_back_under_their_id_within_patience(models: Models) -> None:
    here, gone = scene(200, 600), scene(600)
    watcher = tracker(models, max_people=0, track_patience_s=1.0)
    ids = follow(watcher, [here] * 2 + [gone] * 8 + [here] * 9 + [gone] * 25 + [here] * 9)
    assert ids[1] == ids[18] == [0, 1]
    assert len(ids[5]) == 1
    assert ids[-1] == sorted({*ids[5], 2})  # too late: somebody new


def test_who_comes_back_while_there_is_no_room_keeps_waiting(models: Models) -> None:
    a, b, c, d = STANDING
    watcher = tracker(models, max_people=3, redetect_every=1)
    ids = follow(
        watcher,
        [
            *[scene(a, b, c)] * 3,
            *[scene(a)] * 2,
            *[scene(a, d)] * 3,
            *[scene(a, b, c, d)] * 2,
            *[scene(a, b, c)] * 4,
        ],
    )
    assert ids[2] == [0, 1, 2]
    assert 3 in ids[7]
    assert len(ids[9]) == 3
    assert ids[-1] == [0, 1, 2]


def believed(monkeypatch: pytest.MonkeyPatch, *beliefs: float) -> None:
    """Have every look of the detector's finds believed so much: the first, the second, ..."""
    rest = list(beliefs)

    def examine(*arguments: Any) -> list[Impression]:
        value = rest.pop(0) if len(rest) > 1 else rest[0]
        return [replace(each, belief=value) for each in real_examine(*arguments)]

    monkeypatch.setattr("posemill.blazepose.tracker.examine", examine)
    monkeypatch.setattr("posemill.blazepose.estimator.examine", examine)


@pytest.mark.parametrize(("value", "count"), [(0.59, 0), (0.61, 1)])
def test_only_who_is_believed_counts_in_a_picture(
    models: Models, monkeypatch: pytest.MonkeyPatch, value: float, count: int
) -> None:
    believed(monkeypatch, value)
    assert len(estimate(models, scene(480), max_people=0).people) == count


def test_the_tentative_get_an_id_once_they_are_believed(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    believed(monkeypatch, 0.5, 0.9)
    watcher = tracker(models, max_people=0, min_people=0)
    ids = follow(watcher, [scene(480)] * 10, 0.1)
    assert ids == [[]] * 5 + [[0]] * 5


@pytest.mark.parametrize(("value", "frames"), [(0.29, 0), (0.5, 12)])
def test_who_stays_doubtful_is_not_followed_for_ever(
    models: Models, monkeypatch: pytest.MonkeyPatch, value: float, frames: int
) -> None:
    believed(monkeypatch, value, 0.0)
    landmark = Counting(models.landmark)
    counted = Models(models.detector, landmark, models.head)
    watcher = BlazePoseTracker(counted, PoseOptions(max_people=0, min_people=0))
    for k in range(25):
        landmark.calls.append(0)
        assert watcher.track(Frame(scene(480), k, k / 10)).people == ()
    # Beside the two looks at what the detector finds every half second.
    following = [calls - 2 * (k % 5 == 0) for k, calls in enumerate(landmark.calls)]
    assert sum(following) == pytest.approx(frames, abs=2)


def test_odd_times_are_no_reason_to_stop(models: Models) -> None:
    watcher = tracker(models, max_people=0)
    for k, time_s in enumerate([0.0, 1.0, float("inf"), float("nan"), -5.0, 1.1, 1.1]):
        assert len(watcher.track(Frame(scene(200, 600), k, time_s)).people) == 2


def test_one_body_is_followed_once(models: Models) -> None:
    watcher = tracker(models, max_people=0)
    approaching = [scene(480, 760 - 20 * k) for k in range(15)]
    ids = follow(watcher, [*approaching, *[scene(480)] * 6])
    assert ids[0] == [0, 1]
    assert len(ids[-1]) == 1


def test_a_cut_to_another_size_ends_what_was_followed(models: Models) -> None:
    watcher = tracker(models, max_people=0)
    small = scene(200, 600)
    ids = follow(watcher, [small, small, np.repeat(np.repeat(small, 2, 0), 2, 1)])
    assert ids == [[0, 1], [0, 1], [2, 3]]


def test_the_chosen_subject_is_kept(models: Models) -> None:
    watcher = tracker(models, max_people=0, subject="central")
    pictures = [scene(440 + 30 * k, 200 + 30 * k) for k in range(9)]
    first, *_, last = follow(watcher, pictures)
    assert first == last
    assert len(first) == 1


# When the detector looks


@dataclass
class Counting:
    """A model that counts its calls."""

    model: Model
    calls: list[int] = field(default_factory=list)

    def run(self, fill: Fill, read: Callable[..., Any]) -> Any:
        self.calls[-1] += 1
        return self.model.run(fill, read)

    def run_all(self, jobs: Sequence[tuple[Fill, Callable[..., Any]]]) -> list[Any]:
        self.calls[-1] += len(jobs)
        return self.model.run_all(jobs)


def detector_calls(models: Models, pictures: Sequence[Picture], **options: Any) -> list[int]:
    detector = Counting(models.detector)
    watcher = tracker(Models(detector, models.landmark, models.head), **options)
    for k, picture in enumerate(pictures):
        detector.calls.append(0)
        watcher.track(Frame(picture, k, k / 10))
    return detector.calls


def test_the_detector_rests_while_all_are_followed(models: Models) -> None:
    two = [scene(200, 600)] * 14
    assert detector_calls(models, two, max_people=2) == [1] + [0] * 13
    assert detector_calls(models, two) == [1] + [0] * 13


def test_it_looks_for_more_every_half_second_or_so_many_frames(models: Models) -> None:
    two = [scene(200, 600)] * 12
    assert detector_calls(models, two, max_people=0) == [1, 0, 0, 0, 0] * 2 + [1, 0]
    counted = detector_calls(models, two, max_people=3, redetect_every=3)
    assert counted == [1, 0, 0] * 4


def test_an_empty_scene_is_searched_as_often_as_min_people_says(models: Models) -> None:
    empty = [scene()] * 11
    assert detector_calls(models, empty) == [1] * 11
    assert detector_calls(models, empty, max_people=0) == [1] * 11
    for several in (0, 1):
        rare = detector_calls(models, empty, max_people=several, min_people=0)
        assert rare == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_a_loss_calls_the_detector(models: Models) -> None:
    pictures = [scene(200, 600)] * 2 + [scene(600)] * 2
    assert detector_calls(models, pictures, max_people=2) == [1, 0, 0, 1]


# Flags


@pytest.mark.parametrize("repair", [False, True])
def test_swapped_sides_are_flagged_and_put_back_on_request(
    models: Models, monkeypatch: pytest.MonkeyPatch, repair: bool
) -> None:
    swapping = False

    def look(*arguments: Any) -> list[Body | None]:
        bodies = real_look(*arguments)
        return [exchanged(b, np.ones(33, bool)) if b and swapping else b for b in bodies]

    monkeypatch.setattr("posemill.blazepose.tracker.look", look)
    watcher = tracker(models, repair_swaps=repair, smooth_landmarks=False)
    for k in range(4):
        swapping = k == 2
        (person,) = watcher.track(Frame(scene(480), k, k / 30)).people
        assert ("swapped" in person.flags) == swapping
        # The figure faces us: its left is on our right.
        faces_us = person["left_shoulder"].x > person["right_shoulder"].x
        assert faces_us == (repair or not swapping)


def test_what_lies_outside_of_the_picture_is_flagged(models: Models) -> None:
    (whole,) = estimate(models, draw_figure(400, 400)).people
    assert "outside" not in whole.flags
    (cut,) = estimate(models, draw_figure(400, 400)[:260]).people
    low = np.flatnonzero(cut.landmarks[:, 1] > 1)
    assert set(low.tolist()) <= set(cut.flags["outside"])
    assert {27, 28} <= set(cut.flags["outside"])


def test_unknown_shapes_are_none(models: Models) -> None:
    raw: Floats = np.zeros((1, 1, 3), np.float32)
    picture = raw.astype(np.uint8)
    assert estimate(models, picture, max_people=0).people == ()
    assert tracker(models, max_people=0).track(Frame(picture)).people == ()
