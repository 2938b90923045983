"""What comes of importing a module, seen from outside."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posemill.doctor import child

_PROGRAM: Final = Path(__file__).with_name("importing.py")
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Import:
    """``error``: why it failed, or nothing. ``windows``: an OpenCV's toolkit, such as QT5."""

    error: str = ""
    file: str | None = None
    version: str | None = None
    solutions: bool = False
    windows: str = ""


def imported(module: str) -> Import:
    """Import a module in a process of its own; nothing is written beside it."""
    command = [sys.executable, "-P", "-B", str(_PROGRAM), module]
    try:
        # The folder is this process' to remove: what imports may crash.
        with tempfile.TemporaryDirectory(prefix="posemill-", ignore_cleanup_errors=True) as folder:
            # Where Matplotlib, if it comes too, keeps its fonts.
            answer = child.run(command, None, _PATIENCE_S, {"MPLCONFIGDIR": folder})
    except OSError:  # nowhere to write, as in a container that is read-only
        answer = child.run(command, None, _PATIENCE_S)
    return Import(answer.failure) if answer.found is None else Import(**answer.found)
