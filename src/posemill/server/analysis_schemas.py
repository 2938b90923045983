"""What answers about movements look like, and an example of each."""

from collections.abc import Mapping
from typing import Final

from posemill.analysis.behaviour import KINDS
from posemill.records import ANALYSIS_SCHEMA
from posemill.server.schema_parts import (
    COUNT,
    FREE,
    NUMBER,
    SHARE,
    TEXT,
    YES,
    Schema,
    listed,
    obj,
    ref,
    some,
)

_WORDS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}
_SPAN: Final = some(listed(NUMBER, 2))
_SERIES: Final = listed(some(NUMBER))
_SERIES_BY_NAME: Final[Schema] = {"type": "object", "additionalProperties": _SERIES}
_POINTS_BY_NAME: Final[Schema] = {"type": "object", "additionalProperties": some(NUMBER)}
_SIDES: Final = ["left", "right", "both"]


def _kind(name: str) -> dict[str, Schema]:
    schema = {"type": "string", "const": ANALYSIS_SCHEMA}
    return {"schema": schema, "kind": {"type": "string", "const": name}}


def _source(name: str) -> dict[str, Schema]:
    return {
        **_kind(name),
        **{"source": TEXT, "width": COUNT, "height": COUNT, "fps": some(NUMBER)},
        **{"model": TEXT, "engine": TEXT, "precision": TEXT},
    }


_PERSON: Final[Mapping[str, Schema]] = {
    **{"id": COUNT, "ids": listed(COUNT), "from_s": NUMBER, "to_s": NUMBER, "frames": COUNT},
}

ANALYSIS_SCHEMAS: Final[Mapping[str, Schema]] = {
    "Exercises": obj(
        "What repetitions can be counted of.",
        exercises=listed(
            obj(
                "`names` by language; `view`: from where it is seen best; `sides`: whether both "
                "move together or each makes repetitions of its own.",
                name=TEXT,
                names=_WORDS,
                view={"type": "string", "enum": ["any", "front", "side"]},
                sides={"type": "string", "enum": ["both", "each"]},
            )
        ),
    ),
    "Repetition": obj(
        "Times in seconds: start, turning point, end; there, hold and back. `depth`: 1 is the "
        "exercise's turning point. One that is not `full` does not count.",
        **dict.fromkeys(("start_s", "turn_s", "end_s", "out_s", "hold_s", "back_s"), NUMBER),
        depth=NUMBER,
        side={"type": "string", "enum": _SIDES},
        full=YES,
    ),
    "PersonCount": obj(
        "One person's repetitions. `between`: the least and the most it may be. `doubts`: reasons "
        "not to trust it. `signal`: the way from rest (0) to the turning point (1) over `time_s`, "
        "of 2000 points at most, null in gaps.",
        **_PERSON,
        exercise=TEXT,
        count=COUNT,
        partial=COUNT,
        unfinished=COUNT,
        between=listed(COUNT, 2),
        sides={"type": "object", "additionalProperties": COUNT},
        period_s=some(NUMBER),
        view=TEXT,
        doubts=listed(TEXT),
        repetitions=listed(ref("Repetition")),
        time_s=listed(NUMBER),
        signal=_SERIES_BY_NAME,
    ),
    "CountDocument": obj(
        "Repetitions, those of whoever is seen most first.",
        **_source("count"),
        exercise=TEXT,
        people=listed(ref("PersonCount")),
    ),
    "Angle": obj(
        "An angle over time: degrees (spreads in hip widths), null where it isn't known. `seen`: "
        "in what share of the frames; `uncertainty`: standard deviation; `distortion`: what the "
        "view may do to an angle in the picture.",
        unit=TEXT,
        **dict.fromkeys(("min", "max", "range_of_motion", "mean", "max_speed"), some(NUMBER)),
        seen=SHARE,
        uncertainty=some(NUMBER),
        distortion=some(NUMBER),
        doubts=listed(TEXT),
        values=_SERIES,
    ),
    "AnglesDocument": obj(
        "Joint angles. `symmetry`: by how many percent the right side moves further.",
        **_source("angles"),
        names=listed(TEXT),
        people=listed(
            obj(
                "One person's angles, at `time_s`.",
                **_PERSON,
                time_s=listed(NUMBER),
                symmetry={"type": "object", "additionalProperties": NUMBER},
                angles={"type": "object", "additionalProperties": ref("Angle")},
            )
        ),
    ),
    "EventsDocument": obj(
        "What happened, in order. `facts`: what decided. An aid, and no medical or safety device.",
        **_source("events"),
        kinds=listed(TEXT),
        events=listed(
            obj(
                "`confirmed`: false where the video ends before it is certain.",
                kind={"type": "string", "enum": list(KINDS)},
                person=some(COUNT),
                began_s=NUMBER,
                ended_s=NUMBER,
                confirmed=YES,
                facts=FREE,
            )
        ),
    ),
    "JointDifference": obj(
        "How far apart a joint is, and where most: seconds of both.",
        name=TEXT,
        difference_deg=some(NUMBER),
        similarity=some(NUMBER),
        worst_deg=some(NUMBER),
        worst_s=_SPAN,
        weight=NUMBER,
        seen=SHARE,
        moves_deg=NUMBER,
    ),
    "Moments": obj(
        "The pairs of moments that belong together, in order.",
        a_s=listed(NUMBER),
        b_s=listed(NUMBER),
        a_frame=listed({"type": "integer"}),
        b_frame=listed({"type": "integer"}),
        difference_deg=_SERIES,
        similarity=_SERIES,
        joints_deg=_SERIES_BY_NAME,
    ),
}

