"""The local disk's errors, as ours, and folders for what is under way, of which nothing stays behind."""

import fcntl
import os
import shutil
import tempfile
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


@contextmanager
def scratch_folder(parent: Path | None, prefix: str) -> Iterator[Path]:
    """Make a folder for the block, by default where the system has its own, and remove it at the end.

    A process that is killed cannot remove its folder. So each holds the lock of its own, and the next one removes those
    of the same prefix whose lock is free: models would fill the disk otherwise.

    Raises:
        OSError: the disk is full or may not be written.
    """
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as name:
        folder = Path(name)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks: then nobody can take it for abandoned either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            remove_abandoned(folder.parent, prefix)
            yield folder
        finally:
            os.close(descriptor)


def remove_abandoned(parent: Path | None, prefix: str) -> None:
    """Remove the folders of `scratch_folder` with the same arguments whose processes ended and left them."""
    for folder in Path(parent or tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    with suppress(OSError):  # held, not ours, or gone by now
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if any(folder.iterdir()):  # a folder is locked before anything is in it: an empty one may be about to be
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
