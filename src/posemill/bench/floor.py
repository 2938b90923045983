"""The least time that a model can take: its multiply-adds at the processor's peak, in f32.

The peak is measured with a matrix product in OpenVINO, on one thread: numpy's would depend on
which BLAS it has, and on which of its kernels.
"""

import time
from collections.abc import Callable
from math import prod
from statistics import median
from typing import Any, Final

import numpy as np

from posemill.blazepose.models import Model
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime.compiling import detector_graph, landmark_graph
from posemill.runtime.openvino import OpenVinoEngine
from posemill.runtime.quiet_openvino import op, ov, shared_core

METHOD: Final = "OpenVINO MatMul, 1024 x 1024 x 1024, f32, one thread"
_SIDE: Final = 1024
_PLAIN: Final = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
_ROUNDS: Final = 15
_RUNS: Final = 5  # of the model in a round, so that both sides take about as long


def multiply_adds(graph: ov.Model) -> int:
    """Return the multiply-adds of all convolutions and matrix products."""
    total = 0
    for node in graph.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "MatMul"):
            continue
        results = prod(node.get_output_shape(0))
        if kind == "MatMul":
            shape = list(node.get_input_shape(0))
            each = shape[-2] if node.get_attributes()["transpose_a"] else shape[-1]
        else:  # weights: (groups,) output channels, input channels of a group, height, width
            skipped = 2 if kind == "GroupConvolution" else 1
            each = prod(list(node.get_input_shape(1))[skipped:])
        total += results * each
    return total


def model_multiply_adds(options: PoseOptions) -> dict[str, int]:
    """Return those of the detector and of the landmark model, as the engine runs them."""
    core = shared_core()
    graphs = {"detector": detector_graph(core), "landmarks": landmark_graph(core, options)[0]}
    return {name: multiply_adds(graph) for name, graph in graphs.items()}


def measure_floor(engine: OpenVinoEngine, options: PoseOptions) -> dict[str, Any]:
    """Return peak, multiply-adds, and for each model the floor and how near to it it runs.

    ``engine`` must run one thread; f32, or what is measured can be below the floor.
    """
    counts = model_multiply_adds(options)
    product = _matrix_product()
    models = {"detector": engine.models.detector, "landmarks": engine.models.landmark}
    peaks: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in models}
    for run in (product, *(_inference(model) for model in models.values())):
        run()  # the first one allocates
    for _ in range(_ROUNDS):
        peaks.append(2 * _SIDE**3 / min(_seconds(product) for _ in range(_RUNS)) / 1e9)
        for name, model in models.items():
            infer = _inference(model)
            times[name].append(min(_seconds(infer) for _ in range(_RUNS)))
    # Both sides at their best: whatever else runs on the machine only ever slows them down.
    gflops = max(peaks)
    result: dict[str, Any] = {
        "method": METHOD,
        "peak_gflops": round(gflops, 1),
        "peak_gflops_median": round(median(peaks), 1),
        "models": [],
    }
    for name, count in counts.items():
        floor_ms, best_ms = 2 * count / gflops / 1e6, 1000 * min(times[name])
        shares = [
            2 * count / peak / 1e9 / seconds
            for peak, seconds in zip(peaks, times[name], strict=True)
        ]
        result["models"].append(
            {
                "model": name if name == "detector" else MODEL_NAMES[options.model_complexity],
                "multiply_adds": count,
                "floor_ms": round(floor_ms, 3),
                "best_ms": round(best_ms, 3),
                "share_of_peak": round(floor_ms / best_ms, 3),
                "low": round(min(shares), 3),
                "high": round(max(shares), 3),
            }
        )
    return result


def _matrix_product() -> Callable[[], object]:
    shape = [_SIDE, _SIDE]
    values = np.random.default_rng(0).random(shape, np.float32)
    left = op.parameter(shape, np.float32)
    graph = ov.Model([op.matmul(left, op.constant(values), False, False)], [left], "product")
    compiled = shared_core().compile_model(graph, "CPU", _PLAIN)
    infer = compiled.create_infer_request()
    infer.get_input_tensor(0).data[:] = values
    return lambda: infer.infer(share_inputs=True, share_outputs=True)


def _inference(model: Model) -> Callable[[], object]:
    return lambda: model.run(lambda _: None, lambda *_: None)


def _seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started
