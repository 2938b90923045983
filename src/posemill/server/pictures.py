"""POST /api/v1/detect: people in pictures."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from posemill.config import Settings, plain
from posemill.errors import PosemillError
from posemill.server.describing import BYTES, described, json_of, picture_body
from posemill.server.options import PICTURE_SECTIONS, choosable, chosen
from posemill.server.problems import Problem, language_of, problem_of
from posemill.server.service import service_of
from posemill.server.waiting import unless_gone
from posemill.workers import Answer

router = APIRouter(prefix="/api/v1", tags=["pictures"])

OPTIONS: Final = choosable(PICTURE_SECTIONS)
_DRAWN: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_MAX_FILES: Final = 100
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture that somebody sent, by the name they gave it."""

    name: str
    data: bytes


@router.post(
    "/detect",
    **described(
        OPTIONS,
        body=picture_body(),
        answers={**json_of("Document", "Several"), **dict.fromkeys(_DRAWN, BYTES)},
        problems=(
            *("bad_body", "not_acceptable", "too_large", "unsupported_media", "broken_media"),
            *("unsupported_extension", "too_many_uploads", "request_timeout", "bad_option", "busy"),
            *("worker_crashed", "worker_timeout", "unauthorized", "foreign_origin"),
        ),
    ),
)
async def detect(request: Request) -> Response:
    """Find the people in a picture, or in several.

    The picture is the body, or one or several `file` parts of a form. One picture is answered by a
    posemill/1 document, or by itself with the skeletons drawn, if `Accept` asks for image/jpeg,
    image/png or image/webp. Several are answered by `{"results": [...]}` in order: each a document,
    or `{"problem": ...}`.
    """
    settings = chosen(request.query_params.multi_items(), service_of(request).settings, OPTIONS)
    wanted = _negotiated(request.headers.get("accept", "*/*"))
    async with _sent(request) as pictures:
        if len(pictures) == 1:
            return await _one(request, settings, pictures[0], wanted)
        if wanted != _JSON:
            raise Problem("not_acceptable")
        return await _several(request, settings, pictures)


async def _one(request: Request, settings: Settings, picture: Sent, wanted: str) -> Response:
    answer = await find(request, settings, picture, _DRAWN.get(wanted, "records"))
    return Response(bytes(answer.data), media_type=wanted, headers={"Vary": "Accept"})


async def _several(request: Request, settings: Settings, pictures: list[Sent]) -> Response:
    language = language_of(request.headers)

    async def one(picture: Sent) -> bytes:
        try:
            return bytes((await find(request, settings, picture, "records")).data)
        except PosemillError as error:
            problem = problem_of(error)
        except Problem as raised:
            problem = raised
        return json.dumps({"source": picture.name, "problem": problem.body(language)}).encode()

    results = [await one(picture) for picture in pictures]
    return Response(b'{"results":[' + b",".join(results) + b"]}", media_type=_JSON)


async def find(request: Request, settings: Settings, picture: Sent, answer: str) -> Answer:
    """Have a picture looked at; ``answer``: ``records``, or the suffix of a drawn picture.

    Errors: PosemillError, Problem; ClientDisconnect where nobody waits for it any more.
    """
    service = service_of(request)
    suffix = PurePath(picture.name).suffix.lower().lstrip(".")
    known = service.settings.upload_extensions
    if suffix and suffix not in known.split(","):
        raise Problem("unsupported_extension", suffix=suffix[:20], known=known)
    asked = {"do": "detect", "settings": plain(settings), "name": picture.name, "answer": answer}
    metrics, began = service.metrics, time.perf_counter()
    try:
        future = service.pictures.submit(asked, picture.data, timeout_s=settings.picture_timeout_s)
        found = await unless_gone(request, asyncio.wrap_future(future))
    except PosemillError:
        metrics.frames.labels("picture", "refused").inc()
        raise
    took_s = time.perf_counter() - began
    stages: Mapping[str, float] = found.fields["stages"]
    for stage, seconds in {**stages, "queue": max(0.0, took_s - sum(stages.values()))}.items():
        metrics.stage_seconds.labels(stage).observe(seconds)
    metrics.frames.labels("picture", "processed").inc()
    metrics.people.labels("picture").inc(found.fields["people"])
    return found


@asynccontextmanager
async def _sent(request: Request) -> AsyncIterator[list[Sent]]:
    """Yield the pictures of a request. Problem where there are none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        name = unquote(request.headers.get("x-file-name", ""))
        yield [Sent(_base(name), await request.body())]
        return
    async with _form(request) as form:
        files = [each for each in form.getlist("file") if isinstance(each, UploadFile)]
        yield [Sent(_base(each.filename), await each.read()) for each in _some(files, "file")]


@asynccontextmanager
async def sent_as(request: Request, *names: str) -> AsyncIterator[list[Sent]]:
    """Yield the pictures of a form, one of each name. Problem where one is missing."""
    async with _form(request) as form:
        files = [form.get(name) for name in names]
        yield [
            Sent(_base(each.filename), await each.read())
            for file, name in zip(files, names, strict=True)
            for each in _some([file] if isinstance(file, UploadFile) else [], name)
        ]


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    try:
        async with request.form(max_files=_MAX_FILES, max_fields=_MAX_FILES) as form:
            yield form
    except (FormParserError, HTTPException) as error:
        raise Problem("bad_body", reason=getattr(error, "detail", str(error))) from error


def _some(files: list[UploadFile], name: str) -> list[UploadFile]:
    if not files:
        raise Problem("bad_body", reason=f"the form has no part that is called {name}.")
    return files


def _base(name: str | None) -> str:
    """Return a name for people to recognise; it is never a path."""
    text = PurePath((name or "picture").replace("\\", "/")).name or "picture"
    return "".join(each if each.isprintable() else "_" for each in text)[:200]


def _negotiated(accept: str) -> str:
    """Return the media type that Accept likes best, JSON where it is all the same."""
    best: dict[str, float] = {}
    for part in accept[:1000].lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weights = [word[2:] for word in parameters if word.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        names = [_JSON] if name in ("*/*", "application/*", "") else [name]
        names = [*_DRAWN][:1] if name == "image/*" else names
        for each in names:
            # What is named counts before what a star covers.
            best[each] = max(best.get(each, 0.0), weight - 1e-3 * name.endswith("*"))
    offered = [(best.get(each, 0.0), each) for each in (_JSON, *_DRAWN)]
    weight, choice = max(offered, key=lambda offer: offer[0])
    if weight <= 0:
        raise Problem("not_acceptable")
    return choice
