"""`posemill template` and `posemill score`: a movement as it should be, and how well it is done."""

import json as json_format
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from posemill.analysis.counting import count
from posemill.analysis.motion import Motion
from posemill.analysis.scoring import (
    Score,
    Span,
    Template,
    make_template,
    parse_template,
    score,
)
from posemill.cli.comparing import DOUBTS, checked, checked_language, person_in
from posemill.cli.counting import write_text
from posemill.cli.listing import put
from posemill.cli.skeletons import SkeletonReader, Skeletons
from posemill.config import Settings
from posemill.config.places import data_folder
from posemill.errors import BrokenSource, SinkError, SourceError, SourceNotFound, UsageError
from posemill.exercises import exercise_names, load_exercise
from posemill.exercises.advice import advice_rules

_NAME: Final = re.compile(r"[\w][\w .-]{0,63}")
_MOST_BYTES: Final = 16 * 1024 * 1024
_PERIOD: Final = "auto"


def make(
    sources: Sequence[str],
    name: str,
    out: str | None,
    exercise: str | None,
    settings: Settings,
) -> int:
    """Make a template of reference clips. SourceError, UsageError, SinkError."""
    path = Path(out) if out is not None else _place(name, settings)
    checked(path, (".json",))
    counted_by = _exercise(exercise, name)
    with SkeletonReader(settings, len(sources)) as reader:
        found = [_video(reader, source) for source in sources]
    motions = [person_in(each, None) for each in found]
    spans = None if counted_by is None else [_spans(each, counted_by) for each in motions]
    template = make_template(motions, name, spans, exercise=counted_by)
    if out is None:
        _make_folder(path.parent)
    write_text(path, json_format.dumps(template.to_dict(), ensure_ascii=False) + "\n")
    put(f"wrote {path}: {template.repetitions} repetitions of {template.clips} clips")
    return 0


def list_templates(settings: Settings, *, json: bool) -> int:
    """Print the templates that are stored."""
    folder = _folder(settings)
    rows = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            rows.append({**_about(_read(path)), "path": str(path)})
        except SourceError as error:
            rows.append({"name": path.stem, "path": str(path), "problem": str(error)})
    if json:
        put(json_format.dumps(rows, indent=1, ensure_ascii=False))
    elif rows:
        put("\n".join(_row(each) for each in rows))
    else:
        put(f"there are none in {folder}; posemill template make stores one.")
    return 0


def show_template(name: str, settings: Settings, *, json: bool) -> int:
    """Print one template. SourceNotFound, BrokenSource."""
    template = load_template(name, settings)
    if json:
        put(json_format.dumps(template.to_dict(), ensure_ascii=False))
        return 0
    about = _about(template)
    lines = [f"{key}: {value}" for key, value in about.items()]
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
    paths = [checked(Path(out), (".json", ".html")) for out in outs]
    checked_language(language)
    template = load_template(template_name, settings)
    counted_by = _exercise(exercise, template.exercise or "")
    with SkeletonReader(settings) as reader:
        found = _video(reader, source)
    motion = person_in(found, person)
    spans = None if counted_by is None else _spans(motion, counted_by)
    result = score(motion, template, spans, advice_rules())
    name = Path(str(found.header["source"])).name
    document = {"source": name, "people": list(motion.ids), **result.to_dict()}
    text = json_format.dumps(document, indent=1, ensure_ascii=False)
    for path in paths:
        if path.suffix == ".html":
            from posemill.reports.scoring import score_report  # noqa: PLC0415

            chosen = score_report(result, template, name, "zh" if language == "zh" else "en")
            write_text(path, chosen)
        else:
            write_text(path, text + "\n")
    put(text if json else "\n".join(_lines(name, result, language)))
    return 0


def load_template(name: str, settings: Settings) -> Template:
    """Return a template by its name or its path. SourceNotFound, BrokenSource."""
    path = Path(name)
    if path.suffix != ".json" and not path.is_file():
        path = _place(name, settings)
        if not path.is_file():
            raise SourceNotFound(
                f"there is no template {name!r} in {path.parent}; `posemill template list` names "
                "those there are, `posemill template make` makes one."
            )
    return _read(path)


def _read(path: Path) -> Template:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except FileNotFoundError:
        raise SourceNotFound(f"{path}: there is no such file.") from None
    except OSError as error:
        raise SourceError(f"{path}: can't be read: {error.strerror or error}.") from error
    try:
        return parse_template(json_format.loads(data))
    except BrokenSource as error:
        raise BrokenSource(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BrokenSource(f"{path}: is no readable JSON: {error}.") from error


def _folder(settings: Settings) -> Path:
    return data_folder(settings) / "templates"


def _place(name: str, settings: Settings) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--name {name!r}: must be letters, digits, spaces, dots and dashes, up to 64."
        )
    return _folder(settings) / f"{name}.json"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"{folder}: can't be made: {error.strerror or error}.") from error


def _exercise(given: str | None, name: str) -> str | None:
    """Return what to count by: what is asked for, else an exercise of that name, else nothing."""
    if given == _PERIOD:
        return None
    if given is not None:
        load_exercise(given)  # before minutes of work
        return given
    known = name.strip().lower().replace(" ", "_").replace("-", "_")
    return known if known in exercise_names() else None


def _spans(motion: Motion, exercise: str) -> list[Span]:
    return list(count(motion, load_exercise(exercise)).repetitions)


def _video(reader: SkeletonReader, source: str) -> Skeletons:
    found = reader.read(source)
    if len({frame.index for frame in found.frames}) < 2:
        raise UsageError(f"{source}: is a picture; this takes a video.")
    return found


def _about(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "exercise": template.exercise,
        "clips": template.clips,
        "repetitions": template.repetitions,
        "duration_s": round(template.duration_s[0], 2),
        "phases": ", ".join(phase.name for phase in template.phases),
    }


def _row(each: dict[str, Any]) -> str:
    if "problem" in each:
        return f"{each['name']}  damaged: {each['problem']}"
    return (
        f"{each['name']}  {each['repetitions']} repetitions of {each['clips']} clips, "
        f"{each['duration_s']:.1f} s each: {each['phases']}"
    )


def _lines(name: str, found: Score, language: str) -> Iterable[str]:
    span = found.total_range
    if found.total is None or span is None:
        yield f"{name}: nothing could be scored against {found.template}"
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
