"""Behind a proxy: the path prefix that it serves us under, told by setting or by header."""

from ipaddress import ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from posemill.config import TABLE
from posemill.errors import SettingError

_HEADER: Final = "x-forwarded-prefix"
_OURS: Final = (
    *("api", "assets", "docs", "healthz", "login", "metrics", "openapi.json", "page", "readyz"),
)


def is_taken(prefix: str) -> bool:
    """Whether a prefix looks like our own addresses: then the proxy must have taken it away."""
    return prefix.split("/")[1] in _OURS


class Prefix:
    """Sets ``root_path``; the proxy may have taken the prefix away, or not.

    X-Forwarded-Prefix counts from the addresses in ``trusted`` alone.
    """

    def __init__(self, app: ASGIApp, root_path: str, trusted: str) -> None:
        self._app, self._root_path = app, root_path
        self._trusted = [ip_network(word) for word in trusted.split(",") if word]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            prefix = self._root_path or self._forwarded(scope)
            path = scope["path"]
            if prefix and (is_taken(prefix) or not f"{path}/".startswith(f"{prefix}/")):
                path = prefix + path
            scope = {**scope, "root_path": prefix, "path": path}
        await self._app(scope, receive, send)

    def _forwarded(self, scope: Scope) -> str:
        given = Headers(scope=scope).get(_HEADER)
        if given is None or not self._is_trusted(scope):
            return ""
        try:
            return str(TABLE["root_path"].parse(given, "a proxy"))
        except SettingError:
            return ""

    def _is_trusted(self, scope: Scope) -> bool:
        try:
            address = ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        # A socket for both families tells 127.0.0.1 as ::ffff:127.0.0.1.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._trusted)
