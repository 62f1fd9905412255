"""Where a run starts, and from what it goes on."""

import json
from pathlib import Path

import pytest
from carabin.registry.errors import VersionMissing
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.layout import STATE, folder_of, seal
from carabin.trainer.errors import ResumeRefused
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.run import RunContext
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
