"""The compiled kernels (``native.c``): found, loaded, and never required.

They are compiled for every platform when the package is built. Whoever uses one has
another way, numpy or swscale, for where none fits.
"""

import ctypes
import platform
from functools import cache
from pathlib import Path
from typing import Any, Final

_SUFFIX: Final = {"windows": "dll", "darwin": "dylib"}
_MACHINE: Final = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}


def kernel_path() -> Path:
    """Return where the kernels for this platform lie, whether they exist or not."""
    system, machine = platform.system().lower(), platform.machine().lower()
    name = f"native-{system}-{_MACHINE.get(machine, machine)}.{_SUFFIX.get(system, 'so')}"
    return Path(__file__).parent / "kernels" / name


@cache
def load_kernels() -> Any:
    """Return the library, its functions typed, or None where there is none to load."""
    try:
        library = ctypes.CDLL(str(kernel_path()))
    except OSError:  # a platform without kernels, such as musl on Arm
        return None
    pointer, i32, i64, f32 = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64, ctypes.c_float
    library.posemill_crop.argtypes = [
        *(pointer, i32, i32, i64, pointer, pointer, i32, i32, f32, f32),
    ]
    library.posemill_warp_plane.argtypes = [pointer, i32, i32, pointer, pointer, i32, i32]
    library.posemill_refine.argtypes = [
        *(pointer, i32, i32, pointer, pointer, pointer, i32, i32, i32, f32),
    ]
    f64 = ctypes.c_double
    library.posemill_decode.argtypes = [pointer, i32, f32, pointer]
    library.posemill_decode.restype = None
    library.posemill_one_euro.argtypes = [
        *(i32, pointer, pointer, pointer, pointer),
        *(f64, f64, f64, f64, f64, pointer, pointer),
    ]
    library.posemill_one_euro.restype = None
    library.posemill_yuv420.argtypes = [
        *(pointer, i64, i32, i32, pointer),
        *(pointer, i64, pointer, i64, pointer, i64),
    ]
    return library
