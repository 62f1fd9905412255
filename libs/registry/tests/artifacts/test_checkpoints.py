"""A checkpoint is visible whole, found by run and step, and fetched in part where that is enough."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import (
    CheckpointRef,
    RunRecord,
    WindowPolicy,
    fetch_checkpoint,
    latest_checkpoint,
    list_checkpoints,
    publish_checkpoint,
    read_checkpoint,
    write_run,
)
from carabin.registry.errors import ManifestInvalid, PreconditionFailed, VersionMissing
from carabin.registry.layout import run_key
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint = tmp_path / "checkpoint"
    (checkpoint / "training").mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    (checkpoint / "training" / "optimizer.pt").write_bytes(b"moments")
    return checkpoint


def publish(store: ObjectStore, bucket: str, folder: Path, run: str, step: int) -> None:
    publish_checkpoint(store, bucket, run, step, folder, NOW, source={"base_model": "base"}, metrics={"wer": 0.1})


def test_checkpoints_are_listed_by_step_and_the_furthest_is_the_latest(
    store: ObjectStore, bucket: str, folder: Path
) -> None:
    for step in (200, 50, 1000):
        publish(store, bucket, folder, "run-a", step)
    publish(store, bucket, folder, "run-b", 7)
    assert [ref.step for ref in list_checkpoints(store, bucket, "run-a")] == [50, 200, 1000]
    assert list_checkpoints(store, bucket)[-1] == CheckpointRef(run="run-b", step=7)
    latest = latest_checkpoint(store, bucket, "run-a")
    assert latest is not None
    assert (latest.step, latest.metrics, str(latest.ref)) == (1000, {"wer": 0.1}, "run-a/00001000")
    assert latest_checkpoint(store, bucket, "run-c") is None


def test_an_exporter_fetches_without_the_training_state(
    store: ObjectStore, bucket: str, folder: Path, tmp_path: Path
) -> None:
    publish(store, bucket, folder, "run", 1)
    manifest = read_checkpoint(store, bucket, "run", 1)
    got = fetch_checkpoint(store, bucket, manifest, tmp_path / "got", lambda path: not path.startswith("training/"))
    assert [path.name for path in got.iterdir()] == ["model.safetensors"]


def test_a_second_checkpoint_at_the_same_step_leaves_the_first_untouched(
    store: ObjectStore, bucket: str, folder: Path, tmp_path: Path
) -> None:
    publish(store, bucket, folder, "run", 1)
    (folder / "model.safetensors").write_bytes(b"others!")
    with pytest.raises(PreconditionFailed, match="step 1 already"):
        publish(store, bucket, folder, "run", 1)
    got = fetch_checkpoint(store, bucket, read_checkpoint(store, bucket, "run", 1), tmp_path / "got")
    assert (got / "model.safetensors").read_bytes() == b"weights"


def test_the_window_policy_and_the_last_one_of_a_run_are_kept(store: ObjectStore, bucket: str, folder: Path) -> None:
    window = WindowPolicy(min_frames=600, margin_frames=100)
    publish_checkpoint(store, bucket, "run", 1, folder, NOW, source={}, metrics={}, final=True, window=window)
    manifest = read_checkpoint(store, bucket, "run", 1)
    assert manifest.final
    assert manifest.window == window


def test_a_run_says_how_it_stands(store: ObjectStore, bucket: str, folder: Path) -> None:
    record = RunRecord(run="run", started_at=NOW, step=10, settings={"learning_rate": "1e-5"})
    write_run(store, bucket, record)
    write_run(store, bucket, record.model_copy(update={"state": "finished"}))
    assert json.loads(store.get(bucket, run_key("run")))["state"] == "finished"
    publish(store, bucket, folder, "bare", 1)
    with pytest.raises(VersionMissing, match="no checkpoint at step 3"):
        read_checkpoint(store, bucket, "run", 3)


def test_what_is_no_step_is_no_checkpoint(store: ObjectStore, bucket: str, folder: Path) -> None:
    publish(store, bucket, folder, "run", 3)
    for stray in ("run/best/manifest.json", "run/7/manifest.json", "a b/00000001/manifest.json"):
        store.put(bucket, stray, b"{}")
    assert list_checkpoints(store, bucket) == [CheckpointRef(run="run", step=3)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_figure_that_is_no_number_is_refused_before_anything_is_uploaded(tmp_path: Path, value: float) -> None:
    store = MemoryStore()
    store.ensure_bucket("checkpoints")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(ManifestInvalid, match=r"wer is (nan|-?inf): a metric is a finite number"):
        publish_checkpoint(store, "checkpoints", "r", 1, tmp_path, NOW, source={}, metrics={"wer": value, "cer": 0.1})
    assert store.list("checkpoints", "") == []


@pytest.mark.parametrize("written", [b"null", b"NaN", b"Infinity"])
def test_a_manifest_that_an_older_release_wrote_with_such_a_figure_is_read_without_it(
    tmp_path: Path, written: bytes
) -> None:
    store = MemoryStore()
    store.ensure_bucket("checkpoints")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    publish_checkpoint(store, "checkpoints", "r", 1, tmp_path, NOW, source={}, metrics={"wer": 0.5, "cer": 0.1})
    key = "r/00000001/manifest.json"
    store.put("checkpoints", key, store.get("checkpoints", key).replace(b"0.5", written))
    assert read_checkpoint(store, "checkpoints", "r", 1).metrics == {"cer": 0.1}


def test_a_run_goes_on_whatever_its_figures_are() -> None:
    store = MemoryStore()
    store.ensure_bucket("checkpoints")
    write_run(store, "checkpoints", RunRecord(run="r", started_at=NOW, metrics={"loss": float("nan"), "lr": 0.1}))
    assert json.loads(store.get("checkpoints", run_key("r")))["metrics"] == {"lr": 0.1}
