"""`posemill report`: one HTML file about a clip, to read, to keep and to print."""

from collections.abc import Sequence

from posemill.analysis.angles import GROUPS
from posemill.analysis.counting import AUTO
from posemill.cli.listing import put
from posemill.cli.outputs import analysis_outputs
from posemill.cli.report import one_line
from posemill.cli.skeletons import SkeletonReader, Skeletons
from posemill.config import Settings
from posemill.documents.angles import Measured
from posemill.errors import UsageError
from posemill.exercises import load_exercise
from posemill.reports.html import Language
from posemill.sinks.aside import write_whole


def report_on(
    address: str, outs: Sequence[str], settings: Settings, *, exercise: str, language: Language
) -> int:
    """Write a report. SourceError, UsageError, SinkError."""
    from posemill.cli.angles import Wanted, measured  # noqa: PLC0415

    paths = analysis_outputs(outs, (".html", ".htm"), [address])
    if not paths:
        raise UsageError("report needs --out report.html.")
    if exercise != AUTO:
        load_exercise(exercise)  # before minutes of work
    with SkeletonReader(settings) as reader:
        found = reader.read(address)
    people = measured(found, Wanted(GROUPS["main"]))
    text = report_of(found, people, language, settings, exercise)
    for path in paths:
        write_whole(path, text)
        put(one_line(path))
    return 0


def report_of(
    found: Skeletons,
    people: Sequence[Measured],
    language: Language,
    settings: Settings,
    exercise: str = AUTO,
) -> str:
    """Return the report on skeletons and the angles of those in them."""
    from posemill.assemble import selection  # noqa: PLC0415
    from posemill.documents import reporting  # noqa: PLC0415 - and what it draws with

    return reporting.report_of(
        found.header,
        found.frames,
        people,
        media=None if found.media is None else (found.media, selection(settings)),
        exercise=exercise,
        language=language,
    )
