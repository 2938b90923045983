"""What the checks look at: the settings that count here, and who asks."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posemill.config import TABLE, Resolved, Settings, Watching, resolve, settings_file
from posemill.errors import SettingError


@dataclass(frozen=True, slots=True)
class Premises:
    """What every check is given.

    ``problem``: why the settings can't be used, where they can't; ``settings`` are then those of
    the flags, or the defaults. ``in_service``: a running service asks about itself.
    """

    settings: Settings
    origins: Mapping[str, str] = field(default_factory=dict)
    watching: Watching = field(default_factory=Watching)
    problem: str | None = None
    settings_path: Path = field(default_factory=settings_file)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    in_service: bool = False


def premises(flags: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> Premises:
    """Return what is to be looked at; settings that are wrong are something to find."""
    path = settings_file(environ)
    try:
        return _of(resolve(flags, environ), path, environ)
    except SettingError as error:
        problem = str(error)
    return _of(_of_flags(flags), path, environ, problem)


def _of_flags(flags: Mapping[str, object]) -> Resolved:
    """Return what the flags say, where the rest can't be used."""
    values: dict[str, Any] = {}
    for name, raw in flags.items():
        with suppress(SettingError):
            values[name] = TABLE[name].parse(raw, TABLE[name].flag)
    return Resolved(Settings(**values), {name: TABLE[name].flag for name in values})


def _of(
    found: Resolved, path: Path, environ: Mapping[str, str], problem: str | None = None
) -> Premises:
    return Premises(found.settings, found.origins, found.watching, problem, path, dict(environ))
