"""Uploads of jobs: from the connection to the disk, a piece at a time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import PurePath
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

from anyio import CancelScope
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from posemill.config import TABLE, Settings
from posemill.errors import PosemillError, SettingError
from posemill.jobs import Job, Upload
from posemill.server.multipart import FORM, FormFile
from posemill.server.options import VIDEO_SECTIONS, choosable, chosen
from posemill.server.problems import Problem
from posemill.server.service import Service

OPTIONS: Final = choosable(VIDEO_SECTIONS)
WANTED: Final = ("records", "csv", "annotated")
# Of jobs alone, beside the settings.
MORE: Final = ("results", "exercise")
_AUTO: Final = "auto"
_UNNAMED: Final = "upload"


class _Body(Protocol):
    name: str | None

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> None: ...


class _RawFile:
    """A body that is the file itself; X-File-Name may name it, percent-encoded."""

    def __init__(self, name: str) -> None:
        self.name: str | None = unquote(name)

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> None:
        pass


async def take_file(request: Request, service: Service, options: Mapping[str, Any]) -> Job:
    """Return the job of the file in a request's body. Errors: Problem, PosemillError."""
    body, length = _body_of(request.headers)
    upload: Upload | None = None
    try:
        async for chunk in request.stream():
            data = body.feed(chunk)
            if upload is None and body.name is not None:
                name = checked_name(body.name, service.settings)
                upload = await run_in_threadpool(service.jobs.begin, name, options, length)
            if upload is not None and data:
                await run_in_threadpool(upload.write, data)
        body.finish()
        if upload is None or upload.offset == 0:
            raise Problem("bad_body", reason="The file is empty.")
    except BaseException:  # a connection that is gone as well: nobody can go on with it
        await abandoned(upload)
        raise
    try:
        return await run_in_threadpool(upload.complete)
    except PosemillError:
        await abandoned(upload)
        raise


async def abandoned(upload: Upload | None) -> None:
    """Remove an upload, whatever ends the request meanwhile."""
    if upload is not None:
        with CancelScope(shield=True):
            await run_in_threadpool(upload.abandon)


def _body_of(headers: Headers) -> tuple[_Body, int | None]:
    content_type = headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == FORM:
        return FormFile(content_type), None
    declared = headers.get("content-length")
    length = int(declared) if declared and declared.isdecimal() else None
    return _RawFile(headers.get("x-file-name", _UNNAMED)), length


@asynccontextmanager
async def opened(service: Service, upload_id: str) -> AsyncIterator[Upload]:
    """Open an upload to go on with it. JobNotFound."""
    upload = await run_in_threadpool(service.jobs.upload, upload_id)
    if upload is None:
        raise Problem("upload_not_found")
    try:
        yield upload
    finally:
        upload.close()


def checked_name(name: str, settings: Settings) -> str:
    """Return a name for people to recognise; it is never a path. Problem for its suffix."""
    text = PurePath(name.replace("\\", "/").replace("\0", "")).name or _UNNAMED
    text = "".join(each if each.isprintable() else "_" for each in text)[-200:]
    suffix = PurePath(text).suffix.lower().lstrip(".")
    known = settings.upload_extensions
    if suffix and suffix not in known.split(","):
        raise Problem("unsupported_extension", suffix=suffix[:20], known=known)
    return text


def job_options(given: list[tuple[str, str]], settings: Settings) -> dict[str, Any]:
    """Return the options of a job that a query chooses. SettingError."""
    more = {name: value for name, value in given if name in MORE}
    words = more["results"].split(",") if "results" in more else list(WANTED)
    if not set(words) <= set(WANTED):
        raise SettingError(f"results must be some of {','.join(WANTED)} (from the request).")
    rest = [(name, value) for name, value in given if name not in MORE]
    found = chosen(rest, settings, OPTIONS)
    exercise = settings.exercise
    if "exercise" in more:
        exercise = _exercise(more["exercise"])
    options = {name: getattr(found, name) for name in OPTIONS}
    options |= {} if exercise is None else {"exercise": exercise}
    return {**options, "results": [word for word in WANTED if word in words]}


def _exercise(text: str) -> str | None:
    """Return what a job is to count, None for nothing; names alone, no paths. SettingError."""
    if text.strip() == _AUTO:
        return _AUTO
    try:
        return cast(str | None, TABLE["exercise"].parse(text, "the request"))
    except SettingError as error:
        raise SettingError(str(error).replace("must be one of", "must be auto or one of")) from None


def job_path(request: Request, job_id: str) -> str:
    """Return the address of a job, below the prefix that we are served under."""
    return f"{request.scope.get('root_path', '')}/api/v1/jobs/{job_id}"
