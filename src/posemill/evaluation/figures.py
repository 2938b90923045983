"""Runs an estimator over annotated photos and counts how well it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill.errors import SourceError
from posemill.evaluation.annotations import AnnotatedPhoto, Person
from posemill.evaluation.average import Outcome, averages
from posemill.evaluation.similarity import Array, coco_keypoints, match, oks, reach_px, within
from posemill.sources import Selection, expand, open_source
from posemill.types import Frame, FramePoses

Estimate = Callable[[Frame], FramePoses]
Watch = Callable[[str, int, int], None]

FOUND_OKS: Final = 0.5
FEWEST_KEYPOINTS: Final = 8  # of somebody who can be found: less is a hand or a leg


def evaluate(
    photos: Path,
    annotations: Mapping[str, AnnotatedPhoto],
    estimate: Estimate,
    *,
    selection: Selection = Selection(),  # noqa: B008 - frozen
    watch: Watch = lambda name, number, count: None,
) -> dict[str, Any]:
    """Return the figures of ``estimate`` on the photos of a folder, as plain data.

    A photo without an entry in ``annotations`` is one with nobody in it. ``problems`` lists
    what was left out: photos that are annotated and absent, unreadable, or of another size.
    ``watch`` is told each photo's name, its number from 1, and how many there are.
    Errors: SourceError where there are no photos to evaluate.
    """
    files = {_name(path, photos): Path(path) for path in expand([photos])}
    absent = [name for name in annotations if name not in files]
    tally = Tally(problems=[f"{name}: is annotated, but not in the folder." for name in absent])
    for number, (name, path) in enumerate(files.items(), start=1):
        watch(name, number, len(files))
        try:
            frame = _open(path, selection)
            photo = annotations.get(name) or AnnotatedPhoto(name, (frame.width, frame.height))
            _check_size(photo, frame)
        except SourceError as error:
            tally.problems.append(str(error))
            continue
        tally.add(photo, estimate(frame))
    if not tally.outcomes:
        raise SourceError(f"{photos}: there is no photo to evaluate; {tally.problems[0]}")
    return tally.figures()


def _name(path: str | Path, folder: Path) -> str:
    return Path(path).relative_to(folder).as_posix()


def _open(path: Path, selection: Selection) -> Frame:
    with open_source(path, selection) as source:
        if source.info.kind != "picture":
            raise SourceError(f"{path}: is no photo but a {source.info.kind}.")
        return next(iter(source))


def _check_size(photo: AnnotatedPhoto, frame: Frame) -> None:
    size_px = frame.width, frame.height
    if photo.size_px != size_px:
        raise SourceError(
            f"{photo.name}: is {_size(size_px)} upright, and its annotations are for "
            f"{_size(photo.size_px)}."
        )


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]}x{size_px[1]}"


@dataclass(slots=True)
class Tally:
    """Adds up photo by photo what the figures are made of."""

    problems: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    people: int = 0
    reported: int = 0
    empty_photos: int = 0
    false_people: int = 0
    false_photos: int = 0
    everybody: list["Agreement"] = field(default_factory=list)
    alone: list["Agreement"] = field(default_factory=list)

    def add(self, photo: AnnotatedPhoto, poses: FramePoses) -> None:
        """Add what was found in one photo."""
        found = coco_keypoints(poses)
        self.outcomes.append((photo, found, [person.score for person in poses.people]))
        self.reported += len(found)
        self.people += sum(bool(each.labelled.any()) and not each.crowd for each in photo.people)
        if photo.full and not photo.people:
            self.empty_photos += 1
            self.false_people += len(found)
            self.false_photos += bool(len(found))
        agreements = agree(found, [each for each in photo.people if _can_be_found(each)])
        self.everybody += agreements
        if photo.full and len(photo.people) == 1:
            self.alone += agreements

    def figures(self) -> dict[str, Any]:
        """Return everything as plain data; shares are 0..1, None where there is none."""
        found = sum(each.oks >= FOUND_OKS for each in self.everybody)
        return {
            "photos": len(self.outcomes),
            "photos_with_one_annotated": sum(not photo.full for photo, _, _ in self.outcomes),
            "people": self.people,
            "people_reported": self.reported,
            **averages(self.outcomes),
            "findable": len(self.everybody),
            "found": found,
            "recall": _share(found, len(self.everybody)),
            **_pck(self.everybody),
            "single": {
                "photos": len(self.alone),
                "oks": _share(sum(each.oks for each in self.alone), len(self.alone)),
                **_pck(self.alone),
            },
            "empty_photos": self.empty_photos,
            "false_people": self.false_people,
            "photos_with_false_people": self.false_photos,
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """One annotated person against the one found: all is 0 for somebody not found.

    ``near``: of ``labelled`` keypoints, those that count for PCK@0.2. ``by_box``: its
    measure was the box, for want of a torso.
    """

    oks: float
    near: int
    labelled: int
    by_box: bool


def agree(found: Array, people: list[Person]) -> list[Agreement]:
    """Match the bodies found (n, 17, 2) one to one with ``people``, best OKS first."""
    truth = np.array([each.points_px for each in people]).reshape(-1, 17, 2)
    labelled = np.array([each.labelled for each in people], np.bool_).reshape(-1, 17)
    similarity = oks(found, truth, labelled, np.array([each.area for each in people]))
    partner = {column: row for row, column in match(similarity)}
    agreements = []
    for column, person in enumerate(people):
        reach, by_box = reach_px(person.points_px, person.labelled, person.box)
        count = int(person.labelled.sum())
        row = partner.get(column)
        if row is None:
            agreements.append(Agreement(0.0, 0, count, by_box))
            continue
        near = within(found[row], person.points_px, person.labelled, reach)
        agreements.append(Agreement(float(similarity[row, column]), near, count, by_box))
    return agreements


def _can_be_found(person: Person) -> bool:
    return not person.crowd and int(person.labelled.sum()) >= FEWEST_KEYPOINTS


def _pck(agreements: list[Agreement]) -> dict[str, Any]:
    near = sum(each.near for each in agreements)
    return {
        "pck": _share(near, sum(each.labelled for each in agreements)),
        "pck_by_box": sum(each.by_box for each in agreements),
    }


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
