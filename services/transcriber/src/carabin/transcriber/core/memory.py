"""The memory that this process holds, and giving it back; what is free on the machine is in carabin.service.memory."""

import ctypes
import gc
from pathlib import Path

from carabin.service.memory import status_bytes

_M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""
_ARENAS = 2
"""Measured over eight changes of a Whisper base: 220 MB are resident after the last with two arenas, 300 MB with
glibc's eight a core, each of which keeps what one model left behind; decoding is as fast."""


def bound_heap() -> None:
    """Keep glibc from spreading models over many arenas; to be called before threads start. Elsewhere no effect."""
    _call_libc("mallopt", _M_ARENA_MAX, _ARENAS)


def trim_heap() -> None:
    """Give freed memory back to the system where the C library can; elsewhere it goes back by itself or not at all."""
    _call_libc("malloc_trim", 0)


class _MallInfo(ctypes.Structure):
    """glibc's `struct mallinfo2` (2.33 and later), of which two fields are read."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"
        )
    )  # fmt: skip


def heap_bytes() -> int | None:
    """Return the bytes of the C heap that are in use, what the allocator keeps left out; None where none says.

    Resident memory grows with fragments that the allocator keeps and uses again; of this, growth is a leak.
    """
    try:
        mallinfo = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):
        return None
    mallinfo.restype = _MallInfo
    found = mallinfo()
    return int(found.uordblks) + int(found.hblkhd)


def free_memory() -> None:
    """Free what only the garbage collector finds, and give freed memory back; other threads may wait for 50 ms."""
    gc.collect()
    trim_heap()


def _call_libc(function: str, *arguments: int) -> None:
    try:
        getattr(ctypes.CDLL("libc.so.6"), function)(*arguments)
    except (OSError, AttributeError):
        return


def resident_bytes() -> int:
    """Return this process's resident memory; 0 where the system does not say."""
    return status_bytes("VmRSS", Path("/proc/self/status")) or 0
