"""A model's manifest: read by field, its smoke dictation among its files, its signature over the stored document."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelManifest, Smoke, signed_bytes
from carabin.registry.artifacts.publish import publish_model, read_manifest
from carabin.registry.errors import ManifestInvalid
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..conftest import FORMAT

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


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
