"""What the libraries of all services say where memory is short. Pure; each service makes its own errors of it."""

import re
from typing import Final

_SAID: Final = re.compile(
    "|".join(
        (
            "out of memory",  # CUDA, and what is built on it
            "alloc_failed",  # cuBLAS, cuDNN
            "bad_alloc",  # C++
            "allocate memory",  # the kernel, torch on Linux, oneMKL
            "not enough memory",  # torch on Windows
            "unable to allocate",  # NumPy
            r"malloc\b.*failed",  # Arrow, libsndfile
            "memory allocation",  # oneMKL, Rust
            "resource temporarily unavailable",  # C++ for a thread's stack (EAGAIN)
            "can't start new thread",  # Python, for the same
            # oneDNN. Of a descriptor it says so where the processor lacks the operation, however much memory there is.
            "could not create a primitive(?! descriptor)",
        )
    ),
    re.IGNORECASE,
)


def says_memory_is_short(text: str) -> bool:
    """Return whether an error's text says that there is no memory, the machine's or its GPU's, or none for a thread.

    An error may say so by its type alone: ask for `MemoryError` and for `errno.ENOMEM` as well.
    """
    return _SAID.search(text) is not None
