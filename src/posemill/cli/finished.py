"""What is done already: results in folders that are whole, and no older than their source."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from posemill.cli.outputs import Job
from posemill.records import readable
from posemill.sources.recordings import Recording

# More than the coarsest clocks of file systems are off.
_EARLIER_NS: Final = 10_000_000_000


def is_done(job: Job, *, transparent: bool) -> bool:
    """Return whether all files of a source are there, and none of them is older than it.

    They appear by rename, so what exists is whole. A camera or a stream is never done.
    """
    try:
        changed_ns = Path(job.address).stat().st_mtime_ns
        headers = [_header(path) for path in job.records]
        if not headers or not all(_is_of(header, job.address) for header in headers):
            return False
        paths = job.paths(headers[0].get("kind", "video"), transparent=transparent)
        return all(path.stat().st_mtime_ns >= changed_ns for path in paths)
    except (OSError, ValueError):  # nothing there, or nothing that we wrote: a SourceError too
        return False


def date_before(results: Iterable[Path], address: str | Path) -> None:
    """Date results before their source: Ctrl-C cut them short, so they are to be done again."""
    with suppress(OSError, ValueError):
        time_ns = Path(address).stat().st_mtime_ns - _EARLIER_NS
        for path in results:
            with suppress(FileNotFoundError):
                os.utime(path, ns=(time_ns, time_ns))


def _header(path: Path) -> Mapping[str, Any]:
    with closing(Recording(path)) as recording:
        return recording.header


def _is_of(header: Mapping[str, Any], address: str | Path) -> bool:
    """Whether records are of this source: names in a folder depend on what else there is."""
    named = (str(header["source"]), readable(str(address)))
    return len({readable(os.path.realpath(name)) for name in named}) == 1
