"""A deployment looked at from outside: what is wrong with it is named, with the setting to change.

One service and one nginx, with a server for each way to set it up wrong.
"""

import http.server
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from posemill.doctor import Examined, Finding, Result
from posemill.doctor.remote import CHECKS, examine_url, parse_address
from posemill.doctor.remote.uploads import Padded, picture
from posemill.doctor.remote.validity import validity
from posemill.drawing.figure import draw_figure
from posemill.errors import UsageError
from proxies import Proxies, proxies
from servers import TOKEN, free_port, running, served

_NAMES = [name for name, *_ in CHECKS]


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service without any proxy."""
    with served(tmp_path_factory.mktemp("service")) as (url, _):
        yield url


@pytest.fixture(scope="module")
def before(behind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    with proxies(tmp_path_factory.mktemp("nginx"), behind) as running_proxies:
        yield running_proxies


@pytest.fixture(autouse=True)
def _no_proxies_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def look(url: str, name: str = "", token: str | None = None, **times: float) -> list[Examined]:
    """Examine a deployment up to the check of this name, or to the end."""
    found = []
    for examined in examine_url(url, token, **times):
        found.append(examined)
        if examined.check.name == name:
            break
    return found


def finding(found: list[Examined], code: str) -> Finding:
    """Return the finding with this code, which must be there, whole in both languages."""
    each = next((each for one in found for each in one.findings if each.code == code), None)
    assert each is not None, [(one.check.name, one.findings) for one in found]
    for words in (each.evidence, each.fix):
        if words is not None:
            assert words.en != words.zh
    assert (each.fix is not None) == (each.result in (Result.WARNING, Result.FAILED))
    return each


def results(found: list[Examined]) -> dict[str, str]:
    return {each.check.name: str(each.result) for each in found}


def fix(each: Finding) -> str:
    assert each.fix is not None
    return each.fix.en


def test_all_is_well(before: Proxies) -> None:
    found = look(before.url("right"))
    expected = {**dict.fromkeys(_NAMES, "ok"), "tls": "skipped"}
    # How fast it is depends on what else runs here.
    assert {**results(found), "latency": "ok"} == expected
    assert finding(found[-1:], found[-1].findings[0].code).result is not Result.FAILED
    assert "15 MB" in finding(found, "uploads_pass").evidence.en
    assert "1 person." in finding(found, "live_works").evidence.en
    assert "nginx" in finding(found, "is_posemill").evidence.en


def test_a_limit_of_one_megabyte(before: Proxies) -> None:
    found = look(before.url("limit"))
    each = finding(found, "proxy_limit")
    assert each.result is Result.FAILED
    assert "413 from nginx" in each.evidence.en
    assert "between 1 MB and 10 MB" in each.evidence.en
    assert "16 MiB of pictures and 2048 MiB of video" in each.evidence.en
    assert "client_max_body_size 2048m;" in fix(each)
    assert "1 MB" in finding(found, "uploads_pass").evidence.en
    assert results(found)["websocket"] == "ok"


def test_no_websocket_upgrade(before: Proxies) -> None:
    each = finding(look(before.url("no_upgrade"), "websocket"), "no_upgrade")
    assert "404 not_found from posemill instead of 101" in each.evidence.en
    for line in ("proxy_http_version 1.1;", "Upgrade $http_upgrade;", 'Connection "upgrade";'):
        assert line in fix(each)


def test_the_name_of_the_host_is_lost(before: Proxies) -> None:
    found = look(before.url("no_host"), "websocket")
    assert results(found)["page"] == results(found)["websocket"] == "failed"
    assert "proxy_set_header Host $http_host;" in fix(finding(found, "host_lost"))


@pytest.mark.parametrize(
    ("name", "code", "check", "word"),
    [
        ("kept", "prefix_kept", "http", 'root_path = "/pose"'),
        ("at_root", "prefix_unknown", "http", "location /pose/ { proxy_pass"),
        ("untold", "prefix_untold", "page", "X-Forwarded-Prefix /pose;"),
        ("own_assets", "assets_missing", "page", "location ~"),
        ("html_assets", "assets_missing", "page", "proxy_pass"),
    ],
)
def test_a_wrong_prefix(before: Proxies, name: str, code: str, check: str, word: str) -> None:
    found = look(before.url(name), "latency" if check == "http" else check)
    each = finding(found, code)
    assert each.result is Result.FAILED
    assert word in fix(each)
    if check == "http":  # nothing further can be looked at
        assert set(list(results(found).values())[4:]) == {"skipped"}


def test_what_is_wrong_with_assets_is_told(before: Proxies) -> None:
    missing = finding(look(before.url("own_assets"), "page"), "assets_missing")
    assert "404 from nginx" in missing.evidence.en
    html = finding(look(before.url("html_assets"), "page"), "assets_missing")
    assert "comes as text/html" in html.evidence.en


def test_the_address_without_a_slash(before: Proxies) -> None:
    each = finding(look(before.url("no_slash"), "page"), "no_slash")
    assert each.result is Result.WARNING
    assert "return 301 /pose/" in fix(each)


@pytest.mark.parametrize("name", ["buffering", "zipping"])
def test_events_that_come_all_at_once(before: Proxies, name: str) -> None:
    each = finding(look(before.url(name), "streaming"), "buffered")
    assert each.result is Result.WARNING
    assert "5 events" in each.evidence.en
    assert "proxy_buffering off;" in fix(each)


def test_an_older_service_has_no_probe(before: Proxies) -> None:
    assert finding(look(before.url("no_probe"), "streaming"), "no_probe").result is Result.SKIPPED


def test_an_upload_that_is_cut_off(before: Proxies) -> None:
    each = finding(look(before.url("cutting"), "upload"), "upload_cut")
    assert "closed" in each.evidence.en
    each = finding(look(before.url("no_room"), "upload"), "upload_refused")
    assert "1 MB: 500 from nginx" in each.evidence.en
    assert "client_body_temp_path" in fix(each)


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("down", "proxy_gateway", "curl http://127.0.0.1:5000/healthz"),
        ("redirecting", "redirected", "--url https://other.example"),
        ("guarding", "proxy_guards", "auth_basic"),
    ],
)
def test_a_proxy_that_answers_itself(before: Proxies, name: str, code: str, word: str) -> None:
    found = look(before.url(name))
    each = finding(found, code)
    assert "nginx" in each.evidence.en or "other.example" in each.evidence.en
    assert word in fix(each)
    assert list(results(found).values())[4:] == ["skipped"] * 5


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("self_signed", "certificate_self_signed", "SSL_CERT_FILE"),
        ("expired", "certificate_expired", "certbot renew"),
        ("trusted", "certificate_unknown_issuer", "fullchain.pem"),
    ],
)
def test_a_certificate_that_nobody_trusts(before: Proxies, name: str, code: str, word: str) -> None:
    found = look(before.url(name), "page", TOKEN)
    each = finding(found, code)
    assert each.result is Result.FAILED
    assert word in fix(each)
    assert results(found)["http"] == "ok"
    assert not any(TOKEN in told for told in before.told(name))


def test_when_a_certificate_expired(before: Proxies) -> None:
    each = finding(look(before.url("expired"), "tls"), "certificate_expired")
    assert "expired on 2021-02-03" in each.evidence.en


def test_a_certificate_that_is_trusted(before: Proxies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(before.authority))
    found = look(before.url("trusted", "localhost"), token=TOKEN)
    assert set(list(results(found).values())[:-1]) == {"ok"}
    assert f"Bearer {TOKEN}" in before.told("trusted")
    soon = finding(look(before.url("soon"), "tls"), "certificate_expires")
    assert "4 days more" in soon.evidence.en
    other = finding(look(before.url("other_name"), "tls"), "certificate_name")
    assert "other.example" in other.evidence.en


def test_validity_is_as_openssl_says(before: Proxies) -> None:
    [known] = ssl.create_default_context(cafile=before.authority).get_ca_certs()
    since_s, until_s = validity(ssl.PEM_cert_to_DER_cert(before.authority.read_text()))
    assert ssl.cert_time_to_seconds(str(known["notBefore"])) == since_s
    assert ssl.cert_time_to_seconds(str(known["notAfter"])) == until_s
    assert validity(b"\x30\x03abc") == (float("-inf"), float("inf"))


def test_a_machine_that_knows_no_authorities(
    before: Proxies, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    each = finding(look(before.url("trusted"), "tls"), "no_authorities")
    assert each.result is Result.WARNING
    assert "ca-certificates" in fix(each)


def test_https_and_http_taken_for_each_other(before: Proxies, behind: str) -> None:
    each = finding(look(before.url("trusted").replace("https", "http")), "needs_https")
    assert "https://127.0.0.1" in fix(each)
    each = finding(look(behind.replace("http", "https")), "no_tls")
    assert f"Open {behind}/" in fix(each)


def test_a_service_on_loopback_alone(behind: str) -> None:
    found = look(behind.replace("127.0.0.1", "127.0.0.2"))
    each = finding(found, "loopback_only")
    assert "--host 0.0.0.0" in fix(each)
    assert set(list(results(found).values())[2:]) == {"skipped"}


def test_nothing_listens() -> None:
    port = free_port()
    found = look(f"http://127.0.0.1:{port}")
    assert f"posemill serve --port {port}" in fix(finding(found, "nothing_listens"))
    assert set(list(results(found).values())[2:]) == {"skipped"}


def test_nobody_answers_a_connection() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (first, second):
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(full.getsockname())
        port = full.getsockname()[1]
        found = look(f"http://127.0.0.1:{port}", "tcp", patience_s=0.3)
    assert "firewall" in fix(finding(found, "connect_timeout"))


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = look("http://pose.example:5000")
    assert "pose.example" in finding(found, "name_unknown").evidence.en
    assert set(list(results(found).values())[1:]) == {"skipped"}


def test_the_token(tmp_path: Path) -> None:
    with running(tmp_path, auth_token=TOKEN) as service:
        missing = look(service.url)
        assert "--auth-token" in fix(finding(missing, "token_needed"))
        assert results(missing)["page"] == "skipped"
        assert results(missing)["latency"] != "skipped"
        assert httpx.get(service.url + "/api/v1/probe").status_code == 401
        wrong = look(service.url, token="another-long-random-word")
        assert "auth_token" in fix(finding(wrong, "token_wrong"))
        right = look(service.url, "page", TOKEN)
        assert results(right)["http"] == results(right)["page"] == "ok"
    for found in (missing, wrong, right):
        told = json.dumps([each.to_dict("en") for each in found])
        assert TOKEN not in told
        assert "another-long" not in told


def test_a_limit_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path, max_content_length=5_000_000) as service:
        each = finding(look(service.url, "upload"), "own_limit")
    assert each.result is Result.WARNING
    assert "max_content_length" in fix(each)


def test_a_proxy_in_the_environment(behind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@proxy.example:3128")
    each = finding(look(behind, "name"), "proxy_in_environment")
    assert "proxy.example:3128" in each.evidence.en
    assert "secret" not in each.evidence.en
    assert results(look(behind, "http"))["http"] == "ok"  # it was asked directly
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert results(look(behind, "name"))["name"] == "ok"


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_another_program() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        found = look(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert "404 from SimpleHTTP" in finding(found, "not_posemill").evidence.en


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer connections in a way of one's own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def test_a_port_behind_which_nobody_listens() -> None:
    """As a container's published port is, where the service inside is on loopback alone."""
    with answering(lambda connection: None) as url:
        each = finding(look(url), "closed_at_once")
    assert "--host 0.0.0.0" in fix(each)


