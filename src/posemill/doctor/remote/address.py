"""The address of a running service, as somebody typed it."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from posemill.errors import UsageError

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is; ``prefix`` is empty, or begins with / and doesn't end with one."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def is_https(self) -> bool:
        return self.scheme == "https"

    @property
    def netloc(self) -> str:
        """Host and port as in the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def root(self) -> str:
        """The address of the page."""
        return f"{self.origin}{self.prefix}/"

    @property
    def is_this_machine(self) -> bool:
        """Whether browsers take it for this machine by its name, and allow the webcam."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """Return what ``text`` names: http(s)://host[:port][/prefix]. UsageError for anything else.

    What a browser's address line has behind ``?`` and ``#`` is passed over.
    """
    text = text.strip()
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in _PORTS:
        raise UsageError(
            f"{text!r} is no address of a service: it begins with http:// or https://, "
            "as in http://192.168.1.20:5000."
        )
    if any(each.isspace() or not each.isprintable() or each == "\\" for each in rest):
        raise UsageError(f"{text!r} is no address: there are spaces or other odd signs in it.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is no address: {error}.") from error
    if parts.username is not None or parts.password is not None:
        raise UsageError("an address with a name or password in it; give a token by --auth-token.")
    if not host or port == 0:
        raise UsageError(
            f"{text!r} is no address: the {'host' if not host else 'port'} is missing."
        )
    prefix = quote(parts.path.rstrip("/"), safe="/%!$&'()*+,;=:@~")
    return Address(parts.scheme, _ascii(host), port or _PORTS[parts.scheme], prefix)


def _ascii(host: str) -> str:
    """Return a name as the name servers know it. UsageError."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise UsageError(f"{host!r} is no name of a machine: {error}.") from error
