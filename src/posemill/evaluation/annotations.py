"""Annotated people, from a file in COCO's format for keypoints (person_keypoints)."""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill.errors import BrokenSource
from posemill.evaluation.similarity import COCO_NAMES, Array, Flags
from posemill.sources.files import open_regular, shown, unreadable

COVERAGES: Final = ("full", "one_person_only")


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One annotated person, or a crowd that was boxed as one.

    ``points_px``: float64 (17, 2). ``labelled``: bool (17,), where there is a keypoint,
    visible or covered. ``area``: of the outline, in square pixels. ``box``: float64 (4,), x,
    y, width, height in pixels.
    """

    points_px: Array
    labelled: Flags
    area: float
    box: Array
    crowd: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPhoto:
    """The people in one photo; ``full``: everybody is annotated, not just one of them."""

    name: str
    size_px: tuple[int, int]
    people: tuple[Person, ...] = ()
    full: bool = True


def read_annotations(path: Path) -> dict[str, AnnotatedPhoto]:
    """Read a COCO file; photos by their ``file_name``, as it stands below the photos' folder.

    An image may say ``"coverage": "one_person_only"``, where others in it are not annotated;
    without it everybody is. Errors: SourceNotFound, SourceError, BrokenSource.
    """
    with open_regular(path, str(path)) as file:
        try:
            data = json.loads(file.read())
        except OSError as error:
            raise unreadable(str(path), error) from error
        except UnicodeDecodeError as error:
            raise BrokenSource(f"{shown(str(path))}: is no JSON, nor any text.") from error
        except (ValueError, RecursionError) as error:
            raise BrokenSource(f"{shown(str(path))}: is no JSON: {error}.") from error
    try:
        return _photos(data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reasons = {KeyError: f"{error} is missing", _FormatError: str(error)}
        reason = reasons.get(type(error), "something in it is of another kind than there")
        raise BrokenSource(
            f"{shown(str(path))}: is not in COCO's format for keypoints: {reason}."
        ) from error


class _FormatError(ValueError):
    """What it says is meant for people."""


def _photos(data: Mapping[str, Any]) -> dict[str, AnnotatedPhoto]:
    for category in data.get("categories", ()):
        if category["name"] == "person" and tuple(category.get("keypoints", COCO_NAMES)) != (
            COCO_NAMES
        ):
            raise _FormatError("its keypoints are not COCO's 17")
    people: dict[Any, list[Person]] = {image["id"]: [] for image in data["images"]}
    if len(people) != len(data["images"]):
        raise _FormatError("two images have one id")
    others = {c["id"] for c in data.get("categories", ()) if c["name"] != "person"}
    for number, annotation in enumerate(data["annotations"]):
        if annotation.get("category_id") in others:
            continue
        image_id = annotation["image_id"]
        if image_id not in people:
            raise _FormatError(f"annotation {number} is of image {image_id}, which is not listed")
        people[image_id].append(_person(annotation, number))
    photos = [_photo(image, tuple(people[image["id"]])) for image in data["images"]]
    named = {photo.name: photo for photo in photos}
    if len(named) != len(photos):
        raise _FormatError("two images have one file_name")
    return named


def _photo(image: Mapping[str, Any], people: tuple[Person, ...]) -> AnnotatedPhoto:
    name = image["file_name"]
    if not isinstance(name, str) or not name:
        raise _FormatError(f"image {image['id']} has no file_name")
    name = posixpath.normpath(name)
    coverage = image.get("coverage", "full")
    if coverage not in COVERAGES:
        raise _FormatError(f"the coverage of {shown(name)} must be one of {', '.join(COVERAGES)}")
    size_px = int(image["width"]), int(image["height"])
    return AnnotatedPhoto(name, size_px, people, coverage == "full")


def _person(annotation: Mapping[str, Any], number: int) -> Person:
    keypoints = np.array(annotation["keypoints"], np.float64)
    box = np.array(annotation["bbox"], np.float64)
    area = float(annotation["area"])
    if keypoints.size != 3 * len(COCO_NAMES) or box.shape != (4,):
        raise _FormatError(f"annotation {number} needs 17 keypoints of x, y, v and a box of 4")
    if not np.isfinite([*keypoints.flat, *box, area]).all() or area < 0:
        raise _FormatError(f"annotation {number} holds numbers that can't be")
    x_y_v = keypoints.reshape(-1, 3)
    crowd = bool(annotation.get("iscrowd", 0))
    return Person(x_y_v[:, :2], x_y_v[:, 2] > 0, area, box, crowd)
