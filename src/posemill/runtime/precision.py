"""Which parts of a model run in bfloat16: the table, and what a processor makes of it.

A point is the set of sizes of feature maps that are computed in bfloat16; whatever has another
size, and every sum, stays in single precision. The figures are against single precision, on 59
crops of photos and clips, by ``benchmarks/precision.py``: distance of world landmarks, of image
landmarks in % of the person's longer side, and processor time.
"""

from functools import cache
from typing import Final

from posemill.options import MODEL_NAMES, PoseOptions

Sizes = frozenset[int]

# On one core of an AMD EPYC 9R14; f32 is 100 %.   world mm  image %  time %
POINTS: Final[dict[tuple[str, str], Sizes]] = {
    ("lite", "fast"): frozenset({8, 16}),
    ("lite", "auto"): frozenset({8}),
    ("full", "fast"): frozenset({8, 16, 32}),
    ("full", "auto"): frozenset({8, 16}),
    ("heavy", "fast"): frozenset({8}),
    ("heavy", "auto"): frozenset({8}),
}


def bf16_sizes(options: PoseOptions) -> Sizes:
    """Return the sizes of feature maps that are to run in bfloat16 here; empty for f32."""
    sizes = POINTS.get((MODEL_NAMES[options.model_complexity], options.precision), frozenset())
    return sizes if sizes and _has_bf16() else frozenset()


def effective_precision(options: PoseOptions) -> str:
    """Return the arithmetic that the landmark model runs in: ``f32``, or ``bf16:8,16``.

    The numbers are the sizes of the feature maps that are in bfloat16. Asks OpenVINO about the
    processor where it matters; loads no model.
    """
    sizes = bf16_sizes(options) if options.engine == "openvino" else frozenset()
    return "bf16:" + ",".join(map(str, sorted(sizes))) if sizes else "f32"


@cache
def _has_bf16() -> bool:
    """Whether the processor computes in bfloat16 itself.

    OpenVINO lists BF16 where it only imitates it, too, but then prefers single precision.
    """
    from posemill.runtime.quiet_openvino import ov  # noqa: PLC0415 - f32 needs no answer

    core = ov.Core()
    preferred = core.get_property("CPU", "INFERENCE_PRECISION_HINT")
    return (
        "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") and preferred != ov.Type.f32
    )
