"""The commands about one movement: `count`, `angles`, `report` and others; as in ``app``."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final

import typer

from posemill.cli.flags import FOR_ANALYSIS, with_settings
from posemill.config import resolve

Work = Callable[[], int]

_COUNT_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill count workout.mp4",
        "posemill count workout.mp4 --exercise squat --json",
        "posemill count clip.jsonl --exercise my_exercise.toml --out count.json",
        "posemill exercises lists those that are known. Records, as `posemill detect --out "
        "clip.jsonl` writes them, are counted at once.",
    ]
)
_EVENTS_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill events corridor.mp4",
        "posemill events corridor.jsonl --kinds fall,lying --json",
        "The same rules watch cameras: \\[\\[alerts]] of posemill.toml.",
    ]
)
_ANGLES_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill angles squat.mp4",
        "posemill angles squat.mp4 --angles left_knee_flexion,right_knee_flexion --out knees.csv",
        "posemill angles clip.jsonl --angles 2d --cutoff 4 --max-gap 0.2 --out angles.json",
        "posemill angles clip.jsonl --angles all --raw --json",
        "docs/en/angles.md says what each angle is between, its zero, its sign, how sure it is.",
    ]
)
_REPORT_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill report squat.mp4 --out report.html",
        "posemill report squat.mp4 --exercise squat --language zh --out report.html",
        "posemill report clip.jsonl --out report.html",
        "One file that needs nothing else, to read, to keep and to print.",
    ]
)
_LANGUAGE_HELP: Final = "Of what is written: en or zh."
_MOTION_HELP: Final = "A video, or its records (.jsonl, .json)."


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(epilog=_COUNT_EXAMPLES)(count)
    app.command(epilog=_EVENTS_EXAMPLES)(events)
    app.command()(exercises)
    app.command(epilog=_ANGLES_EXAMPLES)(angles)
    app.command(epilog=_REPORT_EXAMPLES)(report)


@with_settings(FOR_ANALYSIS, "max_pixels")
def count(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_MOTION_HELP)],
    exercise: Annotated[
        str,
        typer.Option(
            "--exercise", "-e", metavar="NAME", help="An exercise, a .toml of your own, or auto."
        ),
    ] = "auto",
    out: Annotated[
        list[str] | None,
        typer.Option("--out", "-o", metavar="PATH", help="Write the result to a .json file."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Count the repetitions of an exercise, with start, end, depth and tempo of each."""
    settings = resolve(flags).settings
    from posemill.cli.counting import count_in  # noqa: PLC0415

    return partial(count_in, source, exercise, out or [], settings, json=json)


@with_settings(FOR_ANALYSIS, "max_pixels")
def events(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_MOTION_HELP)],
    kinds: Annotated[
        str | None, typer.Option(metavar="A,B", help="Which events; without it all.")
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option("--out", "-o", metavar="PATH", help="Write the result to a .json file."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Find falls, lying, hands up and more: an aid, no medical or safety device."""
    settings = resolve(flags).settings
    from posemill.cli.events import events_in  # noqa: PLC0415

    return partial(events_in, source, kinds, out or [], settings, json=json)


def exercises(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> Work:
    """List the exercises that `posemill count` knows."""
    from posemill.cli.counting import list_exercises  # noqa: PLC0415

    return partial(list_exercises, json=json)


@with_settings(FOR_ANALYSIS, "max_pixels")
def angles(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_MOTION_HELP)],
    which: Annotated[
        str,
        typer.Option(
            "--angles",
            "-a",
            metavar="A,B",
            help="Names of angles; or main, 3d, 2d, segments, spreads, all.",
        ),
    ] = "main",
    raw: Annotated[
        bool, typer.Option("--raw", help="As they are in each frame: no filter, no filled gaps.")
    ] = False,
    max_gap: Annotated[
        str | None,
        typer.Option(metavar="S", help="Fill gaps up to so many seconds. \\[default: 0.5]"),
    ] = None,
    cutoff: Annotated[
        str | None,
        typer.Option(metavar="HZ", help="The filter's cut-off frequency. \\[default: 6]"),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(
            "--out", "-o", metavar="PATH", help="A .csv or .json of every frame, or a .html."
        ),
    ] = None,
    language: Annotated[str, typer.Option(metavar="WORD", help=_LANGUAGE_HELP)] = "en",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Measure joint angles over time: range of motion, speed, symmetry, and how sure they are."""
    settings = resolve(flags).settings
    from posemill.cli.angles import angles_in, wanted  # noqa: PLC0415
    from posemill.reports.html import language_of  # noqa: PLC0415

    asked = wanted(which, raw, max_gap, cutoff)
    words = language_of(language)
    return partial(angles_in, source, asked, out or [], settings, language=words, json=json)


@with_settings(FOR_ANALYSIS, "max_pixels")
def report(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_MOTION_HELP)],
    out: Annotated[
        list[str] | None, typer.Option("--out", "-o", metavar="PATH", help="A .html file.")
    ] = None,
    exercise: Annotated[
        str,
        typer.Option(
            "--exercise", "-e", metavar="NAME", help="An exercise, a .toml of your own, or auto."
        ),
    ] = "auto",
    language: Annotated[str, typer.Option(metavar="WORD", help=_LANGUAGE_HELP)] = "en",
    *,
    flags: Mapping[str, object],
) -> Work:
    """Write a report to print: pictures, angles, symmetry, repetitions, and what to doubt."""
    settings = resolve(flags).settings
    from posemill.cli.reporting import report_on  # noqa: PLC0415
    from posemill.reports.html import language_of  # noqa: PLC0415

    words = language_of(language)
    return partial(report_on, source, out or [], settings, exercise=exercise, language=words)
