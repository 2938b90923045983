"""Builds the engine, the sources and the sinks that the settings ask for; nothing else does."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from posemill.config import Settings
from posemill.cores import usable_cores
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.types import Frame, FramePoses, Picture, SourceInfo

if TYPE_CHECKING:
    from posemill.drawing import DrawingStyle
    from posemill.runtime import Engine, LoadedEngine
    from posemill.segments import Joined
    from posemill.sinks import Sink
    from posemill.sources import Selection, Source


def pose_options(settings: Settings) -> PoseOptions:
    """Return what the engine is to do; drawing masks needs masks."""
    names = PoseOptions.__dataclass_fields__
    options = PoseOptions(**{name: getattr(settings, name) for name in names})
    return replace(options, enable_segmentation=settings.enable_segmentation or settings.mask)


def selection(settings: Settings) -> "Selection":
    """Return what to take from a source. SettingError where start and end contradict."""
    from posemill.sources import Selection  # noqa: PLC0415 - heavy imports only where needed

    return Selection(
        start_s=settings.start,
        end_s=settings.end,
        every=settings.every,
        fps=settings.fps,
        rotate=settings.rotate,
        all_frames=settings.all_frames,
        max_pixels=settings.max_pixels,
    )


def drawing_style(settings: Settings, kind: str) -> "DrawingStyle":
    """Return how to draw; what is transparent in a picture is black in a video."""
    from posemill.drawing import DrawingStyle  # noqa: PLC0415

    names = DrawingStyle.__dataclass_fields__
    style = DrawingStyle(**{name: getattr(settings, name) for name in names})
    if style.transparent and kind == "video":
        return replace(style, transparent=False, background=0.0)
    return style


def analysing(settings: Settings) -> Callable[[FramePoses], FramePoses]:
    """Return what adds to the frames of one source, in order, what is asked for of movements."""
    if settings.exercise is None and settings.angles is None:
        return lambda poses: poses
    from posemill.analysis.live import LiveAnalysis  # noqa: PLC0415
    from posemill.exercises import load_exercise  # noqa: PLC0415

    exercise = None if settings.exercise is None else load_exercise(settings.exercise)
    return LiveAnalysis(exercise, _angle_names(settings)).update


def analysis_header(settings: Settings) -> dict[str, Any]:
    """Return what a header says of the analysis in its records: nothing where there is none."""
    if settings.exercise is None and settings.angles is None:
        return {}
    from posemill.records import ANALYSIS_SCHEMA  # noqa: PLC0415

    told = {"exercise": settings.exercise, "angles": list(_angle_names(settings))}
    return {"analysis": {"schema": ANALYSIS_SCHEMA, **told}}


def _angle_names(settings: Settings) -> tuple[str, ...]:
    if settings.angles is None:
        return ()
    from posemill.analysis.angles import names_of  # noqa: PLC0415

    return names_of(settings.angles.split(","))


def threads_beside_drawing() -> int:
    """Return how many cores inference gets while others draw and encode: half of them.

    Measured on two cores: with all of them for inference, an annotated video takes a tenth
    more processor time and longer, since the stages get into each other's way.
    """
    return max(1, usable_cores() // 2)


class Engines:
    """Loaded engines by the options that models depend on, one core an inference.

    ``most``: how many are kept; the one not used for longest goes. Any thread may ask.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._loaded: OrderedDict[tuple[Any, ...], LoadedEngine] = OrderedDict()
        self._lock = Lock()

    def get(self, options: PoseOptions) -> "LoadedEngine":
        """Return an engine for ``options``."""
        from posemill.runtime import MODEL_OPTIONS, load_engine  # noqa: PLC0415

        options = replace(options, threads=1)
        key = tuple(getattr(options, name) for name in MODEL_OPTIONS)
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = load_engine(options)
                if len(self._loaded) > self._most:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(key)
            return self._loaded[key].sharing(options)


