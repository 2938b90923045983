"""Where the service keeps what it must not lose."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from posemill.config.table import Settings


def data_folder(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of jobs, absolute; it need not exist.

    Without ``data_dir`` it is where programs keep a user's data: that of the XDG base directory
    specification, of macOS, or of Windows.
    """
    if settings.data_dir:
        return Path(settings.data_dir).expanduser().absolute()
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return (Path(base).expanduser() / "posemill").absolute()


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone. OSError.

    One that is there keeps its rights. ``Path.mkdir`` gives its mode to the last one only.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
