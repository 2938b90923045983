"""Where the value of each setting comes from.

Values come, in rising order, from the table's defaults, from ``posemill.toml`` in the working
folder (or the file that ``POSEMILL_CONFIG`` names), from ``POSEMILL_*`` variables, and from
flags.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from posemill.config.kinds import shown_value
from posemill.config.rows import PREFIX
from posemill.config.table import TABLE, Settings
from posemill.config.watching import SECTIONS, Watching, parse_watching
from posemill.errors import SettingError

FILE_NAME: Final = "posemill.toml"
FILE_VARIABLE: Final = "POSEMILL_CONFIG"
DEFAULT_ORIGIN: Final = "default"
_MAX_BYTES: Final = 1_000_000
# What Kubernetes sets in every container for a service that is called posemill.
_OF_KUBERNETES: Final = re.compile(
    r"POSEMILL_(SERVICE_\w*|PORT_\d\w*)=.*|POSEMILL_PORT=(tcp|udp)://.*", re.ASCII | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The effective settings, by setting where its value comes from, and what is to be watched."""

    settings: Settings
    origins: Mapping[str, str]
    watching: Watching = field(default_factory=Watching)


def settings_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file that counts here; it need not exist."""
    return Path(environ.get(FILE_VARIABLE) or FILE_NAME)


def resolve(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Resolved:
    """Put the settings together; ``flags`` by name of setting. SettingError on nonsense."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(TABLE, DEFAULT_ORIGIN)
    path = settings_file(environ)
    file = _read(path, required=bool(environ.get(FILE_VARIABLE)))
    tables: dict[str, object] = {key: file.pop(key) for key in SECTIONS if key in file}
    for name, raw, origin in _given(file, path, flags or {}, environ):
        values[name] = TABLE[name].parse(raw, origin)
        origins[name] = origin
    settings = Settings(**values)
    return Resolved(settings, origins, parse_watching(tables, settings, str(path)))


def _given(
    file: Mapping[str, object], path: Path, flags: Mapping[str, object], environ: Mapping[str, str]
) -> Iterator[tuple[str, object, str]]:
    for key, raw in file.items():
        if key not in TABLE:
            where = f"{path}: {shown_value(key)} is not a setting"
            sections = "; settings stand at the top, not in sections" * isinstance(raw, dict)
            raise SettingError(f"{where}{sections}{nearest(key, list(TABLE))}")
        yield key, raw, str(path)
    names = {setting.variable: name for name, setting in TABLE.items()}
    for variable in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        is_foreign = _OF_KUBERNETES.fullmatch(f"{variable}={environ[variable]}")
        if variable == FILE_VARIABLE or not environ[variable] or is_foreign:
            continue
        if variable not in names:
            hint = nearest(variable[len(PREFIX) :].lower(), list(TABLE), as_variable=True)
            raise SettingError(f"the variable {variable} is not a setting{hint}")
        yield names[variable], environ[variable], variable
    for name, raw in flags.items():
        if name not in TABLE:
            raise SettingError(f"{shown_value(name)} is not a setting{nearest(name, list(TABLE))}")
        yield name, raw, TABLE[name].negative_flag if raw is False else TABLE[name].flag


def _read(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = _bytes(path).decode()
    except FileNotFoundError:
        if not required:
            return {}
        raise SettingError(f"{path}: there is no such file ({FILE_VARIABLE} names it).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: can't be read as settings: {error}.") from error
    import tomllib  # noqa: PLC0415 - most runs have no settings file

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise SettingError(f"{path}: isn't valid TOML: {error}.") from error


def _bytes(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a FIFO that nobody writes to would hang for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise SettingError(f"{path}: can't be read as settings: it is not a regular file.")
        with os.fdopen(number, "rb", closefd=False) as file:
            data = file.read(_MAX_BYTES + 1)
    finally:
        os.close(number)
    if len(data) > _MAX_BYTES:
        raise SettingError(f"{path}: can't be read as settings: it is larger than 1 MB.")
    return data


def nearest(name: str, known: list[str], *, as_variable: bool = False) -> str:
    """Return the end of a sentence that names the known name most like ``name``."""
    from difflib import get_close_matches  # noqa: PLC0415

    matches = get_close_matches(name, known, 1)
    shown = [PREFIX + match.upper() if as_variable else match for match in matches]
    return f"; did you mean {shown[0]}?" if shown else "."
