"""Short memory is recognised by what each library says of it, and nothing else is taken for it."""

import errno
import os

import numpy as np
import pytest
from carabin.service.memory_errors import says_memory_is_short


@pytest.mark.parametrize(
    "text",
    [
        "CUDA failed with error out of memory",
        "CUDA out of memory. Tried to allocate 2.00 GiB.",
        "cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED",
        "std::bad_alloc",
        "[enforce fail at cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to allocate",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.",
        "Intel oneMKL FATAL ERROR: memory allocation error.",
        "malloc of size 1125899906842624 failed",
        "Internal malloc () failed.",
        "Resource temporarily unavailable",
        "can't start new thread",
        "could not create a primitive",
        "model v2 is refused: CTranslate2 cannot load it: could not create a primitive",
    ],
)
def test_each_library_is_understood(text: str) -> None:
    assert says_memory_is_short(text)


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN])
def test_the_kernel_is_understood(number: int) -> None:
    assert says_memory_is_short(os.strerror(number))


def test_numpy_is_understood() -> None:
    with pytest.raises(MemoryError) as raised:
        np.empty(1 << 60, np.uint8)
    assert says_memory_is_short(str(raised.value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Unable to open file 'model.bin' in model '/models/v2'",
        "CUDA failed with error an illegal memory access was encountered",
        "CUDA failed with error unspecified launch failure",
        "Invalid CUDA allocator none",
        "could not create a primitive descriptor for a matmul primitive",
        os.strerror(errno.ENOSPC),
    ],
)
def test_what_is_no_shortage_of_memory_is_not_taken_for_it(text: str) -> None:
    assert not says_memory_is_short(text)
