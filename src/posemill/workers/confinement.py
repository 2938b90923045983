"""A process gives up what decoding media does not need: network, programs, memory without end.

On Linux by a seccomp filter (kernel: Documentation/userspace-api/seccomp_filter.rst), which any
process may put on itself once it gives up gaining privileges, in containers too. Elsewhere the
limits on resources are what there is.
"""

import ctypes
import os
import platform
import struct
import sys
import threading
import time
from dataclasses import dataclass
from typing import Final, NamedTuple

# From linux/prctl.h, linux/seccomp.h, linux/audit.h, linux/bpf_common.h.
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_MODE_FILTER: Final = 2
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IS_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_HAS_BITS: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_IS_FROM: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000  # with the error number in the low bits
_KILL: Final = 0x80000000
_EPERM: Final = 1
_ENOSYS: Final = 38
_CLONE_THREAD: Final = 0x00010000
_X32: Final = 0x40000000  # a second table of calls on x86-64
_WATCH_S: Final = 1.0
_NUMBER_AT: Final = 0  # in struct seccomp_data
_MACHINE_AT: Final = 4
_ARGUMENT_AT: Final = 16  # the low half of the first one, on little-endian machines


# Calls that are refused, and their numbers on x86-64 and on 64-bit Arm (asm/unistd.h); those that
# Arm doesn't have are None.
_REFUSED: Final = {
    "socket": (41, 198),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "rt_sigqueueinfo": (129, 138),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "bpf": (321, 280),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}


class _Machine(NamedTuple):
    """A kind of processor: its number in linux/audit.h, its column above, two of its calls."""

    audit: int
    column: int
    clone: int
    clone3: int


_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, 0, 56, 435),
    "aarch64": _Machine(0xC00000B7, 1, 220, 435),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use. ``memory_bytes``: of address space, 0 for any; ``open_files``."""

    memory_bytes: int = 0
    open_files: int = 256


def end_with_parent() -> None:
    """End this process when the one that started it is gone, even in the middle of work."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, name="posemill-parent", daemon=True).start()


def confine(limits: Limits) -> str:
    """Limit this process for good; return how: ``seccomp``, ``limits`` or ``none``."""
    if sys.platform == "win32":
        return "none"
    import resource  # noqa: PLC0415 - not on Windows

    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    if limits.memory_bytes:
        _lower(resource.RLIMIT_AS, limits.memory_bytes)
    return "seccomp" if _filter_calls() else "limits"


def _lower(kind: int, wanted: int) -> None:
    import resource  # noqa: PLC0415

    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(kind, (wanted, wanted))


def _filter_calls() -> bool:
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None or sys.byteorder != "little":
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where they are.
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    buffer = ctypes.create_string_buffer(head, len(head))
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1) and _prctl(
        _PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(buffer)
    )


def _program(machine: _Machine) -> bytes:
    """Return the filter. All threads share it, and those to come."""
    refuse, missing = _REFUSE | _EPERM, _REFUSE | _ENOSYS
    steps = [
        *_if_not_equal(_MACHINE_AT, machine.audit, _KILL),
        _step(_LOAD, _NUMBER_AT),
        *_if(_IS_FROM, _X32, missing),
        # glibc then starts threads by clone, whose flags can be looked at.
        *_if(_IS_EQUAL, machine.clone3, missing),
    ]
    for numbers in _REFUSED.values():
        number = numbers[machine.column]
        if number is not None:
            steps += _if(_IS_EQUAL, number, refuse)
    steps += [
        _step(_IS_EQUAL, machine.clone, 0, 3),  # only threads
        _step(_LOAD, _ARGUMENT_AT),
        _step(_HAS_BITS, _CLONE_THREAD, 1, 0),
        _step(_RETURN, refuse),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _if(test: int, value: int, verdict: int) -> list[bytes]:
    return [_step(test, value, 0, 1), _step(_RETURN, verdict)]


def _if_not_equal(at: int, value: int, verdict: int) -> list[bytes]:
    return [_step(_LOAD, at), _step(_IS_EQUAL, value, 1, 0), _step(_RETURN, verdict)]


def _prctl(*arguments: int) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    padded = [ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[:5]]
    return bool(library.prctl(*padded) == 0)
