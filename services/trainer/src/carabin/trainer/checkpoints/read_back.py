"""Proof that the store gives back what it was given: every byte of a checkpoint read and compared."""

import shutil
from collections.abc import Callable
from pathlib import Path

from carabin.registry.artifacts.bundle import sha256_of
from carabin.registry.artifacts.checkpoints import CheckpointManifest, fetch_checkpoint
from carabin.registry.artifacts.records import FileEntry
from carabin.registry.errors import DiskFailed, ManifestInvalid
from carabin.registry.layout import checkpoint_file_key
from carabin.registry.store import ObjectStore


def require_stored(store: ObjectStore, bucket: str, manifest: CheckpointManifest, folder: Path) -> None:
    """Read every file that `manifest` names; one that is damaged or missing is sent again, once, where `folder` has it.

    Args:
        folder: where the checkpoint was sent from; it need not be there any more.

    Raises:
        ManifestInvalid: a stored file's bytes are not those of the manifest, and stay so.
        DiskFailed: the disk has no room for the largest file.
    """
    scratch = folder.with_name(f"read-back-{manifest.step}")
    for entry in manifest.files:  # one at a time: the disk need not hold the model twice
        try:
            _read(store, bucket, manifest, entry.path.__eq__, scratch)
        except ManifestInvalid:
            if not _has(folder, entry):
                raise
            store.upload(bucket, checkpoint_file_key(manifest.run, manifest.step, entry.path), folder / entry.path)
            _read(store, bucket, manifest, entry.path.__eq__, scratch)


def _read(
    store: ObjectStore, bucket: str, manifest: CheckpointManifest, include: Callable[[str], bool], scratch: Path
) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        fetch_checkpoint(store, bucket, manifest, scratch, include)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _has(folder: Path, entry: FileEntry) -> bool:
    try:
        return sha256_of(folder / entry.path) == entry.sha256
    except DiskFailed:
        return False
