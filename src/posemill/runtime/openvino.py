"""The default engine: MediaPipe's model files, run by OpenVINO on the CPU.

OpenVINO reads the ``.tflite`` files as they are. Outputs that nobody asked for are cut off
before compilation: MediaPipe itself computes its segmentation decoder for every frame.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, LifoQueue
from typing import Any, Final, TypeVar

from posemill.blazepose.estimator import (
    BlazePoseEstimator,
    BlazePoseTracker,
    Fill,
    Models,
    StillTracker,
)
from posemill.blazepose.landmarks import HeatmapHead
from posemill.errors import ModelCorrupt
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime.graph import convolve_before_upsampling, heatmap_head
from posemill.runtime.model_files import path_of
from posemill.runtime.quiet_openvino import ov
from posemill.types import Floats

_HEATMAPS: Final = "Identity_3"
_DETECTOR_OUTPUTS: Final = ("Identity", "Identity_1")  # boxes, scores
_LANDMARK_OUTPUTS: Final = ("Identity", "Identity_1", _HEATMAPS, "Identity_4")
_MASK_OUTPUT: Final = ("Identity_2",)


T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """One inference at a time, with views of its memory."""

    infer: ov.InferRequest
    input: Floats
    outputs: tuple[Floats, ...]


class OpenVinoModel:
    """One compiled model. Each thread that calls takes a request of its own from a pool."""

    def __init__(self, core: ov.Core, graph: ov.Model, threads: int) -> None:
        self._compiled = core.compile_model(graph, "CPU", _config(threads))
        self._idle: LifoQueue[_Request] = LifoQueue()

    @property
    def threads(self) -> int:
        """How many cores OpenVINO takes for it."""
        return int(self._compiled.get_property("INFERENCE_NUM_THREADS"))

    def run(self, fill: Callable[[Floats], None], read: Callable[..., T]) -> T:
        """Infer once, without copying what goes in or comes out."""
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._new_request()
        try:
            fill(request.input)
            request.infer.infer(share_inputs=True, share_outputs=True)
            return read(*request.outputs)
        finally:
            self._idle.put(request)

    def run_all(self, jobs: Sequence[tuple[Fill, Callable[..., T]]]) -> list[T]:
        """Infer for several inputs, in order."""
        return [self.run(fill, read) for fill, read in jobs]

    def _new_request(self) -> _Request:
        infer = self._compiled.create_infer_request()
        outputs = [infer.get_output_tensor(k).data for k in range(len(self._compiled.outputs))]
        return _Request(
            infer,
            infer.get_input_tensor(0).data[0],
            tuple(output.squeeze(axis=0).squeeze(axis=_trailing(output)) for output in outputs),
        )


class OpenVinoEngine:
    """The detector and one landmark model, compiled."""

    def __init__(self, options: PoseOptions) -> None:
        self._options = options
        core = ov.Core()
        with ThreadPoolExecutor(1) as pool:  # compiling takes most of a cold start: two at once
            detector = pool.submit(_load_detector, core, options)
            landmark, head = _load_landmark(core, options)
            self.models = Models(detector.result(), landmark, head)
        self._landmark_threads = landmark.threads

    @property
    def threads(self) -> int:
        """How many cores one inference uses."""
        return self._landmark_threads

    def estimator(self) -> BlazePoseEstimator:
        return BlazePoseEstimator(self.models, self._options)

    def tracker(self) -> BlazePoseTracker | StillTracker:
        if self._options.static_image_mode:
            return StillTracker(self.estimator())
        return BlazePoseTracker(self.models, self._options)


def load(options: PoseOptions) -> OpenVinoEngine:
    """Compile the models that ``options`` ask for."""
    return OpenVinoEngine(options)


def _load_detector(core: ov.Core, options: PoseOptions) -> OpenVinoModel:
    graph = _read(core, "detector")
    convolve_before_upsampling(graph)
    outputs = [graph.output(name) for name in _DETECTOR_OUTPUTS]
    return OpenVinoModel(core, _only(graph, outputs), options.threads)


def _load_landmark(core: ov.Core, options: PoseOptions) -> tuple[OpenVinoModel, HeatmapHead]:
    graph = _read(core, MODEL_NAMES[options.model_complexity])
    features, head = heatmap_head(graph.output(_HEATMAPS))
    names = _LANDMARK_OUTPUTS + (_MASK_OUTPUT if options.enable_segmentation else ())
    outputs = [features if name == _HEATMAPS else graph.output(name) for name in names]
    return OpenVinoModel(core, _only(graph, outputs), options.threads), head


def _read(core: ov.Core, name: str) -> ov.Model:
    path = path_of(name)
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ModelCorrupt(
            f"the model file {path.name} can't be read; reinstall posemill "
            "(`posemill models` checks all of them)"
        ) from error


def _only(graph: ov.Model, outputs: list[ov.Output]) -> ov.Model:
    """Return the graph of these outputs alone, in this order."""
    return ov.Model(outputs, graph.get_parameters(), graph.get_friendly_name())


def _trailing(output: Floats) -> tuple[int, ...]:
    """Return the last axis where it has one element and isn't the only one, as in scores."""
    return (output.ndim - 2,) if output.ndim > 2 and output.shape[-1] == 1 else ()


def _config(threads: int) -> dict[str, Any]:
    config: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # the machine is shared with decoding and encoding
    }
    if threads:
        config["INFERENCE_NUM_THREADS"] = threads
    return config
