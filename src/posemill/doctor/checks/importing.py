"""Import one module, and print as JSON what came of it: ``python -P importing.py numpy``.

A program of its own, which needs nothing but the standard library: what it imports may be broken.
"""

import contextlib
import importlib
import json
import pathlib
import sys

LONGEST = 300


def said(error: BaseException) -> str:
    """Return the first line of what was first wrong."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:LONGEST]


def drawn_by(module: object) -> str:
    """Return what an OpenCV opens windows with; NONE where it is a headless build."""
    information = getattr(module, "getBuildInformation", str)()
    lines = (line.partition(":") for line in information.splitlines())
    return next((rest.strip() for name, _, rest in lines if name.strip() == "GUI"), "")


def main(name: str) -> None:
    """Import it and tell."""
    try:
        module = importlib.import_module(name)
        found = {
            "file": getattr(module, "__file__", None),
            "version": getattr(module, "__version__", None),
            "solutions": hasattr(module, "solutions"),
            "windows": drawn_by(module),
        }
    except BaseException as error:  # whatever it is, it has to be told
        found = {"error": said(error)}
    print(json.dumps(found))


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # not Linux; where memory runs out, a service comes first
        pathlib.Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    main(sys.argv[1])
