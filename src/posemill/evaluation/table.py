"""The figures as a table for people."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from posemill.evaluation.figures import FEWEST_KEYPOINTS, FOUND_OKS

_ROWS: Final = (
    ("average precision, OKS 0.50:0.95", "ap"),
    ("average precision, OKS 0.50", "ap_50"),
    ("average precision, OKS 0.75", "ap_75"),
    ("average recall, OKS 0.50:0.95", "ar"),
    (f"people with at least {FEWEST_KEYPOINTS} joints", "findable"),
    (f"  found, OKS {FOUND_OKS} or more", "found"),
    ("  share of them", "recall"),
    ("  PCK@0.2", "pck"),
    ("people reported", "people_reported"),
    ("photos with nobody", "empty_photos"),
    ("  with false people", "photos_with_false_people"),
    ("  false people", "false_people"),
    ("photos with one person", "single.photos"),
    ("  mean OKS", "single.oks"),
    ("  PCK@0.2", "single.pck"),
)
_LABEL: Final = 36
_COLUMN: Final = 12


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines: a column each for posemill and, where it ran, MediaPipe."""
    columns = [result[name] for name in ("posemill", "mediapipe") if name in result]
    ours = columns[0]
    yield f"{ours['photos']} photos, {ours['people']} annotated people"
    if ours["photos_with_one_annotated"]:
        yield (
            f"{ours['photos_with_one_annotated']} photos have others who are not annotated: "
            "they count for recall alone"
        )
    if ours["problems"]:
        yield f"{len(ours['problems'])} photos left out"
    yield ""
    names = ("posemill", "MediaPipe")[: len(columns)]
    yield " " * _LABEL + "".join(name.rjust(_COLUMN) for name in names)
    for label, path in _ROWS:
        cells = (_cell(_at(column, path)).rjust(_COLUMN) for column in columns)
        yield label.ljust(_LABEL) + "".join(cells)
    yield ""
    if result.get("found_ratio") is not None:
        yield f"people found against MediaPipe: {_cell(result['found_ratio'])} times as many"
    yield "PCK@0.2: joints within a fifth of the torso (left shoulder to right hip), or, where that"
    yield f"is not annotated, of the longer side of the box ({ours['pck_by_box']} people)"


def _at(figures: Mapping[str, Any], path: str) -> Any:
    value: Any = figures
    for name in path.split("."):
        value = value[name]
    return value


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
