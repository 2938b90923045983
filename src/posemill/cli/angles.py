"""`posemill angles`: joint angles over time, with what may be doubted of each."""

import csv
import json as json_format
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill import documents
from posemill.analysis.angles import Angle, Angles, names_of
from posemill.analysis.cleaning import CUTOFF_HZ, MAX_GAP_S, Array
from posemill.analysis.joints import SPREADS
from posemill.analysis.motion import Motion, motions
from posemill.cli.listing import put
from posemill.cli.outputs import analysis_outputs
from posemill.cli.report import one_line
from posemill.cli.skeletons import SkeletonReader, Skeletons
from posemill.config import Settings
from posemill.documents import Measured
from posemill.documents.people import column
from posemill.errors import UsageError
from posemill.reports.angle_words import ANGLE_DOUBTS
from posemill.reports.html import Language
from posemill.sinks.aside import write_whole

_SUFFIXES: Final = (".csv", ".json", ".html")
_MAX_HZ, _MAX_S = 1000.0, 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to compute, and how: ``cutoff_hz`` None for the angles as they are in each frame."""

    names: tuple[str, ...]
    cutoff_hz: float | None = CUTOFF_HZ
    max_gap_s: float = MAX_GAP_S


def wanted(words: str, raw: bool, max_gap: str | None, cutoff: str | None) -> Wanted:
    """Return what the command line asks for. SettingError, UsageError."""
    names = names_of(each.strip() for each in words.split(",") if each.strip())
    if not names:
        raise UsageError("--angles needs the name of an angle.")
    if raw and (cutoff or max_gap):
        raise UsageError("--raw fills no gaps and has no filter: leave --max-gap and --cutoff out.")
    gap_s = _number("--max-gap", max_gap, MAX_GAP_S, 0.0, _MAX_S)
    hz = _number("--cutoff", cutoff, CUTOFF_HZ, 0.01, _MAX_HZ)
    return Wanted(names, None if raw else hz, 0.0 if raw else gap_s)


def angles_in(
    address: str,
    asked: Wanted,
    outs: Sequence[str],
    settings: Settings,
    *,
    language: Language,
    json: bool,
) -> int:
    """Compute, print a table or JSON, write files. SourceError, UsageError, SinkError."""
    paths = analysis_outputs(outs, _SUFFIXES, [address])
    with SkeletonReader(settings) as reader:
        found = reader.read(address)
    people = measured(found, asked)
    document = documents.document_of_angles(
        found.header,
        people,
        names=list(asked.names),
        cutoff_hz=asked.cutoff_hz,
        max_gap_s=asked.max_gap_s,
    )
    for path in paths:
        write_whole(path, _text(path, found, people, document, asked, settings, language))
    put(_json(document) if json else "\n".join(_lines(address, found, people)))
    return 0


def measured(found: Skeletons, asked: Wanted) -> list[Measured]:
    """Return everyone's angles."""
    return documents.measured(
        motions(found.frames),
        found.frames,
        asked.names,
        cutoff_hz=asked.cutoff_hz,
        max_gap_s=asked.max_gap_s,
    )


def _number(flag: str, word: str | None, default: float, low: float, high: float) -> float:
    if word is None:
        return default
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UsageError(f"{flag} must be a number from {low:g} to {high:g}, not {word!r}.")
    return value


def _text(
    path: Path,
    found: Skeletons,
    people: Sequence[Measured],
    document: Mapping[str, Any],
    asked: Wanted,
    settings: Settings,
    language: Language,
) -> str:
    if path.suffix.lower() == ".json":
        return _json(document) + "\n"
    if path.suffix.lower() == ".csv":
        return _csv(found, people, asked)
    from posemill.cli.reporting import report_of  # noqa: PLC0415 - and what it draws with

    return report_of(found, people, language, settings)


def _csv(found: Skeletons, people: Sequence[Measured], asked: Wanted) -> str:
    """Return one row a frame and person: angles, then their speeds; empty where unknown."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    speeds = [f"{name}_per_s" for name in asked.names]
    writer.writerow(["frame", "time_s", "person", *asked.names, *speeds])
    count = len(found.frames)
    for each in people:
        places = _places(found, each.motion)
        columns = [
            column(_over(getattr(each.angles[name], kind), places, count), 3)
            for kind in ("values", "speed")
            for name in asked.names
        ]
        for frame, row in zip(found.frames, zip(*columns, strict=True), strict=True):
            cells = ["" if value is None else value for value in row]
            writer.writerow([frame.index, round(frame.time_s, 6), each.motion.id, *cells])
    return file.getvalue()


def _places(found: Skeletons, motion: Motion) -> list[int]:
    """Return where in the source's frames those of a motion are."""
    where = {frame.index: place for place, frame in enumerate(found.frames)}
    return [where[index] for index in motion.frame.tolist()]


def _over(values: Array, places: Sequence[int], count: int) -> Array:
    """Return a person's values over all frames of the source, NaN where they are not seen."""
    whole = np.full(count, np.nan)
    whole[list(places)] = values
    return whole


def _json(document: Mapping[str, Any]) -> str:
    return json_format.dumps(document, ensure_ascii=False, allow_nan=False)


def _lines(address: str, found: Skeletons, people: Sequence[Measured]) -> Iterator[str]:
    for each in people:
        seen = each.quality
        yield (
            f"{one_line(address)}: person {each.motion.id}, {seen.present:.0%} of "
            f"{len(found.frames)} frames, seen from: {seen.view}, {seen.size_px:.0f} px"
        )
        yield from _table(each.angles, is_picture=len(each.motion) == 1)
        met = dict.fromkeys(doubt for one in each.angles.by_name.values() for doubt in one.doubts)
        yield from (f"  {doubt}: {ANGLE_DOUBTS['en'][doubt]}" for doubt in met)
        for base, percent in each.angles.symmetry().items():
            yield f"  symmetry {base}: {percent:+.0f} % (right against left)"


def _table(found: Angles, *, is_picture: bool) -> Iterable[str]:
    width = max(len(name) for name in found.by_name)
    if is_picture:
        yield f"  {'':{width}} {'value':>7} {'±':>5}  doubts"
    else:
        yield (
            f"  {'':{width}} {'range':>7} {'min':>7} {'max':>7} {'mean':>7} {'max/s':>7}"
            f" {'seen':>5} {'±':>5}  doubts"
        )
    for name, one in found.by_name.items():
        doubts = ", ".join(one.doubts)
        sure = _cell(one.uncertainty, one, 5)
        mean = float(one.known.mean()) if len(one.known) else None
        if is_picture:
            yield f"  {name:{width}} {_cell(mean, one)} {sure}  {doubts}".rstrip()
            continue
        low, high = one.range or (None, None)
        numbers = (one.range_of_motion, low, high, mean, one.max_speed)
        cells = " ".join(_cell(number, one) for number in numbers)
        yield f"  {name:{width}} {cells} {one.seen:5.0%} {sure}  {doubts}".rstrip()


def _cell(value: float | None, one: Angle, width: int = 7) -> str:
    if value is None or np.isnan(value):
        return f"{'-':>{width}}"
    return f"{value:{width}.{2 if one.name in SPREADS else 1}f}"
