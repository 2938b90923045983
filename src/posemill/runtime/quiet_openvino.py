"""OpenVINO without its converter, whose import reports usage to its maker.

``import openvino`` also imports ``openvino.tools.ovc`` where it can, and that one sends an
event to the network there and then. posemill converts nothing, so the converter is kept from
being found while OpenVINO is imported, which saves a sixth of a second too. Whoever wants it
can still import ``openvino.tools.ovc`` afterwards.
"""

import sys
from functools import cache
from typing import Any, Final, cast

_CONVERTER: Final = "openvino.tools.ovc"


def _import_quietly() -> None:
    if "openvino" in sys.modules:  # somebody was faster, and it is done
        return
    modules = cast(dict[str, Any], sys.modules)
    modules[_CONVERTER] = None  # importing it now raises ImportError, which OpenVINO expects
    try:
        import openvino  # noqa: F401, PLC0415
    finally:
        if modules.get(_CONVERTER) is None:
            modules.pop(_CONVERTER, None)


_import_quietly()

import openvino as ov  # noqa: E402
from openvino import opset1  # noqa: E402
from openvino import opset13 as op  # noqa: E402


@cache
def shared_core() -> ov.Core:
    """Return the one core of this process, which lives as long as the process does.

    OpenVINO's CPU plugin gives the thread that loads it a stack for signals, and frees that
    with the last core. Where another thread drops it, the first one's next signal, such as
    Ctrl-C, ends the process with a segmentation fault.
    """
    return ov.Core()


__all__ = ["op", "opset1", "ov", "shared_core"]
