"""The commands and their help. What they do is in the module of each.

Each returns what is to be done rather than do it: typer only reads the command line, and
``main`` alone decides what becomes of errors.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final

import typer

from posemill import __version__
from posemill.cli.comparing_commands import add_to as add_comparing_to
from posemill.cli.flags import (
    FOR_ALL,
    FOR_DETECTION,
    FOR_SERVICE,
    FOR_SOURCES,
    FOR_WATCHING,
    MORE_FOR_WATCHING,
    with_settings,
)
from posemill.cli.movement_commands import add_to as add_movements_to
from posemill.config import resolve

Work = Callable[[], int]

_HELP: Final = "Human skeletons from pictures and videos: 33 landmarks in 3D, on a plain CPU."
_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill detect photo.jpg > photo.jsonl",
        "posemill detect photo.jpg --out photo.pose.png --style limbs",
        "posemill detect clip.mp4 --out clip.csv --out annotated.mp4 --start 0:10 --end 0:20",
        "posemill detect photos/ clip.mp4 --out results/",
        "posemill detect photos/ --out records/ --no-copies --skip-existing",
        "Each setting is a flag here, a line in posemill.toml and a variable POSEMILL_...: "
        "--threads 1, threads = 1, POSEMILL_THREADS=1. What a flag turns on, --no-... turns off. "
        "`posemill config show` lists them all.",
    ]
)
_BENCH_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill bench",
        "posemill bench clip.mp4 --against mediapipe --against script",
        "MediaPipe 0.10.21 runs in an environment of its own, which uv makes the first time; "
        "the same frames go to both, in turn. The script is what people usually write around "
        "MediaPipe and OpenCV; whole processes are compared, with all of the video.",
    ]
)
_EVALUATE_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill evaluate val2017/ --annotations person_keypoints_val2017.json --max-people 0",
        "posemill evaluate photos/ --annotations photos.json --against mediapipe",
        "A photo without an entry in the file is one with nobody in it. An image that says "
        '"coverage": "one_person_only" has others in it who are not annotated.',
    ]
)
_SERVE_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill serve",
        "posemill serve --host 127.0.0.1 --port 8080 --auth-token a-long-random-word",
        "posemill serve --root-path /pose --trusted-proxies 10.0.0.0/8",
        "posemill serve --database-url postgresql://user:password@host/posemill --job-workers 2",
    ]
)
_WORKER_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill worker --data-dir /mnt/posemill --database-url postgresql://user@host/posemill",
        "A service starts workers of its own (--job-workers); further machines help with the same "
        "data_dir, shared, and the same database_url.",
    ]
)
_WATCH_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill watch rtsp://user:password@192.168.1.20/stream1 --max-fps 10 --record",
        "posemill watch 0",
        "posemill watch clip.mp4 --no-loop --json",
        "posemill watch",
        "Without an address: the \\[\\[streams]] of posemill.toml, which `posemill serve` watches "
        "as well. \\[\\[alerts]] and \\[\\[webhooks]] there count for both.",
    ]
)
_DOCTOR_EXAMPLES: Final = "\n\n".join(
    [
        "[bold]Examples[/bold]",
        "posemill doctor",
        "posemill doctor --port 8080 --data-dir /srv/posemill --language zh",
        "posemill doctor --json > doctor.json",
        "posemill doctor --url https://example.org/pose",
        "Exit code 1: something would fail. With the settings of a service, as flags, variables or "
        "posemill.toml, it looks at what they would do. --url asks a service that runs, from where "
        "you are.",
    ]
)
_WATCH_HELP: Final = "Cameras (0, /dev/video0), rtsp://, http:// (MJPEG, HLS), files in real time."
_SOURCE_HELP: Final = (
    "Pictures, videos, folders (with all below), globs; cameras (0), rtsp://, http:// until Ctrl-C."
)
_OUT_HELP: Final = (
    "A file: .jsonl .json .csv for records of all sources, .jpg .png .webp .mp4 for an annotated "
    "copy of one; or a folder, for records and a copy of each. May be repeated. "
    "Without it: records on stdout, as JSON lines."
)
_SKIP_HELP: Final = (
    "Leave out what is done in the folder already, and has not changed since: started again, "
    "the command goes on where it ended."
)

app = typer.Typer(
    name="posemill",
    help=_HELP,
    no_args_is_help=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)
config_app = typer.Typer(help="Show the settings, or write a settings file.")
app.add_typer(config_app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"posemill {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command(epilog=_EXAMPLES)
@with_settings(FOR_DETECTION, "max_pixels")
def detect(
    source: Annotated[list[str], typer.Argument(metavar="SOURCE...", help=_SOURCE_HELP)],
    out: Annotated[
        list[str] | None, typer.Option("--out", "-o", metavar="PATH", help=_OUT_HELP)
    ] = None,
    no_copies: Annotated[
        bool, typer.Option("--no-copies", help="In a folder, records alone.")
    ] = False,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help=_SKIP_HELP)] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Find people in pictures and videos: records, annotated copies, or both."""
    settings = resolve(flags).settings
    from posemill.cli.detect import detect as run  # noqa: PLC0415 - heavy, and --help is not

    return partial(
        run, source, out or [], settings, no_copies=no_copies, skip_existing=skip_existing
    )


