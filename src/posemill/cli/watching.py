"""`posemill watch`: streams without a service, until Ctrl-C or until all files are over."""

import json
import logging
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from posemill.cli.interrupt import Interrupt
from posemill.cli.listing import put
from posemill.cli.report import one_line, tell
from posemill.config import FILE_NAME, Settings, Watching, parse_watching
from posemill.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from posemill.streams import Event

_LOOK_S: Final = 0.2
_SHOW_S: Final = 1.0
_TOLD: Final = ("state", "alert")
_COLUMNS: Final = ("stream", "state", "frames/s", "of", "age p95", "people", "dropped", "model")
_COLOURS: Final = {"live": "green", "connecting": "yellow", "ended": "blue"}


def watch(
    addresses: Sequence[str], settings: Settings, watching: Watching, *, as_json: bool
) -> int:
    """Run the command and return its exit code. UsageError where there is nothing to watch."""
    from posemill.streams.hub import Hub  # noqa: PLC0415
    from posemill.streams.watcher import Watcher  # noqa: PLC0415

    if addresses:
        watching = _of_addresses(addresses, settings, watching)
    if not watching.streams:
        raise UsageError(
            "there is nothing to watch: name an address, as `posemill watch rtsp://host/path`, "
            f"or put [[streams]] with name and url into {FILE_NAME}."
        )
    hub, told = Hub(), deque["Event"]()
    if as_json:
        hub.listen(told.append)
    with ExitStack() as stack:
        interrupt = stack.enter_context(Interrupt())
        shows = sys.stderr.isatty() and not (as_json and sys.stdout.isatty())
        board = stack.enter_context(Board(shows))
        watcher = Watcher(settings, watching, hub)
        stack.callback(_print, told)
        stack.callback(watcher.close)
        watcher.start(added=False)
        shown_s = 0.0
        while not (interrupt() or watcher.is_over):
            time.sleep(_LOOK_S)
            _print(told)
            if time.monotonic() - shown_s > _SHOW_S:
                shown_s = time.monotonic()
                board.show(watcher.statuses())
    return 0


def _of_addresses(addresses: Sequence[str], settings: Settings, watching: Watching) -> Watching:
    streams = [{"name": f"stream-{n}", "url": url} for n, url in enumerate(addresses, start=1)]
    tables = {**watching.to_dict(), "streams": streams}
    return parse_watching(tables, settings, "the command line")


def _print(told: "deque[Event]") -> None:
    """Print what was told, here alone: streams tell it in threads of their own."""
    while told:
        event = told.popleft()
        if event.kind in _TOLD:
            put(json.dumps({"event": event.kind, "stream": event.stream, **event.fields}))


class Board:
    """Shows how streams are: a table on a terminal, and what changes as lines elsewhere."""

    def __init__(self, shows: bool) -> None:
        self._shows = shows
        self._live: Any = None

    def __enter__(self) -> "Board":
        handler: logging.Handler = _Lines()
        if self._shows:
            from rich.console import Console  # noqa: PLC0415
            from rich.live import Live  # noqa: PLC0415

            console = Console(stderr=True)
            self._live = Live(console=console, auto_refresh=False, transient=False)
            self._live.start()
            handler = _Above(console)
        logger = logging.getLogger("posemill")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        self._handler = handler
        return self

    def show(self, statuses: Sequence[Mapping[str, Any]]) -> None:
        """Show how each stream is."""
        if self._live is not None:
            self._live.update(_table(statuses), refresh=True)

    def __exit__(self, *_: object) -> None:
        logging.getLogger("posemill").removeHandler(self._handler)
        if self._live is not None:
            self._live.stop()


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell(record.getMessage())


class _Above(logging.Handler):
    """Lines above the table."""

    def __init__(self, console: Any) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(one_line(record.getMessage()), markup=False, highlight=False)


def _table(statuses: Sequence[Mapping[str, Any]]) -> "Table":
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for each in statuses:
        colour = _COLOURS.get(each["state"], "red")
        reason = f" {escape(each['reason'])}" if each["reason"] else ""
        age = "" if each["age_p95_ms"] is None else f"{each['age_p95_ms']:.0f} ms"
        table.add_row(
            each["name"],
            f"[{colour}]{each['state']}[/]{reason}",
            f"{each['fps']:.1f}",
            f"{each['max_fps']:g}",
            age,
            str(each["people"]),
            str(each["dropped"]),
            each["model"],
        )
    return table
