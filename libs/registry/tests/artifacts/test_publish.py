"""A version is visible whole or not at all."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.publish import fetch_model, list_models, list_versions, publish_model, read_manifest
from carabin.registry.errors import ManifestInvalid, PreconditionFailed, VersionMissing
from carabin.registry.layout import file_key, manifest_key
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..conftest import FORMAT

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def test_a_published_version_is_a_candidate_and_comes_back_byte_for_byte(
    store: ObjectStore, bucket: str, folder: Path, tmp_path: Path
) -> None:
    seen: list[tuple[str, int]] = []
    manifest = publish_model(
        store,
        bucket,
        "cardio",
        folder,
        NOW,
        format=FORMAT,
        metrics={"wer": 0.05},
        progress=lambda path, size: seen.append((path, size)),
    )
    assert list_versions(store, bucket, "cardio") == [manifest.version]
    assert manifest.version.startswith("20261123T101500Z-")
    assert store.get_tags(bucket, manifest_key("cardio", manifest.version)) == {"stage": "candidate"}
    assert seen == [("config.json", 2), ("model.bin", 25_600)]
    fetched = fetch_model(store, bucket, read_manifest(store, bucket, "cardio", manifest.version), tmp_path / "got")
    assert {file.name: file.read_bytes() for file in fetched.iterdir()} == {
        file.name: file.read_bytes() for file in folder.iterdir()
    }


def test_the_same_version_is_published_once(store: ObjectStore, bucket: str, folder: Path) -> None:
    publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)
    with pytest.raises(PreconditionFailed):
        publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)


def test_a_flipped_byte_is_refused_and_nothing_is_left(
    store: ObjectStore, bucket: str, folder: Path, tmp_path: Path
) -> None:
    manifest = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)
    key = file_key("cardio", manifest.version, "model.bin")
    data = bytearray(store.get(bucket, key))
    data[1000] ^= 1
    store.put(bucket, key, bytes(data))
    with pytest.raises(ManifestInvalid, match=r"model\.bin: its bytes are not those"):
        fetch_model(store, bucket, manifest, tmp_path / "cache" / "got")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_version_that_is_not_there_is_named(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(VersionMissing, match="cardio has no version 20200101T000000Z-000000000000"):
        read_manifest(store, bucket, "cardio", "20200101T000000Z-000000000000")


def test_a_manifest_under_another_versions_key_is_refused(store: ObjectStore, bucket: str, folder: Path) -> None:
    manifest = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)
    store.put(bucket, manifest_key("cardio", "20270101T000000Z-000000000000"), manifest.to_bytes())
    with pytest.raises(ManifestInvalid, match=f"it describes cardio {manifest.version}"):
        read_manifest(store, bucket, "cardio", "20270101T000000Z-000000000000")


def test_a_manifest_whose_files_were_changed_is_refused(store: ObjectStore, bucket: str, folder: Path) -> None:
    manifest = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)
    others = tuple(entry.model_copy(update={"sha256": "0" * 64}) for entry in manifest.files)
    changed = manifest.model_copy(update={"files": others})
    store.put(bucket, manifest_key("cardio", manifest.version), changed.to_bytes())
    with pytest.raises(ManifestInvalid, match=f"{manifest.version} does not follow from its time and its file list"):
        read_manifest(store, bucket, "cardio", manifest.version)


def test_models_are_listed_once_visible(store: ObjectStore, bucket: str, folder: Path) -> None:
    store.put(bucket, file_key("orphan", "v1", "model.bin"), b"")
    for name in ("neuro", "cardio"):
        publish_model(store, bucket, name, folder, NOW, format=FORMAT)
    assert list_models(store, bucket) == ["cardio", "neuro"]


@pytest.mark.parametrize("stray", ["é", "a b", "..", "-x"])
def test_what_others_put_beside_our_keys_hides_nothing_and_breaks_nothing(
    bucket: str, store: ObjectStore, folder: Path, stray: str
) -> None:
    manifest = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)
    if stray != ".." or isinstance(store, MemoryStore):  # No S3 client sends a key that climbs.
        store.put(bucket, f"cardio/versions/{stray}/manifest.json", b"{}")
        store.put(bucket, f"{stray}/versions/v1/manifest.json", b"{}")
    assert list_versions(store, bucket, "cardio") == [manifest.version]
    assert list_models(store, bucket) == ["cardio"]
    assert read_decision(store, bucket, "cardio") == Decision(version=None)