def test_what_is_no_http() -> None:
    with answering(lambda connection: connection.sendall(b"220 mail ready\r\n")) as url:
        finding(look(url), "not_http")


def test_answers_that_never_end() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: 1\r\n")
            time.sleep(0.1)

    began = time.monotonic()
    with answering(drip) as url:
        finding(look(url, patience_s=0.5), "http_timeout")
    assert time.monotonic() - began < 5


def test_the_whole_takes_bounded_time() -> None:
    began = time.monotonic()
    with answering(lambda connection: time.sleep(30)) as url:
        found = look(url, patience_s=20.0, total_s=1.0)
    assert len(found) == len(CHECKS)
    assert finding(found, "out_of_time").result is Result.SKIPPED
    assert time.monotonic() - began < 5


def test_what_others_send_does_not_reach_the_terminal() -> None:
    said = b"HTTP/1.1 404 No\r\nServer: \x1b[31mevil\r\nContent-Length: 0\r\n\r\n"
    with answering(lambda connection: connection.sendall(said)) as url:
        each = finding(look(url), "not_posemill")
    assert "evil" in each.evidence.en
    assert "\x1b" not in each.evidence.en + fix(each)


def test_nothing_compiled_is_imported(behind: str) -> None:
    """So that it works in an environment where that can't be."""
    program = (
        "import sys\nfrom posemill.doctor.remote import examine_url\n"
        f"found = [str(each.result) for each in examine_url({behind!r})]\n"
        "assert 'failed' not in found and found.count('ok') >= 7, found\n"
        "print(sorted({'numpy', 'openvino', 'av', 'PIL', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_an_address_to_listen_on_is_none_to_open(behind: str) -> None:
    each = finding(look(behind.replace("127.0.0.1", "0.0.0.0"), "name"), "address_unspecified")
    assert "http://localhost:" in fix(each)


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost:5000", "rtsp://camera/1", "http://", "http://:5000", "http://host:70000"),
        *("http://host:0", "http://ho st", "http://host:port", "http://[::1", "http://me:it@host"),
        *("http：//host", "http://host/a b"),
    ],
)
def test_nonsense_for_an_address(text: str) -> None:
    with pytest.raises(UsageError):
        examine_url(text)


@pytest.mark.parametrize(
    ("text", "root", "is_here"),
    [
        ("http://localhost:5000/#/live", "http://localhost:5000/", True),
        (" https://Pose.example/a/b/?x=1", "https://pose.example/a/b/", False),
        ("http://[::1]:80/pose", "http://[::1]/pose/", True),
        ("http://姿态.example", "http://xn--vyss3l.example/", False),
    ],
)
def test_addresses(text: str, root: str, is_here: bool) -> None:
    address = parse_address(text)
    assert address.root == root
    assert address.is_this_machine == is_here


def test_the_picture_is_the_drawn_person(tmp_path: Path) -> None:
    file = tmp_path / "padded.jpg"
    file.write_bytes(b"".join(Padded(1_000_000)))
    assert file.stat().st_size == 1_000_000
    assert file.read_bytes().startswith(picture())
    with Image.open(file) as opened:
        seen = np.asarray(opened.convert("RGB"), np.float64)
    assert np.abs(seen - draw_figure(320, 320)).mean() < 3