_COMPARED: Final[Mapping[str, Schema]] = {
    **_kind("comparison"),
    "of": {"type": "string", "enum": ["clips", "pictures"]},
    "people": listed(listed(COUNT), 2),
    **{"similarity": some(NUMBER), "similarity_range": _SPAN},
    **{"posture": some(NUMBER), "movement": some(NUMBER), "difference_deg": some(NUMBER)},
    **{"uncertainty_deg": NUMBER, "doubts": listed(TEXT), "mirrored": YES, "view": FREE},
    "way": {"type": "string", "enum": ["whole", "part"]},
    **{"found_in": some(TEXT), "tempo": NUMBER, "places": listed(FREE)},
    "joints": listed(ref("JointDifference")),
    "moments": ref("Moments"),
}
_PART: Final = obj("What was matched, seconds, and that as a part.", span_s=_SPAN, share=SHARE)
_SCORED: Final[Mapping[str, Schema]] = {"score": some(NUMBER), "phases": _POINTS_BY_NAME}
_TEMPLATE: Final[Mapping[str, Schema]] = {
    **{"name": TEXT, "exercise": some(TEXT), "clips": COUNT, "repetitions": COUNT},
    **{"duration_s": NUMBER, "phases": listed(TEXT), "problem": TEXT},
}

COMPARISON_SCHEMAS: Final[Mapping[str, Schema]] = {
    "ComparisonDocument": obj(
        "How alike two movements are, 0 to 100; `similarity_range`: what it may be. `people`: the "
        "ids of those compared. `mirrored`: the other one is taken as in a mirror.",
        **_COMPARED,
        a=_PART,
        b=_PART,
    ),
    "PictureComparison": obj(
        "How alike two postures are; `a` and `b`: what was found in both pictures.",
        **_COMPARED,
        a=ref("Document"),
        b=ref("Document"),
    ),
    "TemplateSummary": obj(
        "What a movement is scored by. `duration_s`: of a repetition. `problem`: of a damaged one, "
        "which has nothing else.",
        [name for name in _TEMPLATE if name != "name"],
        **_TEMPLATE,
    ),
    "Templates": obj("All templates.", templates=listed(ref("TemplateSummary"))),
    "TemplateBody": obj(
        "Jobs that show how it is done. `exercise`: what to count by, `auto` for the movement's "
        "own period; without it the exercise of that name, if there is one.",
        ["exercise"],
        name={**TEXT, "minLength": 1, "maxLength": 64},
        jobs={**listed(TEXT), "minItems": 1, "maxItems": 16},
        exercise=TEXT,
    ),
    "Template": obj(
        "A template itself: posemill-template/1.",
        **{"schema": TEXT, "name": TEXT, "exercise": some(TEXT), "clips": COUNT},
        **{"repetitions": COUNT, "duration_s": FREE, "yaw": NUMBER, "phases": listed(FREE)},
        **{"joints": FREE, "angles": FREE, "posture": FREE},
    ),
    "ScoreDocument": obj(
        "How well a movement was done, 0 to 100; `texts` of advice by language.",
        **_source("score"),
        people=listed(listed(COUNT), 1),
        template=TEXT,
        total=some(NUMBER),
        total_range=_SPAN,
        beyond_deg=some(NUMBER),
        uncertainty_deg=NUMBER,
        doubts=listed(TEXT),
        phases=_POINTS_BY_NAME,
        joints=listed(
            obj(
                "One joint over all repetitions.",
                name=TEXT,
                score=some(NUMBER),
                difference_deg=some(NUMBER),
                beyond_deg=some(NUMBER),
                worst_phase=some(TEXT),
                weight=NUMBER,
            )
        ),
        repetitions=listed(
            obj(
                "`tempo`: 2 is twice as fast as the template.",
                **{"start_s": NUMBER, "turn_s": NUMBER, "end_s": NUMBER, "tempo": NUMBER},
                **{"side": TEXT, "full": YES, "joints": _POINTS_BY_NAME, **_SCORED},
            )
        ),
        advice=listed(
            obj(
                "One thing to do better, and in which repetitions, counted from 1.",
                **{"rule": TEXT, "texts": _WORDS, "repetitions": listed(COUNT), "phase": TEXT},
                **{"part": TEXT, "side": TEXT, "deviation": NUMBER, "unit": TEXT},
                **{"severity": NUMBER, "doubts": listed(TEXT)},
            )
        ),
    ),
}
