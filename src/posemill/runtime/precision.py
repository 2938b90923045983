"""Which parts of a model run in bfloat16: the table, and what a processor makes of it.

A point is the sizes of feature maps that are computed in bfloat16. Whatever has another size,
the first convolutions where it says so, and what carries the input of a block past it stay in
single precision: in bfloat16 throughout, the full model's world landmarks are 110 mm off. The
figures are means on crops of photos and clips: the distance from single precision of world
landmarks, of image landmarks in % of the longer side of the person's box, and processor time.
``benchmarks/precision.py`` measures the same on any material.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from posemill.options import MODEL_NAMES, PoseOptions


@dataclass(frozen=True, slots=True)
class Point:
    """``sizes``: feature maps in bfloat16; ``first``: convolutions in f32 whatever their size."""

    sizes: frozenset[int]
    first: int = 0

    def __str__(self) -> str:
        """Return ``f32``, ``bf16:8,16`` or, after six convolutions, ``bf16:8,16,32,64/6``."""
        if not self.sizes:
            return "f32"
        sizes = ",".join(map(str, sorted(self.sizes)))
        return f"bf16:{sizes}/{self.first}" if self.first else f"bf16:{sizes}"


F32: Final = Point(frozenset())

# `fast`: the least time within 30 mm and 0.5 %. `auto`: within 8 mm and 0.3 %. Where one size more
# would still pass on some material and not on other, it is left out.
POINTS: Final[dict[tuple[str, str], Point]] = {
    ("lite", "fast"): Point(frozenset({8, 16})),  # 4.2 mm, 0.26 %, 0.86 of the time in f32
    ("lite", "auto"): Point(frozenset({8, 16})),
    ("full", "fast"): Point(frozenset({8, 16, 32, 64}), first=6),  # 7.0 mm, 0.36 %, 0.75
    ("full", "auto"): Point(frozenset({8, 16})),  # 3.6 mm, 0.20 %, 0.81
    ("heavy", "fast"): Point(frozenset({8, 16})),  # 6.0 mm, 0.30 %, 0.74
    ("heavy", "auto"): Point(frozenset({8})),  # 1.8 mm, 0.09 %, 0.90
}


def point_for(options: PoseOptions) -> Point:
    """Return what is to run in bfloat16 here; ``F32`` for nothing."""
    point = POINTS.get((MODEL_NAMES[options.model_complexity], options.precision), F32)
    return point if point.sizes and _has_bf16() else F32


def effective_precision(options: PoseOptions) -> str:
    """Return the arithmetic that the landmark model runs in: ``f32``, or ``bf16:8,16``.

    The numbers are the sizes of the feature maps that are in bfloat16, behind a slash that of
    the first convolutions that are not. Asks OpenVINO about the processor where it matters;
    loads no model.
    """
    return str(point_for(options)) if options.engine == "openvino" else str(F32)


@cache
def _has_bf16() -> bool:
    """Whether the processor computes in bfloat16 itself.

    OpenVINO lists BF16 where it only imitates it, too, but then prefers single precision.
    """
    from posemill.runtime.quiet_openvino import ov, shared_core  # noqa: PLC0415 - f32 needs no answer

    core = shared_core()
    preferred = core.get_property("CPU", "INFERENCE_PRECISION_HINT")
    return (
        "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") and preferred != ov.Type.f32
    )
