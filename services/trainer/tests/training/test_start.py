"""Where a run starts, and from what it goes on."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.artifacts.datasets import find_dataset, publish_dataset
from carabin.registry.errors import VersionMissing
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.layout import STATE, folder_of, seal
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from carabin.trainer.errors import ResumeRefused
from carabin.trainer.evaluation.learnt import BASE_DATASETS
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.run import RunContext
from carabin.trainer.training import start as module
from carabin.trainer.training.start import begin

from ..helpers.training import BUCKETS, SENTENCES, EventRecorder, a_store, run_record, settings, tones


@pytest.fixture
def store(tones_folder: Path, tmp_path: Path) -> MemoryStore:
    return a_store(tones_folder, tones(tmp_path / "general", seed=3))


@pytest.fixture
def recorder() -> EventRecorder:
    return EventRecorder()


def context(tiny: Path, work: Path, store: MemoryStore, recorder: EventRecorder, **changes: object) -> RunContext:
    return RunContext(settings(tiny, work, **changes), store, BUCKETS, Progress("r", (recorder,)), lambda: False)


def test_a_run_begins_with_its_dataset_and_its_base_and_records_them(
    tiny: Path, store: MemoryStore, recorder: EventRecorder, tmp_path: Path
) -> None:
    run = context(tiny, tmp_path / "w", store, recorder)
    start = begin(run)
    assert start.resume is None
    assert (start.base, start.dataset.name) == (tiny, "tones")
    assert start.identity.architecture == "1+1 layers of 32, 80 mel bins, 51865 tokens"
    assert (start.identity.dataset, start.identity.replay) == (start.dataset.sha256, "")
    assert start.identity.schedule == run.schedule()
    assert run_record(store, BUCKETS.checkpoints_bucket, "r").source == start.source
    assert start.source["base_sha256"] == start.identity.base
    assert "replay" not in start.source
    assert recorder.texts == ""
    sets = start.evaluation_sets()
    assert [len(part) for part in (sets.validation, sets.test, sets.general_validation, sets.general_test)] == [
        3,
        2,
        0,
        0,
    ]
    assert len(sets.terms) > 100


def test_general_speech_is_mixed_in_by_its_share_and_said(
    tiny: Path, store: MemoryStore, recorder: EventRecorder, tmp_path: Path
) -> None:
    start = begin(context(tiny, tmp_path / "w", store, recorder, replay="general", replay_share=0.25))
    assert len(start.replay.train) == len(SENTENCES) // 3  # a quarter of the epoch
    assert start.source["replay"] == "general"
    assert start.source["replay_sha256"] == start.identity.replay != ""
    assert "general speech in every epoch: 4 dictations" in recorder.texts
    assert len(start.evaluation_sets().general_test) == 2


def test_a_share_of_none_is_not_worth_a_sentence(
    tiny: Path, store: MemoryStore, recorder: EventRecorder, tmp_path: Path
) -> None:
    start = begin(context(tiny, tmp_path / "w", store, recorder, replay="general", replay_share=0.0))
    assert len(start.replay.train) == 0
    assert len(start.replay.validation) > 0
    assert recorder.texts == ""


def test_a_run_goes_on_from_its_checkpoint_unless_it_is_of_another(
    tiny: Path, store: MemoryStore, recorder: EventRecorder, tmp_path: Path
) -> None:
    run = context(tiny, tmp_path / "w", store, recorder)
    identity = begin(run).identity
    folder = folder_of(run.work, 4)
    folder.mkdir(parents=True)
    (folder / STATE).write_text(json.dumps({"best_global_step": None}))
    identity.write(folder)
    seal(folder)
    assert begin(run).resume == folder
    assert recorder.texts == "goes on from checkpoint-4"
    with pytest.raises(ResumeRefused, match="seed is 0 in it and 1 in this run"):
        begin(context(tiny, tmp_path / "w", store, recorder, seed=1))


def test_a_dataset_that_is_not_there_is_named(
    tiny: Path, store: MemoryStore, recorder: EventRecorder, tmp_path: Path
) -> None:
    with pytest.raises(VersionMissing, match="nothing"):
        begin(context(tiny, tmp_path / "w", store, recorder, dataset="nothing"))


def test_a_test_that_the_base_or_the_run_itself_learns_is_said_and_recorded(
    tiny: Path, store: MemoryStore, recorder: EventRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def row(seed: int, sentence: str) -> DatasetRow:
        samples = np.random.default_rng(seed).normal(0, 0.1, 32_000).astype(np.float32)
        return DatasetRow.of(samples, sentence, "nobody", "noise")

    held_out, bucket, at = f"{SENTENCES[3]} Mesuré.", BUCKETS.datasets_bucket, datetime(2026, 1, 1, tzinfo=UTC)
    for name, learnt in (("old", held_out), ("speech", f"{SENTENCES[4]} Mesuré.")):
        rest = {"validation": [row(1, "Validée ce jour.")], "test": [row(2, "Essayée ce jour.")]}
        write_dataset(tmp_path / name, {"train": [row(3, learnt), row(4, "Autre phrase.")], **rest})
        publish_dataset(store, bucket, name, tmp_path / name, at, source={}, counts={})
    old = find_dataset(store, bucket, "old").version
    lineage = {"dataset": "old", "dataset_version": old, BASE_DATASETS: "gone@v1"}
    monkeypatch.setattr(module, "source_of", lambda *_: lineage)
    start = begin(context(tiny, tmp_path / "w", store, recorder, replay="speech", replay_share=0.25))
    assert start.source[BASE_DATASETS] == f"old@{old} gone@v1"
    assert f"2 of the 2 test dictations of {start.dataset} were learnt" in recorder.texts
    assert "learnt from gone@v1 could not be checked" in recorder.texts
    assert "2 of the 2" in run_record(store, BUCKETS.checkpoints_bucket, "r").source["test_learnt"]
