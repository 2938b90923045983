"""Marks in a graph what has to stay in single precision when the rest runs in bfloat16.

OpenVINO leaves an operation as it is when it carries a mark that only its file format can
write: so one is read from a graph of one operation, and copied. What OpenVINO rewrites
before it looks at the marks is rewritten here first.
"""

from typing import Any, Final

import numpy as np

from posemill.runtime.bias import correct_biases
from posemill.runtime.precision import Point
from posemill.runtime.quiet_openvino import op, opset1, ov

_CREATE: Final = {"Convolution": op.convolution, "GroupConvolution": op.group_convolution}
_ACTIVATIONS: Final = ("Clamp", "Relu")
_UPSAMPLING: Final = "Interpolate"
_MASK_WIDTH: Final = 256  # OpenVINO 2026.4 can't compile the mask's last layer with a mark
_OF_CONSTANTS: Final = ("Convert", "Unsqueeze", "Reshape", "Transpose")
_MARKED: Final = b"""<net name="marked" version="11">
  <layers>
    <layer id="0" name="in" type="Parameter" version="opset1">
      <data shape="1" element_type="f32"/>
      <output><port id="0" precision="FP32"><dim>1</dim></port></output>
    </layer>
    <layer id="1" name="marked" type="Relu" version="opset1">
      <rt_info><attribute name="precise" version="0"/></rt_info>
      <input><port id="0" precision="FP32"><dim>1</dim></port></input>
      <output><port id="1" precision="FP32"><dim>1</dim></port></output>
    </layer>
    <layer id="2" name="out" type="Result" version="opset1">
      <input><port id="0" precision="FP32"><dim>1</dim></port></input>
    </layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
    <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
  </edges>
</net>"""


def keep_f32_but(point: Point, graph: ov.Model, core: ov.Core) -> None:
    """Mark what stays in single precision: all but feature maps as wide as ``point`` says.

    Convolutions go by the width of their output, and what follows one goes with it, since
    both become one operation; but activations stay, since with them OpenVINO leaves biases
    as they are. Sums that carry the input of a block past it stay too, where rounding them
    block after block would lose most; those of the decoder need not.
    """
    _pad_inside_convolutions(graph)
    _pool_plainly(graph)
    key, mark = _mark(core)
    kept: set[str] = set()
    rounded: list[ov.Node] = []
    first = point.first
    for node in graph.get_ordered_ops():
        if _is_constant(node):
            continue
        sources = [each for each in _sources(node) if not _is_constant(each)]
        if node.get_type_name() in _CREATE:
            width = list(node.get_output_shape(0))[-1]
            keep = first > 0 or width not in point.sizes | {_MASK_WIDTH}
            first -= 1
            if keep:
                _widen_weights(node)
            elif width != _MASK_WIDTH:
                rounded.append(node)
        elif len(sources) > 1:
            keep = all(_origin(each).get_type_name() != _UPSAMPLING for each in sources)
        else:
            keep = all(each.get_friendly_name() in kept for each in sources)
        if keep:
            kept.add(node.get_friendly_name())
        if keep or node.get_type_name() in _ACTIVATIONS:
            node.set_rt_info(mark, key)
    correct_biases(rounded, graph, core)


def _mark(core: ov.Core) -> tuple[str, Any]:
    """Return the name and the value of the mark, which no Python type stands for."""
    graph = core.read_model(_MARKED, ov.Tensor(np.zeros(1, np.uint8)))
    (marked,) = (node for node in graph.get_ops() if node.get_type_name() == "Relu")
    # precise_0 in OpenVINO 2025, DisablePrecisionConversion_0 in 2026
    ((key, mark),) = (item for item in marked.get_rt_info().items() if "preci" in item[0].lower())
    return key, mark


def _pad_inside_convolutions(graph: ov.Model) -> None:
    """Let convolutions do the padding before them."""
    for pad in graph.get_ordered_ops():
        if pad.get_type_name() != "Pad":
            continue
        begin, end = (pad.input_value(k).get_node().get_data()[2:] for k in (1, 2))
        for target in list(pad.output(0).get_target_inputs()):
            convolution = target.get_node()
            create = _CREATE.get(convolution.get_type_name())
            if create is None:  # the heavy model pads channels, for a sum
                continue
            attributes = convolution.get_attributes()
            padded = create(
                pad.input_value(0),
                convolution.input_value(1),
                attributes["strides"],
                np.add(attributes["pads_begin"], begin).tolist(),
                np.add(attributes["pads_end"], end).tolist(),
                attributes["dilations"],
            )
            convolution.output(0).replace(padded.output(0))


def _pool_plainly(graph: ov.Model) -> None:
    """Use the first form of the pooling, which yields no places."""
    for pool in graph.get_ordered_ops():
        if pool.get_type_name() == "MaxPool":
            names = ("strides", "pads_begin", "pads_end", "kernel", "rounding_type", "auto_pad")
            attributes = pool.get_attributes()
            plain = opset1.max_pool(pool.input_value(0), *(attributes[name] for name in names))
            pool.output(0).replace(plain.output(0))


def _sources(node: ov.Node) -> list[ov.Node]:
    return [value.get_node() for value in node.input_values()]


def _origin(node: ov.Node) -> ov.Node:
    """Return what ``node`` is another form of."""
    while node.get_type_name() in _OF_CONSTANTS:
        node = node.input_value(0).get_node()
    return node


def _is_constant(node: ov.Node) -> bool:
    return bool(_origin(node).get_type_name() == "Constant")


def _widen_weights(convolution: ov.Node) -> None:
    """Store the weights in single precision: a mark on half precision would keep that."""
    half = _origin(convolution.input_value(1).get_node())
    weights = op.constant(np.array(half.get_data(), np.float32))
    for target in list(half.output(0).get_target_inputs()):
        target.get_node().output(0).replace(weights.output(0))
