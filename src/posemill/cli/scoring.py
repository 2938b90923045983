"""`posemill template` and `posemill score`: a movement as it should be, and how well it is done."""

import json as json_format
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from posemill.analysis.scoring import Score, Template, score
from posemill.cli.comparing import DOUBTS, checked_language, person_in
from posemill.cli.listing import put
from posemill.cli.outputs import analysis_outputs
from posemill.cli.report import one_line
from posemill.cli.skeletons import SkeletonReader, Skeletons
from posemill.config import Settings
from posemill.documents import document_of_score, template_of
from posemill.documents.scoring import counted_by, spans_of
from posemill.errors import SourceError, SourceNotFound, UsageError
from posemill.exercises.advice import advice_rules
from posemill.exercises.templates import Templates, read_template, summary
from posemill.sinks.aside import write_whole


def make(
    sources: Sequence[str],
    name: str,
    out: str | None,
    exercise: str | None,
    settings: Settings,
) -> int:
    """Make a template of reference clips. SourceError, UsageError, SinkError."""
    templates = Templates.of(settings)
    path = templates.path(name)
    if out is not None:
        (path,) = analysis_outputs([out], (".json",), sources)
    counted_by(exercise, name)  # before minutes of work
    with SkeletonReader(settings, len(sources)) as reader:
        found = [_video(reader, source) for source in sources]
    template = template_of([person_in(each, None) for each in found], name, exercise)
    text = json_format.dumps(template.to_dict(), ensure_ascii=False) + "\n"
    if out is None:
        templates.save(name, text)
    else:
        write_whole(path, text)
    put(f"wrote {one_line(path)}: {template.repetitions} repetitions of {template.clips} clips")
    return 0


def list_templates(settings: Settings, *, json: bool) -> int:
    """Print the templates that are stored."""
    templates = Templates.of(settings)
    rows = []
    for path in templates.paths():
        try:
            rows.append({**_about(read_template(path)), "path": str(path)})
        except SourceError as error:
            rows.append({"name": path.stem, "path": str(path), "problem": str(error)})
    if json:
        put(json_format.dumps(rows, indent=1, ensure_ascii=False))
    elif rows:
        put("\n".join(_row(each) for each in rows))
    else:
        put(f"there are none in {templates.folder}; posemill template make stores one.")
    return 0


def show_template(name: str, settings: Settings, *, json: bool) -> int:
    """Print one template. SourceNotFound, BrokenSource."""
    template = load_template(name, settings)
    if json:
        put(json_format.dumps(template.to_dict(), ensure_ascii=False))
        return 0
    about = _about(template)
    lines = [f"{key}: {one_line(value)}" for key, value in about.items()]
    lines.append("  joint            weight  tolerance, degrees")
    joints = template.to_dict()["joints"]
    for joint, each in sorted(joints.items(), key=lambda pair: -pair[1]["weight"]):
        least, most = min(each["tolerance_deg"]), max(each["tolerance_deg"])
        lines.append(f"  {joint:16}{100 * each['weight']:6.0f}%  {least:.0f} to {most:.0f}")
    put("\n".join(lines))
    return 0


def score_in(
    source: str,
    template_name: str,
    outs: Sequence[str],
    settings: Settings,
    *,
    exercise: str | None,
    person: str | None,
    language: str,
    json: bool,
) -> int:
    """Score a clip, print the result and write what was asked for. SourceError, UsageError."""
    paths = analysis_outputs(outs, (".json", ".html"), [source, template_name])
    checked_language(language)
    template = load_template(template_name, settings)
    by = counted_by(exercise, template.exercise or "")
    with SkeletonReader(settings) as reader:
        found = _video(reader, source)
    motion = person_in(found, person)
    result = score(motion, template, spans_of(motion, by), advice_rules())
    name = Path(str(found.header["source"])).name
    document = document_of_score(found.header, motion, result)
    text = json_format.dumps(document, indent=1, ensure_ascii=False)
    for path in paths:
        if path.suffix.lower() == ".html":
            from posemill.reports.scoring import score_report  # noqa: PLC0415

            chosen = score_report(result, template, name, "zh" if language == "zh" else "en")
            write_whole(path, chosen)
        else:
            write_whole(path, text + "\n")
    put(text if json else "\n".join(_lines(name, result, language)))
    return 0


def load_template(name: str, settings: Settings) -> Template:
    """Return a template by its name or its path. SourceNotFound, BrokenSource."""
    path = Path(name)
    if path.suffix != ".json" and not path.is_file():
        path = Templates.of(settings).path(name)
        if not path.is_file():
            raise SourceNotFound(
                f"there is no template {name!r} in {path.parent}; `posemill template list` names "
                "those there are, `posemill template make` makes one."
            )
    return read_template(path)


def _video(reader: SkeletonReader, source: str) -> Skeletons:
    found = reader.read(source)
    if len({frame.index for frame in found.frames}) < 2:
        raise UsageError(f"{source}: is a picture; this takes a video.")
    return found


def _about(template: Template) -> dict[str, Any]:
    about = summary(template)
    return {**about, "phases": ", ".join(about["phases"])}


def _row(each: dict[str, Any]) -> str:
    if "problem" in each:
        return one_line(f"{each['name']}  damaged: {each['problem']}")
    return (
        f"{one_line(each['name'])}  {each['repetitions']} repetitions of {each['clips']} clips, "
        f"{each['duration_s']:.1f} s each: {each['phases']}"
    )


def _lines(name: str, found: Score, language: str) -> Iterable[str]:
    span = found.total_range
    name = one_line(name)
    if found.total is None or span is None:
        yield f"{name}: nothing could be scored against {one_line(found.template)}"
    else:
        yield f"{name}: {found.total:.0f} of 100 ({span[0]:.0f} to {span[1]:.0f})"
    for each in found.doubts:
        yield f"  doubtful: {DOUBTS[each]}"
    for advice in found.advice:
        unsure = " (hard to tell from this side)" if advice.doubts else ""
        numbers = ", ".join(map(str, advice.repetitions))
        yield f"  - {advice.texts[language]} [{numbers}]{unsure}"
    if not found.repetitions:
        return
    phases = list(found.phases)
    yield "   #    start      end  score  tempo" + "".join(f"{each:>10}" for each in phases)
    for number, repetition in enumerate(found.repetitions, start=1):
        values = [repetition.score, repetition.tempo, *(repetition.phases[p] for p in phases)]
        shown = ["-" if value is None else f"{value:.0f}" for value in values]
        shown[1] = f"{repetition.tempo:.2f}"
        yield (
            f"{number:>4}{repetition.start_s:9.2f}{repetition.end_s:9.2f}"
            f"{shown[0]:>7}{shown[1]:>7}" + "".join(f"{each:>10}" for each in shown[2:])
        )
    for joint in sorted(found.joints, key=lambda each: each.score or 101.0):
        if joint.score is not None and joint.weight > 0:
            yield f"  {joint.name:16}{joint.score:5.0f}"
