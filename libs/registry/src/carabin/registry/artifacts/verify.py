"""Verification of a stored version: every byte of every file, and no file that the manifest does not name."""

import hashlib
from pathlib import Path

from ..errors import ManifestInvalid, ObjectMissing
from ..layout import file_key, manifest_key, version_prefix
from ..store import ObjectStore
from .bundle import Progress, sha256_of
from .manifest import ModelManifest
from .records import FileEntry, version_id


def verify_files(
    store: ObjectStore, bucket: str, manifest: ModelManifest, progress: Progress | None = None
) -> list[str]:
    """Return what is wrong with the stored files, one sentence each; empty where every byte is as published."""
    name, version = manifest.name, manifest.version
    problems = []
    if version_id(manifest.created_at, manifest.files) != version:
        problems.append(f"manifest.json: the version {version} does not follow from its time and its file list")
    for entry in manifest.files:
        problem = _verify_file(store, bucket, file_key(name, version, entry.path), entry)
        problems += [problem] if problem else []
        if progress:
            progress(entry.path, entry.size)
    named = {manifest_key(name, version), *(file_key(name, version, entry.path) for entry in manifest.files)}
    prefix = version_prefix(name, version)
    strangers = [key.removeprefix(prefix) for key in store.list(bucket, prefix) if key not in named]
    return [
        *problems,
        *(f"{path}: it is stored here, and the manifest does not name it" for path in strangers),
    ]


def _verify_file(store: ObjectStore, bucket: str, key: str, entry: FileEntry) -> str | None:
    size, digest = 0, hashlib.sha256()
    try:
        # As it comes: a pod's /tmp does not hold a model.
        for chunk in store.stream(bucket, key):
            size += len(chunk)
            digest.update(chunk)
    except ObjectMissing:
        return f"{entry.path}: it is missing"
    if size != entry.size:
        return f"{entry.path}: it has {size} bytes, not {entry.size}"
    if digest.hexdigest() != entry.sha256:
        return f"{entry.path}: its SHA-256 is not that of the manifest"
    return None


def require_whole(place: Path) -> None:
    """Hold every byte of a version that was copied into a local folder against the manifest beside its `files`.

    Raises:
        ManifestInvalid: a file is not what the manifest names; the sentence names it.
    """
    manifest = ModelManifest.from_bytes((place / "manifest.json").read_bytes(), str(place / "manifest.json"))
    for entry in manifest.files:
        path = place / "files" / entry.path
        if not path.is_file():
            raise ManifestInvalid(f"{path}: the manifest names it, and it is not there")
        if sha256_of(path) != entry.sha256:
            raise ManifestInvalid(f"{path}: its SHA-256 is not the manifest's; delete it and back up again")
