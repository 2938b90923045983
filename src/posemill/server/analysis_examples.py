"""An example of each answer about movements."""

from collections.abc import Mapping
from typing import Any, Final

from posemill.records import ANALYSIS_SCHEMA


def _of(kind: str) -> dict[str, Any]:
    return {
        **{"schema": ANALYSIS_SCHEMA, "kind": kind, "source": "squat.mp4"},
        **{"width": 1280, "height": 720, "fps": 29.97},
        **{"model": "full", "engine": "openvino", "precision": "f32"},
    }


_PERSON: Final = {"id": 0, "ids": [0], "from_s": 0.0, "to_s": 9.0, "frames": 270}
_REPETITION: Final = {
    **{"start_s": 1.0, "turn_s": 2.1, "end_s": 3.2, "out_s": 0.9, "hold_s": 0.3, "back_s": 1.0},
    **{"depth": 1.05, "side": "both", "full": True},
}
_JOINT: Final = {
    **{"name": "left_knee", "difference_deg": 8.2, "similarity": 82.5, "worst_deg": 19.0},
    **{"worst_s": [2.1, 2.4], "weight": 0.12, "seen": 1.0, "moves_deg": 35.0},
}
_COMPARED: Final = {
    **{"schema": ANALYSIS_SCHEMA, "kind": "comparison", "of": "clips", "people": [[0], [0]]},
    **{"similarity": 81.0, "similarity_range": [74.1, 88.0], "posture": 84.0, "movement": 78.0},
    **{"difference_deg": 9.1, "uncertainty_deg": 4.0, "doubts": [], "mirrored": False},
    **{"view": {"turn_deg": 3.0, "tilt_deg": 1.0}, "way": "whole", "found_in": None},
    **{"a": {"span_s": [0.0, 9.0], "share": 1.0}, "b": {"span_s": [0.0, 8.0], "share": 1.0}},
    **{"tempo": 1.1, "places": [], "joints": [_JOINT]},
    "moments": {
        **{"a_s": [0.0], "b_s": [0.0], "a_frame": [0], "b_frame": [0], "difference_deg": [9.1]},
        **{"similarity": [80.0], "joints_deg": {"left_knee": [8.2]}},
    },
}
_TEMPLATE: Final = {"name": "squat", "exercise": "squat", "clips": 2, "repetitions": 8}

ANALYSIS_EXAMPLES: Final[Mapping[str, Any]] = {
    "Exercises": {
        "exercises": [
            {
                **{"name": "squat", "names": {"en": "Squat", "zh": "深蹲"}},
                **{"view": "any", "sides": "both"},
            }
        ]
    },
    "CountDocument": {
        **_of("count"),
        "exercise": "squat",
        "people": [
            {
                **_PERSON,
                **{"exercise": "squat", "count": 1, "partial": 0, "unfinished": 0},
                **{"between": [1, 1], "sides": {}, "period_s": None, "view": "front"},
                **{"doubts": [], "repetitions": [_REPETITION]},
                **{"time_s": [0.0, 0.033], "signal": {"both": [0.02, None]}},
            }
        ],
    },
    "AnglesDocument": {
        **_of("angles"),
        "names": ["left_knee_flexion"],
        "people": [
            {
                **_PERSON,
                **{"time_s": [0.0, 0.033], "symmetry": {"knee_flexion": -2.5}},
                "angles": {
                    "left_knee_flexion": {
                        **{"unit": "deg", "min": 3.1, "max": 98.4, "range_of_motion": 95.3},
                        **{"mean": 41.0, "max_speed": 140.2, "seen": 0.99, "uncertainty": 6.1},
                        **{"distortion": None, "doubts": [], "values": [3.1, None]},
                    }
                },
            }
        ],
    },
    "EventsDocument": {
        **_of("events"),
        "kinds": ["fall"],
        "events": [
            {
                **{"kind": "fall", "person": 0, "began_s": 3.2, "ended_s": 9.0, "confirmed": True},
                "facts": {"drop_m": 0.7, "drop_s": 0.8},
            }
        ],
    },
    "ComparisonDocument": _COMPARED,
    "Templates": {"templates": [{**_TEMPLATE, "duration_s": 2.9, "phases": ["descent", "ascent"]}]},
    "TemplateSummary": {**_TEMPLATE, "duration_s": 2.9, "phases": ["descent", "ascent"]},
    "Template": {
        **{"schema": "posemill-template/1", **_TEMPLATE},
        **{"duration_s": {"mean": 2.9, "spread": 0.2}, "yaw": 3.0},
        "phases": [{"name": "descent", "start": 0, "end": 50}],
        **{"joints": {}, "angles": {}, "posture": {}},
    },
    "ScoreDocument": {
        **_of("score"),
        **{"people": [[0]], "template": "squat", "total": 87.0, "total_range": [80.0, 92.0]},
        **{"beyond_deg": 2.4, "uncertainty_deg": 4.0, "doubts": []},
        "phases": {"descent": 90.0, "ascent": 84.0},
        "joints": [
            {
                **{"name": "left_knee", "score": 80.0, "difference_deg": 9.0, "beyond_deg": 3.9},
                **{"worst_phase": "ascent", "weight": 0.12},
            }
        ],
        "repetitions": [
            {
                **{"start_s": 1.0, "turn_s": 2.1, "end_s": 3.2, "side": "both", "full": True},
                **{"score": 87.0, "tempo": 1.2, "phases": {"descent": 90.0}},
                "joints": {"left_knee": 80.0},
            }
        ],
        "advice": [
            {
                **{"rule": "depth", "texts": {"en": "Go deeper.", "zh": "再蹲低一些。"}},
                **{"repetitions": [1], "phase": "descent", "part": "end", "side": "both"},
                **{"deviation": 14.0, "unit": "deg", "severity": 1.4, "doubts": []},
            }
        ],
    },
}
