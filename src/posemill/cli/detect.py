"""`posemill detect`: one source after the other through the pipeline, into its outputs."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from posemill import pipeline
from posemill.assemble import Workshop
from posemill.cli.finished import date_before, is_done
from posemill.cli.interrupt import Interrupt
from posemill.cli.outputs import PICTURES, STDOUT, VIDEOS, Job, Targets, jobs, targets
from posemill.cli.report import Report, State
from posemill.cli.writing import Outputs, SharedRecords
from posemill.config import Settings
from posemill.errors import SinkError, SourceError, UsageError
from posemill.types import SourceInfo

if TYPE_CHECKING:
    from posemill.sources import Source

ShowProgress = Callable[[pipeline.Progress], None]

GOOD: Final = 0
FAILED: Final = 2
SIGNALLED: Final = 128


def detect(
    addresses: Sequence[str],
    outs: Sequence[str],
    settings: Settings,
    *,
    no_copies: bool = False,
    skip_existing: bool = False,
) -> int:
    """Run the command and return its exit code; UsageError before any output is written.

    ``no_copies``: folders get records alone. ``skip_existing``: what is done there already
    counts as if it had been done now.
    """
    transparent = settings.transparent
    wanted = targets(
        outs, transparent=transparent, no_copies=no_copies, skip_existing=skip_existing
    )
    failures: list[SourceError] = []
    listed = jobs(addresses, wanted, failures)
    left = listed
    if skip_existing:
        left = [job for job in listed if not is_done(job, transparent=transparent)]
    workshop = Workshop(settings, draws=wanted.draw, several=len(listed) + len(failures) > 1)
    with ExitStack() as stack:
        # Records scrolling over the same terminal would tear a bar to pieces.
        torn = STDOUT in wanted.records and sys.stdout.isatty()
        report = Report(bars=sys.stderr.isatty() and not torn)
        stack.callback(report.close)
        for failure in failures:
            report.say(failure)
        if skipped := len(listed) - len(left):
            report.say(f"skipped {skipped} of {_counted(len(listed), 'source')}, done already")
        if not left:
            return FAILED if failures else GOOD
        interrupt = stack.enter_context(Interrupt())
        stack.enter_context(workshop)
        run = _Run(settings, workshop, wanted, report, interrupt)
        return run.all(left, failed=bool(failures))


class _Run:
    """One command's walk through its sources."""

    def __init__(
        self,
        settings: Settings,
        workshop: Workshop,
        wanted: Targets,
        report: Report,
        interrupt: Interrupt,
    ) -> None:
        self._settings = settings
        self._workshop = workshop
        self._wanted = wanted
        self._report = report
        self._interrupt = interrupt
        self._shared = SharedRecords(wanted.records, workshop)
        self._count = 0
        self._latest = "the start"
        self._began = perf_counter()
        self._frames = self._with_people = self._failed = 0

    def all(self, listed: Sequence[Job], *, failed: bool) -> int:
        """Do every job; one that fails spares the others."""
        self._count = len(listed)
        try:
            for number, job in enumerate(listed, start=1):
                if self._interrupt() or self._shared.broken:
                    break
                try:
                    failed |= not self._one(job, number)
                except (SourceError, SinkError) as error:
                    self._fail(error)
                    self._failed += 1
                    failed = True
        except KeyboardInterrupt:  # a second one: at once
            self._shared.discard()
            raise
        except BaseException:
            self._shared.finish()
            raise
        self._shared.finish()
        return self._end(failed=failed)

    def _end(self, *, failed: bool) -> int:
        frames = _counted(self._frames, "frame")
        if self._interrupt():
            left = "the outputs are complete up to there" if self._frames else "nothing is written"
            self._report.say(f"interrupted at {self._latest} after {frames}; {left}")
            return SIGNALLED + self._interrupt.signal
        elapsed_s = perf_counter() - self._began
        self._report.sum_up(
            f"{frames} of {_counted(self._count - self._failed, 'source')} "
            f"{f'({self._failed} failed) ' if self._failed else ''}in {elapsed_s:.1f} s "
            f"({self._frames / elapsed_s:.1f} a second), {self._with_people} with people"
        )
        return FAILED if failed else GOOD

    def _one(self, job: Job, number: int) -> bool:
        """Do one job; False when its source turned out damaged."""
        with self._workshop.open(job.address) as source:
            info = source.info
            self._latest = info.name
            _check_kind(info, self._wanted.copies)
            inside = job.paths(info.kind, transparent=self._settings.transparent)
            outputs = Outputs(info, self._wanted.copies, inside, self._shared, self._workshop)
            try:
                done = self._run(source, job.address, outputs, self._progress(info, number))
                problems = outputs.finish()
                if done.interrupted:
                    date_before(inside, job.address)
            except BaseException:
                outputs.discard()
                raise
        for problem in problems:
            self._report.say(_about(info.name, problem))
        return self._good(info, done) and not problems

    def _run(
        self, source: "Source", address: str | Path, outputs: Outputs, show: ShowProgress
    ) -> pipeline.RunReport:
        kind, drawn = source.info.kind, outputs.wants_picture
        render = self._workshop.rendering(kind) if drawn else None
        stopped = self._interrupt
        parts = None
        if kind == "video":
            parts = self._workshop.in_parts(source, address, drawn=drawn, stopped=stopped)
        if parts is None:
            track = self._workshop.tracking(kind)
            return pipeline.run(source, track, render, [outputs], show, stopped=stopped)
        with parts as joined:

            def show_all(progress: pipeline.Progress) -> None:
                show(replace(progress, time_s=progress.time_s + joined.ahead_s))

            if not drawn:
                return pipeline.write(joined, [outputs], show_all, stopped=stopped)
            track = pipeline.follow(joined)
            return pipeline.run(source, track, render, [outputs], show_all, stopped=stopped)

    def _good(self, info: SourceInfo, done: pipeline.RunReport) -> bool:
        self._frames += done.frames
        self._with_people += done.with_people
        if done.damage is not None:
            self._report.say(_about(info.name, done.damage))
        elif not done.frames and not done.interrupted:
            raise SourceError(f"{info.name}: no frame lies between start and end.")
        return done.damage is None

    def _fail(self, error: Exception) -> None:
        if self._settings.debug:
            import traceback  # noqa: PLC0415

            with suppress(OSError):  # stderr takes nothing
                traceback.print_exception(error)
        self._report.say(error)

    def _progress(self, info: SourceInfo, number: int) -> ShowProgress:
        count, start_s = self._count, self._settings.start or 0.0
        label = Path(info.name).name + (f" ({number}/{count})" if count > 1 else "")
        ends = [t for t in (self._settings.end, info.duration_s) if t is not None]
        length_s = max(min(ends) - start_s, 0.0) if ends else None

        def show(progress: pipeline.Progress) -> None:
            if info.kind == "picture":
                state = State("pictures", label, number, count, number)
            else:
                done_s = progress.time_s - start_s
                state = State(f"{number}", label, done_s, length_s, progress.frames)
            self._report.show(state)

        return show


def _check_kind(info: SourceInfo, copies: Sequence[Path]) -> None:
    fitting = PICTURES if info.kind == "picture" else VIDEOS
    for path in copies:
        if path.suffix.lower() not in fitting:
            raise UsageError(
                f"--out {path} doesn't fit: {info.name} is a {info.kind}; "
                f"use {' '.join(fitting)} or a folder."
            )


def _about(name: str, text: str) -> str:
    return text if text.startswith(f"{name}:") else f"{name}: {text}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
