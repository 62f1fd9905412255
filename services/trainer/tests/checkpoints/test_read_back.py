"""Tests of reading back what the store was given."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import CheckpointManifest, publish_checkpoint
from carabin.registry.errors import ManifestInvalid
from carabin.registry.layout import checkpoint_file_key
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.read_back import require_stored

KEY = checkpoint_file_key("r", 7, "model.safetensors")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sent = tmp_path / "final-7"
    sent.mkdir()
    (sent / "model.safetensors").write_bytes(b"weights")
    (sent / "config.json").write_bytes(b"{}")
    return sent


@pytest.fixture
def store(folder: Path) -> MemoryStore:
    memory = MemoryStore()
    memory.ensure_bucket("checkpoints")
    return memory


@pytest.fixture
def manifest(store: MemoryStore, folder: Path) -> CheckpointManifest:
    return publish_checkpoint(
        store, "checkpoints", "r", 7, folder, datetime.now(UTC), source={}, metrics={}, final=True
    )


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_file_that_is_damaged_is_sent_again_from_the_folder_that_has_it(
    damage: str, store: MemoryStore, manifest: CheckpointManifest, folder: Path
) -> None:
    store.delete("checkpoints", KEY)
    if damage == "changed":
        store.put("checkpoints", KEY, b"WEIGHTS")
    require_stored(store, "checkpoints", manifest, folder)
    assert store.get("checkpoints", KEY) == b"weights"
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("here", ["gone", "another"])
def test_a_file_that_is_damaged_is_named_where_nothing_here_can_replace_it(
    here: str, store: MemoryStore, manifest: CheckpointManifest, folder: Path
) -> None:
    store.put("checkpoints", KEY, b"WEIGHTS")
    (folder / "model.safetensors").unlink()
    if here == "another":
        (folder / "model.safetensors").write_bytes(b"others.")
    with pytest.raises(ManifestInvalid, match=r"model\.safetensors"):
        require_stored(store, "checkpoints", manifest, folder)
    assert store.get("checkpoints", KEY) == b"WEIGHTS"
