"""Debian's nginx in front of a service: right once, and wrong in each of the usual ways."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nginx import nginx, require_nginx
from servers import free_port

PREFIX = "/pose"
# Each server block listens on a port of its own; TOLD keeps what it was told in Authorization.
_HTTP = """
  log_format told '$server_port $http_authorization';
  access_log {folder}/told.log told;
  ssl_certificate_key {folder}/key.pem;
{servers}"""
_SERVER = "  server {{ listen 127.0.0.1:{port}{tls};\n{body}\n  }}\n"
_PASS = "proxy_pass {behind}/;"
_HOST = "proxy_set_header Host $http_host;"
_TOLD = "proxy_set_header X-Forwarded-Prefix /pose;"
_UPGRADE = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    "proxy_set_header Connection $http_connection;"
)
_AS_IT_COMES = "proxy_request_buffering off;"
_SIZE = "client_max_body_size 2g;"
_ALL = (_PASS, _HOST, _TOLD, _UPGRADE, _AS_IT_COMES, _SIZE)


def _location(*lines: str, path: str = "/pose/") -> str:
    return f"    location {path} {{ {' '.join(lines)} }}"


def _but(left_out: str, *more: str) -> str:
    return _location(*(line for line in _ALL if line != left_out), *more)


def _exactly(path: str, *lines: str) -> str:
    return f"{_location(*_ALL)}\n{_location(*lines, path='= /pose' + path)}"


_PLAIN: Mapping[str, str] = {
    "right": _location(*_ALL),
    "limit": _but(_SIZE),
    "no_upgrade": _but(_UPGRADE),
    "no_host": _but(_HOST),
    "untold": _but(_TOLD),
    "kept": _location("proxy_pass {behind};", _HOST, _UPGRADE),
    "at_root": _location("proxy_pass {behind};", _HOST, path="/"),
    "own_assets": _location(*_ALL) + "\n    location ~ \\.(js|css|svg)$ { root /var/empty; }",
    "html_assets": _exactly("/page/", *_ALL)
    + "\n    location /pose/page/ { default_type text/html; return 200 empty; }",
    "no_slash": _exactly("", "return 404;"),
    # With X-Accel-Buffering heeded, or with chunks from behind and no compression, nginx passes
    # small events on whatever proxy_buffering says.
    "buffering": _but(_UPGRADE, "proxy_ignore_headers X-Accel-Buffering;"),
    "zipping": _but(
        "",
        "proxy_ignore_headers X-Accel-Buffering; gzip on; gzip_proxied any; gzip_min_length 0;",
        "gzip_types text/event-stream;",
    ),
    "no_probe": _exactly("/api/v1/probe", "proxy_pass {behind}/api/v1/nothing;"),
    "cutting": _exactly("/api/v1/detect", "return 444;"),
    "no_room": _but(_AS_IT_COMES, "client_body_temp_path {folder}/gone;"),
    "down": _location("proxy_pass http://127.0.0.1:{closed}/;"),
    "redirecting": _location("return 301 https://other.example$request_uri;"),
    "guarding": _location("return 403;"),
}
_TLS: Mapping[str, str] = {
    "trusted": f"    ssl_certificate {{folder}}/trusted.pem;\n{_location(*_ALL)}",
    "soon": f"    ssl_certificate {{folder}}/soon.pem;\n{_location(*_ALL)}",
    "other_name": f"    ssl_certificate {{folder}}/other.pem;\n{_location(*_ALL)}",
    "self_signed": f"    ssl_certificate {{folder}}/self.pem;\n{_location(*_ALL)}",
    "expired": f"    ssl_certificate {{folder}}/expired.pem;\n{_location(*_ALL)}",
}


@dataclass(frozen=True)
class Proxies:
    """All of them run: their ports by name, the authority that signed ``trusted``, and another."""

    ports: Mapping[str, int]
    authority: Path
    stranger: Path
    log: Path

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        scheme = "https" if name in _TLS else "http"
        return f"{scheme}://{host}:{self.ports[name]}{PREFIX}"

    def told(self, name: str) -> list[str]:
        """Return what a server was told in Authorization."""
        lines = [line.split(" ", 1) for line in self.log.read_text().splitlines()]
        return [word for port, word in lines if port == str(self.ports[name])]


@contextmanager
def proxies(folder: Path, behind: str) -> Iterator[Proxies]:
    """Run nginx in front of the service at ``behind``."""
    require_nginx()
    _certificates(folder)
    ports = {name: free_port() for name in (*_PLAIN, *_TLS)}
    values = {"behind": behind, "folder": str(folder), "closed": str(free_port())}
    servers = "".join(
        _SERVER.format(port=ports[name], tls=" ssl" if name in _TLS else "", body=body)
        for name, body in {**_PLAIN, **_TLS}.items()
    )
    for name, value in values.items():
        servers = servers.replace(f"{{{name}}}", value)
    http = _HTTP.format(folder=folder, servers=servers)
    with nginx(folder, http, f"http://127.0.0.1:{ports['right']}{PREFIX}/healthz"):
        (folder / "gone").rmdir()
        yield Proxies(ports, folder / "authority.pem", folder / "stranger.pem", folder / "told.log")


def _certificates(folder: Path) -> None:
    """Make an authority, what it signs, and what nobody signs, all with one key."""
    _openssl(folder, "ecparam -name prime256v1 -genkey -noout -out key.pem")
    name = "-addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    own = "req -x509 -key key.pem -subj /CN=posemill"
    _openssl(folder, f"{own} -days 30 {name} -out self.pem")
    _openssl(folder, f"{own}-tests -days 30 -out authority.pem")
    _openssl(folder, f"{own}-others -days 30 -out stranger.pem")
    (folder / "index.txt").touch()
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\n"
        "policy=any\nrand_serial=yes\nunique_subject=no\ncopy_extensions=copy\n"
        "[any]\ncommonName=supplied\n"
    )
    validity = {
        "trusted": (name, "-days 30"),
        "soon": (name, "-days 5"),
        "other": ("-addext subjectAltName=DNS:other.example", "-days 30"),
        "expired": (name, "-startdate 20200101000000Z -enddate 20210203000000Z"),
    }
    for word, (names, days) in validity.items():
        _openssl(folder, f"req -new -key key.pem -subj /CN={word} {names} -out {word}.csr")
        _openssl(
            folder,
            f"ca -batch -config ca.cnf -cert authority.pem -keyfile key.pem -notext {days} "
            f"-in {word}.csr -out {word}.pem",
        )


def _openssl(folder: Path, words: str) -> None:
    subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
