"""`posemill compare`: how alike two pictures or clips are."""

import json as json_format
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill.analysis.comparing import Comparison, compare_motions, compare_poses
from posemill.analysis.motion import Motion, motions
from posemill.cli.listing import put
from posemill.cli.outputs import analysis_outputs, refuse_overwriting
from posemill.cli.report import State, one_line
from posemill.cli.side_by_side import Side, pictures_at, side, write_video
from posemill.cli.skeletons import SkeletonReader, Skeletons
from posemill.config import Settings
from posemill.documents import chosen_person, document_of_comparison
from posemill.errors import UsageError
from posemill.sinks.aside import write_whole
from posemill.types import Picture

_SUFFIXES: Final = (".json", ".html", ".mp4", ".png", ".jpg", ".jpeg", ".webp")
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp")
# In the words of someone who looks at the result.
DOUBTS: Final = {
    "hidden": "less than half of the body is seen in both",
    "outside": "somebody is partly out of the picture",
    "small": "somebody is small in the picture",
    "view": "they are seen from different sides, which the model doesn't see alike",
    "tilt": "one of the cameras, or bodies, is tilted against the other one",
    "still": "neither of them moves",
    "part": "the shorter one is more like a part of the longer one: try --find",
    "several": "there are several people; --person-a and --person-b choose",
    "no_repetition": "the movement of the template isn't in it",
}


def compare(
    sources: tuple[str, str],
    outs: Sequence[str],
    settings: Settings,
    *,
    people: tuple[str | None, str | None],
    mirror: bool,
    find: bool | None,
    language: str,
    json: bool,
) -> int:
    """Compare, print the result, and write what was asked for. SourceError, UsageError."""
    paths = analysis_outputs(outs, _SUFFIXES, sources)
    checked_language(language)
    with SkeletonReader(settings, 2) as reader:
        both = (reader.read(sources[0]), reader.read(sources[1]))
        sides = tuple(
            side(found, person_in(found, who, flag))
            for found, who, flag in zip(both, people, ("--person-a", "--person-b"), strict=True)
        )
        a, b = sides
        refuse_overwriting(paths, [each.media for each in both if each.media is not None])
        found = _compared(a, b, mirror=mirror, find=find)
        if found.kind == "pictures" and any(path.suffix.lower() == ".mp4" for path in paths):
            raise UsageError("--out .mp4 takes two videos; of pictures .png, .html or .json.")
        alone = [
            len(motions(each.frames)) == 1 or who is not None
            for each, who in zip(both, people, strict=True)
        ]
        doubts = found.doubts if all(alone) else (*found.doubts, "several")
        document = document_of_comparison(
            found,
            sources=[each.name for each in sides],
            people=[list(each.motion.ids) for each in sides],
        )
        document["doubts"] = list(doubts)
        for path in paths:
            _write(path, found, document, (a, b), settings, language, reader)
    if json:
        short = {key: value for key, value in document.items() if key != "moments"}
        put(json_format.dumps(short, indent=1, ensure_ascii=False))
    else:
        put("\n".join(_lines(found, (a, b), doubts)))
    return 0


def checked_language(language: str) -> None:
    """Refuse a language there are no texts in. UsageError."""
    if language not in ("en", "zh"):
        raise UsageError(f"--language knows en and zh, not {language!r}.")


def person_in(found: Skeletons, who: str | None, flag: str = "--person") -> Motion:
    """Return the person of an id, or whoever is seen most and largest. SettingError, UsageError."""
    if who is not None and not who.isdecimal():
        raise UsageError(f"{flag} must be an id, a number, not {who!r}.")
    return chosen_person(motions(found.frames), None if who is None else int(who), flag)


def _compared(a: Side, b: Side, *, mirror: bool, find: bool | None) -> Comparison:
    kinds = [len(each.motion) == 1 for each in (a, b)]
    if kinds == [True, True]:
        first, second = (next(iter(each.poses.values())) for each in (a, b))
        return compare_poses(first, second, mirror=mirror)
    # A picture is looked for in a clip.
    return compare_motions(a.motion, b.motion, mirror=mirror, find=True if any(kinds) else find)


