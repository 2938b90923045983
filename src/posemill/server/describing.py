"""What /openapi.json says of the routes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from posemill.config import Setting
from posemill.server.options import parameters
from posemill.server.problem_texts import PROBLEMS
from posemill.server.problems import MEDIA_TYPE, Problem

BINARY: Final = {"type": "string", "format": "binary"}
PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "advice"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(PROBLEMS)},
        "detail": {"type": "string"},
        "advice": {"type": "string"},
    },
}


def described(
    options: Mapping[str, Setting] | None = None,
    *,
    body: Mapping[str, Any] | None = None,
    status: int = 200,
    answers: Mapping[str, Any] | None = None,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what a route's decorator takes to describe it.

    ``answers``: schemas by media type. ``problems``: the codes it may answer.
    """
    extra: dict[str, Any] = {}
    if options:
        extra["parameters"] = parameters(options)
    if body is not None:
        extra["requestBody"] = body
    responses: dict[int | str, dict[str, Any]] = {}
    if answers is not None:
        content = {name: {"schema": schema} for name, schema in answers.items()}
        responses[status] = {"description": "Done.", "content": content}
    for code in problems:
        _add(responses, code)
    return {
        "status_code": status,
        "responses": responses,
        "response_model": None,
        "openapi_extra": extra,
    }


def _add(responses: dict[int | str, dict[str, Any]], code: str) -> None:
    entry = PROBLEMS[code]
    known = responses.setdefault(
        entry.status,
        {
            "description": entry.en.title,
            "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "examples": {}}},
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


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Have the document say of wrong parameters what is answered here, not FastAPI's default."""
    wrong: dict[int | str, dict[str, Any]] = {}
    _add(wrong, "bad_option")
    for methods in document["paths"].values():
        for operation in methods.values():
            answer = operation.get("responses", {}).get("422", {})
            if "application/json" in answer.get("content", {}):
                operation["responses"]["422"] = wrong[422]
    schemas = document.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document
