"""Checkpoints: weights and processor of a run at a step, with all that resuming it needs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ..errors import ManifestInvalid, ObjectMissing, PreconditionFailed, VersionMissing
from ..layout import (
    checkpoint_file_key,
    checkpoint_manifest_key,
    is_safe_name,
    is_step,
    run_key,
    run_prefix,
)
from ..serving_window import WindowPolicy
from ..store import ObjectStore
from .bundle import Progress, describe_folder, fetch_files, upload_files
from .records import Manifest, Metrics, ProgressMetrics, StoredRecord


class CheckpointRef(BaseModel):
    """Names one checkpoint."""

    model_config = ConfigDict(frozen=True)

    run: str
    step: int = Field(ge=0)

    def __str__(self) -> str:
        return f"{self.run}/{self.step:08d}"


class CheckpointManifest(Manifest):
    """One checkpoint's files, what they came from and how well they do."""

    run: str
    step: int = Field(ge=0)
    metrics: Metrics = Field(default_factory=dict)
    final: bool = Field(default=False, description="the run ends here: this is the one to export")
    window: WindowPolicy = WindowPolicy()

    @property
    def ref(self) -> CheckpointRef:
        """Its name."""
        return CheckpointRef(run=self.run, step=self.step)


class RunRecord(StoredRecord):
    """What a run set out to do, and how it stands; overwritten as it goes."""

    run: str
    state: str = Field(default="running", description="running, stopped, finished or failed")
    started_at: AwareDatetime
    updated_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    step: int = Field(default=0, ge=0)
    total_steps: int | None = Field(default=None, ge=0)
    settings: dict[str, str] = Field(default_factory=dict)
    source: dict[str, str] = Field(default_factory=dict)
    metrics: ProgressMetrics = Field(default_factory=dict)
    reason: str | None = Field(default=None, description="why it failed or stopped, in one sentence")


def publish_checkpoint(
    store: ObjectStore,
    bucket: str,
    run: str,
    step: int,
    folder: Path,
    created_at: datetime,
    *,
    source: Mapping[str, str],
    metrics: Mapping[str, float],
    final: bool = False,
    window: WindowPolicy | None = None,
    progress: Progress | None = None,
) -> CheckpointManifest:
    """Upload `folder` as the checkpoint of `run` at `step`; the manifest is written last.

    Raises:
        PreconditionFailed: this run has a checkpoint at this step already; it is left as it is.
        ManifestInvalid: a metric is no finite number; nothing was uploaded.
        DiskFailed: a file cannot be read, or changed meanwhile; nothing is visible.
    """
    files = describe_folder(folder)
    try:
        manifest = CheckpointManifest(
            run=run,
            step=step,
            created_at=created_at,
            files=files,
            source=dict(source),
            metrics=dict(metrics),
            final=final,
            window=window or WindowPolicy(),
        )
    except ValueError as error:
        raise ManifestInvalid(f"{folder} cannot become a checkpoint of {run}: {error}") from error
    # Asked before the upload: its files would overwrite those of the one that is visible.
    if store.exists(bucket, checkpoint_manifest_key(run, step)):
        raise PreconditionFailed(f"run {run} has a checkpoint at step {step} already")
    upload_files(store, bucket, lambda path: checkpoint_file_key(run, step, path), folder, files, progress)
    store.create(bucket, checkpoint_manifest_key(run, step), manifest.to_bytes())
    return manifest


def list_checkpoints(store: ObjectStore, bucket: str, run: str | None = None) -> list[CheckpointRef]:
    """Return every visible checkpoint, or those of `run`; by run, then by step."""
    steps = (key.split("/") for key in store.list(bucket, run_prefix(run) if run else ""))
    found = [
        CheckpointRef(run=parts[0], step=int(parts[1]))
        for parts in steps
        if len(parts) == 3 and parts[2] == "manifest.json" and is_safe_name(parts[0]) and is_step(parts[1])
    ]
    return sorted(found, key=lambda ref: (ref.run, ref.step))


def read_checkpoint(store: ObjectStore, bucket: str, run: str, step: int) -> CheckpointManifest:
    """Read one checkpoint's manifest.

    Raises:
        VersionMissing: nothing was published there.
        ManifestInvalid: the manifest cannot be read, or speaks of another checkpoint.
    """
    key = checkpoint_manifest_key(run, step)
    try:
        manifest = CheckpointManifest.from_bytes(store.get(bucket, key), store.where(bucket, key))
    except ObjectMissing as error:
        raise VersionMissing(f"run {run} has no checkpoint at step {step}") from error
    if (manifest.run, manifest.step) != (run, step):
        raise ManifestInvalid(f"{store.where(bucket, key)}: it describes run {manifest.run} at step {manifest.step}")
    return manifest


def latest_checkpoint(store: ObjectStore, bucket: str, run: str) -> CheckpointManifest | None:
    """Read the manifest of the run's furthest checkpoint, or return None where there is none."""
    refs = list_checkpoints(store, bucket, run)
    return read_checkpoint(store, bucket, run, refs[-1].step) if refs else None


def fetch_checkpoint(
    store: ObjectStore,
    bucket: str,
    manifest: CheckpointManifest,
    target: Path,
    include: Callable[[str], bool] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download a checkpoint, or those of its paths that `include` accepts, into the new folder `target`.

    Raises:
        ManifestInvalid: an object's bytes are not those the manifest names; `target` is not created.
        DiskFailed: the disk is full or may not be written; `target` is not created.
    """
    files = [entry for entry in manifest.files if include is None or include(entry.path)]
    return fetch_files(
        store, bucket, lambda path: checkpoint_file_key(manifest.run, manifest.step, path), files, target, progress
    )


def write_run(store: ObjectStore, bucket: str, record: RunRecord) -> None:
    """Write how the run stands, over what was there."""
    store.put(bucket, run_key(record.run), record.to_bytes())


def read_run(store: ObjectStore, bucket: str, run: str) -> RunRecord | None:
    """Read how the run stands; None where nothing says so.

    Raises:
        ManifestInvalid: the record cannot be read.
    """
    key = run_key(run)
    try:
        return RunRecord.from_bytes(store.get(bucket, key), store.where(bucket, key))
    except ObjectMissing:
        return None
