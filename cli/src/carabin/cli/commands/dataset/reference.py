"""A dataset as a command names it: a name in the store, with a version or without, or a folder on this machine."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from carabin.registry.artifacts.datasets import DatasetManifest, fetch_dataset, find_dataset
from carabin.registry.connect import connect, store_settings

Reference = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]|FOLDER", help="In the store (its newest version), or a folder here.")
]


def find_manifest(reference: str) -> DatasetManifest | None:
    """Return the manifest of a dataset in the store; None where `reference` is a folder here."""
    if Path(reference).is_dir():
        return None
    return find_dataset(connect(), store_settings().datasets_bucket, reference)


@contextmanager
def dataset_folder(reference: str, manifest: DatasetManifest | None = None) -> Iterator[Path]:
    """Yield the dataset's folder; one of the store is fetched for as long as the block lasts."""
    manifest = manifest or find_manifest(reference)
    if manifest is None:
        yield Path(reference)
        return
    with tempfile.TemporaryDirectory(prefix="carabin-dataset-") as scratch:
        yield fetch_dataset(connect(), store_settings().datasets_bucket, manifest, Path(scratch) / "dataset")


@contextmanager
def texts_folder(reference: str, manifest: DatasetManifest | None = None) -> Iterator[Path]:
    """Yield a folder with a dataset's texts; its sounds are fetched only where it was made without an index."""
    from carabin.trainer.data.index import INDEX_FILE

    manifest = manifest or find_manifest(reference)
    if manifest is None:
        yield Path(reference)
        return
    if all(entry.path != INDEX_FILE for entry in manifest.files):
        size_mb = sum(entry.size for entry in manifest.files) / 1e6
        sys.stderr.write(f"{manifest.name} {manifest.version} has no index: all of it is fetched ({size_mb:.0f} MB)\n")
        with dataset_folder(reference, manifest) as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(prefix="carabin-index-") as scratch:
        bucket, target = store_settings().datasets_bucket, Path(scratch) / "dataset"
        yield fetch_dataset(connect(), bucket, manifest, target, only=(INDEX_FILE,))
