"""The confined process behind the service that analyses what jobs have found.

    python -m posemill.server.analysis_process

It speaks ``posemill.workers.messages``. It is given paths of records and checked options, and
answers JSON: hours of records take their time and memory here, and hold up nobody else.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from posemill.analysis.angles import GROUPS
from posemill.analysis.behaviour import KINDS
from posemill.analysis.motion import Motion, motions
from posemill.assemble import selection
from posemill.config import Settings
from posemill.documents import (
    angles_document,
    behaviour_document,
    chosen_person,
    comparison_document,
    count_document,
    measured,
    pose_comparison_document,
    score_document,
    template_of,
)
from posemill.errors import UsageError
from posemill.exercises.templates import read_template
from posemill.records import dumps, parse_frame, parse_header
from posemill.sources.recordings import Recording
from posemill.types import FramePoses, Pose
from posemill.workers import Answer, Handler, run_as_media_process

# The page asks for several analyses of one job, and reading takes as long as any of them. Poses
# in memory are about as large as in their file.
_KEPT_BYTES: Final = 256 * 1024 * 1024


@dataclass(eq=False)
class Records:
    """What is in one file of records."""

    header: Mapping[str, Any]
    frames: Sequence[FramePoses]

    @cached_property
    def everyone(self) -> Sequence[Motion]:
        """Everybody's motion, those who are seen most first."""
        return motions(self.frames)


class Shelf:
    """Files that were read lately, up to ``most_bytes`` of them; one that changed is read anew."""

    def __init__(self, most_bytes: int = _KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int, int], Records] = OrderedDict()

    def read(self, path: str) -> Records:
        """Return the records in a file. SourceError."""
        with closing(Recording(Path(path))) as recording:
            found = recording.stat
            key = (path, found.st_mtime_ns, found.st_size)
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            self._make_room(found.st_size)
            records = Records(recording.header, list(recording))
        if found.st_size <= self._most_bytes:
            self._kept[key] = records
        return records

    def _make_room(self, size: int) -> None:
        """Forget the oldest before there is more, so that both are never in memory together."""
        while self._kept and size + sum(key[2] for key in self._kept) > self._most_bytes:
            self._kept.popitem(last=False)


class Analyses:
    """The handlers. ``records`` of a request: one or several paths."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what to do by the word for it."""
        works = (
            *(self.count, self.angles, self.behaviour, self.compare),
            *(self.compare_pictures, self.template, self.score, self.report),
        )
        return {work.__name__: _timed(work) for work in works}

    def count(self, asked: Mapping[str, Any], _: bytes) -> dict[str, Any]:
        """Count repetitions."""
        (found,) = self._read(asked)
        return count_document(found.header, found.everyone, asked["exercise"])

    def angles(self, asked: Mapping[str, Any], _: bytes) -> dict[str, Any]:
        """Compute joint angles."""
        (found,) = self._read(asked)
        return angles_document(found.header, found.everyone, asked["names"], asked["points"])

    def behaviour(self, asked: Mapping[str, Any], _: bytes) -> dict[str, Any]:
        """Look for falls and the like."""
        (found,) = self._read(asked)
        return behaviour_document(found.header, found.frames, asked["kinds"] or KINDS)

    def compare(self, asked: Mapping[str, Any], _: bytes) -> dict[str, Any]:
        """Compare the movements of two."""
        a, b = self._read(asked)
        first = chosen_person(a.everyone, asked["person"])
        second = chosen_person(b.everyone, asked["other_person"], "other_person")
        how = {"mirror": asked["mirror"], "find": asked["find"]}
        return comparison_document(first, second, **how)

    def compare_pictures(self, asked: Mapping[str, Any], data: bytes) -> dict[str, Any]:
        """Compare those in two pictures, whose documents are the data."""
        both = json.loads(data)
        a, b = (_largest(each, which) for which, each in zip("ab", both, strict=True))
        found = pose_comparison_document(a, b, mirror=asked["mirror"])
        return {**found, "a": both[0], "b": both[1]}

    def template(self, asked: Mapping[str, Any], _: bytes) -> dict[str, Any]:
        """Make a template of one or several."""
        people = [chosen_person(each.everyone, None) for each in self._read(asked)]
        return template_of(people, asked["name"], asked["exercise"]).to_dict()

    def score(self, asked: Mapping[str, Any], _: bytes) -> dict[str, Any]:
        """Score a movement against a template."""
        (found,) = self._read(asked)
        person = chosen_person(found.everyone, asked["person"])
        template = read_template(Path(asked["template"]))
        return score_document(found.header, person, template, asked["exercise"])

    def report(self, asked: Mapping[str, Any], _: bytes) -> bytes:
        """Make the report on one, with pictures out of its video."""
        from posemill.documents.reporting import report_of  # noqa: PLC0415 - decoders and all

        (found,) = self._read(asked)
        if not found.everyone:
            raise UsageError("nobody is seen in it.")
        people = measured(found.everyone, found.frames, GROUPS["main"])
        looked_at = selection(Settings(**asked["settings"]))
        text = report_of(
            found.header,
            found.frames,
            people,
            media=(Path(asked["media"]), looked_at),
            exercise=asked["exercise"],
            language=asked["language"],
        )
        return text.encode()

    def _read(self, asked: Mapping[str, Any]) -> list[Records]:
        return [self._shelf.read(path) for path in asked["records"]]


def _timed(work: Callable[[Mapping[str, Any], bytes], dict[str, Any] | bytes]) -> Handler:
    def handle(asked: Mapping[str, Any], data: bytes) -> Answer:
        began = perf_counter()
        found = work(asked, data)
        made = found if isinstance(found, bytes) else dumps(found).encode()
        return Answer({"seconds": perf_counter() - began}, made)

    return handle


def _largest(document: Mapping[str, Any], which: str) -> Pose:
    """Return the largest person in the document of a picture. UsageError where nobody is in it."""
    header = parse_header(document)
    people = parse_frame(document["frames"][0], header).people
    if not people:
        raise UsageError(f"nobody is seen in the picture {which}.")
    return max(people, key=lambda pose: pose.box_px[2] * pose.box_px[3])


def build(_: Mapping[str, Any]) -> Mapping[str, Handler]:
    """Return the handlers."""
    return Analyses().handlers()


if __name__ == "__main__":
    run_as_media_process(build)
