"""From a dataset folder to a version in the store, with where it came from."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from carabin.registry.artifacts.datasets import DatasetManifest, SplitCount, publish_dataset
from carabin.registry.store import ObjectStore

from .parquet import SplitSize

Progress = Callable[[str, int], None]


def publish_folder(
    store: ObjectStore,
    bucket: str,
    name: str,
    folder: Path,
    sizes: Mapping[str, SplitSize],
    created_at: datetime,
    *,
    source: Mapping[str, str],
    progress: Progress | None = None,
) -> DatasetManifest:
    """Upload a dataset folder as a new version of `name`; it is visible only once all of it is there."""
    store.ensure_bucket(bucket)
    counts = {
        split: SplitCount(dictations=size.dictations, duration_s=size.duration_s) for split, size in sizes.items()
    }
    return publish_dataset(store, bucket, name, folder, created_at, source=source, counts=counts, progress=progress)
