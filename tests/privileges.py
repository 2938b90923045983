"""Permissions that count for the superuser as well, so that tests of them need no other user."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VERSION_3 = 0x20080522
_OVERRIDES = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, capabilities(7)


@contextmanager
def locked(folder: Path, mode: int = 0o000) -> Iterator[None]:
    """Have ``folder`` the permissions ``mode``, and this thread bound by them."""
    before = folder.stat().st_mode
    folder.chmod(mode)
    try:
        with _bound_by_permissions():
            yield
    finally:
        folder.chmod(before)


@contextmanager
def _bound_by_permissions() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("the superuser may write everywhere")
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    had = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, twice 32 of each
    if libc.capget(header, had):
        pytest.skip("the superuser's capabilities can't be read")
    less = (ctypes.c_uint32 * 6)(had[0] & ~_OVERRIDES, *had[1:])
    if libc.capset(header, less):
        pytest.skip("the superuser's capabilities can't be dropped")
    try:
        yield
    finally:
        assert libc.capset(header, had) == 0