class Workshop:
    """Everything that one run of a command builds, from one set of settings.

    ``draws``: whether anything is to be drawn. ``several``: whether there is more than one
    source. The engine starts to load when the workshop is entered, in a thread of its own,
    while the first source is opened and decoded; ``tracking`` waits for it only with the
    first frame.
    """

    def __init__(self, settings: Settings, *, draws: bool = False, several: bool = False) -> None:
        self._settings = settings
        self._several = several
        self.options = pose_options(settings)
        if draws and not self.options.threads:
            self.options = replace(self.options, threads=threads_beside_drawing())
        self._selection = selection(settings)
        self._threads = ThreadPoolExecutor(1, "posemill-engine")
        self._engine: Future[Engine] | None = None
        self._shared: Future[Engine] | None = None  # by the parts of videos

    def __enter__(self) -> Self:
        self._engine = self._threads.submit(_load_engine, self.options)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown()

    def open(self, address: str | Path) -> "Source":
        """Open one source with the selection of the settings."""
        from posemill.sources import open_source  # noqa: PLC0415

        return open_source(address, self._selection)

    def tracking(self, kind: str) -> Callable[[Frame], FramePoses]:
        """Return what finds the people in the frames of one source, a picture or a video."""
        return _Tracking(self._loaded, static=kind == "picture")

    def in_parts(
        self, source: "Source", address: str | Path, *, drawn: bool, stopped: Callable[[], bool]
    ) -> "Joined | None":
        """Return the poses of ``source``, a video tracked in parts, where the settings say so.

        Where nothing is ``drawn`` they take ``source`` itself, and its frames with it;
        otherwise they open ``address`` again.
        """
        from posemill.segments import Divisible, Joined, plan  # noqa: PLC0415

        length_s = self._length_s(source.info)
        workers = self._segments(length_s, drawn=drawn)
        if workers < 2 or not isinstance(source, Divisible):
            return None
        divided = self.open(address) if drawn else source
        assert isinstance(divided, Divisible)
        parts = plan(length_s, workers, self.options.track_patience_s)
        if self._shared is None:
            self._shared = self._threads.submit(_load_engine, replace(self.options, threads=1))
        shared = self._shared
        return Joined(
            divided,
            lambda: shared.result().tracker().track,
            workers=parts.workers,
            length_s=parts.length_s,
            settled_s=parts.settled_s,
            stopped=stopped,
        )

    def rendering(self, kind: str) -> Callable[[Frame, FramePoses], Picture]:
        """Return what draws the people of a frame into a copy of it."""
        from posemill.drawing import draw  # noqa: PLC0415

        style = drawing_style(self._settings, kind)
        return lambda frame, poses: draw(frame, poses, style)

    def header(self, info: SourceInfo) -> Mapping[str, Any]:
        """Return the posemill/1 header of one source."""
        from posemill.records import header  # noqa: PLC0415
        from posemill.runtime.precision import effective_precision  # noqa: PLC0415

        options = self.options
        return header(
            info,
            model=MODEL_NAMES[options.model_complexity],
            engine=options.engine,
            precision=effective_precision(options),
            **analysis_header(self._settings),
        )

    def analysing(self) -> Callable[[FramePoses], FramePoses]:
        """Return what adds to the frames of one source what is asked for of movements."""
        return analysing(self._settings)

    def sink(self, path: Path, info: SourceInfo) -> "Sink":
        """Open the output at ``path`` for one source."""
        from posemill.sinks import open_sink  # noqa: PLC0415

        return open_sink(path, info, self.header(info), several=self._several)

    def _length_s(self, info: SourceInfo) -> float | None:
        ends = [t for t in (self._settings.end, info.duration_s) if t is not None]
        return max(min(ends) - (self._settings.start or 0.0), 0.0) if ends else None

    def _segments(self, length_s: float | None, *, drawn: bool) -> int:
        """Return how many parts are to be tracked at once."""
        from posemill.segments import SHORTEST_S  # noqa: PLC0415

        options, wanted = self.options, self._settings.segments
        # Masks would fill the memory; who is chosen and kept is a matter of history; and the ids
        # of pictures are places in each of them.
        one_pass = options.enable_segmentation or options.static_image_mode
        if wanted == "off" or one_pass or options.subject is not None:
            return 0
        if wanted != "auto":
            return int(wanted)
        if self._settings.threads or options.engine != "openvino" or length_s is None:
            return 0
        # Drawing, encoding and decoding once more take as long as the smaller models.
        if drawn and MODEL_NAMES[options.model_complexity] != "heavy":
            return 0
        return min(usable_cores(), int(length_s // SHORTEST_S))

    def _loaded(self) -> "Engine":
        if self._engine is None:
            raise RuntimeError("a workshop must be entered before it is used")
        return self._engine.result()


@dataclass(slots=True)
class _Tracking:
    """Asks for the engine with the first frame, so that all before runs while it loads."""

    engine: Callable[[], "Engine"]
    static: bool
    step: Callable[[Frame], FramePoses] | None = None

    def __call__(self, frame: Frame) -> FramePoses:
        if self.step is None:
            engine = self.engine()
            self.step = engine.estimator().estimate if self.static else engine.tracker().track
        return self.step(frame)


def _load_engine(options: PoseOptions) -> "Engine":
    from posemill.runtime import load_engine  # noqa: PLC0415

    return load_engine(options)
