"""`posemill evaluate`: the request from the command line, and the result on stdout."""

import json as json_format
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from posemill.assemble import Workshop, pose_options, selection
from posemill.cli.listing import put
from posemill.cli.report import Report, State
from posemill.config import Settings
from posemill.errors import SourceError, SourceNotFound, UsageError
from posemill.evaluation import AnnotatedPhoto, read_annotations
from posemill.evaluation import evaluate as figures_of
from posemill.evaluation.figures import Estimate
from posemill.evaluation.table import lines

_GOOD: Final = 0
_FAILED: Final = 2
_MOST_TOLD: Final = 10


def evaluate(
    folder: str,
    annotations: str,
    against: str | None,
    mediapipe_python: str | None,
    settings: Settings,
    *,
    json: bool,
) -> int:
    """Evaluate and print a table, or JSON; 2 where photos had to be left out."""
    if against not in (None, "mediapipe"):
        raise UsageError(f"--against knows mediapipe, not {against!r}")
    photos = Path(folder)
    if not photos.exists():
        raise SourceNotFound(f"{folder}: there is no such folder.")
    if not photos.is_dir():
        raise SourceError(f"{folder}: is no folder of photos.")
    annotated = read_annotations(Path(annotations))
    with ExitStack() as stack:
        report = Report(bars=sys.stderr.isatty())
        stack.callback(report.close)
        estimates = {"posemill": stack.enter_context(Workshop(settings)).tracking("picture")}
        if against is not None:
            estimates[against] = _mediapipe(mediapipe_python, settings, stack)
        run = _Run(photos, annotated, settings, report)
        result: dict[str, Any] = {who: run.figures(who, each) for who, each in estimates.items()}
        problems = result["posemill"]["problems"]
        _tell(problems, report)
    if against is not None:
        result["found_ratio"] = _ratio(result["posemill"], result["mediapipe"])
    put(json_format.dumps(result, indent=2) if json else "\n".join(lines(result)))
    return _FAILED if problems else _GOOD


def _tell(problems: Sequence[str], report: Report) -> None:
    report.close()
    for problem in problems[:_MOST_TOLD]:
        report.say(problem)
    if len(problems) > _MOST_TOLD:
        report.say(f"and {len(problems) - _MOST_TOLD} more; --json lists them all")


class _Run:
    """The photos, evaluated with one estimator after the other."""

    def __init__(
        self,
        photos: Path,
        annotated: Mapping[str, AnnotatedPhoto],
        settings: Settings,
        report: Report,
    ) -> None:
        self._photos, self._annotated, self._report = photos, annotated, report
        self._selection = selection(settings)

    def figures(self, who: str, estimate: Estimate) -> dict[str, Any]:
        return figures_of(
            self._photos,
            self._annotated,
            estimate,
            selection=self._selection,
            watch=self._progress(who),
        )

    def _progress(self, who: str) -> Callable[[str, int, int], None]:
        def show(name: str, number: int, count: int) -> None:
            self._report.show(State(who, f"{who} {name}", number, count, number))

        return show


def _mediapipe(python: str | None, settings: Settings, stack: ExitStack) -> Estimate:
    from posemill.peers.mediapipe import MediaPipePeer  # noqa: PLC0415

    peer = stack.enter_context(MediaPipePeer(python))
    options = pose_options(settings)
    peer.start(
        static_image_mode=True,
        model_complexity=options.model_complexity,
        min_detection_confidence=options.min_detection_confidence,
    )
    return peer.estimate


def _ratio(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float | None:
    return ours["found"] / theirs["found"] if theirs["found"] else None
