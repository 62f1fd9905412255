"""Tests of uploads in the background."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import list_checkpoints, publish_checkpoint
from carabin.registry.errors import AccessDenied, ClockSkewed, StoreError, StoreUnreachable
from carabin.registry.layout import checkpoint_file_key
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.uploader import CheckpointUpload, Uploader
from carabin.trainer.errors import UploadFailed


class GatedStore(MemoryStore):
    """A store whose uploads raise `error` until `open` is set."""

    def __init__(self, error: StoreError | None = None) -> None:
        super().__init__()
        self._error = error or StoreUnreachable("the store gives no answer")
        self.asked, self.open = threading.Event(), threading.Event()

    def upload(self, bucket: str, key: str, path: Path) -> None:
        is_open = self.open.is_set()
        self.asked.set()
        if not is_open:
            raise self._error
        super().upload(bucket, key, path)


def staged(folder: Path, step: int, *, final: bool = False) -> CheckpointUpload:
    target = folder / f"upload-{step}"
    target.mkdir()
    (target / "model.safetensors").write_bytes(b"weights")
    return CheckpointUpload(step, target, {}, {}, final=final)


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


def test_a_final_checkpoint_waits_for_a_clock_that_is_wrong(tmp_path: Path) -> None:
    store = GatedStore(ClockSkewed("the store's clock and this machine's are 2 days apart"))
    store.ensure_bucket("checkpoints")
    uploader = Uploader(store, "checkpoints", "r", lambda _: None, first_retry_s=0.01)
    uploader.submit(staged(tmp_path, 1, final=True))
    assert store.asked.wait(30)
    store.open.set()
    published = uploader.close(30.0)
    assert published is not None
    assert published.final


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


class FailingStore(MemoryStore):
    """A store whose uploads raise `error` while there is one."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__()
        self.error = error
        self.ensure_bucket("checkpoints")

    def upload(self, bucket: str, key: str, path: Path) -> None:
        if self.error is not None:
            raise self.error
        super().upload(bucket, key, path)


FAILURES = [
    AccessDenied("memory/checkpoints: AccessDenied: the key may not write there"),
    ValueError("not a key"),
    OSError(28, "No space left on device"),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_whatever_fails_the_final_folder_stays_and_the_error_names_it(tmp_path: Path, error: Exception) -> None:
    uploader = Uploader(FailingStore(error), "checkpoints", "r", lambda _: None)
    upload = staged(tmp_path, 7, final=True)
    uploader.submit(upload)
    with pytest.raises(UploadFailed) as caught:
        uploader.close(30.0)
    assert str(error) in str(caught.value)
    assert str(upload.folder) in str(caught.value)
    assert "carabin train --run r" in str(caught.value)
    assert (upload.folder / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_the_thread_outlives_a_failure_and_publishes_what_comes_next(tmp_path: Path, error: Exception) -> None:
    store, failed = FailingStore(error), threading.Event()
    uploader = Uploader(store, "checkpoints", "r", lambda _: failed.set())
    uploader.submit(staged(tmp_path, 1))
    assert failed.wait(30)
    store.error = None
    uploader.submit(staged(tmp_path, 2))
    published = uploader.close(30.0)
    assert published is not None
    assert published.step == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_leaves_the_final_folder_and_an_error(tmp_path: Path) -> None:
    uploader = Uploader(FailingStore(SystemExit(1)), "checkpoints", "r", lambda _: None)
    upload = staged(tmp_path, 7, final=True)
    uploader.submit(upload)
    with pytest.raises(UploadFailed, match="its thread died"):
        uploader.close(30.0)
    assert upload.folder.is_dir()


class ForgetfulStore(MemoryStore):
    """A store that gives back other bytes than it was given."""

    def download(self, bucket: str, key: str, path: Path) -> None:
        super().download(bucket, key, path)
        path.write_bytes(b"WEIGHTS")


def test_a_final_checkpoint_is_published_only_once_it_was_read_back(tmp_path: Path) -> None:
    honest, forgetful = MemoryStore(), ForgetfulStore()
    for store in (honest, forgetful):
        store.ensure_bucket("checkpoints")
    uploader = Uploader(honest, "checkpoints", "r", lambda _: None)
    uploader.submit(staged(tmp_path, 7, final=True))
    published = uploader.close(30.0)
    assert published is not None
    assert published.final
    assert list(tmp_path.iterdir()) == []
    uploader = Uploader(forgetful, "checkpoints", "r", lambda _: None)
    upload = staged(tmp_path, 7, final=True)
    uploader.submit(upload)
    with pytest.raises(UploadFailed, match=r"SHA-256|bytes"):
        uploader.close(30.0)
    assert list(tmp_path.iterdir()) == [upload.folder]


def test_a_file_that_the_store_lost_is_sent_again_before_the_run_ends(tmp_path: Path) -> None:
    store = MemoryStore()
    store.ensure_bucket("checkpoints")
    upload = staged(tmp_path, 7, final=True)
    publish_checkpoint(
        store, "checkpoints", "r", 7, upload.folder, datetime.now(UTC), source={}, metrics={}, final=True
    )
    store.put("checkpoints", checkpoint_file_key("r", 7, "model.safetensors"), b"WEIGHTS")
    uploader = Uploader(store, "checkpoints", "r", lambda _: None)
    uploader.submit(upload)
    assert uploader.close(30.0) is not None
    assert store.get("checkpoints", checkpoint_file_key("r", 7, "model.safetensors")) == b"weights"


def test_another_checkpoint_at_the_same_step_is_not_taken_for_the_runs_outcome(tmp_path: Path) -> None:
    store = MemoryStore()
    store.ensure_bucket("checkpoints")
    uploader = Uploader(store, "checkpoints", "r", lambda _: None)
    uploader.submit(staged(tmp_path, 7))
    uploader.close(30.0)
    uploader = Uploader(store, "checkpoints", "r", lambda _: None)
    upload = staged(tmp_path, 7, final=True)
    uploader.submit(upload)
    with pytest.raises(UploadFailed, match="another checkpoint of run r at step 7"):
        uploader.close(30.0)
    assert upload.folder.is_dir()
