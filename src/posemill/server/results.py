"""Files of results: whole, or the part of them that a browser seeks to."""

import os
import re
import stat
from pathlib import Path, PurePath
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from posemill.server.problems import Problem

_RANGE: Final = re.compile(r"bytes=[ \t]*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))[ \t]*", re.ASCII)
_SHOWN: Final = ("image/jpeg", "video/")  # the others are saved


def span(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte that Range asks for, of a file of ``size`` bytes.

    None where all of it is to be sent: for several ranges, and for what is no range (RFC 9110,
    14.2). Problem for a range beyond the end.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return None
    first, last, tail = found.groups()
    if tail is not None:
        start, end = max(0, size - int(tail)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start > end:
        raise Problem("bad_range", size=size)
    return start, end


def file_response(request: Request, path: Path, media_type: str, name: str) -> Response:
    """Return the answer for a file, called ``name``; it blocks. Problem where it is gone."""
    try:
        found = path.stat()
    except OSError:
        raise Problem("result_not_found") from None
    if not stat.S_ISREG(found.st_mode):
        raise Problem("result_not_found")
    # A result appears by rename and never changes.
    etag = f'"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in _etags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    try:
        _settle_range(request, etag, found)
    except Problem as problem:
        answer = problem.response(request.headers)
        answer.headers["Content-Range"] = f"bytes */{found.st_size}"
        return answer
    return FileResponse(
        path,
        headers={**headers, "X-Content-Type-Options": "nosniff"},
        media_type=media_type,
        filename=name,
        stat_result=found,
        content_disposition_type="inline" if media_type.startswith(_SHOWN) else "attachment",
    )


def _settle_range(request: Request, etag: str, found: os.stat_result) -> None:
    """Leave in the request what Starlette should send: one range that can be, or none."""
    asked = request.headers.get("range")
    if asked is None:
        return
    is_current = request.headers.get("if-range", etag) == etag
    part = span(asked, found.st_size) if is_current else None
    dropped = (b"range", b"if-range")
    headers = [pair for pair in request.scope["headers"] if pair[0] not in dropped]
    if part is not None:
        headers.append((b"range", f"bytes={part[0]}-{part[1]}".encode()))
    request.scope["headers"] = headers


def _etags(header: str) -> list[str]:
    return [word.strip().removeprefix("W/") for word in header[:4000].split(",")]


def result_name(job_name: str, path: Path) -> str:
    """Return what a job's result is to be saved as."""
    return f"{PurePath(job_name).stem[:100] or 'job'}-{path.name}"
