"""Where the models find the joints of the drawn person.

Made with OpenVINO 2026.4 in single precision on an x86-64 processor with AVX-512, on
``draw_figure(640, 480)`` of Pillow 13. Other processors round differently, by less than a
thousandth of the person's box; a damaged model or a miscompiled one is off by far more.
"""

from collections.abc import Mapping
from typing import Final

# Nose, shoulders, elbows, wrists, hips, knees, ankles.
JOINTS: Final = (0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)

# x, y in 0..1 of the picture, by landmark model.
EXPECTED: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "lite": (
        (0.5027, 0.1911),
        (0.5679, 0.2932),
        (0.4365, 0.2851),
        (0.5978, 0.4012),
        (0.4044, 0.3962),
        (0.6072, 0.505),
        (0.3987, 0.4993),
        (0.532, 0.5388),
        (0.4657, 0.5339),
        (0.5393, 0.6905),
        (0.4619, 0.6861),
        (0.5423, 0.8413),
        (0.4541, 0.8462),
    ),
    "full": (
        (0.5007, 0.1792),
        (0.5658, 0.2861),
        (0.4344, 0.2851),
        (0.6011, 0.397),
        (0.4007, 0.3923),
        (0.6169, 0.4959),
        (0.3874, 0.4982),
        (0.5367, 0.5363),
        (0.4631, 0.5286),
        (0.5388, 0.6944),
        (0.4662, 0.6967),
        (0.5445, 0.8508),
        (0.4603, 0.8446),
    ),
    "heavy": (
        (0.501, 0.1836),
        (0.5628, 0.2915),
        (0.4387, 0.2864),
        (0.6059, 0.3996),
        (0.4005, 0.4003),
        (0.618, 0.5092),
        (0.3899, 0.5043),
        (0.5303, 0.5456),
        (0.4654, 0.5459),
        (0.5385, 0.7019),
        (0.459, 0.7081),
        (0.5412, 0.8584),
        (0.4569, 0.8586),
    ),
}
