"""The command `posemill`. ``main`` is the edge of the process: errors become exit codes here.

Exit codes: 0 good; 2 bad usage or input; 1 our fault; 128 and the signal when stopped by one.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from posemill.cli.report import tell
from posemill.config import resolve
from posemill.errors import ModelError, PosemillError, SettingError, SinkError

__all__ = ["main", "run"]

_GOOD, _FAULT, _USAGE, _INTERRUPTED = 0, 1, 2, 130


def run() -> NoReturn:
    """Run the command and end the process at once.

    Every file is complete by then; taking Python and OpenVINO down in good order as well
    would take a twentieth of a cold start.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # full, or closed: main has said so
            stream.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one a kind of error
    """Run the command and return its exit code; nothing is raised."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    _replace_closed_streams()
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
    except ModuleNotFoundError as error:
        return _fail(_missing(error), _FAULT, arguments)
    except Exception as error:  # the only broad one: whatever it is, it is our fault
        kind = type(error).__name__
        text = f"this is a fault of posemill: {kind}: {error} (--debug shows where it arose)"
        return _fail(text, _FAULT, arguments)
    finally:
        _settle_streams()


def _run(arguments: list[str]) -> int:
    import typer  # noqa: PLC0415
    from typer.main import get_command  # noqa: PLC0415

    from posemill.cli.app import app  # noqa: PLC0415
    from posemill.cli.flags import keep_text  # noqa: PLC0415

    command = get_command(app)
    keep_text(command)
    try:
        work = command.main(arguments, "posemill", standalone_mode=False)
        if not callable(work):  # a number, since help is all there was
            sys.stdout.flush()
            return int(work)
    except typer.TyperException as error:
        tell(error.format_message())
        return _USAGE
    except SystemExit:  # what typer and rich make of a closed pipe
        raise BrokenPipeError from None
    except OSError as error:
        if isinstance(error, PosemillError | BrokenPipeError):
            raise
        raise SinkError(f"stdout can't be written: {error.strerror or error}.") from error
    return int(work())


def _fail(what: object, code: int, arguments: Sequence[str]) -> int:
    if _wants_traceback(arguments):
        import traceback  # noqa: PLC0415

        with suppress(OSError):  # stderr takes nothing
            traceback.print_exc()
    tell(what)
    return code


def _missing(error: ModuleNotFoundError) -> str:
    """Return what to do where a package that posemill needs was taken away, or never came."""
    from posemill.doctor.checks.requirements import packages  # noqa: PLC0415
    from posemill.doctor.premises import premises  # noqa: PLC0415

    for found in packages(premises({})):
        if found.code == "packages_missing" and found.fix is not None:
            return f"{found.evidence.en}. {found.fix.en}"
    return f"{error}: a package that posemill needs is missing; install posemill anew"


def _wants_traceback(arguments: Sequence[str]) -> bool:
    if "--debug" in arguments:
        return True
    try:
        return resolve().settings.debug
    except SettingError:
        return False


def _replace_closed_streams() -> None:
    """Put /dev/null where a standard stream was closed, so that no output gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _settle_streams() -> None:
    """Flush; where that fails, keep Python from trying again, and complaining, at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
