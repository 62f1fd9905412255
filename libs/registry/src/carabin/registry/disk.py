"""The local disk's errors, as ours."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import DiskFailed


@contextmanager
def local_file(path: Path) -> Iterator[None]:
    """Turn the local disk's errors into DiskFailed, naming `path`; a file half-written there is removed."""
    try:
        yield
    except BaseException as error:
        with suppress(OSError):  # what may not be written may not be removed either
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DiskFailed(f"cannot write {path}: {error.strerror or error}") from error
        raise
