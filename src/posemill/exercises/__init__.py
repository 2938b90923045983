"""The exercises that posemill knows: a TOML file each."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from posemill.analysis.counting import Exercise, parse_exercise
from posemill.errors import SettingError, SourceError
from posemill.sources.files import open_regular, shown

_FOLDER: Final = "presets"
_MOST_BYTES: Final = 1024 * 1024


@cache
def exercise_names() -> tuple[str, ...]:
    """Return the names of all exercises."""
    folder = files(__package__) / _FOLDER
    return tuple(sorted(each.name[:-5] for each in folder.iterdir() if each.name.endswith(".toml")))


@cache
def load_exercise(name: str) -> Exercise:
    """Return an exercise by its name, or from a TOML file of one's own. SettingError."""
    if name in exercise_names():
        text = (files(__package__) / _FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        return parse_exercise(name, tomllib.loads(text))
    path = Path(name)
    if path.suffix != ".toml":
        known = ", ".join(exercise_names())
        raise SettingError(
            f"exercise must be auto, one of {known}, or a .toml file of your own; not {name!r}."
        )
    try:
        with open_regular(path, name) as file:
            data = file.read(_MOST_BYTES + 1)
    except SourceError as error:
        raise SettingError(str(error)) from error
    if len(data) > _MOST_BYTES:
        raise SettingError(f"{shown(name)}: is too large for an exercise.")
    try:
        raw = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{shown(name)}: is no exercise: {error}.") from error
    return parse_exercise(path.stem, raw)
