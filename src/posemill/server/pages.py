"""The pages: a plain form at /, the API's documentation at /docs, and where a token is entered."""

import base64
import json
from html import escape
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from posemill.errors import PosemillError
from posemill.server.page_texts import PAGE, TEXTS
from posemill.server.pictures import Sent, find
from posemill.server.problems import Problem, language_of, problem_of
from posemill.server.security import COOKIE, session_of
from posemill.server.service import service_of

router = APIRouter(include_in_schema=False)
_ASSETS: Final = Path(__file__).with_name("assets")
_SHOWN: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_DOCS: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>posemill: API</title>
<link rel="stylesheet" href="assets/swagger-ui.css">
<div id="docs"></div><script src="assets/swagger-ui-bundle.js"></script>
<script src="assets/docs.js"></script></html>"""
_DOCS_JS: Final = """
SwaggerUIBundle({url: "openapi.json", dom_id: "#docs", validatorUrl: null, deepLinking: true});
"""


@router.head("/")
@router.get("/")
async def form(request: Request, lang: str = "") -> HTMLResponse:
    """Show the form."""
    return _page(request, lang, "")


@router.post("/")
async def show(request: Request, lang: str = "") -> HTMLResponse:
    """Show the people in a picture that the form sent."""
    language = _language(request, lang)
    async with request.form(max_files=1, max_fields=10) as sent:
        file = sent.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return _page(request, lang, escape(TEXTS[language]["choose"]))
        picture = Sent(file.filename[:200], await file.read())
    try:
        shown = await _shown(request, picture, language)
    except PosemillError as error:
        return _problem(request, lang, problem_of(error))
    except Problem as problem:
        return _problem(request, lang, problem)
    return _page(request, lang, shown)


async def _shown(request: Request, picture: Sent, language: str) -> str:
    settings = service_of(request).settings
    drawn = await find(request, settings, picture, "jpg")
    found = await find(request, settings, picture, "records")
    texts = TEXTS[language]
    said = texts["found"].format(count=found.fields["people"])
    if not found.fields["people"]:
        said = texts["nobody"]
    source = f"data:image/jpeg;base64,{base64.b64encode(bytes(drawn.data)).decode()}"
    records = json.dumps(json.loads(bytes(found.data))["frames"][0], indent=1)
    return (
        f'<p role="status">{escape(said)}</p><img src="{source}" alt="{escape(said)}">'
        f"<details><summary>JSON</summary><pre>{escape(records)}</pre></details>"
    )


def _problem(request: Request, lang: str, problem: Problem) -> HTMLResponse:
    body = problem.body(_language(request, lang))
    text = f"{body['title']}: {body['detail']} {body['advice']}"
    page = _page(request, lang, f'<p role="alert" class="problem">{escape(text)}</p>')
    page.status_code = problem.status
    return page


def _page(request: Request, lang: str, shown: str) -> HTMLResponse:
    language = _language(request, lang)
    texts = {name: escape(text) for name, text in TEXTS[language].items()}
    other = "zh" if language == "en" else "en"
    page = PAGE.format(**texts, language=language, other=other, shown=shown)
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    return HTMLResponse(page, headers=headers)


def _language(request: Request, lang: str) -> str:
    return lang if lang in TEXTS else language_of(request.headers)


@router.get("/login")
async def login(request: Request, lang: str = "") -> HTMLResponse:
    """Show where a token is entered."""
    texts = {name: escape(text) for name, text in TEXTS[_language(request, lang)].items()}
    return HTMLResponse(
        '<!doctype html><meta charset="utf-8"><title>posemill</title>'
        '<form method="post" action="api/v1/session">'
        f'<label>{texts["token"]} <input name="token" type="password" autofocus></label> '
        f"<button>{texts['enter']}</button></form>"
    )


@router.post("/api/v1/session")
async def session(request: Request) -> Response:
    """Give the page a cookie for the token that a form sent."""
    import hmac  # noqa: PLC0415

    token = service_of(request).settings.auth_token
    async with request.form(max_files=0, max_fields=3) as sent:
        given = str(sent.get("token", ""))
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise Problem("unauthorized")
    home = request.scope.get("root_path", "") + "/"
    answer = RedirectResponse(home, 303)
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, session_of(token), path=home, httponly=True, samesite="strict", secure=is_secure
    )
    return answer


@router.get("/docs")
async def docs() -> HTMLResponse:
    """Show the API's documentation; all of it comes from here."""
    return HTMLResponse(_DOCS)


@router.get("/assets/docs.js")
async def docs_script() -> Response:
    """Return what starts the documentation."""
    return Response(_DOCS_JS, media_type="text/javascript")


@router.get("/assets/{name}")
async def asset(name: str) -> FileResponse:
    """Return a file of the documentation."""
    if name not in _SHOWN or not (_ASSETS / name).is_file():
        raise Problem("not_found")
    return FileResponse(
        _ASSETS / name, media_type=_SHOWN[name], headers={"Cache-Control": "max-age=86400"}
    )
