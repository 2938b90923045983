"""Which parts of a model run in bfloat16: the table, and what a processor makes of it.

A point is the set of sizes of feature maps that are computed in bfloat16; whatever has another
size, and what carries the input of a block past it, stays in single precision: in bfloat16
throughout, the full model's world landmarks are 110 mm off. The figures are by
``benchmarks/precision.py`` on photos and clips: the distance from single precision of world
landmarks, of image landmarks in % of the longer side of the person's box, and processor time.
"""

from functools import cache
from typing import Final

from posemill.options import MODEL_NAMES, PoseOptions

Sizes = frozenset[int]

# `fast`: the least time within 30 mm and 0.5 %. `auto`: within 8 mm and 0.3 %, and with no loss
# of OKS on annotated photos. Where one size more would still pass on some material and not on
# other, it is left out.
POINTS: Final[dict[tuple[str, str], Sizes]] = {
    ("lite", "fast"): frozenset({8}),  # 3.4 mm, 0.13 %, 0.94 of the time in f32
    ("lite", "auto"): frozenset({8}),
    ("full", "fast"): frozenset({8, 16, 32}),  # 8.4 mm, 0.35 %, 0.79
    ("full", "auto"): frozenset({8, 16}),  # 5.4 mm, 0.19 %, 0.82
    ("heavy", "fast"): frozenset({8}),  # 3.8 mm, 0.11 %, 0.88
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
