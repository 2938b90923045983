"""Makes up in the biases for what rounding the weights to bfloat16 shifts on average.

A rounded weight shifts its channel by the rounding error times the mean of what it is
multiplied with. Those means come from single precision on noise: they hardly depend on the
picture, and photos instead of noise bring no more.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from posemill.runtime.quiet_openvino import op, ov
from posemill.types import Floats

_CONFIG: Final = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
_PICTURES: Final = 2
_CELLS: Final = (4, 8, 16, 32, 64, 128, 256)  # a side; each scale as strong as photos have it
_FALLOFF: Final = 0.7


def correct_biases(convolutions: Sequence[ov.Node], graph: ov.Model, core: ov.Core) -> None:
    """Change the biases after ``convolutions``, which are to run in bfloat16, in ``graph``."""
    wanted: list[ov.Output] = []
    for node in convolutions:
        mean = op.reduce_mean(node.input_value(0), op.constant([0, 2, 3]), keep_dims=False)
        wanted += [mean.output(0), node.input_value(1)]
    model = ov.Model(wanted, graph.get_parameters(), "means")
    request = core.compile_model(model, "CPU", _CONFIG).create_infer_request()
    sums = [np.zeros(1)] * len(convolutions)
    for picture in _noise(list(graph.input(0).get_shape())):
        request.infer({0: picture})
        means = [request.get_output_tensor(2 * k).data for k in range(len(sums))]
        sums = [before + mean for before, mean in zip(sums, means, strict=True)]
    for k, (node, total) in enumerate(zip(convolutions, sums, strict=True)):
        weights = request.get_output_tensor(2 * k + 1).data
        lost = weights - _rounded(weights)
        mean = total / _PICTURES
        if node.get_type_name() == "GroupConvolution":  # (channels, 1, 1, height, width)
            shift = lost.sum(axis=(1, 2, 3, 4)) * mean
        else:
            shift = lost.sum(axis=(2, 3)) @ mean
        _add_to_bias(node, shift)


def _noise(shape: Sequence[int]) -> Iterator[Floats]:
    """Yield pictures of ``shape`` (1, side, side, 3) in 0..1, the same ones every time."""
    random = np.random.default_rng(0)
    side, channels = shape[1], shape[3]
    for _ in range(_PICTURES):
        picture = np.zeros((side, side, channels))
        for cells in _CELLS:
            blocks = random.random((cells, cells, channels)) * cells**-_FALLOFF
            picture += blocks.repeat(side // cells, axis=0).repeat(side // cells, axis=1)
        yield ((picture - picture.min()) / np.ptp(picture))[None].astype(np.float32)


def _rounded(weights: Floats) -> Floats:
    """Return what is left of ``weights`` in bfloat16: to nearest, ties to even."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    kept = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return kept.astype(np.uint32).view(np.float32)


def _add_to_bias(convolution: ov.Node, shift: Floats) -> None:
    """Raise the constant that is added to what ``convolution`` yields."""
    (target,) = convolution.output(0).get_target_inputs()
    total = target.get_node()
    bias = total.input(1 - target.get_index())
    shape = list(bias.get_shape())
    node = bias.get_source_output().get_node()
    while node.get_type_name() != "Constant":
        node = node.input_value(0).get_node()
    values = np.array(node.get_data(), np.float32).reshape(shape) + shift.reshape(shape)
    bias.replace_source_output(op.constant(values.astype(np.float32)).output(0))
