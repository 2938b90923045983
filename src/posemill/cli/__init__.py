"""The command `posemill`. ``main`` is the edge of the process: errors become exit codes here.

Exit codes: 0 good; 2 bad usage or input; 1 our fault; 128 and the signal when stopped by one.
"""

import os
import sys
from collections.abc import Sequence

from posemill.cli.report import one_line
from posemill.config import resolve
from posemill.errors import ModelError, PosemillError, SettingError

__all__ = ["main"]

_GOOD, _FAULT, _USAGE, _INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; nothing is raised."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        return _run(arguments)
    except BrokenPipeError:  # `| head` has seen enough
        return _GOOD
    except KeyboardInterrupt:
        return _fail("interrupted", _INTERRUPTED, arguments)
    except ModelError as error:
        return _fail(error, _FAULT, arguments)
    except PosemillError as error:
        return _fail(error, _USAGE, arguments)
    except Exception as error:  # the only broad one: whatever it is, it is our fault
        kind = type(error).__name__
        text = f"this is a fault of posemill: {kind}: {error} (--debug shows where it arose)"
        return _fail(text, _FAULT, arguments)
    finally:
        _settle_stdout()


def _run(arguments: list[str]) -> int:
    import typer  # noqa: PLC0415
    from typer.main import get_command  # noqa: PLC0415

    from posemill.cli.app import app  # noqa: PLC0415
    from posemill.cli.flags import keep_text  # noqa: PLC0415

    command = get_command(app)
    keep_text(command)
    try:
        work = command.main(arguments, "posemill", standalone_mode=False)
    except typer.TyperException as error:
        print(f"posemill: {one_line(error.format_message())}", file=sys.stderr)
        return _USAGE
    return int(work() if callable(work) else work)  # a number where help is all there was


def _fail(what: object, code: int, arguments: Sequence[str]) -> int:
    if _wants_traceback(arguments):
        import traceback  # noqa: PLC0415

        traceback.print_exc()
    print(f"posemill: {one_line(what)}", file=sys.stderr)
    return code


def _wants_traceback(arguments: Sequence[str]) -> bool:
    if "--debug" in arguments:
        return True
    try:
        return resolve().settings.debug
    except SettingError:
        return False


def _settle_stdout() -> None:
    """Flush stdout; where that fails, keep Python from trying again, and complaining, at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
