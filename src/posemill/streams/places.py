"""Where streams that were added are stored, without anything that reads media."""

from pathlib import Path
from typing import Final

FOLDER: Final = "streams"
FILE_NAME: Final = "streams.json"


def has_added(data_folder: Path) -> bool:
    """Return whether streams were added, below the folder of all data."""
    return (data_folder / FOLDER / FILE_NAME).exists()
