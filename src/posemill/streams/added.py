"""The streams that were added while the service ran, beside those of the settings file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posemill.config import Settings, StreamConfig, parse_stream
from posemill.config.places import make_private
from posemill.errors import SettingError, SinkError
from posemill.sources.live import is_camera_or_web
from posemill.streams.places import FILE_NAME


def parse_added(raw: Mapping[str, Any], settings: Settings) -> StreamConfig:
    """Return a stream that a request asks for. SettingError, for a file of this machine too.

    Who may add cameras is not, for that, who may look into what lies on this machine's disk.
    """
    config = parse_stream(raw, settings, "the request")
    if not is_camera_or_web(config.url):
        raise SettingError(
            "url must be rtsp://, rtsps://, http://, https:// or a camera; files can be watched "
            "from the settings file alone (from the request)."
        )
    return config


def read_added(folder: Path, settings: Settings) -> list[StreamConfig]:
    """Return the streams in ``folder``. SettingError where the file is not what we wrote."""
    path = folder / FILE_NAME
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: can't be read: {error}; mend or remove it.") from error
    if not isinstance(raw, list):
        raise SettingError(f"{path}: must be a list of streams; mend or remove it.")
    return [parse_stream(each, settings, str(path)) for each in raw]


def write_added(folder: Path, streams: list[StreamConfig]) -> None:
    """Write the streams beside the file, then in its place; only its owner may read it."""
    text = json.dumps([dict(stream.raw) for stream in streams], indent=1)
    aside = folder / f".{FILE_NAME}.part"
    try:
        make_private(folder)
        aside.unlink(missing_ok=True)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / FILE_NAME)
    except OSError as error:
        raise SinkError(f"{folder}: streams can't be stored: {error.strerror or error}.") from error
