"""Whether a version is in a range, and whether a requirement counts here.

A small reading of PEP 440 and PEP 508, so that the packages themselves needn't be there. Local
parts of versions (``+cpu``) are left out of account; what can't be read gives None.
"""

import os
import platform
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

_VERSION: Final = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<pre_n>\d*))?"
    r"(?:-(?P<bare>\d+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>\d*))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d*))?(?:\+[a-z0-9._-]+)?",
    re.IGNORECASE,
)
_PRE: Final = {"a": 0, "alpha": 0, "b": 1, "beta": 1}  # all others are release candidates
_RANGE: Final = re.compile(r"(~=|===?|!=|<=|>=|<|>)\s*([^\s,]+)")
_REQUIREMENT: Final = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?:@\s*\S+|\(?(?P<ranges>[^;()@]*)\)?)\s*(?:;(?P<marker>.*))?",
    re.DOTALL,
)
_TOKEN: Final = re.compile(
    r"\s*(\(|\)|'[^']*'|\"[^\"]*\"|~=|===?|!=|<=|>=|<|>|not\s+in\b|in\b|and\b|or\b|[a-z_.]+)\s*"
)

Key = tuple[int, tuple[int, ...], tuple[int, int], int, float]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a package's metadata. ``ranges`` is as written, and may be empty."""

    name: str  # normalised
    extras: frozenset[str]
    ranges: str
    marker: str


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(line: str) -> Requirement | None:
    """Read ``name[extra]>=1,<2; marker``."""
    found = _REQUIREMENT.fullmatch(line)
    if found is None:
        return None
    extras = frozenset(normal(each.strip()) for each in (found["extras"] or "").split(",") if each)
    ranges = (found["ranges"] or "").replace(" ", "").strip(",")
    return Requirement(normal(found["name"]), extras, ranges, (found["marker"] or "").strip())


def contains(ranges: str, version: str) -> bool | None:
    """Return whether a version is in all of these ranges; pre-releases too, as pip checks."""
    key = _key(version)
    if key is None:
        return None
    answers = [_within(key, version, *each) for each in _RANGE.findall(ranges)]
    if False in answers:
        return False
    return None if None in answers else True


def newest(versions: Collection[str]) -> str:
    """Return the highest of these; what can't be read is below all others."""
    return max(versions, key=lambda each: _key(each) or (-1, (), (0, 0), 0, 0.0))


def counts(marker: str, extras: Collection[str] = ()) -> bool | None:
    """Return whether a requirement with this marker counts here, with these extras asked for."""
    if not marker:
        return True
    answers = [_Marker(marker, {**_here(), "extra": each}).answer() for each in extras or ("",)]
    if True in answers:
        return True
    return None if None in answers else False


def _key(version: str) -> Key | None:
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        return None
    release = tuple(int(each) for each in found["release"].split("."))
    while len(release) > 1 and release[-1] == 0:
        release = release[:-1]
    post = -1
    if found["bare"] or found["post"]:
        post = int(found["bare"] or found["post_n"] or 0)
    dev = float(found["dev_n"] or 0) if found["dev"] else float("inf")
    pre = (3, 0)  # a release is above its candidates
    if found["pre"]:
        pre = (_PRE.get(found["pre"].lower(), 2), int(found["pre_n"] or 0))
    elif post < 0 and found["dev"]:
        pre = (-1, 0)
    return int(found["epoch"] or 0), release, pre, post, dev


def _within(key: Key, version: str, sign: str, limit: str) -> bool | None:
    if limit.endswith(".*"):
        return _begins(key, limit[:-2]) is (sign == "==")
    other = _key(limit)
    if other is None:
        return None
    if sign == "~=":
        return key >= other and _begins(key, re.sub(r"\.\d+$", "", _release(limit)))
    later = other[3] < 0 <= key[3] and key[:3] == other[:3]  # 1.0.post1 isn't what ">1.0" means
    signs = {
        "===": version.strip().lower() == limit.lower(),
        "==": key == other,
        "!=": key != other,
        "<=": key <= other,
        ">=": key >= other,
        "<": key < other and not _candidate_of(key, other),
        ">": key > other and not later,
    }
    return signs[sign]


def _candidate_of(key: Key, limit: Key) -> bool:
    """Whether it is a pre-release of a limit that is none itself: "<2" leaves out 2.0rc1."""
    return _final(limit) and not _final(key) and (key[:2], key[3]) == (limit[:2], limit[3])


def _final(key: Key) -> bool:
    return key[2] == (3, 0) and key[4] == float("inf")


def _release(version: str) -> str:
    found = _VERSION.fullmatch(version)
    return f"{found['epoch'] or 0}!{found['release']}" if found else version


def _begins(key: Key, prefix: str) -> bool:
    epoch, _, release = _release(prefix).rpartition("!")
    wanted = tuple(int(each) for each in release.split(".") if each.isdigit())
    padded = key[1] + (0,) * len(wanted)
    return key[0] == int(epoch or 0) and padded[: len(wanted)] == wanted


def _here() -> Mapping[str, str]:
    implementation = sys.implementation
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": ".".join(map(str, sys.version_info[:2])),
        "python_full_version": platform.python_version(),
        "implementation_name": implementation.name,
        "implementation_version": ".".join(map(str, implementation.version[:3])),
    }


class _Marker:
    """Reads a marker by descent: or, and, parentheses, comparisons."""

    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._readable = not _TOKEN.sub("", text)
        self._values = values

    def answer(self) -> bool | None:
        try:
            return self._either() if self._readable and self._tokens else None
        except (IndexError, KeyError):
            return None

    def _either(self) -> bool:
        answer = self._both()
        while self._tokens and self._tokens[0] == "or":
            self._tokens.pop(0)
            answer = self._both() or answer
        return answer

    def _both(self) -> bool:
        answer = self._single()
        while self._tokens and self._tokens[0] == "and":
            self._tokens.pop(0)
            answer = self._single() and answer
        return answer

    def _single(self) -> bool:
        if self._tokens[0] == "(":
            self._tokens.pop(0)
            answer = self._either()
            self._tokens.pop(0)
            return answer
        left, sign, right = (self._tokens.pop(0) for _ in range(3))
        return _compared(self._value(left), " ".join(sign.split()), self._value(right))

    def _value(self, token: str) -> str:
        return token[1:-1] if token[0] in "'\"" else self._values[token]


def _compared(left: str, sign: str, right: str) -> bool:
    if sign == "in":
        return left in right
    if sign == "not in":
        return left not in right
    by_version = contains(sign + right, left)
    if by_version is not None:
        return by_version
    signs = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return signs[sign]
