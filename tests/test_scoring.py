"""Templates, scores and advice, on movements whose faults are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figure_exercises import MOVEMENTS, Session
from movements import JACK, WAVE, again, clip, squat
from moving_figure import Look, Posture, filmed
from posemill.analysis.comparing import compare_motions, mirrored
from posemill.analysis.comparing.features import MOST_MOMENTS, resampled
from posemill.analysis.counting import count
from posemill.analysis.motion import motions
from posemill.analysis.scoring import (
    Score,
    Template,
    Times,
    make_template,
    parse_rules,
    parse_template,
    score,
    spans_like,
)
from posemill.errors import BrokenSource, SettingError, UsageError
from posemill.exercises import load_exercise
from posemill.exercises.advice import advice_rules

COACH = clip(again(squat()), 12.0, look=Look(noise_m=0.003))
RULES = advice_rules()


@pytest.fixture(scope="module")
def template() -> Template:
    return make_template([COACH], "squat")


def total(found: Score) -> float:
    assert found.total is not None
    return found.total


def test_a_template_holds_phases_weights_and_tolerances(template: Template) -> None:
    assert (template.clips, template.repetitions) == (1, 4)
    assert [phase.name for phase in template.phases] == ["descent", "ascent"]
    assert template.weights.sum() == pytest.approx(1)
    assert (template.tolerance_deg >= 8).all()
    knee = template.named["left_knee_flexion"].mean
    assert float(knee.max()) == pytest.approx(100, abs=2)
    assert int(knee.argmax()) == pytest.approx(50, abs=3)
    assert template.moves("left_knee_flexion") > 80


def test_phases_are_named_by_what_goes_up_and_down() -> None:
    arms = make_template([clip(again(Posture(shoulder_abduction=(150, 150))))], "raise")
    assert [phase.name for phase in arms.phases] == ["raising", "lowering"]
    turn = make_template([clip(again(Posture(trunk_lateral=30)))], "bend")
    assert [phase.name for phase in turn.phases] == ["out", "back"]


def test_tolerance_comes_from_the_spread_of_good_repetitions() -> None:
    deep, less = clip(again(squat())), clip(again(squat(0.85)))
    wide = make_template([deep, less], "squat")
    narrow = make_template([deep, deep], "squat")
    assert wide.clips == 2
    knee, at = "left_knee_flexion", 50
    assert wide.named[knee].tolerance[at] > narrow.named[knee].tolerance[at]
    assert total(score(less, wide)) > total(score(less, narrow))


def test_it_is_the_same_after_json(template: Template) -> None:
    raw = json.loads(json.dumps(template.to_dict(), allow_nan=False))
    again_ = parse_template(raw)
    assert again_.to_dict() == template.to_dict()
    assert total(score(COACH, again_)) == pytest.approx(total(score(COACH, template)), abs=0.1)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "posemill-template/2"},
        {"phases": [{"name": "sideways", "start": 0, "end": 50}]},
        {"phases": [{"name": "out", "start": 60, "end": 50}]},
        {"duration_s": {"mean": 0, "spread": 0}},
        {"joints": {}},
        {"posture": {"directions": [1, 2], "frame": [], "angles": [], "inclination": []}},
        {"posture": None},
    ],
)
def test_damaged_templates_are_refused(template: Template, change: dict[str, object]) -> None:
    with pytest.raises(BrokenSource):
        parse_template({**template.to_dict(), **change})


@pytest.mark.parametrize(
    ("where", "value"),
    [("weight", -1.0), ("weight", 1e308), ("tolerance_deg", [-1.0] * 101), ("seen", [-1.0] * 101)],
)
def test_joints_out_of_bounds_are_refused(template: Template, where: str, value: object) -> None:
    raw = template.to_dict()
    raw["joints"]["left_knee"][where] = value
    with pytest.raises(BrokenSource, match="not from 0 to"):
        parse_template(raw)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_is_no_template_is_refused(raw: object) -> None:
    with pytest.raises(BrokenSource):
        parse_template(raw)


def test_the_same_movement_scores_100_from_anywhere_and_at_any_tempo(template: Template) -> None:
    noisy = clip(again(squat()), look=Look(noise_m=0.01, seed=4))
    slow = clip(again(squat(), 5.0), 15.0)
    turned = clip(again(squat(yaw=60)))
    for motion in (noisy, slow, turned):
        found = score(motion, template, rules=RULES)
        assert len(found.repetitions) == 3
        assert total(found) > 97
        assert {each.rule for each in found.advice} <= {"too_slow", "too_fast"}


def test_faults_cost_points_and_are_named(template: Template) -> None:
    shallow = score(clip(again(squat(0.6))), template, rules=RULES)
    assert total(shallow) < 92
    assert shallow.advice[0].rule == "knees_bend_less"
    assert shallow.advice[0].repetitions == (1, 2, 3)
    assert shallow.advice[0].deviation == pytest.approx(-40, abs=4)
    assert "each knee" in shallow.advice[0].texts["en"]
    assert "膝" in shallow.advice[0].texts["zh"]
    lean = score(clip(again(squat(lean=25))), template, rules=RULES)
    assert "trunk_forward" in [each.rule for each in lean.advice]
    assert total(lean) > total(shallow)


def test_advice_says_when(template: Template) -> None:
    def inward(time_s: float) -> Posture:
        """Knees that come in when the way down is half done, and are out again at the turn."""
        share = (time_s % 3.0) / 3.0
        amount = float(np.clip(np.sin((share - 0.25) * 4 * np.pi), 0, 1)) if share < 0.5 else 0.0
        posture = again(squat())(time_s)
        return replace(posture, hip_abduction=(-14 * amount, -14 * amount))

    found = score(clip(inward), template, rules=RULES)
    (advice,) = [each for each in found.advice if each.rule == "knees_inward"]
    assert (advice.phase, advice.part) == ("descent", "second_half")
    assert "in the second half of the descent" in advice.texts["en"]
    assert "下降后半段" in advice.texts["zh"]
    assert advice.doubts == ()
    from_the_side = score(
        clip(lambda time_s: replace(inward(time_s), yaw=90)), template, rules=RULES
    )
    assert [each.doubts for each in from_the_side.advice if each.rule == "knees_inward"] == [
        ("view",)
    ]


def test_one_side_is_told_by_its_name(template: Template) -> None:
    def lazy(time_s: float) -> Posture:
        posture = again(squat())(time_s)
        left, right = posture.shoulder_flexion
        return replace(posture, shoulder_flexion=(left, 0.2 * right))

    found = score(clip(lazy), template, rules=RULES)
    told = {each.rule: each for each in found.advice}
    assert told["arms_low"].side == "right"
    assert "the right arm" in told["arms_low"].texts["en"]
    joints = {each.name: each.score or 0 for each in found.joints}
    assert joints["right_shoulder"] < 60
    assert joints["left_shoulder"] > 90


def test_another_movement_has_no_repetition(template: Template) -> None:
    for motion in (clip(again(JACK)), clip(lambda _: Posture())):
        found = score(motion, template, rules=RULES)
        assert found.total is None
        assert found.total_range is None
        assert "no_repetition" in found.doubts
        assert found.advice == ()
        json.dumps(found.to_dict(), allow_nan=False)


def test_the_templates_movement_is_found_among_others(template: Template) -> None:
    kinds = [again(JACK), again(squat()), again(WAVE), again(squat())]
    motion = clip(lambda time_s: kinds[int(time_s // 3)](time_s), 12.0)
    spans = spans_like(motion, template)
    assert [round(span.turn_s, 1) for span in spans] == pytest.approx([4.5, 10.5], abs=0.4)


def test_repetitions_of_counting_are_spans(template: Template) -> None:
    exercise = load_exercise("squat")
    spans = count(COACH, exercise).repetitions
    by_count = make_template([COACH], "squat", [spans], exercise="squat")
    found = score(COACH, by_count, spans, RULES)
    assert len(found.repetitions) == len(spans) == 4
    assert total(found) > 98


def test_a_repetition_of_the_other_side_is_taken_as_in_a_mirror() -> None:
    left = clip(again(Posture(shoulder_abduction=(120, 8), elbow_flexion=(80, 5))))
    right = mirrored(left)
    spans = [Times(start, start + 1.5, start + 3.0, "left") for start in (0.0, 3.0)]
    template = make_template([left], "wave", [spans])
    other = [replace(span, side="right") for span in spans]
    found = score(right, template, other, RULES)
    assert total(found) > 99
    assert total(score(right, template, spans, RULES)) < 60
    bent = clip(again(Posture(shoulder_abduction=(8, 60), elbow_flexion=(5, 80))))
    told = {each.rule: each for each in score(bent, template, other, RULES).advice}
    assert told["arms_low"].side == "right"


def test_what_is_hidden_is_not_scored(template: Template) -> None:
    arms = [f"{s}_{p}" for s in ("left", "right") for p in ("elbow", "wrist")]
    found = score(clip(again(squat()), look=Look(hidden=arms)), template)
    joints = {each.name: each for each in found.joints}
    assert joints["left_elbow"].score is None
    assert joints["left_knee"].score == pytest.approx(100, abs=1)


def test_nobody_and_nothing() -> None:
    nobody = COACH.at(np.zeros(len(COACH), bool))
    with pytest.raises(UsageError, match="nobody"):
        score(nobody, make_template([COACH], "squat"))
    with pytest.raises(UsageError, match="repetition"):
        make_template([COACH], "squat", [[]])


def test_rules_are_checked() -> None:
    words = {language: dict(found) for language, found in RULES.words.items()}
    rule = {
        "name": "x",
        "measure": "trunk_lean",
        "way": "more",
        "beyond": 1,
        "en": "a",
        "zh": "b",
    }
    assert len(parse_rules({"rule": [rule], "words": words}).rules) == 1
    for change in (
        {"measure": "tail_lean"},
        {"way": "up"},
        {"at": "night"},
        {"phases": ["party"]},
        {"view": "above"},
        {"en": "{what}"},
        {"colour": "red"},
        {"moves": {"tail_lean": 3}},
    ):
        with pytest.raises(SettingError, match="advice"):
            parse_rules({"rule": [{**rule, **change}], "words": words})
    with pytest.raises(SettingError, match="missing"):
        parse_rules({"rule": [rule], "words": {"en": {}}})
    without = {key: value for key, value in rule.items() if key != "zh"}
    with pytest.raises(SettingError, match="zh"):
        parse_rules({"rule": [without], "words": words})


def test_every_rule_says_something_in_both_languages() -> None:
    assert len(RULES.rules) >= 15
    assert set(RULES.words) == {"en", "zh"}
    names = [rule.name for rule in RULES.rules]
    assert len(set(names)) == len(names)
    for rule in RULES.rules:
        assert rule.texts["en"].isascii() or "°" in rule.texts["en"]
        assert any("\u4e00" <= char <= "\u9fff" for char in rule.texts["zh"])


def test_repetitions_of_another_tempo_are_all_found() -> None:
    slow = Session(MOVEMENTS["squat"], 2, period_s=4.0, spread=0.0, lead_s=2.0)
    reference = motions(filmed(slow.posture, slow.times_s(15)))[0]
    template = make_template([reference], "own", [[Times(*each) for each in slow.truth]])
    quick = Session(MOVEMENTS["squat"], 4, period_s=2.0, spread=0.3, pauses={1: 2.5})
    found = spans_like(motions(filmed(quick.posture, quick.times_s(15)))[0], template)
    assert len(found) == 4
    for span, (start_s, turn_s, end_s) in zip(found, quick.truth, strict=True):
        assert span.turn_s == pytest.approx(turn_s, abs=0.3)
        assert span.start_s < start_s + 0.5
        assert span.end_s > end_s - 0.5


def test_a_motion_of_weeks_has_no_more_moments_than_one_of_hours(template: Template) -> None:
    slow = replace(COACH, time_s=COACH.time_s * 1e6)
    assert len(resampled(slow, 15.0)) == MOST_MOMENTS
    assert make_template([slow], "slow").repetitions == 1
    assert score(slow, template).total != 100
    found = compare_motions(COACH, slow, find=True)
    assert len(found.moments.a_s) <= 2 * MOST_MOMENTS
