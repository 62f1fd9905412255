"""A version is visible whole or not at all."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelManifest, Smoke, signed_bytes
from carabin.registry.artifacts.publish import fetch_model, list_models, list_versions, publish_model, read_manifest
from carabin.registry.errors import ManifestInvalid, PreconditionFailed, UnsafePath, VersionMissing
from carabin.registry.layout import file_key, manifest_key, safe_file
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..conftest import FORMAT

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.bin").write_bytes(bytes(range(256)) * 100)
    (model / "config.json").write_text("{}")
    return model


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


@pytest.mark.parametrize("path", ["../model.bin", "/etc/passwd", "a//b", "", "a/../b", ".", "a/."])
def test_a_path_that_leaves_its_folder_is_refused(path: str) -> None:
    with pytest.raises(UnsafePath):
        safe_file(path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema_version": 2}, "schema_version: 2 is newer than this release"),
        ({"files": []}, "files"),
        ({"name": None}, "name"),
        ({"created_at": "2026-11-23T10:15:00"}, "created_at"),
        ({"files": [{"path": "../x", "size": 1, "sha256": "0" * 64}]}, "files.0.path"),
        (
            {"smoke": {"path": "s.wav", "language": "fr", "text": "t", "max_error": 0.1}},
            "document: .*s.wav is not a",
        ),
    ],
)
def test_a_manifest_that_lies_or_is_newer_is_refused_by_field(
    folder: Path, change: dict[str, object], field: str
) -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    manifest = publish_model(store, "models", "cardio", folder, NOW, format=FORMAT)
    spoiled = json.dumps({**json.loads(manifest.to_bytes()), **change}).encode()
    with pytest.raises(ManifestInvalid, match=rf"here: {field}"):
        ModelManifest.from_bytes(spoiled, "here")


def test_fields_of_a_later_release_with_the_same_schema_are_tolerated(folder: Path) -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    manifest = publish_model(store, "models", "cardio", folder, NOW, format=FORMAT)
    later = json.dumps({**json.loads(manifest.to_bytes()), "colour": "blue"}).encode()
    assert ModelManifest.from_bytes(later, "here") == manifest


def test_a_manifest_under_another_versions_key_is_refused(store: ObjectStore, bucket: str, folder: Path) -> None:
    manifest = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT)
    store.put(bucket, manifest_key("cardio", "20270101T000000Z-000000000000"), manifest.to_bytes())
    with pytest.raises(ManifestInvalid, match=f"it describes cardio {manifest.version}"):
        read_manifest(store, bucket, "cardio", "20270101T000000Z-000000000000")


def test_a_smoke_dictation_must_be_among_the_files(folder: Path) -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    smoke = Smoke(path="smoke.wav", language="fr", text="pas de fracture", max_error=0.2)
    with pytest.raises(ManifestInvalid, match=r"smoke\.wav is not among the files"):
        publish_model(store, "models", "cardio", folder, NOW, format=FORMAT, smoke=smoke)
    assert store.list("models", "") == []
    (folder / "smoke.wav").write_bytes(b"RIFF")
    assert publish_model(store, "models", "cardio", folder, NOW, format=FORMAT, smoke=smoke).smoke == smoke


def test_a_signature_covers_everything_but_itself(store: ObjectStore, bucket: str, folder: Path) -> None:
    signed: list[bytes] = []

    def sign(data: bytes) -> dict[str, str]:
        signed.append(data)
        return {"exporter": "signature"}

    manifest = publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT, sign=sign, source={"run": "r"})
    read = read_manifest(store, bucket, "cardio", manifest.version)
    assert read.signatures == {"exporter": "signature"}
    assert signed_bytes(read.to_bytes()) == signed[0]
    assert signed_bytes(read.model_copy(update={"source": {"run": "other"}}).to_bytes()) != signed[0]
    assert signed_bytes(read.model_copy(update={"signatures": {}}).to_bytes()) == signed[0]


def test_what_is_signed_is_the_stored_document_however_it_is_laid_out_and_whatever_it_adds() -> None:
    stored = b'{"b": [1.50, "\\u00e9"], "signatures": {"k": "s"}, "a": {"y": 1, "x": null}}'
    assert signed_bytes(stored) == '{"a":{"x":null,"y":1},"b":[1.5,"é"]}'.encode()
    assert signed_bytes(stored.replace(b'"y": 1', b'"y": 1, "of a newer release": true')) != signed_bytes(stored)


@pytest.mark.parametrize("document", [b'{"wer": 0.1, "wer": 0.9}', b'{"a": {"b": 1, "b": 1}}', b"[]", b"{"])
def test_a_document_that_two_readers_could_read_differently_is_never_verified(document: bytes) -> None:
    with pytest.raises(ManifestInvalid, match="cannot be verified"):
        signed_bytes(document)


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
