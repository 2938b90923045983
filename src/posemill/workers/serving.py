"""The main loop of a media process: confine itself, then answer messages one by one."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, NoReturn

from posemill.errors import NoRoom, PosemillError, SourceTooLarge, name_of
from posemill.workers.confinement import (
    Limits,
    confine,
    end_with_parent,
    give_up_capabilities,
    keep_private,
)
from posemill.workers.messages import Answer, Handler, receive, send

Build = Callable[[Mapping[str, Any]], Mapping[str, Handler]]

_NO_SPACE: Final = (28, 122)  # ENOSPC, EDQUOT


def serve(build: Build) -> NoReturn:
    """Answer messages on stdin and stdout until stdin ends.

    The first message holds the arguments and the limits. ``build`` gets the arguments, loads what
    takes time, and returns the handlers by the ``do`` of a request; the limits hold from then on.
    """
    keep_private()
    give_up_capabilities()  # before there are other threads, each of which has its own
    end_with_parent()
    requests, answers = take_pipes()
    first = receive(requests)
    if first is None:
        os._exit(0)
    arguments = first[0]
    handlers = build(arguments["arguments"])
    confined = confine(Limits(**arguments["limits"]))
    send(answers, {"ready": True, "confined": confined})
    while (message := receive(requests)) is not None:
        fields, data = message
        del message
        answer = _answered(handlers[fields["do"]], fields, data)
        send(answers, *answer)
    os._exit(0)


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes to ourselves; whatever libraries print goes to stderr."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return open(requests, "rb", buffering=0), open(answers, "wb", buffering=0)  # noqa: PTH123


def _answered(
    handler: Handler, fields: Mapping[str, Any], data: bytes
) -> tuple[dict[str, Any], bytes | memoryview]:
    try:
        answer = handler(fields, data)
    except PosemillError as error:
        return _problem(type(error), error), b""
    except MemoryError:
        return _problem(SourceTooLarge, "it needs more memory than it may use."), b""
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        return _problem(NoRoom, "the disk is full."), b""
    return {"fields": answer.fields}, answer.data


def _problem(kind: type[PosemillError], text: object) -> dict[str, Any]:
    return {"error": name_of(kind), "text": str(text)}


def run_as_media_process(build: Build) -> NoReturn:
    """Be a media process; a fault of ours ends it, with its trace on stderr."""
    try:
        serve(build)
    except (KeyboardInterrupt, BrokenPipeError):  # the parent ends; so does this one
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


__all__ = ["Answer", "Build", "run_as_media_process", "serve", "take_pipes"]