add_movements_to(app)
add_comparing_to(app)


@app.command(epilog=_SERVE_EXAMPLES)
@with_settings(FOR_SERVICE)
def serve(*, flags: Mapping[str, object]) -> Work:
    """Serve the page and the API: pictures, video jobs, live sessions."""
    resolved = resolve(flags)
    from posemill.cli.serving import serve as run  # noqa: PLC0415

    return partial(run, resolved.settings, resolved.watching, resolved.origins)


@app.command(epilog=_WATCH_EXAMPLES)
@with_settings(FOR_WATCHING, *MORE_FOR_WATCHING)
def watch(
    source: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS...", help=_WATCH_HELP)
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print states and alerts on stdout, as JSON lines.")
    ] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Watch cameras and streams, without a page: records, alerts, MQTT by the settings."""
    resolved = resolve(flags)
    from posemill.cli.watching import watch as run  # noqa: PLC0415

    return partial(run, source or [], resolved.settings, resolved.watching, as_json=json)


@app.command(epilog=_WORKER_EXAMPLES)
@with_settings(FOR_SERVICE)
def worker(*, flags: Mapping[str, object]) -> Work:
    """Work on the video jobs that a service takes, on this machine or another one."""
    settings = resolve(flags).settings
    from posemill.cli.worker import work as run  # noqa: PLC0415

    return partial(run, settings)


@app.command(epilog=_DOCTOR_EXAMPLES)
@with_settings(FOR_SERVICE)
def doctor(
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Test the service that runs there, not this machine."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="en|zh", help="Language; default: the terminal's.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Look for what would keep posemill from working here, or at a URL, and say how to mend it."""
    from posemill.cli.doctoring import look_at_deployment, look_here  # noqa: PLC0415

    if url is not None:
        return partial(look_at_deployment, url, flags, language, json=json)
    return partial(look_here, flags, language, json=json)


@app.command()
def models(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> Work:
    """List the model files in the package and check that each is the published one."""
    from posemill.cli.listing import list_models  # noqa: PLC0415

    return partial(list_models, json=json)


@app.command(epilog=_BENCH_EXAMPLES)
@with_settings(FOR_SOURCES, "max_pixels")
def bench(
    source: Annotated[
        str | None, typer.Argument(metavar="[VIDEO]", help="A video; without one, a drawn figure.")
    ] = None,
    frames: Annotated[str, typer.Option(metavar="N", help="How many frames of it.")] = "150",
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="PEER", help="Compare with mediapipe or script; may be repeated."),
    ] = None,
    mediapipe_python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A Python that has mediapipe 0.10.21, in uv's place."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Measure stages, streams, many people and the models, alone or against MediaPipe."""
    settings = resolve(flags).settings
    from posemill.cli.measuring import measure  # noqa: PLC0415

    return partial(measure, source, frames, against or [], mediapipe_python, settings, json=json)


@app.command(epilog=_EVALUATE_EXAMPLES)
@with_settings(FOR_SOURCES, "max_pixels")
def evaluate(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder of photos.")],
    annotations: Annotated[
        str, typer.Option(metavar="JSON", help="Who is in them: keypoints in COCO's format.")
    ],
    against: Annotated[
        str | None, typer.Option(metavar="PEER", help="Compare with a peer: mediapipe.")
    ] = None,
    mediapipe_python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A Python that has mediapipe 0.10.21, in uv's place."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Measure how accurate the poses are on annotated photos, alone or against MediaPipe."""
    settings = resolve(flags).settings
    from posemill.cli.evaluating import evaluate as run  # noqa: PLC0415

    return partial(run, folder, annotations, against, mediapipe_python, settings, json=json)


@config_app.command()
@with_settings(FOR_ALL)
def show(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    flags: Mapping[str, object],
) -> Work:
    """Print every setting: its effective value and where that comes from."""
    from posemill.cli.listing import list_settings  # noqa: PLC0415

    return partial(list_settings, resolve(flags), json=json)


@config_app.command()
def init() -> Work:
    """Write a posemill.toml with every setting and its default, all commented out."""
    from posemill.cli.listing import write_settings_file  # noqa: PLC0415

    return write_settings_file
