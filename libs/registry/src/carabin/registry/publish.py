"""Publishing and fetching a model version: all of it, or nothing that a reader can see."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from .errors import ManifestInvalid, ObjectMissing, VersionMissing
from .layout import file_key, manifest_key, versions_prefix
from .manifest import FileEntry, ModelManifest, version_id
from .store import ObjectStore

CANDIDATE = {"stage": "candidate"}

Progress = Callable[[str, int], None]
"""Called with each file's path and its size in bytes once it is there."""


def publish_model(
    store: ObjectStore,
    bucket: str,
    name: str,
    folder: Path,
    created_at: datetime,
    *,
    source: Mapping[str, str] | None = None,
    metrics: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> ModelManifest:
    """Upload `folder` as a new version of `name`, born as a candidate; the manifest is written last.

    Raises:
        PreconditionFailed: this very version is there already.
    """
    files = tuple(_describe(folder, path) for path in sorted(folder.rglob("*")) if path.is_file())
    manifest = ModelManifest(
        name=name,
        version=version_id(created_at, files),
        created_at=created_at,
        files=files,
        source=dict(source or {}),
        metrics=dict(metrics or {}),
    )
    for entry in files:
        store.put(bucket, file_key(name, manifest.version, entry.path), (folder / entry.path).read_bytes())
        if progress:
            progress(entry.path, entry.size)
    store.create(bucket, manifest_key(name, manifest.version), manifest.to_bytes(), CANDIDATE)
    return manifest


def read_manifest(store: ObjectStore, bucket: str, name: str, version: str) -> ModelManifest:
    """Read one version's manifest.

    Raises:
        VersionMissing: nothing was published under this version.
        ManifestInvalid: the manifest cannot be read, or speaks of another version.
    """
    key = manifest_key(name, version)
    try:
        manifest = ModelManifest.from_bytes(store.get(bucket, key), f"{bucket}/{key}")
    except ObjectMissing as error:
        raise VersionMissing(f"{name} has no version {version}") from error
    if (manifest.name, manifest.version) != (name, version):
        raise ManifestInvalid(f"{bucket}/{key}: it describes {manifest.name} {manifest.version}")
    return manifest


def list_versions(store: ObjectStore, bucket: str, name: str) -> list[str]:
    """Return the versions whose manifest is there, oldest first."""
    prefix = versions_prefix(name)
    steps = (key.removeprefix(prefix).split("/") for key in store.list(bucket, prefix))
    return sorted(parts[0] for parts in steps if parts[1:] == ["manifest.json"])


def fetch_model(store: ObjectStore, bucket: str, manifest: ModelManifest, target: Path) -> Path:
    """Download a version into the new folder `target`, every byte proven, then renamed into place.

    Raises:
        ManifestInvalid: an object's bytes are not those the manifest names; `target` is not created.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        folder = Path(scratch) / "model"
        for entry in manifest.files:
            key = file_key(manifest.name, manifest.version, entry.path)
            data = store.get(bucket, key)
            if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
                raise ManifestInvalid(f"{bucket}/{key}: its bytes are not those of the manifest (SHA-256 differs)")
            (folder / entry.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / entry.path).write_bytes(data)
        folder.rename(target)
    return target


def _describe(folder: Path, path: Path) -> FileEntry:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest)
