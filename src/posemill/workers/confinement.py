"""A process gives up what decoding media does not need: network, programs, memory without end.

On Linux by a seccomp filter (kernel: Documentation/userspace-api/seccomp_filter.rst), which any
process may put on itself once it gives up gaining privileges, in containers too, and, as root,
without any capability. Elsewhere the limits on resources are what there is.
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

# From linux/prctl.h, linux/seccomp.h, linux/audit.h, linux/bpf_common.h, linux/capability.h.
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_SET_FILTER: Final = 1
_ALL_THREADS: Final = 1
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
_CAPABILITIES: Final = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_F_SETOWN: Final = 8  # whom to signal when something comes: any process
_F_SETOWN_EX: Final = 15
_X32: Final = 0x40000000  # a second table of calls on x86-64
_WATCH_S: Final = 1.0
_NUMBER_AT: Final = 0  # in struct seccomp_data
_MACHINE_AT: Final = 4
_ARGUMENTS_AT: Final = (16, 24)  # the low half of the first two, on little-endian machines


# Calls that are refused, and their numbers on x86-64 and on 64-bit Arm (asm/unistd.h); those that
# Arm doesn't have are None.
_REFUSED: Final = {
    "socket": (41, 198),
    "socketpair": (53, 199),  # what comes through one may signal any process
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
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
_NETWORK: Final = ("socket", "socketpair")


class _Machine(NamedTuple):
    """A kind of processor: its number in linux/audit.h, its column above, some of its calls."""

    audit: int
    column: int
    clone: int
    clone3: int
    seccomp: int
    tgkill: int
    prlimit64: int
    fcntl: int


_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, 0, 56, 435, 317, 234, 302, 72),
    "aarch64": _Machine(0xC00000B7, 1, 220, 435, 277, 131, 261, 25),
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


def keep_private() -> None:
    """Keep what this process has in memory from all others, but those of an able root."""
    if sys.platform == "linux":
        _prctl(_PR_SET_DUMPABLE, 0)


def give_up_capabilities() -> bool:
    """Make root a user like any other, in this thread and those that it starts."""
    if sys.platform != "linux":
        return False
    head = struct.pack("@Ii", _CAPABILITIES, 0)
    none = struct.pack("@6I", *[0] * 6)  # effective, permitted, inheritable, in two halves
    return bool(ctypes.CDLL(None).capset(head, none) == 0)


def confine(limits: Limits, *, network: bool = False) -> str:
    """Limit this process for good; return how: ``seccomp``, ``limits`` or ``none``.

    ``network``: whether it may still talk to others.
    """
    if sys.platform == "win32":
        return "none"
    import resource  # noqa: PLC0415 - not on Windows

    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    if limits.memory_bytes:
        _lower(resource.RLIMIT_AS, limits.memory_bytes)
    has_none = give_up_capabilities()
    return "seccomp" if _filter_calls(network) and has_none else "limits"


def _lower(kind: int, wanted: int) -> None:
    import resource  # noqa: PLC0415

    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(kind, (wanted, wanted))


def _filter_calls(network: bool) -> bool:
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None or sys.byteorder != "little":
        return False
    program = _program(machine, network)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where they are.
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    buffer = ctypes.create_string_buffer(head, len(head))
    if not _prctl(_PR_SET_NO_NEW_PRIVS, 1):
        return False
    arguments = (machine.seccomp, _SET_FILTER, _ALL_THREADS, ctypes.addressof(buffer))
    return bool(ctypes.CDLL(None).syscall(*map(ctypes.c_long, arguments)) == 0)


def _program(machine: _Machine, network: bool) -> bytes:
    """Return the filter."""
    refuse, missing = _REFUSE | _EPERM, _REFUSE | _ENOSYS
    steps = [
        *_if_not_equal(_MACHINE_AT, machine.audit, _KILL),
        _step(_LOAD, _NUMBER_AT),
        *_if(_IS_FROM, _X32, missing),
        # glibc then starts threads by clone, whose flags can be looked at.
        *_if(_IS_EQUAL, machine.clone3, missing),
    ]
    for name, numbers in _REFUSED.items():
        number = numbers[machine.column]
        if number is not None and not (network and name in _NETWORK):
            steps += _if(_IS_EQUAL, number, refuse)
    steps += [
        *_only_if(machine.clone, _HAS_BITS, _CLONE_THREAD),
        *_only_if(machine.tgkill, _IS_EQUAL, os.getpid()),
        *_only_if(machine.prlimit64, _IS_EQUAL, 0),  # its own
        *_of_call(
            machine.fcntl,
            1,
            [*_if(_IS_EQUAL, _F_SETOWN, refuse), *_if(_IS_EQUAL, _F_SETOWN_EX, refuse)],
        ),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _only_if(call: int, test: int, value: int) -> list[bytes]:
    """Refuse a call unless its first argument passes a test."""
    refused = _step(_RETURN, _REFUSE | _EPERM)
    return _of_call(call, 0, [_step(test, value, 1, 0), refused])


def _of_call(call: int, argument: int, steps: list[bytes]) -> list[bytes]:
    """Look at an argument of a call, and allow it after ``steps``."""
    body = [_step(_LOAD, _ARGUMENTS_AT[argument]), *steps, _step(_RETURN, _ALLOW)]
    return [_step(_IS_EQUAL, call, 0, len(body)), *body]


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
