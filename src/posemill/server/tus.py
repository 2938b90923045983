"""Resumable uploads by tus 1.0.0: creation, creation-with-upload, termination, expiration.

Our own: what there is for ASGI held whole PATCH bodies in memory, or wrote files on the event loop.
An upload is a job that is not complete yet and has its id. What arrived is on the disk before an
answer names its offset, and stays there when a connection breaks.
"""

import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.utils import formatdate
from typing import Final

from anyio import CancelScope
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from posemill.errors import JobNotFound
from posemill.jobs import Upload
from posemill.jobs.retention import ABANDONED_S, EMPTY_S
from posemill.server.describing import BINARY, described
from posemill.server.jobs_api import taking
from posemill.server.problems import Problem
from posemill.server.service import Service, service_of
from posemill.server.uploads import (
    MORE,
    OPTIONS,
    abandoned,
    checked_name,
    job_options,
    job_path,
    opened,
)

router = APIRouter(prefix="/api/v1/uploads", tags=["resumable uploads"])

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,termination,expiration"
_PIECE: Final = "application/offset+octet-stream"
_BODY: Final = {"required": True, "content": {_PIECE: {"schema": BINARY}}}
_ONE: Final = (
    *("upload_not_found", "wrong_version", "conflict", "unauthorized"),
    *("foreign_origin", "store_unavailable"),
)
_PIECES: Final = (
    *(*_ONE, "bad_body", "no_room", "too_large", "unsupported_content_type"),
    *("busy", "too_many_uploads", "request_timeout"),
)
# A service is one process; which of its uploads a request is writing to.
_WRITING: Final[set[str]] = set()


@router.options("", include_in_schema=False)
@router.options("/{upload_id}", include_in_schema=False)
async def abilities(request: Request) -> Response:
    """Tell what of tus there is."""
    limit = service_of(request).settings.max_video_length
    about = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(limit)}
    return _answer(204, about)


@router.post("", **taking(status=201, problems=(*_PIECES, "bad_option", "unsupported_extension")))
async def create(request: Request) -> Response:
    """Begin an upload; a body is its first piece.

    `Upload-Metadata` may hold `filename`, and options by their names, as the query may.
    """
    service = service_of(request)
    _check_version(request)
    length = _number(request, "upload-length")
    limit = service.settings.max_video_length
    if length > limit:
        raise Problem("too_large", limit=limit, setting="max_video_length")
    if length == 0:
        raise Problem("bad_body", reason="The file is empty.")
    given = metadata(request.headers.get("upload-metadata", ""))
    name = checked_name(given.get("filename") or given.get("name") or "upload", service.settings)
    named = [(key, text) for key, text in given.items() if key in OPTIONS or key in MORE]
    options = job_options([*request.query_params.multi_items(), *named], service.settings)
    has_piece = request.headers.get("content-length", "0") != "0"
    if has_piece:
        _check_piece(request)
    upload = await run_in_threadpool(service.jobs.begin, name, options, length)
    try:
        with _writing(upload.id):
            more = await _take(request, upload) if has_piece else _state(upload)
    except BaseException:  # nobody was told its address
        await abandoned(upload)
        raise
    finally:
        upload.close()
    address = f"{request.scope.get('root_path', '')}/api/v1/uploads/{upload.id}"
    return _answer(201, {**more, "Location": address})


@router.head("/{upload_id}", **described(problems=_ONE))
async def state(request: Request, upload_id: str) -> Response:
    """Tell how much of an upload is there."""
    _check_version(request)
    async with _opened(service_of(request), upload_id) as upload:
        more = {"Upload-Length": str(upload.length), "Cache-Control": "no-store"}
        if upload.id not in _WRITING and upload.offset == upload.length:
            # All came, and we fell before the job was handed on.
            with _writing(upload.id):
                more |= await _completed(request, upload)
        return _answer(200, {**more, **_state(upload)})


@router.patch("/{upload_id}", **described(body=_BODY, status=204, problems=_PIECES))
async def append(request: Request, upload_id: str) -> Response:
    """Add a piece at the end. With the last one, `Location` is the job's address."""
    _check_version(request)
    _check_piece(request)
    offset = _number(request, "upload-offset")
    with _writing(upload_id):
        async with _opened(service_of(request), upload_id) as upload:
            if offset != upload.offset:
                reason = f"{upload.offset} bytes are there, and the piece begins at {offset}."
                raise Problem("conflict", reason=reason)
            return _answer(204, await _take(request, upload))


@router.delete("/{upload_id}", **described(status=204, problems=_ONE))
async def terminate(request: Request, upload_id: str) -> Response:
    """Give an upload up."""
    _check_version(request)
    with _writing(upload_id):
        async with _opened(service_of(request), upload_id) as upload:
            if upload.is_complete:
                raise Problem("conflict", reason="It is a job by now; delete that.")
            await run_in_threadpool(upload.abandon)
    return _answer(204, {})


def metadata(header: str) -> dict[str, str]:
    """Return Upload-Metadata: words and their values in Base64, some without. Problem."""
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        try:
            text = b64decode(value.strip(), validate=True).decode()
        except (NotBase64, UnicodeDecodeError, ValueError):
            raise Problem("bad_request", reason="Upload-Metadata is not Base64 of UTF-8.") from None
        if not key or key in found:
            raise Problem("bad_request", reason="Upload-Metadata needs keys that differ.")
        found[key] = text
    return found


async def _take(request: Request, upload: Upload) -> dict[str, str]:
    """Write a request's body at the end; return the headers that tell of it."""
    try:
        async for chunk in request.stream():
            if upload.length is not None and len(chunk) > upload.length - upload.offset:
                raise Problem("bad_body", reason="More came than Upload-Length announced.")
            if chunk:
                await run_in_threadpool(upload.write, chunk)
    finally:
        with CancelScope(shield=True):
            await run_in_threadpool(upload.sync)
    if upload.offset == upload.length:
        return {**_state(upload), **await _completed(request, upload)}
    return _state(upload)


async def _completed(request: Request, upload: Upload) -> dict[str, str]:
    if not upload.is_complete:
        await run_in_threadpool(upload.complete)
    address = job_path(request, upload.id)
    return {"Location": address, "Posemill-Job": address}


def _state(upload: Upload) -> dict[str, str]:
    kept_s = ABANDONED_S if upload.offset else EMPTY_S
    expires = {"Upload-Expires": formatdate(time.time() + kept_s, usegmt=True)}
    return {"Upload-Offset": str(upload.offset), **({} if upload.is_complete else expires)}


@contextmanager
def _writing(upload_id: str) -> Iterator[None]:
    if upload_id in _WRITING:
        raise Problem("conflict", reason="Another request is writing to this upload.")
    _WRITING.add(upload_id)
    try:
        yield
    finally:
        _WRITING.discard(upload_id)


@asynccontextmanager
async def _opened(service: Service, upload_id: str) -> AsyncIterator[Upload]:
    try:
        async with opened(service, upload_id) as upload:
            yield upload
    except JobNotFound:
        raise Problem("upload_not_found") from None


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise Problem("wrong_version")


def _check_piece(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != _PIECE:
        raise Problem("unsupported_content_type", given=given[:80] or "(none)", known=_PIECE)


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Problem("bad_request", reason=f"The header {name} must be a number of bytes.")
    return int(text)


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, **headers})
