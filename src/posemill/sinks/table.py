"""CSV in long form: one row a landmark, for spreadsheets, pandas and R."""

import csv
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final

from posemill.records import frame_record, readable
from posemill.sinks.aside import Aside
from posemill.skeleton import LANDMARK_NAMES
from posemill.types import FramePoses, Picture, SourceInfo

COLUMNS: Final = (
    *("source", "frame", "time_s", "person", "landmark"),
    *("x", "y", "z", "visibility", "presence", "world_x", "world_y", "world_z"),
)


class CsvSink:
    """A table of any number of sources; a frame without people has no row."""

    wants_picture = False
    problem: str | None = None

    def __init__(self, path: Path, info: SourceInfo, header: Mapping[str, Any]) -> None:
        self.path = path
        self._source = ""
        self._aside = Aside(path)
        try:
            self._append(",".join(COLUMNS))
            self.begin(info, header)
        except BaseException:
            self._aside.discard()
            raise

    def begin(self, info: SourceInfo, header: Mapping[str, Any]) -> None:
        """Go on with a further source."""
        self._source = _quoted(readable(info.name))

    def write(self, poses: FramePoses, picture: Picture | None) -> None:
        """Append 33 rows a person."""
        record = frame_record(poses)
        for person in record["people"]:
            start = f"{self._source},{record['frame']},{record['time_s']},{person['id']}"
            rows = (
                f"{start},{name},{','.join(map(repr, landmark + world))}"
                for name, landmark, world in zip(
                    LANDMARK_NAMES, person["landmarks"], person["world"], strict=True
                )
            )
            self._append("\n".join(rows))

    def finish(self) -> None:
        """Complete the file."""
        self._aside.commit()

    def discard(self) -> None:
        """Remove the file."""
        self._aside.discard()

    def _append(self, text: str) -> None:
        self._aside.write(f"{text}\n".encode())


def _quoted(name: str) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="").writerow([name])
    return text.getvalue()
