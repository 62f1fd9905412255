"""A dataset version is visible whole, newest last, and comes back byte for byte."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.datasets import (
    SplitCount,
    fetch_dataset,
    find_dataset,
    latest_dataset,
    list_datasets,
    publish_dataset,
    read_dataset,
)
from carabin.registry.errors import DiskFailed, ManifestInvalid, PreconditionFailed, VersionMissing
from carabin.registry.layout import dataset_manifest_key
from carabin.registry.store import ObjectStore

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
COUNTS = {"train": SplitCount(dictations=3, duration_s=12.5)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "dataset" / "data"
    data.mkdir(parents=True)
    (data / "train.parquet").write_bytes(b"PAR1train")
    return data.parent


def test_a_dataset_is_listed_read_and_fetched(store: ObjectStore, bucket: str, folder: Path, tmp_path: Path) -> None:
    old = publish_dataset(store, bucket, "cardio", folder, NOW, source={"engine": "tts"}, counts=COUNTS)
    (folder / "data" / "train.parquet").write_bytes(b"PAR1more")
    new = publish_dataset(store, bucket, "cardio", folder, NOW + timedelta(hours=1), source={}, counts=COUNTS)
    publish_dataset(store, bucket, "neuro", folder, NOW, source={}, counts=COUNTS)
    assert list_datasets(store, bucket, "cardio") == [("cardio", old.version), ("cardio", new.version)]
    assert len(list_datasets(store, bucket)) == 3
    assert latest_dataset(store, bucket, "cardio") == new
    assert read_dataset(store, bucket, "cardio", old.version) == old
    assert find_dataset(store, bucket, "cardio") == new
    assert find_dataset(store, bucket, f"cardio@{old.version}") == old
    fetched = fetch_dataset(store, bucket, old, tmp_path / "got")
    assert (fetched / "data" / "train.parquet").read_bytes() == b"PAR1train"
    assert old.fingerprint != new.fingerprint


def test_what_is_not_there_is_named(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(VersionMissing, match="no dataset cardio"):
        latest_dataset(store, bucket, "cardio")
    with pytest.raises(VersionMissing, match="cardio has no version v1"):
        read_dataset(store, bucket, "cardio", "v1")


def test_the_same_dataset_is_published_once(store: ObjectStore, bucket: str, folder: Path) -> None:
    publish_dataset(store, bucket, "cardio", folder, NOW, source={}, counts=COUNTS)
    with pytest.raises(PreconditionFailed, match="published already"):
        publish_dataset(store, bucket, "cardio", folder, NOW, source={}, counts=COUNTS)


def test_a_file_named_like_the_manifest_or_an_empty_folder_is_refused(
    store: ObjectStore, bucket: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(ManifestInvalid, match=r"manifest\.json"):
        publish_dataset(store, bucket, "cardio", folder, NOW, source={}, counts=COUNTS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DiskFailed, match="empty holds no file"):
        publish_dataset(store, bucket, "cardio", tmp_path / "empty", NOW, source={}, counts=COUNTS)
    assert store.list(bucket, "") == []


def test_only_the_files_that_are_wanted_are_fetched(
    store: ObjectStore, bucket: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "index.parquet").write_bytes(b"PAR1index")
    made = publish_dataset(store, bucket, "cardio", folder, NOW, source={}, counts=COUNTS)
    fetched = fetch_dataset(store, bucket, made, tmp_path / "got", only=("index.parquet",))
    assert [path.name for path in fetched.rglob("*")] == ["index.parquet"]


def test_a_manifest_that_was_damaged_is_named_with_the_store_that_holds_it(store: ObjectStore, bucket: str) -> None:
    version = "20261123T101500Z-0123456789ab"
    key = dataset_manifest_key("cardio", version)
    store.put(bucket, key, b'{"name": "card')
    with pytest.raises(ManifestInvalid, match=re.escape(f"{store.where(bucket, key)}: document: Invalid JSON")):
        read_dataset(store, bucket, "cardio", version)
