"""The page at /, the API's documentation at /docs, and where a token is entered."""

import hmac
from html import escape
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from posemill.server.page_texts import LOGIN, TEXTS
from posemill.server.problems import Problem, language_of
from posemill.server.security import COOKIE, DOCS_POLICY, session_of
from posemill.server.service import service_of

router = APIRouter(include_in_schema=False)

_PAGE: Final = Path(__file__).with_name("page")
_ASSETS: Final = Path(__file__).with_name("assets")
_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_FOR_A_YEAR: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_DOCS: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>posemill: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/swagger-ui.css">
<p><a href="./">posemill</a></p>
<div id="docs"></div><script src="assets/swagger-ui-bundle.js"></script>
<script src="assets/docs.js"></script></html>"""
_DOCS_JS: Final = """
SwaggerUIBundle({url: "openapi.json", dom_id: "#docs", validatorUrl: null, deepLinking: true});
"""


@router.head("/")
@router.get("/")
async def page() -> FileResponse:
    """Show the page; what it needs has names that change with what is in it."""
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(_PAGE / "index.html", media_type="text/html", headers=headers)


@router.get("/page/{name}")
async def page_file(name: str) -> FileResponse:
    """Return a part of the page."""
    return _file(_PAGE / "page", name, _FOR_A_YEAR)


@router.get("/login")
async def login(request: Request, lang: str = "") -> HTMLResponse:
    """Show where a token is entered."""
    return _login(request, lang, is_wrong=False)


@router.post("/api/v1/session")
async def session(request: Request, lang: str = "") -> Response:
    """Give the page a cookie for the token that a form sent."""
    token = service_of(request).settings.auth_token
    async with request.form(max_files=0, max_fields=3) as sent:
        given = str(sent.get("token", ""))
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        if "text/html" in request.headers.get("accept", ""):
            return _login(request, lang, is_wrong=True)
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
    return HTMLResponse(_DOCS, headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/assets/docs.js")
async def docs_script() -> Response:
    """Return what starts the documentation."""
    return Response(_DOCS_JS, media_type="text/javascript")


@router.get("/assets/{name}")
async def asset(name: str) -> FileResponse:
    """Return a file of the documentation."""
    return _file(_ASSETS, name, {"Cache-Control": "max-age=86400"})


def _file(folder: Path, name: str, headers: dict[str, str]) -> FileResponse:
    """Return one of a folder's own files. Problem for anything else."""
    path = folder / name
    media_type = _TYPES.get(path.suffix)
    if media_type is None or path.parent != folder or not path.is_file():
        raise Problem("not_found")
    return FileResponse(path, media_type=media_type, headers=headers)


def _login(request: Request, lang: str, *, is_wrong: bool) -> HTMLResponse:
    language = lang if lang in TEXTS else language_of(request.headers)
    texts = {name: escape(text) for name, text in TEXTS[language].items()}
    texts["wrong"] = f'<p role="alert" class="bad">{texts["wrong"]}</p>' if is_wrong else ""
    other = "zh" if language == "en" else "en"
    # Under a prefix, the form's own answer has another folder than /login has.
    base = "../../" if is_wrong else ""
    shown = LOGIN.format(**texts, language=language, other=other, base=base)
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        "Content-Security-Policy": DOCS_POLICY,
    }
    return HTMLResponse(shown, 401 if is_wrong else 200, headers)
