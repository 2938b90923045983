"""Templates in a folder: each a JSON file that is called like it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from posemill.analysis.scoring import Template, parse_template
from posemill.config import Settings, data_folder
from posemill.config.places import make_private
from posemill.errors import BrokenSource, SinkError, SourceError, UsageError
from posemill.sinks.aside import write_whole
from posemill.sources.files import open_regular

_NAME: Final = re.compile(r"[\w][\w .-]{0,63}")
_MOST_NAME_BYTES: Final = 200
_MOST_BYTES: Final = 16 * 1024 * 1024


def read_template(path: Path) -> Template:
    """Return the template in a file. SourceNotFound, BrokenSource, SourceError."""
    with open_regular(path, str(path)) as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise BrokenSource(f"{path}: is too large for a template.")
    try:
        return parse_template(json.loads(data))
    except BrokenSource as error:
        raise BrokenSource(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BrokenSource(f"{path}: is no readable JSON: {error}.") from error


def summary(template: Template) -> dict[str, Any]:
    """Return what there is to say of a template in a list."""
    return {
        "name": template.name,
        "exercise": template.exercise,
        "clips": template.clips,
        "repetitions": template.repetitions,
        "duration_s": round(template.duration_s[0], 2),
        "phases": [phase.name for phase in template.phases],
    }


class Templates:
    """Those in ``folder``; each summary is read once. Any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Templates":
        """Return those of the data folder."""
        return cls(data_folder(settings) / "templates")

    def path(self, name: str) -> Path:
        """Return where a template of a name is, or would be. UsageError for what is no name."""
        if not _NAME.fullmatch(name) or len(name.encode()) > _MOST_NAME_BYTES:
            raise UsageError(
                f"a name must be letters, digits, spaces, dots and dashes, up to 64: {name[:80]!r}."
            )
        return self.folder / f"{name}.json"

    def paths(self) -> Sequence[Path]:
        """Return where all of them are, in order of their names."""
        return sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []

    def summaries(self) -> list[dict[str, Any]]:
        """Return what there is to say of each; of a damaged one, what is wrong with it."""
        found = {}
        for path in self.paths():
            try:
                known = path.stat()
                key = (known.st_mtime_ns, known.st_size)
                before = self._known.get(path)
                about = before[1] if before and before[0] == key else summary(read_template(path))
            except FileNotFoundError:  # removed meanwhile
                continue
            except SourceError as error:
                about = {"problem": str(error).replace(str(path), path.name)}
            found[path] = (key, about)
        self._known = found
        return [{**about, "name": path.stem} for path, (_, about) in found.items()]

    def save(self, name: str, document: str) -> Path:
        """Write a template aside, then give it its name. UsageError, SinkError."""
        path = self.path(name)
        try:
            make_private(self.folder)
        except OSError as error:
            raise SinkError(f"{self.folder}: can't be made: {error.strerror or error}.") from error
        write_whole(path, document)
        return path

    def remove(self, name: str) -> bool:
        """Remove a template; False where there is none. UsageError, SinkError."""
        path = self.path(name)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SinkError(f"{path}: can't be removed: {error.strerror or error}.") from error
        return True
