"""The commands `compare`, `score` and `template`, and their help; as in ``app``."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final

import typer

from posemill.cli.flags import FOR_ANALYSIS, with_settings
from posemill.config import resolve
from posemill.errors import UsageError

Work = Callable[[], int]

_COMPARE_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill compare coach.mp4 me.mp4",
        "posemill compare coach.mp4 me.mp4 --mirror --out both.mp4 --out report.html",
        "posemill compare kick.mp4 match.mp4 --find --json",
        "posemill compare yoga.jpg me.jpg --out both.png",
        "posemill compare coach.jsonl me.jsonl --out comparison.json",
        "Records, as `posemill detect --out clip.jsonl` writes them, are compared at once. What 0 "
        "to 100 means is in docs/en/comparing.md.",
    ]
)
_SCORE_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill score me.mp4 --template squat",
        "posemill score me.mp4 --template squat --out report.html --language zh",
        "posemill score me.jsonl --template ./my.template.json --json",
        "`posemill template make` makes the template, `posemill template list` names those there "
        "are.",
    ]
)
_MAKE_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill template make coach.mp4 --name squat",
        "posemill template make coach1.mp4 coach2.mp4 coach3.mp4 --name squat",
        "posemill template make swing.mp4 --name swing --exercise auto --out swing.template.json",
        "The more good repetitions there are, the better it is known what may vary.",
    ]
)
_CLIP: Final = "A picture, a video, or its records (.jsonl, .json)."
_OUT: Final = (
    ".json for all pairs, .html for a report, .mp4 for both in step, .png .jpg .webp for the "
    "moment that differs most. May be repeated."
)
_EXERCISE: Final = (
    "Count repetitions by an exercise that `posemill exercises` lists, a .toml of your own, or "
    "auto; without it by the one of the template's name, if there is one."
)

template_app = typer.Typer(help="Make, list and show templates to score movements by.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(epilog=_COMPARE_EXAMPLES)(compare)
    app.command(epilog=_SCORE_EXAMPLES)(score)
    app.add_typer(template_app, name="template")


@with_settings(FOR_ANALYSIS, "max_pixels")
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_CLIP)],
    b: Annotated[str, typer.Argument(metavar="B", help=_CLIP)],
    mirror: Annotated[bool, typer.Option("--mirror", help="Take B as in a mirror.")] = False,
    find: Annotated[
        bool, typer.Option("--find", help="Look for the shorter one within the longer one.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Compare all of both, however long they are.")
    ] = False,
    person_a: Annotated[
        str | None, typer.Option("--person-a", metavar="ID", help="Whom to take in A, by id.")
    ] = None,
    person_b: Annotated[
        str | None, typer.Option("--person-b", metavar="ID", help="Whom to take in B, by id.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", metavar="en|zh", help="Of the HTML report.")
    ] = "en",
    out: Annotated[list[str] | None, typer.Option("--out", "-o", metavar="PATH", help=_OUT)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Compare two pictures or clips: how alike they are, joint by joint, moment by moment."""
    if find and whole:
        raise UsageError("--find and --whole contradict.")
    settings = resolve(flags).settings
    from posemill.cli.comparing import compare as run  # noqa: PLC0415

    return partial(
        run,
        (a, b),
        out or [],
        settings,
        people=(person_a, person_b),
        mirror=bool(mirror),
        find=True if find else False if whole else None,
        language=language,
        json=json,
    )


@with_settings(FOR_ANALYSIS, "max_pixels", "data_dir")
def score(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A video, or its records.")],
    template: Annotated[
        str, typer.Option("--template", "-t", metavar="NAME|PATH", help="What to score by.")
    ],
    exercise: Annotated[
        str | None, typer.Option("--exercise", "-e", metavar="NAME", help=_EXERCISE)
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="ID", help="Whom to score, by id.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", metavar="en|zh", help="Of advice and report.")
    ] = "en",
    out: Annotated[
        list[str] | None,
        typer.Option("--out", "-o", metavar="PATH", help="A .json or a .html. May be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Score a movement against a template: in total, by repetition, phase, joint, with advice."""
    settings = resolve(flags).settings
    from posemill.cli.scoring import score_in  # noqa: PLC0415

    return partial(
        score_in,
        source,
        template,
        out or [],
        settings,
        exercise=exercise,
        person=person,
        language=language,
        json=json,
    )


@template_app.command(epilog=_MAKE_EXAMPLES)
@with_settings(FOR_ANALYSIS, "max_pixels", "data_dir")
def make(
    source: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Videos of it done well, or records.")
    ],
    name: Annotated[str, typer.Option("--name", "-n", metavar="NAME", help="What to call it.")],
    exercise: Annotated[
        str | None, typer.Option("--exercise", "-e", metavar="NAME", help=_EXERCISE)
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="PATH", help="A .json, in place of the data folder."),
    ] = None,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Make a template of one or more clips of a movement done well."""
    settings = resolve(flags).settings
    from posemill.cli.scoring import make as run  # noqa: PLC0415

    return partial(run, source, name, out, exercise, settings)


@template_app.command("list")
@with_settings((), "data_dir")
def list_(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """List the templates that are stored."""
    settings = resolve(flags).settings
    from posemill.cli.scoring import list_templates  # noqa: PLC0415

    return partial(list_templates, settings, json=json)


@template_app.command()
@with_settings((), "data_dir")
def show(
    template: Annotated[str, typer.Argument(metavar="NAME|PATH")],
    json: Annotated[bool, typer.Option("--json", help="Print the template itself.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Show one template: its repetitions, weights and tolerances."""
    settings = resolve(flags).settings
    from posemill.cli.scoring import show_template  # noqa: PLC0415

    return partial(show_template, template, settings, json=json)
