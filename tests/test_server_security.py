"""Who may ask, from outside: tokens, other sites, proxies."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers import PICTURE, TOKEN, Running, detect, problem, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    origins = "https://friend.example"
    with running(tmp_path_factory.mktemp("open"), cors_origins=origins) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("guarded"), auth_token=TOKEN) as service:
        yield service


def test_browsers_tell_our_own_forms_where_they_are(service: Running) -> None:
    # With no-referrer, they would send "Origin: null".
    assert httpx.get(service.url + "/").headers["referrer-policy"] == "same-origin"


def test_where_a_token_is_entered_in_both_languages(guarded: Running) -> None:
    english = httpx.get(guarded.url + "/login")
    chinese = httpx.get(guarded.url + "/login", headers={"Accept-Language": "zh"})
    assert 'lang="en"' in english.text
    assert "需要令牌" in chinese.text
    assert httpx.get(guarded.url + "/login", params={"lang": "zh"}).text == chinese.text
    browser = {"Accept": "text/html"}
    address = guarded.url + "/api/v1/session?lang=zh"
    wrong = httpx.post(address, data={"token": "x"}, headers=browser)
    assert wrong.status_code == 401
    assert "令牌不正确" in wrong.text
    for shown, at in ((english, "/login"), (wrong, "/api/v1/session")):
        action = re.findall(r'action="([^"?]+)', shown.text)[0]
        assert httpx.URL(guarded.url + at).join(action).path == "/api/v1/session"


def test_other_sites_may_not_unless_they_are_named(service: Running) -> None:
    stranger = detect(service, content=PICTURE, headers={"Origin": "https://evil.example"})
    assert problem(stranger)["code"] == "foreign_origin"
    assert "access-control-allow-origin" not in stranger.headers
    friend = detect(service, content=PICTURE, headers={"Origin": "https://friend.example"})
    assert friend.headers["access-control-allow-origin"] == "https://friend.example"
    own = detect(service, content=PICTURE, headers={"Origin": service.url})
    assert own.status_code == 200
    asked = {"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"}
    assert httpx.options(service.url + "/api/v1/detect", headers=asked).status_code == 204
    asked["Origin"] = "https://evil.example"
    assert httpx.options(service.url + "/api/v1/detect", headers=asked).status_code != 204


def test_with_a_token_nothing_but_health_is_open(guarded: Running) -> None:
    for path in ("/healthz", "/readyz", "/login"):
        assert httpx.get(guarded.url + path).status_code == 200
    paths = ("/", "/docs", "/openapi.json", "/metrics", "/api/v1/status", "/api/v1/jobs", "/x")
    for path in (*paths, "/assets/docs.js", "//healthz", "/healthz/../metrics", "/login/../docs"):
        answer = httpx.get(guarded.url + path)
        assert problem(answer)["code"] == "unauthorized", path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert problem(detect(guarded, content=PICTURE))["code"] == "unauthorized"


@pytest.mark.parametrize(
    "value", ["Bearer wrong", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_a_wrong_token(guarded: Running, value: str) -> None:
    headers = [(b"Authorization", value.encode("latin-1"))]
    assert httpx.get(guarded.url + "/metrics", headers=headers).status_code == 401


def test_the_token_opens_and_the_form_gives_a_cookie(guarded: Running) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(guarded.url + "/metrics", headers=bearer).status_code == 200
    with httpx.Client(base_url=guarded.url) as browser:
        assert browser.post("/api/v1/session", data={"token": "wrong"}).status_code == 401
        given = browser.post("/api/v1/session", data={"token": TOKEN})
        assert given.status_code == 303
        cookie = given.headers["set-cookie"].lower()
        assert TOKEN not in cookie
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert browser.get("/").status_code == 200
        evil = {"Origin": "https://evil.example"}
        refused = browser.post("/api/v1/detect", content=PICTURE, headers=evil)
        assert problem(refused)["code"] == "foreign_origin"
        beside = f'prefs={{"a": 1}}; k[1]=2; posemill_session={browser.cookies["posemill_session"]}'
    assert httpx.get(guarded.url + "/", headers={"Cookie": beside}).status_code == 200
    wrong = {"Cookie": "posemill_session=0"}
    assert httpx.get(guarded.url + "/", headers=wrong).status_code == 401


def test_a_browser_without_the_token_is_sent_to_where_it_is_entered(guarded: Running) -> None:
    page = {"Accept": "text/html,*/*;q=0.8"}
    for prefix in ("", "/pose"):
        headers = {**page, "X-Forwarded-Prefix": prefix}
        answer = httpx.get(guarded.url + "/", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{prefix}/login")
    assert httpx.post(guarded.url + "/", headers=page).status_code == 401


def test_forwarded_headers_count_from_trusted_addresses_alone(service: Running) -> None:
    headers = {"X-Forwarded-Prefix": "/pose"}
    document = httpx.get(service.url + "/openapi.json", headers=headers).json()
    assert document["servers"] == [{"url": "/pose"}]
    assert "servers" not in httpx.get(service.url + "/openapi.json").json()


@pytest.mark.parametrize("prefix", ["/api", "/docs/x", "/page", "/pose"])
def test_a_prefix_may_look_like_an_address_of_ours(service: Running, prefix: str) -> None:
    headers = {"X-Forwarded-Prefix": prefix}
    assert httpx.get(service.url + "/api/v1/status", headers=headers).status_code == 200
    (part,) = re.findall(r'src="\./(page/[^"]+)"', httpx.get(service.url).text)
    assert httpx.get(f"{service.url}/{part}", headers=headers).status_code == 200


def test_a_prefix_that_was_not_taken_away(service: Running) -> None:
    headers = {"X-Forwarded-Prefix": "/pose"}
    assert httpx.get(service.url + "/pose/api/v1/status", headers=headers).status_code == 200


def test_loopback_is_itself_on_a_socket_for_both_families() -> None:
    import asyncio

    from posemill.server.forwarding import Prefix

    async def app(scope: Any, *_: Any) -> None:
        found.append(scope["root_path"])

    found: list[str] = []
    headers = [(b"x-forwarded-prefix", b"/pose")]
    for client in ("::ffff:127.0.0.1", "::ffff:192.0.2.1"):
        scope = {"type": "http", "path": "/", "headers": headers, "client": (client, 1)}
        asyncio.run(Prefix(app, "", "127.0.0.1")(scope, None, None))  # type: ignore[arg-type]
    assert found == ["/pose", ""]


def test_forwarded_headers_of_others_are_ignored(tmp_path: Path) -> None:
    with running(tmp_path, trusted_proxies="192.0.2.1") as service:
        headers = {"X-Forwarded-Prefix": "/pose"}
        document = httpx.get(service.url + "/openapi.json", headers=headers).json()
    assert "servers" not in document


def test_what_serves_http_has_nothing_that_reads_media() -> None:
    media = "{'av', 'PIL', 'openvino'}"
    program = f"import sys, posemill.server.app as _; print(*{media} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == []
