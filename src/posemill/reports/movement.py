"""The report on a clip: who was seen and how well, pictures, angles, repetitions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from posemill.analysis.angles import Angles
from posemill.analysis.counting import Count
from posemill.analysis.motion import Motion
from posemill.analysis.quality import Quality
from posemill.reports.angles import angle_charts, angle_table, doubt_notes, paired, symmetry_parts
from posemill.reports.axes import clock
from posemill.reports.charts import Moment
from posemill.reports.document import document
from posemill.reports.html import Html, Language, beside, paragraph, section
from posemill.reports.movement_words import TEXTS
from posemill.reports.pictures import figure
from posemill.reports.quality import quality_parts
from posemill.reports.repetitions import repetition_parts
from posemill.reports.tables import facts, notes
from posemill.types import Picture

LEAST_SPAN: Final = 10.0  # degrees; what moves less has no chart of its own


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture with a skeleton in it, and what it shows; ``is_plain``: the skeleton alone."""

    picture: Picture
    is_plain: bool
    caption: str


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What is told of one person. ``count``: their repetitions, None where nothing repeats."""

    motion: Motion
    angles: Angles
    quality: Quality
    pictures: Sequence[Shown] = ()
    count: Count | None = None
    exercise: str = ""


def movement_report(
    header: Mapping[str, Any],
    people: Sequence[Person],
    *,
    duration_s: float,
    language: Language = "en",
    made: str = "",
) -> str:
    """Return the whole report. ``header``: of the records. ``made``: when and by what."""
    texts = TEXTS[language]
    name = str(header["source"]).replace("\\", "/").rsplit("/", 1)[-1]
    parts = [_about(name, header, people, duration_s, texts)]
    several = len(people) > 1
    for number, each in enumerate(people):
        title = texts["person"].format(id=each.motion.id)
        if several:
            parts.append(section(title, new_page=number > 0))
        parts += person_parts(each, language)
    parts.append(section(texts["limits"], *(paragraph(each) for each in texts["say"].split("\n"))))
    return document(texts["title"].format(name=name), parts, language, made)


def person_parts(each: Person, language: Language = "en") -> list[Html]:
    """Return the sections of one person."""
    texts = TEXTS[language]
    names = list(each.angles.by_name)
    parts = [section(texts["quality"], *quality_parts(each.quality, language))]
    if each.pictures:
        pictures = [figure(one.picture, one.caption, longest_px=640) for one in each.pictures]
        plain = any(one.is_plain for one in each.pictures)
        why = [notes([("note", texts["plain"])], language)] if plain else []
        parts.append(section(texts["pictures"], *why, beside(*pictures)))
    table = angle_table(each.angles, names, language)
    parts.append(section(texts["angles"], table, doubt_notes(each.angles, names, language)))
    symmetry = symmetry_parts(each.angles, language)
    if symmetry:
        parts.append(section(texts["symmetry"], *symmetry))
    if each.count is not None:
        repetitions = repetition_parts(each.count, each.exercise, language)
        parts.append(section(texts["repetitions"], *repetitions))
    if len(each.motion) > 1:
        parts.append(section(texts["charts"], *_charts(each, names, language), new_page=True))
    return parts


def moving(found: Angles, names: Iterable[str]) -> list[str]:
    """Return the angles that are worth a chart: those that move, with their other side."""
    chosen = set()
    for members in paired([*found.by_name]).values():
        spans = [found[name].range_of_motion for name in members.values()]
        if any(span is not None and span >= LEAST_SPAN for span in spans):
            chosen |= set(members.values())
    return [name for name in names if name in chosen]


def _charts(each: Person, names: Sequence[str], language: Language) -> list[Html]:
    texts = TEXTS[language]
    kept = moving(each.angles, names)
    if not kept:
        return [notes([("note", texts["still"])], language)]
    moments = []
    if each.count is not None:
        full = [one for one in each.count.repetitions if one.is_full]
        moments = [Moment(one.turn_s, str(at)) for at, one in enumerate(full, start=1)]
    lead = [paragraph(texts["turns"])] if moments else []
    return [*lead, *angle_charts(each.angles, kept, language, moments=moments)]


def _about(
    name: str,
    header: Mapping[str, Any],
    people: Sequence[Person],
    duration_s: float,
    texts: Mapping[str, str],
) -> Html:
    size = f"{header.get('width')} x {header.get('height')} px"
    pairs = [(texts["source"], name), (texts["size"], size)]  # no folders: reports are passed on
    if len(people[0].motion) > 1:
        fps = header.get("fps")
        length = f"{clock(duration_s)} ({duration_s:.1f} s)"
        rate = "" if fps is None else f", {float(fps):.4g} {texts['per_second']}"
        pairs.append((texts["length"], length + rate))
    pairs.append((texts["people"], str(len(people))))
    engine = f"{header.get('engine')}, {header.get('precision')}"
    pairs.append((texts["model"], f"BlazePose {header.get('model')} ({engine})"))
    return facts(pairs)
