"""The default engine: MediaPipe's model files, run by OpenVINO on the CPU."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from queue import Empty, LifoQueue
from typing import TypeVar

from posemill.blazepose.estimator import BlazePoseEstimator, StillTracker
from posemill.blazepose.models import Fill, Models
from posemill.blazepose.tracker import BlazePoseTracker
from posemill.cores import usable_cores
from posemill.options import PoseOptions
from posemill.runtime.compiling import Compiler, Layout
from posemill.runtime.model_cache import ModelCache, cache_folder
from posemill.runtime.precision import effective_precision
from posemill.runtime.quiet_openvino import ov, shared_core
from posemill.types import Floats

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """One inference at a time, with views of its memory."""

    infer: ov.InferRequest
    input: Floats
    outputs: tuple[Floats, ...]


class OpenVinoModel:
    """One compiled model. Each call takes a request of its own from a pool.

    ``parallel``: the same model, compiled to run one inference a core; without it, several
    crops are inferred in turn.
    """

    def __init__(
        self, compiled: ov.CompiledModel, parallel: ov.CompiledModel | None = None
    ) -> None:
        self._compiled = compiled
        self._idle: LifoQueue[_Request] = LifoQueue()
        self._parallel = None if parallel is None else OpenVinoModel(parallel)

    @property
    def streams(self) -> int:
        """How many inferences can run at once."""
        return int(self._compiled.get_property("NUM_STREAMS"))

    @property
    def threads(self) -> int:
        """How many cores OpenVINO takes for one inference."""
        return int(self._compiled.get_property("INFERENCE_NUM_THREADS")) // self.streams

    def run(self, fill: Fill, read: Callable[..., T]) -> T:
        """Infer once, without copying what goes in or comes out."""
        request = self._request()
        try:
            fill(request.input)
            request.infer.infer(share_inputs=True, share_outputs=True)
            return read(*request.outputs)
        finally:
            self._idle.put(request)

    def run_all(self, jobs: Sequence[tuple[Fill, Callable[..., T]]]) -> list[T]:
        """Infer for several inputs, in order; as many at once as there are streams."""
        if len(jobs) > 1 and self._parallel is not None:
            return self._parallel.run_all(jobs)
        if len(jobs) == 1 or self.streams == 1:
            return [self.run(fill, read) for fill, read in jobs]
        results: list[T] = []
        started: deque[tuple[_Request, Callable[..., T]]] = deque()
        try:
            for fill, read in jobs:
                if len(started) == self.streams:
                    results.append(self._finish(started))
                request = self._request()
                started.append((request, read))
                fill(request.input)
                request.infer.start_async(share_inputs=True)
            while started:
                results.append(self._finish(started))
        finally:
            for request, _ in started:  # after an error
                request.infer.wait()
                self._idle.put(request)
        return results

    def _finish(self, started: "deque[tuple[_Request, Callable[..., T]]]") -> T:
        request, read = started[0]
        request.infer.wait()
        result = read(*request.outputs)
        started.popleft()
        self._idle.put(request)
        return result

    def _request(self) -> _Request:
        """Return a request that nobody uses, for the caller to put back."""
        try:
            return self._idle.get_nowait()
        except Empty:
            pass
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
        self.precision = effective_precision(options)
        one, many = Layout.of(options.threads, usable_cores(), several=options.max_people != 1)
        compiler = Compiler(shared_core(), options, _cache(options))
        with ThreadPoolExecutor(1) as pool:  # compiling takes most of a cold start: two at once
            detector = pool.submit(compiler.detector, one)
            compiled, head = compiler.landmark(one)
            parallel = None if many is None else compiler.landmark(many)[0]
            landmark = OpenVinoModel(compiled, parallel)
            self.models = Models(OpenVinoModel(detector.result()), landmark, head)
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

    def sharing(self, options: PoseOptions) -> "OpenVinoEngine":
        twin = copy(self)
        twin._options = options
        return twin


def load(options: PoseOptions) -> OpenVinoEngine:
    """Compile the models that ``options`` ask for."""
    return OpenVinoEngine(options)


def _cache(options: PoseOptions) -> ModelCache | None:
    if not options.model_cache:
        return None
    try:
        return ModelCache(cache_folder())
    except RuntimeError:  # a user without a home
        return None


def _trailing(output: Floats) -> tuple[int, ...]:
    """Return the last axis where it has one element and isn't the only one, as in scores."""
    return (output.ndim - 2,) if output.ndim > 2 and output.shape[-1] == 1 else ()
