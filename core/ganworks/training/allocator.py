"""Tuning of the C library's allocator: large tensors are taken from the heap again, not from the system."""

from __future__ import annotations

import ctypes
import platform

# parameters of mallopt(3), glibc's malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
SETTINGS = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**28}  # bytes, but for the first


def tune_allocator() -> bool:
    """Let this process keep freed memory for its next tensors; True where the C library is glibc and agreed.

    By default glibc maps every large block anew and gives it back when it is freed: each training step then
    pays for hundreds of thousands of page faults. It changes no result, and how much memory a process holds
    at its peak stays nearly the same; but it keeps that much until it ends. Call it before the first large
    tensor is made.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    agreed = [mallopt(parameter, value) == 1 for parameter, value in SETTINGS.items()]
    return all(agreed)
