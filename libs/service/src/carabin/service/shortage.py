"""A shortage of memory, threads or open files, told apart from a file that is damaged.

A library that reads a file reports both alike: pyarrow raises the same kind of error for a damaged table and for a
thread that may not be started. Where such errors are translated, the shortage is looked for first:

    try:
        with translate_shortage(file):
            table = read(file)
    except ArrowException as error:
        raise DatasetInvalid(f"{file}: ...") from error
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from carabin.registry.errors import CarabinError

from .errors import ResourcesExhausted
from .memory_errors import says_memory_is_short

_NUMBERS: Final = frozenset({errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE})
"""No memory; no further thread or process; no further open file, of the process or of the machine."""


def is_shortage(error: BaseException) -> bool:
    """Return whether an error says that the machine, or a limit of this process, gives no more of what is needed."""
    if isinstance(error, MemoryError | ResourcesExhausted):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _NUMBERS
    return says_memory_is_short(str(error))


@contextmanager
def translate_shortage(subject: object) -> Iterator[None]:
    """Turn a shortage in the block into one error; every other error passes as it is.

    An error of ours that was made of a shortage, by code below that does not ask, counts as one.

    Args:
        subject: what is worked on, as the sentence names it.

    Raises:
        ResourcesExhausted: a library says that there is a shortage.
    """
    try:
        yield
    except ResourcesExhausted:
        raise
    except Exception as error:
        cause: BaseException | None = error
        while isinstance(cause, CarabinError):
            cause = cause.__cause__
        if cause is None or not is_shortage(cause):
            raise
        raise ResourcesExhausted(subject, cause) from error
