"""Verifying reads every byte and names every fault."""

import tempfile
from pathlib import Path

import pytest
from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.artifacts.verify import verify_files
from carabin.registry.layout import file_key, version_prefix
from carabin.registry.store import ObjectStore

from ..helpers.versions import NAME, publish


def test_every_fault_is_named_and_a_whole_version_has_none(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    manifest = read_manifest(store, bucket, NAME, publish(store, bucket, tmp_path, "weights"))
    seen: list[str] = []
    assert verify_files(store, bucket, manifest, lambda path, size: seen.append(f"{path} {size}")) == []
    assert seen == ["config.json 2", "model.bin 7"]
    store.put(bucket, file_key(NAME, manifest.version, "model.bin"), b"Weights")
    store.put(bucket, f"{version_prefix(NAME, manifest.version)}files/extra.py", b"import os")
    assert verify_files(store, bucket, manifest) == [
        "model.bin: its SHA-256 is not that of the manifest",
        "files/extra.py: it is stored here, and the manifest does not name it",
    ]
    store.put(bucket, file_key(NAME, manifest.version, "model.bin"), b"cut")
    store.delete(bucket, file_key(NAME, manifest.version, "config.json"))
    problems = verify_files(store, bucket, manifest)
    assert problems[:2] == ["config.json: it is missing", "model.bin: it has 3 bytes, not 7"]


def test_a_version_that_is_not_that_of_its_files_is_named(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    manifest = read_manifest(store, bucket, NAME, publish(store, bucket, tmp_path, "weights"))
    entries = tuple(entry.model_copy(update={"sha256": "0" * 64}) for entry in manifest.files)
    problems = verify_files(store, bucket, manifest.model_copy(update={"files": entries}))
    assert problems[0].startswith("manifest.json: the version ")


def test_nothing_is_written_to_the_disk_which_may_be_smaller_than_a_model(
    store: ObjectStore, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_manifest(store, bucket, NAME, publish(store, bucket, tmp_path, "weights"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no-such-folder"))
    assert verify_files(store, bucket, manifest) == []
