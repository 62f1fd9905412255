"""Datasets: immutable, versioned sets of dictations with their splits."""

from collections.abc import Container, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ..errors import ManifestInvalid, ObjectMissing, PreconditionFailed, VersionMissing
from ..layout import dataset_file_key, dataset_manifest_key, is_safe_name, safe_name
from ..store import ObjectStore
from .bundle import Progress, describe_folder, fetch_files, upload_files
from .records import Manifest, version_id


class SplitCount(BaseModel):
    """How much one split holds."""

    model_config = ConfigDict(frozen=True)

    dictations: int = Field(ge=0)
    duration_s: float = Field(ge=0, description="seconds of audio")


class DatasetManifest(Manifest):
    """One dataset version: `data/<split>.parquet` files and what they count."""

    name: str
    version: str
    counts: dict[str, SplitCount] = Field(description="by split")


def publish_dataset(
    store: ObjectStore,
    bucket: str,
    name: str,
    folder: Path,
    created_at: datetime,
    *,
    source: Mapping[str, str],
    counts: Mapping[str, SplitCount],
    progress: Progress | None = None,
) -> DatasetManifest:
    """Upload `folder` as a new version of the dataset `name`; the manifest is written last.

    Raises:
        PreconditionFailed: this very version is there already.
        ManifestInvalid: a file of the folder has the manifest's name; nothing was uploaded.
        DiskFailed: a file cannot be read, or changed meanwhile; nothing is visible.
    """
    files = describe_folder(folder)
    version = version_id(created_at, files)
    manifest = DatasetManifest(
        name=name, version=version, created_at=created_at, files=files, source=dict(source), counts=dict(counts)
    )
    if any(entry.path == "manifest.json" for entry in files):
        raise ManifestInvalid(f"{folder}/manifest.json: a dataset's own file may not have the manifest's name")
    if store.exists(bucket, dataset_manifest_key(name, version)):
        raise PreconditionFailed(f"dataset {name} {version} is published already")
    upload_files(store, bucket, lambda path: dataset_file_key(name, version, path), folder, files, progress)
    store.create(bucket, dataset_manifest_key(name, version), manifest.to_bytes())
    return manifest


def list_datasets(store: ObjectStore, bucket: str, name: str | None = None) -> list[tuple[str, str]]:
    """Return (name, version) of every visible dataset, or of those called `name`; oldest version first."""
    keys = store.list(bucket, f"{safe_name(name)}/" if name else "")
    steps = (key.split("/") for key in keys)
    found = [(parts[0], parts[1]) for parts in steps if len(parts) == 3 and parts[2] == "manifest.json"]
    return sorted(pair for pair in found if all(map(is_safe_name, pair)))


def read_dataset(store: ObjectStore, bucket: str, name: str, version: str) -> DatasetManifest:
    """Read one version's manifest.

    Raises:
        VersionMissing: nothing was published under this version.
        ManifestInvalid: the manifest cannot be read, or speaks of another version.
    """
    key = dataset_manifest_key(name, version)
    try:
        manifest = DatasetManifest.from_bytes(store.get(bucket, key), store.where(bucket, key))
    except ObjectMissing as error:
        raise VersionMissing(f"dataset {name} has no version {version}") from error
    if (manifest.name, manifest.version) != (name, version):
        raise ManifestInvalid(f"{store.where(bucket, key)}: it describes {manifest.name} {manifest.version}")
    return manifest


def latest_dataset(store: ObjectStore, bucket: str, name: str) -> DatasetManifest:
    """Read the newest version's manifest.

    Raises:
        VersionMissing: nothing was published under this name.
    """
    versions = list_datasets(store, bucket, name)
    if not versions:
        raise VersionMissing(f"there is no dataset {name}: make one with `carabin dataset build` or `synthesize`")
    return read_dataset(store, bucket, *versions[-1])


def find_dataset(store: ObjectStore, bucket: str, reference: str) -> DatasetManifest:
    """Read the manifest of NAME, its newest version, or of NAME@VERSION; raise as the readers of the two do."""
    name, _, version = reference.partition("@")
    return read_dataset(store, bucket, name, version) if version else latest_dataset(store, bucket, name)


def fetch_dataset(
    store: ObjectStore,
    bucket: str,
    manifest: DatasetManifest,
    target: Path,
    progress: Progress | None = None,
    *,
    only: Container[str] | None = None,
) -> Path:
    """Download a version into the new folder `target`, every byte verified.

    Args:
        only: the paths of the files that are wanted; all of them without it.

    Raises:
        ManifestInvalid: an object's bytes are not those the manifest names; `target` is not created.
        DiskFailed: the disk is full or may not be written; `target` is not created.
    """
    return fetch_files(
        store,
        bucket,
        lambda path: dataset_file_key(manifest.name, manifest.version, path),
        [entry for entry in manifest.files if only is None or entry.path in only],
        target,
        progress,
    )
