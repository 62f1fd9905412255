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
    while True:
        with (
            tempfile.TemporaryDirectory(dir=parent, prefix=prefix, ignore_cleanup_errors=True) as name,
            _locked(Path(name)) as is_ours,
        ):
            if is_ours:
                remove_abandoned(Path(name).parent, prefix)
                yield Path(name)
                return


def remove_abandoned(parent: Path | None, prefix: str) -> None:
    """Remove the folders of `scratch_folder` with the same arguments whose processes ended and left them."""
    for folder in Path(parent or tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_if_abandoned(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of a new folder for the block; False where another process took it for abandoned before that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        with suppress(OSError):  # a file system without locks: then nobody can take it for abandoned either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder.exists()
    finally:
        os.close(descriptor)


def _remove_if_abandoned(folder: Path) -> None:
    with suppress(OSError):  # held, not ours, or gone by now
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Give a path to write a file at, which then takes the place of `path`; where that fails, `path` is as it was.

    Raises:
        DiskFailed: the disk refuses it.
    """
    part = path.with_name(f".{path.name}.part")
    with local_file(part):
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
