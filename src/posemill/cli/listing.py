"""`posemill config` and `posemill models`: tables for people, JSON for programs."""

import json as json_format
from collections.abc import Iterable, Sequence
from typing import Final

from posemill.config import FILE_NAME, TABLE, Resolved, Setting, Value, settings_file
from posemill.errors import SinkError, UsageError

TABLES_BEGIN: Final = "# --- tables " + "-" * 65
_TABLES: Final = """\
# Streams to watch; each may have settings of its own. There may be many of each table.
# [[streams]]
# name = "door"
# url = "rtsp://user:password@192.168.1.20/stream1"
# max_fps = 10
# zones = { mat = [[0.1, 0.6], [0.5, 0.6], [0.5, 1.0], [0.1, 1.0]] }

# What to raise alerts by. The rule is one of: person, nobody, zone, line, crowd, hands_up, fall,
# lying, still, running, angle.
# [[alerts]]
# name = "on-the-mat"
# rule = "zone"
# zone = "mat"
# streams = ["door"]
# for_s = 2

# Where to post them.
# [[webhooks]]
# name = "ops"
# url = "https://example.org/hook"
# secret = "a-long-random-word"
"""


def list_settings(resolved: Resolved, *, json: bool) -> int:
    """Print each setting's effective value and its origin."""
    values = {name: _public(setting, resolved) for name, setting in TABLE.items()}
    if json:
        rows = {
            name: {"value": value, "origin": resolved.origins[name]}
            for name, value in values.items()
        }
        put(json_format.dumps(rows, indent=2))
        return 0
    _put_table(
        (name, "-" if value is None else toml(value), resolved.origins[name])
        for name, value in values.items()
    )
    return 0


def _public(setting: Setting, resolved: Resolved) -> Value:
    value: Value = getattr(resolved.settings, setting.name)
    return "(secret)" if setting.secret and value is not None else value


def write_settings_file() -> int:
    """Write the commented settings file; UsageError where there is one already."""
    path = settings_file()
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(settings_text())
    except FileExistsError:
        raise UsageError(f"{path} is there already; remove it first, or edit it.") from None
    except OSError as error:
        raise SinkError(f"{path}: can't be written: {error.strerror or error}.") from error
    put(f"wrote {path}")
    return 0


def settings_text() -> str:
    """Return a settings file that explains every setting and changes none."""
    lines = [
        f"# {FILE_NAME}: settings of posemill. Take away the # of a line to change it.",
        "# Variables (POSEMILL_THREADS=1) count more than this file, flags (--threads 1) most.",
    ]
    section = ""
    for setting in TABLE.values():
        if setting.section != section:
            section = setting.section
            lines += ["", f"# --- {section} " + "-" * (70 - len(section))]
        unset = " Not set by default; an example:" if setting.default is None else ""
        expects = f"# Must be {setting.kind.expects}.{unset}"
        lines += ["", f"# {setting.text}", expects, _line(setting)]
    return "\n".join([*lines, "", TABLES_BEGIN, "", *_TABLES.splitlines()]) + "\n"


def list_models(*, json: bool) -> int:
    """Print the model files and whether each is the published one; 1 if one is not."""
    from posemill.runtime.model_files import check_all  # noqa: PLC0415

    found = check_all()
    if json:
        rows = [
            {
                "name": each.model.name,
                "file": each.model.file,
                "path": str(each.path),
                "size": each.model.size,
                "sha256": each.model.sha256,
                "state": str(each.state),
                "ok": each.ok,
            }
            for each in found
        ]
        put(json_format.dumps(rows, indent=2))
    else:
        _put_table(
            (each.model.name, each.model.file, str(each.model.size), each.model.sha256, each.state)
            for each in found
        )
    return 0 if all(each.ok for each in found) else 1


def toml(value: Value) -> str:
    """Return ``value`` as TOML writes it."""
    return json_format.dumps(value)


def _line(setting: Setting) -> str:
    value = setting.example if setting.default is None else toml(setting.default)
    return f"# {setting.name} = {value}"


def _put_table(rows: Iterable[Sequence[str]]) -> None:
    listed = list(rows)
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in listed
    )
    put("\n".join(lines))


def put(text: str) -> None:
    """Print on stdout. SinkError; BrokenPipeError where the reader is gone."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SinkError(f"stdout can't be written: {error.strerror or error}.") from error
