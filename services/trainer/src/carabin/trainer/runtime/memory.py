"""What Python, NumPy, torch and the kernel say where memory runs out, as one error."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from carabin.service.errors import ResourcesExhausted
from carabin.service.memory_errors import says_memory_is_short

from ..errors import MemoryExhausted


@contextmanager
def translate_memory_errors(run: str) -> Iterator[None]:
    """Turn every way in which a library reports missing memory into one error.

    Raises:
        MemoryExhausted: memory ran out, of this machine or of its device.
    """
    try:
        yield
    except ResourcesExhausted as error:
        raise MemoryExhausted(run, error.reason) from error
    except (MemoryError, RuntimeError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryExhausted(run, str(error).strip().splitlines()[-1] if str(error).strip() else "") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that memory ran out."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or says_memory_is_short(str(error))
