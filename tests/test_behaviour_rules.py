"""Lines, crowds, angles, lying, stillness, running; who is who; events of a clip."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from everyday_moves import FALLS, LOOKALIKES, ON_BACK, SIT, STAND, STOOP, Move, keyed
from moving_figure import Camera, Look, Posture, filmed
from posemill.analysis.behaviour import CONDITIONS, LASTING, Options, condition, find_events
from posemill.analysis.behaviour.body import body_of
from posemill.analysis.behaviour.following import Following
from posemill.analysis.behaviour.posture import posture_of
from posemill.analysis.joints import WORLD_ANGLES
from posemill.config.alerting import ANGLES, RULES
from posemill.errors import SettingError
from posemill.types import FramePoses

TENTHS = np.arange(0, 6, 0.1)
GATE = ((0.5, 0.0), (0.5, 1.0))  # from above down: left of the way is the picture's right


def walked(x_from: float, x_to: float) -> list[FramePoses]:
    def at(time_s: float) -> Posture:
        return Posture(x_m=x_from + min(1.0, time_s / 3) * (x_to - x_from))

    return filmed(at, TENTHS, Look(noise_m=0.01))


def facts_of(rule: str, frames: Sequence[FramePoses], **options: Any) -> list[tuple[float, Any]]:
    holds = condition(rule, Options(**options))
    told = [(round(frame.time_s, 3), holds(frame)) for frame in frames]
    return [(time_s, facts["people"]) for time_s, facts in told if facts is not None]


def keeping(posture: Posture) -> Move:
    return lambda _: posture


# --- options


@pytest.mark.parametrize("rule", RULES)
def test_facts_are_json_and_name_people(rule: str) -> None:
    options = Options(
        points=((0, 0), (1, 0), (1, 1), (0, 1)), line=GATE, angle="left_knee_flexion", below=90.0
    )
    frames = filmed(FALLS["backward"], TENTHS)
    found = [facts for facts in map(condition(rule, options), frames) if facts is not None]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert all(each["id"] == 0 for facts in found for each in facts["people"])


@pytest.mark.parametrize("rule", RULES)
def test_nobody_for_hours_is_no_trouble(rule: str) -> None:
    options = Options(line=GATE, angle="trunk_lean", above=1.0)
    holds = condition(rule, options)
    for index in range(50):
        facts = holds(FramePoses(index, index * 60.0, (640, 480)))
        assert facts == ({"people": []} if rule == "nobody" else None)


def test_what_settings_may_ask_for_there_is() -> None:
    assert tuple(CONDITIONS) == RULES
    assert set(LASTING) < set(RULES)
    assert set(ANGLES) <= set(WORLD_ANGLES)


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        ("line", {}, "two different points"),
        ("line", {"line": GATE, "direction": "up"}, "direction must be"),
        ("angle", {"angle": "left_ear_flexion", "above": 1.0}, "angle must be one of"),
        ("angle", {"angle": "left_knee_flexion"}, "needs above or below"),
    ],
)
def test_a_rule_that_lacks_something_is_refused(
    rule: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        condition(rule, Options(**options))


# --- lines, crowds, angles


def test_a_line_is_crossed_once_and_to_a_side() -> None:
    there, back = walked(-1, 1), walked(1, -1)
    ((_, (person,)),) = facts_of("line", there, line=GATE)
    assert (person["id"], person["of"], person["to"]) == (0, "feet", "left")
    assert len(facts_of("line", back, line=GATE, direction="right")) == 1
    assert facts_of("line", there, line=GATE, direction="right") == []
    assert facts_of("line", there, line=GATE[::-1], direction="left") == []


def test_a_line_is_not_crossed_beyond_its_ends_nor_by_trembling_on_it() -> None:
    assert facts_of("line", walked(-1, 1), line=((0.5, 0.0), (0.5, 0.3))) == []
    frames = filmed(lambda _: Posture(), TENTHS, Look(noise_m=0.01))
    assert facts_of("line", frames, line=GATE) == []


def test_a_crowd_is_so_many_people_in_the_picture_or_in_a_zone() -> None:
    moves = {number: keeping(Posture(x_m=number - 1)) for number in range(3)}
    frames = filmed(moves, [0.0, 0.1])
    assert [len(people) for _, people in facts_of("crowd", frames, least=3)] == [3, 3]
    assert facts_of("crowd", frames, least=4) == []
    left = ((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0))
    assert len(facts_of("crowd", frames, least=2, points=left)) == 2
    assert facts_of("crowd", frames, least=3, points=left) == []
    assert facts_of("crowd", frames, points=()) == []  # a zone that isn't there


def test_an_angle_is_above_or_below_or_between() -> None:
    frames = filmed(lambda _: Posture(knee_flexion=(60.0, 0.0), hip_flexion=(30.0, 0.0)), [0.0])
    knee = {"angle": "left_knee_flexion"}
    ((_, (person,)),) = facts_of("angle", frames, **knee, above=50.0)
    assert person == {"id": 0, "angle": "left_knee_flexion", "degrees": pytest.approx(60, abs=0.1)}
    assert facts_of("angle", frames, **knee, above=70.0) == []
    assert facts_of("angle", frames, **knee, below=50.0) == []
    assert len(facts_of("angle", frames, **knee, above=50.0, below=70.0)) == 1
    hidden = filmed(lambda _: Posture(), [0.0], Look(hidden=["left_ankle"]))
    assert facts_of("angle", hidden, **knee, below=50.0) == []


# --- what lasts


def test_who_lies_is_told_after_a_while_however_they_came_to() -> None:
    frames = filmed(LOOKALIKES["lying_down_on_floor"], np.arange(0, 12, 0.1), Look(noise_m=0.02))
    found = facts_of("lying", frames, for_s=3.0)
    first_s, (person,) = found[0]
    assert 7.0 < first_s < 8.5  # flat at 4.6 s at the latest
    assert person["for_s"] == pytest.approx(3.0, abs=0.11)
    assert person["inclination_deg"] > 60


def test_who_lies_and_is_lost_for_seconds_goes_on_and_who_gets_up_doesn_t() -> None:
    up = keyed((0, ON_BACK), (9, ON_BACK), (10.5, STAND), (20, STAND))
    frames = filmed(up, np.arange(0, 15, 0.1))
    torn = [replace(f, people=()) if 1.0 < f.time_s < 7.0 else f for f in frames]
    told = [time_s for time_s, _ in facts_of("lying", torn, for_s=5.0)]
    assert told[0] == 5.0
    assert 9.5 < told[-1] < 11.5


@pytest.mark.parametrize("posture", [STAND, SIT, STOOP])
def test_standing_sitting_and_stooping_is_no_lying(posture: Posture) -> None:
    for yaw in (0, 90, 200):
        frames = filmed(keeping(replace(posture, yaw=yaw)), TENTHS, Look(noise_m=0.02))
        assert facts_of("lying", frames, for_s=1.0) == []


def test_who_doesn_t_move_is_still_until_a_hand_moves() -> None:
    def at(time_s: float) -> Posture:
        return Posture(elbow_flexion=(90.0 if time_s > 6 else 5.0, 5.0))

    frames = filmed(at, np.arange(0, 12, 0.1), Look(noise_m=0.02))
    told = [time_s for time_s, _ in facts_of("still", frames, for_s=4.0)]
    assert told[0] == pytest.approx(4.0, abs=0.11)
    assert 6.0 < min(t for t in np.arange(0, 12, 0.1).round(3) if t > 5 and t not in told) < 8.2
    assert facts_of("still", filmed(LOOKALIKES["walking"], TENTHS), for_s=2.0) == []


def test_running_is_faster_than_anyone_walks() -> None:
    def across(speed: float) -> list[FramePoses]:
        look = Look(noise_m=0.02, camera=Camera(distance_m=8))
        return filmed(lambda time_s: Posture(x_m=speed * time_s - 4, yaw=90), TENTHS[:25], look)

    found = facts_of("running", across(3.2), for_s=0.5)
    assert found[0][1][0]["speed_mps"] == pytest.approx(3.2, abs=0.4)
    assert facts_of("running", across(1.6), for_s=0.5) == []


# --- who is who


def test_a_person_stays_the_same_under_a_new_id_near_by_and_not_far_away() -> None:
    near, far = filmed(lambda _: Posture(), [0.0])[0], filmed(lambda _: Posture(x_m=3.0), [0.0])[0]
    for after, is_same in ((near, True), (far, False)):
        people = Following()
        people.update(near)
        first = people.seen[0]
        people.update(FramePoses(1, 0.5, near.size_px))
        assert people.lost == [first]
        renamed = replace(after, time_s=1.0, people=(replace(after.people[0], id=9),))
        people.update(renamed)
        assert (people.seen[0] is first) == is_same
        assert people.seen[0].id == 9


def test_memory_is_bounded() -> None:
    people = Following(keep_s=10.0)
    frame = filmed(lambda _: Posture(), [0.0])[0]
    for index in range(2000):
        who = replace(frame.people[0], id=index)
        moved = replace(frame, time_s=index / 100, people=(who,) * 3)
        people.update(moved)
    assert len(people.seen) + len(people.lost) <= 128
    assert all(len(person.moments) <= 200 for person in people.seen + people.lost)


@pytest.mark.parametrize("distance_m", [2.5, 4.0, 8.0])
def test_pixels_are_scaled_to_metres(distance_m: float) -> None:
    camera = Camera(distance_m=distance_m)
    for posture in (STAND, replace(STAND, yaw=60), replace(ON_BACK, yaw=90)):
        frame = filmed(keeping(posture), [0.0], Look(camera=camera))[0]
        scale = body_of(frame.people[0], 0.0).px_per_m
        assert scale == pytest.approx(camera.focal_px / distance_m, rel=0.1)


@pytest.mark.parametrize("yaw", [0, 45, 90, 180])
@pytest.mark.parametrize("pitch", [0, 30, 60, 85])
def test_the_trunk_s_inclination_is_the_same_to_all_sides(pitch: float, yaw: float) -> None:
    posture = Posture(pitch=pitch, yaw=yaw, hip_flexion=(pitch, pitch))
    people = Following()
    for time_s in (0.0, 0.1, 0.2):
        look = Look(camera=Camera(distance_m=6))
        people.update(replace(filmed(lambda _: posture, [0.0], look)[0], time_s=time_s))
    # The figure's trunk is 0.49 m long, the model's 0.48 m; an arc cosine is coarse near 0.
    assert posture_of(people.seen[0]).inclination == pytest.approx(pitch, abs=13 if pitch else 20)


# --- events


def test_events_of_a_clip_by_kind_person_and_time() -> None:
    frames = filmed(FALLS["backward"], np.arange(0, 9, 0.1), Look(noise_m=0.02))
    options = {"lying": Options(for_s=2.0), "still": Options(for_s=3.0)}
    found = find_events(frames, options=options)
    assert [event.kind for event in found] == ["fall", "lying", "still"]
    fall, lying, still = found
    assert fall.began_s == pytest.approx(1.2, abs=0.3)
    assert lying.began_s == pytest.approx(1.8, abs=0.3)
    assert still.began_s == pytest.approx(1.9, abs=1.2)
    assert {event.ended_s for event in found} == {frames[-1].time_s}
    assert {event.person for event in found} == {0}
    assert json.loads(json.dumps(fall.to_dict()))["facts"]["kind"] == "lying"


def test_events_without_frames_or_people_are_none() -> None:
    assert find_events([]) == ()
    assert find_events([FramePoses(n, n / 10, (640, 480)) for n in range(100)]) == ()
    with pytest.raises(SettingError, match="rule must be"):
        find_events([], ("dancing",))


def test_an_empty_picture_is_an_event_of_nobody_in_particular() -> None:
    frames = [FramePoses(n, n / 10, (640, 480)) for n in range(30)]
    (event,) = find_events(frames, ("nobody",))
    assert (event.person, event.began_s, event.ended_s) == (None, 0.0, 2.9)
