"""Publishing and fetching a model version: all of it, or nothing that a reader can see."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from ..errors import ManifestInvalid, ObjectMissing, PreconditionFailed, VersionMissing
from ..layout import file_key, is_safe_name, manifest_key, version_prefix, versions_prefix
from ..serving_window import DEFAULT_MIN_WINDOW_FRAMES, DEFAULT_WINDOW_MARGIN_FRAMES
from ..store import ObjectStore
from .bundle import Progress, describe_folder, fetch_files, upload_files
from .manifest import (
    ModelFormat,
    ModelManifest,
    Smoke,
    signed_bytes,
)
from .records import version_id

CANDIDATE = {"stage": "candidate"}

Signer = Callable[[bytes], Mapping[str, str]]
"""Signs a manifest's `signed_bytes`: signatures in text by key name."""


def publish_model(
    store: ObjectStore,
    bucket: str,
    name: str,
    folder: Path,
    created_at: datetime,
    *,
    format: ModelFormat,  # noqa: A002 - the manifest's own word
    smoke: Smoke | None = None,
    min_window_frames: int = DEFAULT_MIN_WINDOW_FRAMES,
    window_margin_frames: int = DEFAULT_WINDOW_MARGIN_FRAMES,
    source: Mapping[str, str] | None = None,
    metrics: Mapping[str, float] | None = None,
    report: str | None = None,
    provenance: Mapping[str, str] | None = None,
    sign: Signer | None = None,
    progress: Progress | None = None,
) -> ModelManifest:
    """Upload `folder` as a new version of `name`, born as a candidate; the manifest is written last.

    Raises:
        PreconditionFailed: this very version is there already.
        ManifestInvalid: what is to be published does not hold together; nothing was uploaded.
        DiskFailed: a file cannot be read, or changed meanwhile; nothing is visible.
    """
    files = describe_folder(folder)
    version = version_id(created_at, files)
    try:
        manifest = ModelManifest(
            name=name,
            version=version,
            created_at=created_at,
            files=files,
            format=format,
            smoke=smoke,
            metrics=dict(metrics or {}),
            report=report,
            source=dict(source or {}),
            provenance=dict(provenance or {}),
            min_window_frames=min_window_frames,
            window_margin_frames=window_margin_frames,
        )
    except ValueError as error:
        raise ManifestInvalid(f"{folder} cannot become a version of {name}: {error}") from error
    if sign:
        manifest = manifest.model_copy(update={"signatures": dict(sign(signed_bytes(manifest.to_bytes())))})
    if store.exists(bucket, manifest_key(name, version)):
        raise PreconditionFailed(f"{name} {version} is published already")
    upload_files(store, bucket, lambda path: file_key(name, version, path), folder, files, progress)
    store.create(bucket, manifest_key(name, version), manifest.to_bytes(), CANDIDATE)
    return manifest


def read_manifest(store: ObjectStore, bucket: str, name: str, version: str) -> ModelManifest:
    """Read one version's manifest.

    Raises:
        VersionMissing: nothing was published under this version.
        ManifestInvalid: the manifest cannot be read, speaks of another version, or names other files than it did.
    """
    return read_manifest_and_document(store, bucket, name, version)[0]


def read_manifest_and_document(store: ObjectStore, bucket: str, name: str, version: str) -> tuple[ModelManifest, bytes]:
    """Read one version's manifest, and its bytes as they are stored; raise as `read_manifest` does."""
    key = manifest_key(name, version)
    try:
        data = store.get(bucket, key)
    except ObjectMissing as error:
        raise VersionMissing(f"{name} has no version {version}") from error
    manifest = ModelManifest.from_bytes(data, store.where(bucket, key))
    if (manifest.name, manifest.version) != (name, version):
        raise ManifestInvalid(f"{store.where(bucket, key)}: it describes {manifest.name} {manifest.version}")
    if version_id(manifest.created_at, manifest.files) != version:
        raise ManifestInvalid(
            f"{store.where(bucket, key)}: the version {version} does not follow from its time and its file list:"
            " it was changed since it was published"
        )
    return manifest, data


def require_files(store: ObjectStore, bucket: str, manifest: ModelManifest) -> None:
    """Make sure that every file of a version is there with its size; `verify_files` reads the bytes too.

    Raises:
        ManifestInvalid: one is not; the sentence names it.
    """
    sizes = store.sizes(bucket, version_prefix(manifest.name, manifest.version))
    for entry in manifest.files:
        key = file_key(manifest.name, manifest.version, entry.path)
        if key not in sizes:
            raise ManifestInvalid(f"{store.where(bucket, key)}: the manifest names it, and it is not there")
        if sizes[key] != entry.size:
            raise ManifestInvalid(
                f"{store.where(bucket, key)}: it has {sizes[key]} bytes, and {entry.size} by the manifest"
            )


def list_versions(store: ObjectStore, bucket: str, name: str) -> list[str]:
    """Return the versions whose manifest is there, oldest first."""
    prefix = versions_prefix(name)
    steps = (key.removeprefix(prefix).split("/") for key in store.list(bucket, prefix))
    return sorted(parts[0] for parts in steps if parts[1:] == ["manifest.json"] and is_safe_name(parts[0]))


def list_models(store: ObjectStore, bucket: str) -> list[str]:
    """Return the names under which at least one version is visible."""
    return [name for name in store.folders(bucket, "") if is_safe_name(name) and _has_version(store, bucket, name)]


def _has_version(store: ObjectStore, bucket: str, name: str) -> bool:
    """Look at the newest versions first: only one that is being published now has no manifest."""
    versions = reversed(store.folders(bucket, versions_prefix(name)))
    return any(store.exists(bucket, manifest_key(name, version)) for version in versions if is_safe_name(version))


def fetch_model(
    store: ObjectStore, bucket: str, manifest: ModelManifest, target: Path, progress: Progress | None = None
) -> Path:
    """Download a version into the new folder `target`, every byte verified, then renamed into place.

    Raises:
        ManifestInvalid: an object's bytes are not those the manifest names; `target` is not created.
        DiskFailed: the disk is full or may not be written; `target` is not created.
    """
    return fetch_files(
        store, bucket, lambda path: file_key(manifest.name, manifest.version, path), manifest.files, target, progress
    )