def _write(
    path: Path,
    found: Comparison,
    document: dict[str, Any],
    sides: tuple[Side, Side],
    settings: Settings,
    language: str,
    reader: SkeletonReader,
) -> None:
    suffix = path.suffix.lower()
    if suffix == ".json":
        write_whole(path, json_format.dumps(document, ensure_ascii=False) + "\n")
    elif suffix == ".mp4":
        write_video(path, found, sides, settings, told(reader, path))
    elif suffix == ".html":
        from posemill.reports.comparing import comparison_report  # noqa: PLC0415

        places = shown_places(found)
        pictures = pictures_at(found, places, sides, settings)
        names = (sides[0].name, sides[1].name)
        text = comparison_report(
            found,
            names,
            list(zip(places, pictures, strict=True)),
            "zh" if language == "zh" else "en",
            doubts=document["doubts"],
        )
        write_whole(path, text)
    else:
        worst = shown_places(found)[-1:] if found.kind == "clips" else [0]
        _write_picture(path, pictures_at(found, worst, sides, settings)[0])


def told(reader: SkeletonReader, path: Path) -> Callable[[int, int], None]:
    """Return what shows the progress of writing a file, until the user asks to stop."""

    def show(done: int, total: int) -> None:
        reader.check()
        reader.report.show(State(str(path), path.name, done, total, done))

    return show


def shown_places(found: Comparison, most: int = 4) -> list[int]:
    """Return pairs worth a picture: those that differ most, a while apart; rising."""
    values = np.nan_to_num(found.moments.difference_deg, nan=-1.0).copy()
    chosen: list[int] = []
    reach = max(len(values) // (2 * most), 1)
    for _ in range(most):
        place = int(np.argmax(values))
        if values[place] < 0:
            break
        chosen.append(place)
        values[max(place - reach, 0) : place + reach] = -1.0
    return sorted(chosen) or [0]


def _write_picture(path: Path, picture: Picture) -> None:
    from posemill.sinks.picture import PictureSink  # noqa: PLC0415
    from posemill.types import FramePoses, SourceInfo  # noqa: PLC0415

    height, width = picture.shape[:2]
    sink = PictureSink(path, SourceInfo(path.name, "picture", width, height), {})
    try:
        sink.write(FramePoses(0, 0.0, (width, height)), picture)
        sink.finish()
    finally:
        sink.discard()


def _lines(found: Comparison, sides: tuple[Side, Side], doubts: Sequence[str]) -> list[str]:
    names = " and ".join(one_line(each.name) for each in sides)
    span = found.similarity_range
    if found.similarity is None or span is None:
        lines = [f"{names}: too little is seen in both to compare them"]
    else:
        lines = [
            f"{names}: similarity {found.similarity:.0f} of 100 "
            f"({span[0]:.0f} to {span[1]:.0f}), {found.difference_deg:.1f} degrees apart"
        ]
    if found.kind == "clips" and found.posture is not None and found.movement is not None:
        lines.append(f"  posture {found.posture:.0f}, movement {found.movement:.0f}")
    if found.way == "part":
        lines.append("  the shorter one is a part of the longer one:")
    if found.kind == "clips":
        (a0, a1), (b0, b1) = found.a_span_s, found.b_span_s
        lines.append(f"  {a0:.2f}-{a1:.2f} s is {b0:.2f}-{b1:.2f} s, tempo {found.tempo:.2f}")
    lines += [f"  doubtful: {DOUBTS[each]}" for each in doubts]
    lines.append("  joint            degrees   worst  at, s   weight  seen")
    for each in sorted(found.joints, key=lambda joint: -(joint.difference_deg or 0.0)):
        if each.difference_deg is None or each.worst_deg is None or each.worst_s is None:
            lines.append(f"  {each.name:16} not seen in both")
            continue
        lines.append(
            f"  {each.name:16}{each.difference_deg:8.1f}{each.worst_deg:8.1f}"
            f"{each.worst_s[0]:7.2f}{100 * each.weight:8.0f}%{100 * each.seen:5.0f}%"
        )
    return lines
