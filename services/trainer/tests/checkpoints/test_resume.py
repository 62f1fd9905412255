"""Where an interrupted run goes on, and what it refuses to go on from."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.layout import checkpoint_manifest_key
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.layout import STATE, folder_of, is_complete, local_steps, seal, stage
from carabin.trainer.checkpoints.resume import SCHEDULE, RunFingerprint, finished, restore
from carabin.trainer.errors import ResumeRefused

BUCKET = "checkpoints"
IDENTITY = RunFingerprint(
    architecture="1+1 layers of 32",
    base="b" * 64,
    dataset="d" * 64,
    replay="",
    schedule={"learning_rate": "1e-05", "seed": "0"},
)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    return store


def write(work: Path, step: int, *, best: int | None = None, identity: RunFingerprint = IDENTITY) -> Path:
    """Write a complete checkpoint into `work`."""
    folder = folder_of(work, step)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text(f"weights of step {step}")
    (folder / STATE).write_text(json.dumps({"global_step": step, "best_global_step": best}))
    identity.write(folder)
    seal(folder)
    return folder


def publish(store: MemoryStore, scratch: Path, step: int, *, best: int | None = None, final: bool = False) -> None:
    """Publish a checkpoint that another machine wrote."""
    staged = stage(write(scratch, step, best=best), scratch / f"upload-{step}", ())
    publish_checkpoint(
        store, BUCKET, "r", step, staged, datetime(2026, 1, 1, tzinfo=UTC), source={}, metrics={}, final=final
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architecture": "other"}, "architecture: it has '1.1 layers of 32', this run 'other'"),
        ({"base": "c"}, f"base: it has '{'b' * 64}', this run 'c'"),
        ({"dataset": "c"}, "another dataset"),
        ({"replay": "c"}, "another replay: it has '', this run 'c'"),
        (
            {"schedule": {"learning_rate": "2e-05", "seed": "1"}},
            "schedule: learning_rate is 1e-05 in it and 2e-05 in this run, seed is 0 in it and 1 in this run;",
        ),
        ({"schedule": {"learning_rate": "1e-05"}}, "seed is 0 in it and None in this run"),
        ({"schedule": {**IDENTITY.schedule, "patience": "2"}}, "patience is None in it and 2 in this run"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_what_differs_is_named(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    folder = write(tmp_path, 4)
    IDENTITY.require(folder)
    with pytest.raises(ResumeRefused, match=f"checkpoint-4 is of another .*{reason.removeprefix('another ')}"):
        dataclasses.replace(IDENTITY, **change).require(folder)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [None, "{", "[]"], ids=["no file", "cut off", "no object"])
def test_a_checkpoint_that_does_not_say_what_it_learnt_from_is_not_resumed(tmp_path: Path, text: str | None) -> None:
    folder = write(tmp_path, 4)
    (folder / SCHEDULE).unlink()
    if text is not None:
        (folder / SCHEDULE).write_text(text)
    with pytest.raises(ResumeRefused, match="does not say what it learnt from"):
        IDENTITY.require(folder)


def test_a_run_is_finished_once_its_final_checkpoint_is_stored(store: MemoryStore, tmp_path: Path) -> None:
    assert finished(store, BUCKET, "r") is None
    publish(store, tmp_path, 2)
    assert finished(store, BUCKET, "r") is None
    publish(store, tmp_path, 5, final=True)
    publish(store, tmp_path, 9)
    found = finished(store, BUCKET, "r")
    assert found is not None
    assert found.step == 5
    assert finished(store, BUCKET, "another") is None


def test_a_run_without_a_checkpoint_begins(store: MemoryStore, tmp_path: Path) -> None:
    assert restore(store, BUCKET, "r", tmp_path, IDENTITY) is None


def test_the_furthest_checkpoint_is_taken_wherever_it_is(store: MemoryStore, tmp_path: Path) -> None:
    work, elsewhere = tmp_path / "w", tmp_path / "elsewhere"
    local = write(work, 2)
    assert restore(store, BUCKET, "r", work, IDENTITY) == local
    publish(store, elsewhere, 4)
    fetched = restore(store, BUCKET, "r", work, IDENTITY)
    assert fetched == folder_of(work, 4)
    assert is_complete(fetched)
    assert (fetched / "model.safetensors").read_text() == "weights of step 4"
    furthest = write(work, 6)
    assert restore(store, BUCKET, "r", work, IDENTITY) == furthest
    assert sorted(path.name for path in work.iterdir()) == ["checkpoint-2", "checkpoint-4", "checkpoint-6"]


def test_a_local_checkpoint_is_not_fetched_again(store: MemoryStore, tmp_path: Path) -> None:
    publish(store, tmp_path / "elsewhere", 4)
    local = write(tmp_path / "w", 4)
    (local / "mine").write_text("kept")
    assert restore(store, BUCKET, "r", tmp_path / "w", IDENTITY) == local
    assert (local / "mine").is_file()


def test_a_half_written_checkpoint_is_fetched_in_its_place(store: MemoryStore, tmp_path: Path) -> None:
    publish(store, tmp_path / "elsewhere", 4)
    local = write(tmp_path / "w", 4)
    (local / "model.safetensors").unlink()
    assert restore(store, BUCKET, "r", tmp_path / "w", IDENTITY) == local
    assert is_complete(local)


def test_the_best_checkpoint_comes_along_where_the_store_has_it(store: MemoryStore, tmp_path: Path) -> None:
    for step, best in ((2, 2), (4, 2), (6, 3)):
        publish(store, tmp_path / "elsewhere", step, best=best)
    work = tmp_path / "w"
    assert restore(store, BUCKET, "r", work, IDENTITY) == folder_of(work, 6)
    assert local_steps(work) == [6]  # nobody has the third
    store.delete(BUCKET, checkpoint_manifest_key("r", 6))
    other = tmp_path / "other"
    assert restore(store, BUCKET, "r", other, IDENTITY) == folder_of(other, 4)
    assert local_steps(other) == [2, 4]


def test_a_checkpoint_of_another_run_with_the_same_name_is_refused(store: MemoryStore, tmp_path: Path) -> None:
    publish(store, tmp_path / "elsewhere", 4)
    with pytest.raises(ResumeRefused, match="checkpoint-4 is of another dataset"):
        restore(store, BUCKET, "r", tmp_path / "w", dataclasses.replace(IDENTITY, dataset="other"))
