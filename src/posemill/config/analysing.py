"""The settings of what is told of people's movements in their records."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from posemill.config.kinds import Kind, words_of
from posemill.config.pose import PoseSettings
from posemill.config.rows import row

_SIDES: Final = ("left", "right")
_JOINTS: Final = (
    *("knee_flexion", "hip_flexion", "hip_abduction", "ankle_dorsiflexion", "elbow_flexion"),
    *("shoulder_flexion", "shoulder_abduction", "shoulder_elevation", "shoulder_plane"),
)
_SEGMENTS: Final = ("thigh", "shank", "upper_arm", "forearm")
_PARTS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_OF_SIDES: Final = (
    *_JOINTS,
    *(f"{segment}_inclination" for segment in _SEGMENTS),
    *(f"{part}_angle" for part in _PARTS),
)
GROUPS: Final = ("main", "all", "3d", "2d", "segments", "spreads")
# All names that the analysis of angles knows.
ANGLES: Final = (
    *(f"{side}_{name}" for side in _SIDES for name in _OF_SIDES),
    *("trunk_lean", "trunk_tilt", "trunk_rotation", "neck_flexion", "neck_tilt"),
    *("pelvis_obliquity", "trunk_inclination", "neck_inclination", "trunk_inclination_angle"),
    *("knee_spread", "ankle_spread"),
)
EXERCISES: Final = tuple(
    sorted(
        each.name.removesuffix(".toml")
        for each in (files("posemill") / "exercises" / "presets").iterdir()
        if each.name.endswith(".toml")
    )
)


def _parse_exercise(raw: object) -> str | None:
    (name,) = words_of(raw) or (None,)
    if name is not None and name not in EXERCISES:  # never a path: requests may choose this
        raise ValueError(raw)
    return name


def _parse_angles(raw: object) -> str | None:
    names = dict.fromkeys(words_of(raw))
    if not names.keys() <= {*GROUPS, *ANGLES}:
        raise ValueError(raw)
    return ",".join(names) or None


EXERCISE: Final = Kind("one of " + ", ".join(EXERCISES), "NAME", _parse_exercise, EXERCISES)
ANGLE_LIST: Final = Kind(
    "names with commas between, of " + ", ".join((*GROUPS, *ANGLES)), "LIST", _parse_angles
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisSettings(PoseSettings):
    """What is told of each person beside the landmarks; off by default."""

    exercise: str | None = row(
        None,
        EXERCISE,
        "analysis",
        "Count the repetitions of this exercise, in records as they come and in jobs.",
        '"squat"',
    )
    angles: str | None = row(
        None,
        ANGLE_LIST,
        "analysis",
        "Joint angles to give in records as they come: names, or main, 3d, 2d, all.",
        '"left_knee_flexion,right_knee_flexion"',
    )
