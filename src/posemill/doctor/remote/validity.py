"""From when to when a certificate is valid, read from its DER; ssl tells it of trusted ones only.

Source: RFC 5280, 4.1 (Certificate) and 4.1.2.5 (Validity); X.690, 8.1 (tags and lengths).
"""

from calendar import timegm
from time import strptime
from typing import Final

_UTC_TIME: Final = 0x17
_VERSION: Final = 0xA0
_ALWAYS: Final = (float("-inf"), float("inf"))


def validity(der: bytes) -> tuple[float, float]:
    """Return begin and end in seconds since 1970; without ends where it can't be read."""
    try:
        certificate, _ = _inside(der)
        fields, _ = _inside(certificate)
        if fields[0] == _VERSION:
            _, fields = _inside(fields)
        for _ in ("serial number", "signature", "issuer"):
            _, fields = _inside(fields)
        times, _ = _inside(fields)
        begin, rest = _inside(times)
        end, _ = _inside(rest)
        return _seconds(times[0], begin), _seconds(rest[0], end)
    except (IndexError, ValueError):
        return _ALWAYS


def _inside(data: bytes) -> tuple[bytes, bytes]:
    """Return the content of the first element, and what follows it."""
    length, at = data[1], 2
    if length & 0x80:
        at += length & 0x7F
        length = int.from_bytes(data[2:at], "big")
    return data[at : at + length], data[at + length :]


def _seconds(tag: int, text: bytes) -> float:
    digits = text.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year, those from 50 on of the last century
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    return float(timegm(strptime(digits, "%Y%m%d%H%M%SZ")))
