"""`posemill count`: repetitions in a video or in its records."""

import json as json_format
from collections.abc import Sequence
from typing import Final

from posemill.analysis.counting import AUTO, Count
from posemill.analysis.motion import Motion, motions
from posemill.cli.listing import put
from posemill.cli.outputs import analysis_outputs
from posemill.cli.report import one_line
from posemill.cli.skeletons import SkeletonReader
from posemill.config import Settings
from posemill.documents import counted, document_of_counts
from posemill.errors import UsageError
from posemill.exercises import exercise_names, load_exercise
from posemill.sinks.aside import write_whole

# In the words of someone who looks at the result.
DOUBTS: Final = {
    "hidden": "the joints are often hidden or out of the picture",
    "view": "this exercise is told better from another side",
    "small": "the person is small in the picture",
    "slow": "there are few frames in a repetition",
    "unfinished": "a repetition is cut off by the start or the end",
    "irregular": "the repetitions come irregularly",
    "other_movement": "much of it is some other movement",
    "aperiodic": "hardly anything repeats",
}


def count_in(
    address: str, exercise: str, outs: Sequence[str], settings: Settings, *, json: bool
) -> int:
    """Count, and print it; SourceError, SettingError, UsageError."""
    if exercise != AUTO:
        load_exercise(exercise)  # before minutes of work
    paths = analysis_outputs(outs, (".json",), [address])
    with SkeletonReader(settings) as reader:
        found = reader.read(address)
    if found.is_picture:
        raise UsageError(f"{address}: is a picture; repetitions take a video.")
    people = counted(motions(found.frames), exercise)
    document = document_of_counts(found.header, people, exercise)
    text = json_format.dumps(document, ensure_ascii=False)
    for path in paths:
        write_whole(path, text + "\n")
    put(text if json else "\n".join(_lines(address, people)))
    return 0


def list_exercises(*, json: bool) -> int:
    """Print the exercises that are known."""
    known = [load_exercise(name) for name in exercise_names()]
    if json:
        rows = [{"name": each.name, "names": each.names, "view": each.view} for each in known]
        put(json_format.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    width = max(len(each.name) for each in known)
    for each in known:
        names = " · ".join(each.names.values())
        put(f"{each.name:{width}}  {names}" + ("" if each.view == "any" else f"  ({each.view})"))
    return 0


def _lines(address: str, people: Sequence[tuple[Motion, Count]]) -> list[str]:
    lines = []
    source = one_line(address)
    for motion, found in people:
        who = f"{source}: person {motion.id}: " if len(people) > 1 else f"{source}: "
        name = "" if found.exercise == AUTO else f"{one_line(found.exercise.replace('_', ' '))}: "
        low, high = found.between
        spread = "" if low == high else f" (between {low} and {high})"
        lines.append(f"{who}{name}{found.count}{spread}")
        if found.partial:
            lines.append(f"  {found.partial} more not gone to the end, not counted")
        lines += [f"  doubtful: {DOUBTS[each]}" for each in found.doubts]
        if found.repetitions:
            lines.append("   #    start     turn      end  there  hold  back  depth  side")
        number = 0
        for each in found.repetitions:
            number += each.is_full
            lines.append(
                f"{number if each.is_full else '-':>4}{each.start_s:9.2f}{each.turn_s:9.2f}"
                f"{each.end_s:9.2f}{each.out_s:7.2f}{each.hold_s:6.2f}{each.back_s:6.2f}"
                f"{each.depth:7.2f}  {each.side}"
            )
    return lines
