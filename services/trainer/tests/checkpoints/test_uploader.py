"""Tests of uploads in the background."""

import threading
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import list_checkpoints
from carabin.registry.errors import StoreUnreachable
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.uploader import CheckpointUpload, Uploader


class GatedStore(MemoryStore):
    """A store whose answers wait for `open`, and that is away before."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.open = threading.Event(), threading.Event()

    def upload(self, bucket: str, key: str, path: Path) -> None:
        self.asked.set()
        if not self.open.is_set():
            raise StoreUnreachable("the store gives no answer")
        super().upload(bucket, key, path)


def staged(folder: Path, step: int) -> CheckpointUpload:
    target = folder / f"upload-{step}"
    target.mkdir()
    (target / "model.safetensors").write_bytes(b"weights")
    return CheckpointUpload(step, target, {}, {})


def test_a_newer_checkpoint_takes_the_place_of_one_that_waits_and_nothing_half_is_visible(tmp_path: Path) -> None:
    store = GatedStore()
    store.ensure_bucket("checkpoints")
    uploader = Uploader(store, "checkpoints", "r", lambda _: None, first_retry_s=0.01)
    uploader.submit(staged(tmp_path, 1))
    assert store.asked.wait(30)
    assert list_checkpoints(store, "checkpoints", "r") == []
    uploader.submit(staged(tmp_path, 2))
    uploader.submit(staged(tmp_path, 3))
    store.open.set()
    published = uploader.close(30.0)
    assert published is not None
    assert published.step == 3
    assert 2 not in [ref.step for ref in list_checkpoints(store, "checkpoints", "r")]
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_carries_the_trace_of_its_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    monkeypatch.setattr("carabin.service.logging._PROCESS", {"trace_id": trace})
    store = MemoryStore()
    store.ensure_bucket("checkpoints")
    uploader = Uploader(store, "checkpoints", "r", lambda _: None)
    uploader.submit(staged(tmp_path, 1))
    published = uploader.close(30.0)
    assert published is not None
    assert published.source == {"trace_id": trace}
