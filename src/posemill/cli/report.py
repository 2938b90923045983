"""What people read, on stderr: one line a message, and a progress bar on a terminal."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# A single picture is done before a bar would be drawn, and rich takes 0.15 s to import.
PATIENCE_S: Final = 0.5


def one_line(text: object) -> str:
    """Return ``text`` as one line, control characters escaped: file names may hold any."""
    joined = " ".join(str(text).splitlines())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in joined).strip()


def tell(text: object) -> None:
    """Print one message on stderr; where stderr takes nothing, there is nobody to tell."""
    with suppress(OSError):
        print(f"posemill: {one_line(text)}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class State:
    """What a bar shows: ``done`` of ``total`` (None: nobody knows), and ``frames`` so far.

    ``task`` is what is being measured; a new one starts the rate and the time left anew.
    """

    task: str
    label: str
    done: float
    total: float | None
    frames: int


class Report:
    """Writes to stderr; ``bars`` says whether progress is wanted, which needs a terminal."""

    def __init__(self, *, bars: bool) -> None:
        self._wanted = bars
        self._created = self._began = monotonic()
        self._task = ""
        self._bar: tuple[Progress, TaskID] | None = None

    def say(self, text: object) -> None:
        """Print one message, above the bar if there is one."""
        if self._bar is None:
            tell(text)
            return
        line = f"posemill: {one_line(text)}"
        with suppress(OSError):
            self._bar[0].console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, state: State) -> None:
        """Draw the bar, unless all will soon be over or nobody looks."""
        now = monotonic()
        fresh = state.task != self._task
        if fresh:
            self._task, self._began = state.task, now
        if not self._wanted or now - self._created < PATIENCE_S:
            return
        rate = state.frames / (now - self._began) if now > self._began else 0.0
        try:
            self._draw(state, rate, fresh=fresh)
        except OSError:  # the terminal is gone
            self._wanted = False
            self.close()

    def _draw(self, state: State, rate: float, *, fresh: bool) -> None:
        self._bar = self._bar or _new_bar()
        progress, task = self._bar
        if fresh:
            progress.reset(task)
        frames = f"{state.frames} frames {rate:5.1f}/s" if state.frames else ""
        label = one_line(state.label)
        progress.update(
            task, total=state.total, completed=state.done, description=label, frames=frames
        )
        progress.refresh()

    def sum_up(self, text: str) -> None:
        """Print how it went, to somebody who has been watching."""
        self.close()
        if self._wanted:
            self.say(text)

    def close(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            with suppress(OSError):
                bar[0].stop()


def _new_bar() -> "tuple[Progress, TaskID]":
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    progress = Progress(
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[frames]}", markup=False, table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
        expand=True,
    )
    progress.start()
    return progress, progress.add_task("", total=None, frames="")
