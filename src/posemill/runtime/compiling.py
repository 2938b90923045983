"""From a model file to a compiled model, through the cache where that is allowed.

OpenVINO reads the ``.tflite`` files as they are. Outputs that nobody asked for are cut off
before compilation: MediaPipe itself computes its segmentation decoder for every frame.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from posemill.blazepose.landmarks import HeatmapHead
from posemill.errors import ModelCorrupt
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime.graph import convolve_before_upsampling, heatmap_head
from posemill.runtime.mixed import keep_f32_but
from posemill.runtime.model_cache import Array, ModelCache
from posemill.runtime.model_files import MODELS, path_of, verify
from posemill.runtime.precision import F32, Point, point_for
from posemill.runtime.quiet_openvino import ov

_HEATMAPS: Final = "Identity_3"
_DETECTOR_OUTPUTS: Final = ("Identity", "Identity_1")  # boxes, scores
_LANDMARK_OUTPUTS: Final = ("Identity", "Identity_1", _HEATMAPS, "Identity_4")
_MASK_OUTPUT: Final = ("Identity_2",)


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cores one inference takes, and how many inferences run at once."""

    threads: int
    streams: int

    @classmethod
    def of(cls, threads: int, cores: int, *, several: bool) -> tuple["Layout", "Layout | None"]:
        """Return the layout for one crop, and another where several crops want their own.

        ``threads``: as in the options, 0 for all of the ``cores``. One inference on two cores
        takes more than half of its time on one, so several crops are best done side by side,
        each on one core. Callers in threads of their own run side by side likewise.
        """
        if threads:
            return cls(threads, max(1, cores // threads)), None
        return cls(cores, 1), cls(1, cores) if several and cores > 1 else None


_ONE_CORE: Final = Layout(1, 1)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles for one set of options. ``cache``: None for no cache."""

    core: ov.Core
    options: PoseOptions
    cache: ModelCache | None

    def detector(self, layout: Layout = _ONE_CORE) -> ov.CompiledModel:
        """Return the detector, always in single precision: it decides where to look."""

        def build() -> tuple[ov.Model, list[Array]]:
            return detector_graph(self.core), []

        return self._compiled("detector", _DETECTOR_OUTPUTS, layout, build)[0]

    def landmark(self, layout: Layout = _ONE_CORE) -> tuple[ov.CompiledModel, HeatmapHead]:
        """Return the landmark model, and what makes heatmaps of its features."""
        point = point_for(self.options)

        def build() -> tuple[ov.Model, list[Array]]:
            graph, head = landmark_graph(self.core, self.options)
            if point.sizes:
                keep_f32_but(point, graph, self.core)
            return graph, [head.weights, head.bias]

        name, outputs = MODEL_NAMES[self.options.model_complexity], _landmark_outputs(self.options)
        compiled, (weights, bias) = self._compiled(name, outputs, layout, build, point)
        return compiled, HeatmapHead(weights, bias)

    def _compiled(
        self,
        name: str,
        outputs: tuple[str, ...],
        layout: Layout,
        build: Callable[[], tuple[ov.Model, list[Array]]],
        point: Point = F32,
    ) -> tuple[ov.CompiledModel, list[Array]]:
        """Return the model from the cache, or as ``build`` makes it, and what goes with it."""
        path_of(name)  # whatever the cache holds, a package without its models is broken
        config = config_for(layout, "bf16" if point.sizes else "f32")
        key = self._key(name, outputs, point)
        if self.cache is not None and (stored := self.cache.load(key)):
            try:
                blob = ov.Tensor(stored[0])
                return self.core.import_model(blob, "CPU", config), stored[1:]
            except RuntimeError:  # not what this OpenVINO takes: as if there were none
                pass
        graph, extras = build()
        compiled = self.core.compile_model(graph, "CPU", config)
        if self.cache is not None and _is_published(name):
            blob = np.frombuffer(compiled.export_model().getbuffer(), np.uint8)
            self.cache.store(key, [blob, *extras])
        return compiled, extras

    def _key(self, name: str, outputs: Sequence[str], point: Point) -> str:
        """Return all that a compiled model follows from but its layout, as text."""
        return json.dumps(
            {
                "posemill": _SOURCES,
                "openvino": ov.__version__,
                "processor": self.core.get_property("CPU", "FULL_DEVICE_NAME"),
                "capabilities": self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
                "model": MODELS[name].sha256,
                "outputs": outputs,
                "precision": str(point),
            },
            sort_keys=True,
        )


def detector_graph(core: ov.Core) -> ov.Model:
    """Return what there is to compute for boxes and scores."""
    graph = _read(core, "detector")
    convolve_before_upsampling(graph)
    return _only(graph, [graph.output(name) for name in _DETECTOR_OUTPUTS])


def landmark_graph(core: ov.Core, options: PoseOptions) -> tuple[ov.Model, HeatmapHead]:
    """Return what there is to compute for one crop, and what makes heatmaps of its features."""
    graph = _read(core, MODEL_NAMES[options.model_complexity])
    features, head = heatmap_head(graph.output(_HEATMAPS))
    outputs = [
        features if name == _HEATMAPS else graph.output(name) for name in _landmark_outputs(options)
    ]
    return _only(graph, outputs), head


def _landmark_outputs(options: PoseOptions) -> tuple[str, ...]:
    return _LANDMARK_OUTPUTS + (_MASK_OUTPUT if options.enable_segmentation else ())


def config_for(layout: Layout, precision: str) -> dict[str, Any]:
    """Return how OpenVINO is to run a model."""
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "ENABLE_CPU_PINNING": False,  # the machine is shared with decoding and encoding
        "INFERENCE_NUM_THREADS": layout.threads * layout.streams,
        "NUM_STREAMS": layout.streams,
    }


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


def _is_published(name: str) -> bool:
    """Whether the file is intact: a damaged one must not outlive its repair in the cache."""
    try:
        verify(name)
    except ModelCorrupt:
        return False
    return True


def _hash_of_sources() -> str:
    """Return a hash of the files of this folder: no version to raise by hand can be forgotten."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES: Final = _hash_of_sources()
