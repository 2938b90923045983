"""Parts of a video, joined: as one pass would have it, whatever the parts and their order."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeSink
from posemill.errors import BrokenSource, SourceError
from posemill.pipeline import follow, run, write
from posemill.segments import LONGEST_S, Joined, plan
from posemill.segments.agreement import Agreement, Settling
from posemill.sources.selection import Cut
from posemill.types import Frame, FramePoses, Pose

FPS = 10.0
PATIENCE_S = 1.0
PIXELS = np.zeros((1, 1, 3), np.uint8)
SIZE_PX = (100, 100)


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@dataclass
class Clip:
    """``count`` frames, those in ``keys`` key frames; ``stop`` of all that are open."""

    count: int
    keys: tuple[int, ...]
    begin: int = 0
    damaged_from: int | None = None
    wrong_by: int = 0
    refuses: bool = False
    pace_s: float = 0.0
    damage: str | None = None
    is_damaged: bool = False
    is_closed: bool = False
    opened: "list[Clip]" = field(default_factory=list)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.begin, self.count):
            if self.damaged_from is not None and index >= self.damaged_from:
                self.is_damaged = True
            assert not self.is_closed
            time.sleep(self.pace_s)
            yield Frame(PIXELS, index + (self.wrong_by if self.begin else 0), index / FPS)
        self.damage = "torn" if self.is_damaged else None

    def cuts(self, length_s: float) -> Iterator[Cut]:
        last_s = 0.0
        for key in self.keys:
            if key / FPS >= last_s + length_s:
                last_s = key / FPS
                yield Cut(key, key, last_s)

    def part(self, cut: Cut) -> "Clip":
        if self.refuses:
            raise BrokenSource("clip: can't be searched.")
        new = Clip(
            self.count,
            self.keys,
            cut.index,
            self.damaged_from,
            self.wrong_by,
            pace_s=self.pace_s,
        )
        self.opened.append(new)
        return new

    def close(self) -> None:
        self.is_closed = True


Scene = dict[str, frozenset[int]]  # in which frames somebody is there


@dataclass
class Tracker:
    """Sees who is there. Where it sees them is off at first, and gets better with time."""

    scene: Scene
    off: float = 0.2
    fades_s: float = 0.3
    since_s: dict[str, float] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    seen_s: dict[str, float] = field(default_factory=dict)
    next_id: int = 0

    def __call__(self, frame: Frame) -> FramePoses:
        now_s, people = frame.time_s, []
        number = round(now_s * FPS)  # not the frame's own: parts may count wrongly
        for place, (name, frames) in enumerate(self.scene.items()):
            if number not in frames:
                continue
            if now_s - self.seen_s.get(name, -9.0) > PATIENCE_S:
                self.ids[name], self.next_id = self.next_id, self.next_id + 1
                self.since_s[name] = now_s
            self.seen_s[name] = now_s
            off = self.off * exp(-(now_s - self.since_s[name]) / self.fades_s)
            people.append(person(self.ids[name], place + off))
        people.sort(key=lambda pose: pose.id)
        return FramePoses(frame.index, now_s, SIZE_PX, tuple(people))


def person(identity: int, place: float) -> Pose:
    landmarks = np.zeros((33, 5), np.float32)
    landmarks[:, 0] = np.linspace(place, place + 0.5, 33)
    landmarks[:, 1] = np.linspace(0, 1, 33)
    return Pose(identity, 1.0, landmarks, np.zeros((33, 3), np.float32), SIZE_PX)


def joined(clip: Clip, scene: Scene, workers: int = 2, length_s: float = 2.0) -> list[FramePoses]:
    with make(clip, scene, workers, length_s) as parts:
        return list(parts)


def make(clip: Clip, scene: Scene, workers: int = 2, length_s: float = 2.0) -> Joined:
    return Joined(
        clip,
        lambda: Tracker(scene),
        workers=workers,
        length_s=length_s,
        settled_s=PATIENCE_S,
    )


def one_pass(clip: Clip, scene: Scene) -> list[FramePoses]:
    track = Tracker(scene)
    return [track(frame) for frame in Clip(clip.count, clip.keys)]


def ids(frames: list[FramePoses]) -> list[tuple[int, list[int]]]:
    return [(poses.index, [pose.id for pose in poses.people]) for poses in frames]


def distance(first: list[FramePoses], second: list[FramePoses]) -> float:
    """Return the largest distance between landmarks, in parts of the box."""
    return max(
        (
            float(np.abs(ours.landmarks - theirs.landmarks).max())
            for a, b in zip(first, second, strict=True)
            for ours, theirs in zip(a.people, b.people, strict=True)
        ),
        default=0.0,
    )


ALWAYS: Scene = {"anna": frozenset(range(1000))}


@given(
    count=st.integers(0, 150),
    keys=st.sets(st.integers(1, 149)),
    workers=st.integers(1, 4),
    length_s=st.floats(0.1, 8.0),
    stays=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 149), st.integers(1, 40)), max_size=8
    ),
    wrong_by=st.integers(-3, 3),
)
def test_joined_parts_are_one_pass(
    count: int,
    keys: set[int],
    workers: int,
    length_s: float,
    stays: list[tuple[str, int, int]],
    wrong_by: int,
) -> None:
    scene: Scene = dict.fromkeys("abc", frozenset())
    for name, begin, length in stays:
        scene[name] |= frozenset(range(begin, begin + length))
    clip = Clip(count, tuple(sorted(keys)), wrong_by=wrong_by)
    found, expected = joined(clip, scene, workers, length_s), one_pass(clip, scene)
    assert ids(found) == ids(expected)
    assert [poses.time_s for poses in found] == [poses.time_s for poses in expected]
    assert distance(found, expected) <= 0.001
    assert clip.is_closed and all(part.is_closed for part in clip.opened)


def test_parts_are_really_used() -> None:
    clip = Clip(100, (50,))
    with make(clip, ALWAYS) as parts:
        seen = []
        for poses in parts:
            seen.append(poses.index)
            if len(seen) == 80:
                assert [part.is_closed for part in clip.opened] == [False]
                assert clip.is_closed  # the first part's tracker has long given over
    assert seen == list(range(100))


def test_trackers_that_never_agree_are_not_joined() -> None:
    clip = Clip(100, (30, 60))
    scene = {"anna": frozenset(range(100))}
    with Joined(clip, Chaos(scene).new, workers=2, length_s=2.0, settled_s=PATIENCE_S) as parts:
        found = list(parts)
    assert {float(poses.people[0].landmarks[0, 0]) for poses in found} == {0.0}


@dataclass
class Chaos:
    """Makes trackers each of which sees the person somewhere else."""

    scene: Scene
    made: int = 0

    def new(self) -> Tracker:
        self.made += 1
        return Tracker(self.scene, off=float(self.made - 1), fades_s=1e9)


def test_after_a_while_it_is_enough_that_the_people_are_the_same() -> None:
    settling = Settling(5.0, 1.0)
    answers = []
    for number in range(300):
        time_s = 5.0 + number / FPS
        ours = FramePoses(number, time_s, SIZE_PX, (person(3, 0.0),))
        theirs = FramePoses(number, time_s, SIZE_PX, (person(0, 0.05),))
        answers.append(settling.add(ours, theirs))
    found = [(number, answer.ids) for number, answer in enumerate(answers) if answer is not None]
    assert found[0] == (200, {0: 3})


def test_whoever_changes_places_has_to_agree_anew() -> None:
    agreement = Agreement(0.001)
    both = (person(0, 0.0), person(1, 2.0))
    turned = (person(1, 0.0), person(0, 2.0))

    def lasts_s(number: int, theirs: tuple[Pose, ...]) -> float:
        ours = FramePoses(number, number / FPS, SIZE_PX, both)
        return agreement.lasts_s(ours, FramePoses(number, number / FPS, SIZE_PX, theirs))

    assert lasts_s(0, both) == 0.0
    assert lasts_s(1, both) == pytest.approx(0.1)
    assert lasts_s(2, turned) == 0.0
    assert agreement.ids == {1: 0, 0: 1}
    assert lasts_s(3, both[:1]) == -1.0


@pytest.mark.parametrize("damaged_from", [5, 35, 99])
def test_a_damaged_video_is_read_in_one_pass_from_there_on(damaged_from: int) -> None:
    clip = Clip(100, (30, 60), damaged_from=damaged_from)
    with make(clip, ALWAYS) as parts:
        assert ids(list(parts)) == ids(one_pass(clip, ALWAYS))
        assert parts.damage == "torn"


def test_a_video_that_cant_be_searched_is_read_in_one_pass() -> None:
    clip = Clip(60, (20, 40), refuses=True)
    assert ids(joined(clip, ALWAYS)) == ids(one_pass(clip, ALWAYS))


def test_only_a_few_parts_are_held() -> None:
    clip = Clip(300, tuple(range(20, 300, 20)))
    held = 0
    with make(clip, ALWAYS, workers=2) as parts:
        for _ in parts:
            time.sleep(0.0005)  # whoever takes them is slower than the trackers
            held = max(held, sum(not each.is_closed for each in [clip, *clip.opened]))
    assert 2 <= held <= 3


def test_an_error_of_a_tracker_comes_out() -> None:
    def fail(frame: Frame) -> FramePoses:
        if frame.index == 45:
            raise RuntimeError("no model")
        return Tracker(ALWAYS)(frame)

    clip = Clip(10_000, tuple(range(20, 10_000, 20)))
    with (
        pytest.raises(RuntimeError, match="no model"),
        Joined(clip, lambda: fail, workers=2, length_s=2.0, settled_s=1.0) as parts,
    ):
        list(parts)


def test_an_error_while_a_part_is_opened_that_is_none_of_the_source_comes_out() -> None:
    class Failing(Clip):
        def part(self, cut: Cut) -> Clip:
            raise MemoryError

    with pytest.raises(MemoryError):
        joined(Failing(100, (50,)), ALWAYS)


def test_whoever_stops_has_whole_frames_up_to_there() -> None:
    asked = threading.Event()
    sink = FakeSink(before_each=lambda index: asked.set() if index == 25 else None)
    clip = Clip(100_000, tuple(range(20, 100_000, 20)))
    with make(clip, ALWAYS) as parts:
        report = write(parts, [sink], stopped=asked.is_set)
    assert report.interrupted
    assert sink.frames == list(range(26))


def test_stopping_does_not_wait_for_a_slow_part() -> None:
    asked = threading.Event()
    clip = Clip(30, (10, 20), pace_s=0.2)
    threading.Timer(0.3, asked.set).start()
    began = time.monotonic()
    parts = Joined(
        clip, lambda: Tracker(ALWAYS), workers=2, length_s=1.0, settled_s=1.0, stopped=asked.is_set
    )
    with parts:
        list(parts)
    assert time.monotonic() - began < 1.5


def test_poses_of_parts_go_with_the_frames_of_the_pipeline() -> None:
    clip = Clip(90, (30, 60))
    sink = FakeSink()
    with make(clip, ALWAYS) as parts:
        report = run(Clip(90, ()), follow(parts), None, [sink])
    assert (report.frames, report.with_people) == (90, 90)
    assert sink.frames == list(range(90))


def test_poses_of_another_frame_are_refused() -> None:
    poses = [FramePoses(index, index / FPS, SIZE_PX) for index in (0, 1, 3)]
    with pytest.raises(RuntimeError, match="frame 3"):
        run(Clip(9, ()), follow(poses), None, [FakeSink()])


@given(st.floats(1.0, 1e6), st.integers(1, 64))
def test_parts_keep_all_workers_busy_and_fit_the_memory(duration_s: float, workers: int) -> None:
    parts = plan(duration_s, workers, 2.0)
    assert parts.length_s <= LONGEST_S * (1 + 1e-9)
    rounds = duration_s / parts.length_s / workers
    assert rounds == pytest.approx(round(rounds))
    assert plan(None, workers, 2.0).length_s == LONGEST_S


def test_source_errors_are_not_hidden_in_the_first_part() -> None:
    class Torn(Clip):
        def __iter__(self) -> Iterator[Frame]:
            yield Frame(PIXELS, 0, 0.0)
            raise SourceError("clip: gone.")

    with pytest.raises(SourceError, match="gone"):
        joined(Torn(10, ()), ALWAYS)
