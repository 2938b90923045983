"""What /openapi.json says of the routes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from posemill.config import Setting
from posemill.server.options import parameters
from posemill.server.problem_texts import PROBLEMS
from posemill.server.problems import MEDIA_TYPE, Problem
from posemill.server.schema_parts import ref
from posemill.server.schemas import EXAMPLES, SCHEMAS

BINARY: Final = {"type": "string", "format": "binary"}
BYTES: Final = {"schema": BINARY}


def json_of(*names: str) -> dict[str, Any]:
    """Return the description of an answer in JSON that has one of these schemas."""
    schemas = [ref(name) for name in names]
    return {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


def described(
    options: Mapping[str, Setting] | None = None,
    *,
    body: Mapping[str, Any] | None = None,
    status: int = 200,
    answers: Mapping[str, Any] | None = None,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what a route's decorator takes to describe it.

    ``answers``: what comes, by media type, as ``json_of`` and ``BYTES`` have it. ``problems``: the
    codes it may answer.
    """
    extra: dict[str, Any] = {}
    if options:
        extra["parameters"] = parameters(options)
    if body is not None:
        extra["requestBody"] = body
    responses: dict[int | str, dict[str, Any]] = {}
    if answers is not None:
        responses[status] = {"description": "Done.", "content": dict(answers)}
    for code in problems:
        _add(responses, code)
    return {
        "status_code": status,
        "responses": responses,
        "response_model": None,
        # FastAPI takes what nobody describes for JSON.
        "response_class": JSONResponse if "application/json" in (answers or {}) else Response,
        "openapi_extra": extra,
    }


def _add(responses: dict[int | str, dict[str, Any]], code: str) -> None:
    entry = PROBLEMS[code]
    known = responses.setdefault(
        entry.status,
        {
            "description": entry.en.title,
            "content": {MEDIA_TYPE: {"schema": ref("Problem"), "examples": {}}},
        },
    )
    values: dict[str, Any] = dict.fromkeys(
        ("reason", "limit", "setting", "suffix", "known", "given", "size"), "..."
    )
    example = Problem(code, **{**values, "method": "...", "seconds": 30.0}).body("en")
    known["content"][MEDIA_TYPE]["examples"][code] = {"value": example}


def picture_body() -> dict[str, Any]:
    """Return the description of a body of pictures."""
    files = {"type": "array", "items": BINARY}
    form = {"type": "object", "required": ["file"], "properties": {"file": files}}
    raw = {name: {"schema": BINARY} for name in ("image/jpeg", "image/png", "image/webp")}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}, **raw}}


def video_body() -> dict[str, Any]:
    """Return the description of a body that is one video, or a zip of pictures."""
    form = {"type": "object", "required": ["file"], "properties": {"file": BINARY}}
    raw = {name: {"schema": BINARY} for name in ("video/mp4", "application/zip")}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}, **raw}}


def two_pictures_body() -> dict[str, Any]:
    """Return the description of a form with the pictures `a` and `b`."""
    form = {"type": "object", "required": ["a", "b"], "properties": {"a": BINARY, "b": BINARY}}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}


def json_body(name: str) -> dict[str, Any]:
    """Return the description of a body in JSON that has one of the schemas."""
    return {"required": True, "content": json_of(name)}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Add schemas and examples, and what is answered to wrong parameters, in place of FastAPI's."""
    wrong: dict[int | str, dict[str, Any]] = {}
    _add(wrong, "bad_option")
    for methods in document["paths"].values():
        for operation in methods.values():
            answers = operation["responses"]
            if "application/json" in answers.get("422", {}).get("content", {}):
                answers["422"] = wrong[422]
            for answer in answers.values():
                _exemplify(answer.get("content", {}).get("application/json"))
    document["components"] = {"schemas": dict(SCHEMAS)}
    return document


def _exemplify(content: dict[str, Any] | None) -> None:
    """Add the example of the first schema; FastAPI itself would lose what is null in it."""
    if content is not None:
        schema = content["schema"]
        name = schema.get("anyOf", [schema])[0]["$ref"].rpartition("/")[2]
        content["example"] = EXAMPLES[name]
