"""Files that travel together: sent with their hashes, fetched with every byte verified, visible whole or not at all."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ..disk import scratch_folder
from ..errors import DiskFailed, ManifestInvalid, ObjectMissing
from ..layout import safe_file
from ..store import ObjectStore
from .records import FileEntry

Progress = Callable[[str, int], None]
"""Called with each file's path and its size in bytes once it is there."""

SCRATCH: Final = ".fetch-"
"""How the name of a folder begins whose files are on their way."""

KeyOf = Callable[[str], str]
"""The key of the file at a relative path."""


def describe_folder(folder: Path) -> tuple[FileEntry, ...]:
    """Return every file under `folder` with its size and SHA-256, by path.

    Raises:
        DiskFailed: there is no such folder, or a file cannot be read.
        UnsafePath: a file's name cannot be a key.
    """
    if not folder.is_dir():
        raise DiskFailed(f"{folder} is not a folder")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise DiskFailed(f"{folder} holds no file")
    return tuple(
        FileEntry(path=safe_file(path.relative_to(folder).as_posix()), size=path.stat().st_size, sha256=sha256_of(path))
        for path in paths
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits, without holding it in memory."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DiskFailed(f"cannot read {path}: {error.strerror or error}") from error


def upload_files(
    store: ObjectStore,
    bucket: str,
    key_of: KeyOf,
    folder: Path,
    files: Sequence[FileEntry],
    progress: Progress | None = None,
) -> None:
    """Upload `files` of `folder`; nobody sees them until a manifest names them.

    Raises:
        DiskFailed: a file changed since it was described; the manifest must not be written.
    """
    for entry in files:
        path = folder / entry.path
        store.upload(bucket, key_of(entry.path), path)
        # The upload read the file again: what was hashed must be what was sent.
        if path.stat().st_size != entry.size or store.stat(bucket, key_of(entry.path)).size != entry.size:
            raise DiskFailed(f"{path} changed while it was uploaded; nothing was published")
        if progress:
            progress(entry.path, entry.size)


def fetch_files(
    store: ObjectStore,
    bucket: str,
    key_of: KeyOf,
    files: Sequence[FileEntry],
    target: Path,
    progress: Progress | None = None,
) -> Path:
    """Download `files` into the new folder `target`: every byte verified first, then renamed into place.

    Raises:
        ManifestInvalid: an object is missing, or its bytes are not those of the manifest.
        DiskFailed: the disk is full or may not be written, or `target` is there already.
        In every case `target` is not created.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent, SCRATCH) as scratch:
            folder = scratch / "files"
            folder.mkdir()
            for entry in files:
                _fetch_file(store, bucket, key_of(entry.path), entry, folder / entry.path)
                if progress:
                    progress(entry.path, entry.size)
            folder.rename(target)
    except OSError as error:
        raise DiskFailed(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _fetch_file(store: ObjectStore, bucket: str, key: str, entry: FileEntry, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        store.download(bucket, key, path)
    except ObjectMissing as error:
        raise ManifestInvalid(f"{store.where(bucket, key)}: the manifest names it, and it is not there") from error
    if path.stat().st_size != entry.size or sha256_of(path) != entry.sha256:
        raise ManifestInvalid(f"{store.where(bucket, key)}: its bytes are not those of the manifest (SHA-256 differs)")
