"""Tests of whole runs on a tiny random Whisper: what they publish, and what they survive."""

import json
import resource
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from carabin.registry.artifacts.checkpoints import (
    CheckpointManifest,
    fetch_checkpoint,
    list_checkpoints,
    read_checkpoint,
    write_run,
)
from carabin.registry.errors import (
    AccessDenied,
    ClockSkewed,
    DiskFailed,
    ManifestInvalid,
    StoreError,
    StoreUnreachable,
    VersionMissing,
)
from carabin.registry.layout import checkpoint_file_key, run_key
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.layout import local_steps
from carabin.trainer.errors import BaseModelRefused, LossNotFinite, ResumeRefused, SettingsRefused, UploadFailed
from carabin.trainer.runtime.progress import RunEvent
from safetensors.torch import load_file
from transformers import WhisperForConditionalGeneration

from ..helpers.training import (
    BUCKETS,
    SENTENCES,
    EventRecorder,
    a_store,
    run,
    run_record,
    settings,
    tiny_whisper,
    tones,
)

BUCKET = BUCKETS.checkpoints_bucket


@pytest.fixture
def store(tones_folder: Path) -> MemoryStore:
    return a_store(tones_folder)


def fetched(store: MemoryStore, manifest: CheckpointManifest | None, target: Path) -> Path:
    assert manifest is not None
    return fetch_checkpoint(store, BUCKET, manifest, target)


class Stop:
    """Asks to stop once the loss of step `after` was recorder: the step that follows is the last."""

    def __init__(self, after: int) -> None:
        self.recorder = EventRecorder()
        self._after = after

    def __call__(self) -> bool:
        return any(step >= self._after for step, _ in self.recorder.losses)


def test_a_run_publishes_a_whole_checkpoint_with_its_lineage(tiny: Path, store: MemoryStore, tmp_path: Path) -> None:
    recorder = EventRecorder()
    result = run(settings(tiny, tmp_path / "w"), store, recorder=recorder)
    assert (result.state, result.step) == ("finished", 7)
    assert [ref.step for ref in list_checkpoints(store, BUCKET, "r")][-1] == 7
    manifest = read_checkpoint(store, BUCKET, "r", 7)
    assert manifest.final
    assert manifest.source["dataset"] == "tones"
    assert len(manifest.source["base_sha256"]) == 64
    folder = fetched(store, manifest, tmp_path / "fetched")
    tuned = WhisperForConditionalGeneration.from_pretrained(folder)
    assert not torch.equal(
        tuned.model.encoder.conv1.weight, load_file(tiny / "model.safetensors")["model.encoder.conv1.weight"]
    )
    processor = {"tokenizer.json", "tokenizer_config.json", "generation_config.json", "preprocessor_config.json"}
    assert {path.name for path in folder.iterdir()} >= processor | {"MODEL_CARD.md", "samples"}
    samples = json.loads((folder / "samples" / "samples.json").read_text())
    assert len(samples) == 3
    assert all((folder / "samples" / sample["file"]).is_file() for sample in samples)
    assert all(sample["sentence"] and isinstance(sample["hypothesis"], str) for sample in samples)
    assert run_record(store, BUCKET, "r").state == "finished"
    assert not (tmp_path / "w" / "r").exists()
    assert [step for step, _ in recorder.losses] == [1, 2, 3, 4, 5, 6]


def test_a_checkpoint_of_a_run_that_goes_on_brings_its_samples_too(
    tiny: Path, store: MemoryStore, tmp_path: Path
) -> None:
    stop = Stop(after=3)
    run(settings(tiny, tmp_path / "w"), store, stopped=stop, recorder=stop.recorder)
    manifest = read_checkpoint(store, BUCKET, "r", 4)
    assert not manifest.final
    folder = fetched(store, manifest, tmp_path / "fetched")
    samples = json.loads((folder / "samples" / "samples.json").read_text())
    assert [sample["sentence"] for sample in samples] == [f"{sentence} Mesuré." for sentence in SENTENCES[:3]]
    assert all((folder / "samples" / sample["file"]).is_file() for sample in samples)
    assert [sample["hypothesis"] for sample in samples] == [None] * 3


@pytest.mark.parametrize("mode", ["decoder", "frozen-encoder", "lora"])
def test_the_other_modes_give_a_plain_whisper_whose_encoder_is_kept_where_it_was_frozen(
    tiny: Path, store: MemoryStore, tmp_path: Path, mode: str
) -> None:
    result = run(settings(tiny, tmp_path / "w", mode=mode, max_steps=2), store)
    tuned = load_file(fetched(store, result.checkpoint, tmp_path / "fetched") / "model.safetensors")
    base = load_file(tiny / "model.safetensors")
    assert set(tuned) == set(base)
    changed = {name for name in base if not torch.equal(tuned[name], base[name])}
    assert any(name.startswith("model.decoder") for name in changed)
    assert any(name.startswith("model.encoder") for name in changed) is (mode == "lora")


def test_a_model_of_128_mel_bins_is_trained_and_scored_on_the_test_split(
    rebuilt: Path, store: MemoryStore, tmp_path: Path
) -> None:
    large = tiny_whisper(rebuilt, tmp_path / "large", n_mels=128)
    result = run(settings(large, tmp_path / "w", mode="decoder", max_steps=2, evaluate=True), store)
    folder = fetched(store, result.checkpoint, tmp_path / "fetched")
    assert json.loads((folder / "preprocessor_config.json").read_text())["feature_size"] == 128
    assert result.checkpoint is not None
    assert {"wer", "cer", "term_recall", "stock_wer"} <= set(result.checkpoint.metrics)
    assert (folder / "report.html").is_file()
    assert "| wer |" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_losses_fall_and_a_seed_gives_one_curve(tiny: Path, store: MemoryStore, tmp_path: Path) -> None:
    curves: list[list[tuple[int, float]]] = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        recorder = EventRecorder()
        run(
            settings(tiny, tmp_path / name, run=name, seed=seed, max_steps=4, checkpoint_steps=4),
            store,
            recorder=recorder,
        )
        curves.append(recorder.losses)
    assert curves[0] == curves[1] != curves[2]
    assert curves[0][-1][1] < curves[0][0][1]


@pytest.mark.parametrize("mode", ["full", "decoder", "lora"])
def test_a_run_stopped_at_any_step_resumes_with_the_same_curve_and_bit_equal_weights(
    tiny: Path, store: MemoryStore, tmp_path: Path, mode: str
) -> None:
    changes = {
        "mode": mode,
        "max_steps": 5,
        "checkpoint_steps": 5,
        "spec_augment": mode != "decoder",
        "timestamps": 0.5,
    }
    whole, recorder = (
        run(settings(tiny, tmp_path / "whole", run="whole", **changes), store, recorder=(before := EventRecorder())),
        EventRecorder(),
    )
    cut = settings(tiny, tmp_path / "cut", run="cut", **changes)
    stop = Stop(after=3)
    stopped = run(cut, store, stopped=stop, recorder=stop.recorder)
    assert stopped.state == "stopped"
    assert run_record(store, BUCKET, "cut").state == "stopped"
    resumed = run(cut, store, recorder=recorder)
    assert stop.recorder.losses + recorder.losses == before.losses
    weights = [
        load_file(fetched(store, each.checkpoint, tmp_path / "fetched" / each.run) / "model.safetensors")
        for each in (whole, resumed)
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("after", [2, 3])
def test_a_stop_where_an_epoch_ends_saves_also_when_epochs_are_not_saved(
    tiny: Path, store: MemoryStore, tmp_path: Path, after: int
) -> None:
    stop = Stop(after=after)  # an epoch has three steps
    run(settings(tiny, tmp_path / "w", checkpoint_steps=100), store, stopped=stop, recorder=stop.recorder)
    assert [ref.step for ref in list_checkpoints(store, BUCKET, "r")] == [after + 1]


def test_another_machine_resumes_from_the_store_alone(tiny: Path, store: MemoryStore, tmp_path: Path) -> None:
    stop, recorder = Stop(after=3), EventRecorder()
    run(settings(tiny, tmp_path / "lost"), store, stopped=stop, recorder=stop.recorder)
    result = run(settings(tiny, tmp_path / "other"), store, recorder=recorder)
    assert result.state == "finished"
    assert [step for step, _ in recorder.losses] == [5, 6]
    assert "goes on from checkpoint-4" in recorder.texts


def test_a_finished_run_is_not_done_again(tiny: Path, store: MemoryStore, tmp_path: Path) -> None:
    wanted = settings(tiny, tmp_path / "w", max_steps=2)
    first = run(wanted, store)
    recorder = EventRecorder()
    assert run(wanted, store, recorder=recorder).checkpoint == first.checkpoint
    assert recorder.losses == []


def test_a_finished_run_answers_for_no_other_training(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    store = a_store(tones_folder, tones(tmp_path / "others", seed=9))
    run(settings(tiny, tmp_path / "w", max_steps=2), store)
    record = run_record(store, BUCKET, "r")
    for changes, reason in (
        ({"dataset": "others"}, "run r is finished, and is another training: dataset is tones@"),
        ({"seed": 1}, "seed is 0 in it and 1 in this one; give the same settings, or another --run"),
        ({"dataset": "tone"}, "tone"),
        ({"replay": "general"}, "general"),
    ):
        with pytest.raises((ResumeRefused, VersionMissing), match=reason):
            run(settings(tiny, tmp_path / "w", max_steps=2, **changes), store)
    assert run_record(store, BUCKET, "r") == record


def test_a_run_that_begins_anew_before_its_first_checkpoint_learns_what_it_is_given_then(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    store = a_store(tones_folder, tones(tmp_path / "others", seed=9))
    changes = {"mode": "decoder", "max_steps": 2, "silence_share": 0.2}

    class Killed(EventRecorder):
        def __call__(self, event: RunEvent) -> None:
            if event.phase.startswith("train"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(settings(tiny, tmp_path / "w", **changes), store, recorder=Killed())
    assert (tmp_path / "w" / "r" / "features" / "train-states.json").is_file()
    curves = []
    for name in ("r", "fresh"):
        recorder = EventRecorder()
        run(settings(tiny, tmp_path / "w", run=name, dataset="others", seed=3, **changes), store, recorder=recorder)
        curves.append(recorder.losses)
    assert curves[0] == curves[1]


def test_a_run_that_ended_between_its_final_checkpoint_and_its_last_word_is_completed(
    tiny: Path, store: MemoryStore, tmp_path: Path
) -> None:
    wanted = settings(tiny, tmp_path / "w", max_steps=2)
    checkpoint = run(wanted, store).checkpoint
    assert checkpoint is not None
    write_run(store, BUCKET, run_record(store, BUCKET, "r").model_copy(update={"state": "running", "step": 1}))
    left = tmp_path / "w" / "r"
    left.mkdir()
    run(wanted, store)
    record = run_record(store, BUCKET, "r")
    assert (record.state, record.step, record.metrics) == ("finished", 2, checkpoint.metrics)
    assert not left.exists()


def test_a_final_checkpoint_that_was_never_read_back_is_not_taken_for_granted(
    tiny: Path, store: MemoryStore, tmp_path: Path
) -> None:
    wanted = settings(tiny, tmp_path / "w", max_steps=2)
    checkpoint = run(wanted, store).checkpoint
    assert checkpoint is not None
    write_run(store, BUCKET, run_record(store, BUCKET, "r").model_copy(update={"state": "running"}))
    key = checkpoint_file_key("r", checkpoint.step, "model.safetensors")
    whole = store.get(BUCKET, key)
    store.put(BUCKET, key, whole[:-1])
    with pytest.raises(ManifestInvalid, match=r"model\.safetensors"):
        run(wanted, store)
    assert run_record(store, BUCKET, "r").state == "running"
    kept = tmp_path / "w" / "r" / f"final-{checkpoint.step}"
    kept.mkdir(parents=True)
    (kept / "model.safetensors").write_bytes(whole)
    assert run(wanted, store).state == "finished"
    assert store.get(BUCKET, key) == whole
    assert run_record(store, BUCKET, "r").state == "finished"


def test_a_run_is_not_continued_with_another_model_dataset_or_schedule(
    tiny: Path, rebuilt: Path, tones_folder: Path, tmp_path: Path
) -> None:
    store, stop = a_store(tones_folder, tones(tmp_path / "others", seed=9)), Stop(after=1)
    run(settings(tiny, tmp_path / "w"), store, stopped=stop, recorder=stop.recorder)
    other = tiny_whisper(rebuilt, tmp_path / "other", seed=5)
    for changes, reason in (
        ({"base": str(other)}, "of another base"),
        ({"dataset": "others"}, "of another dataset"),
        ({"learning_rate": 5e-4}, "of another schedule: learning_rate is 0.001 in it and 0.0005 in this run"),
        ({"patience": 3}, "of another schedule: patience is 0 in it and 3 in this run"),
        ({"precision": "bf16"}, "precision is fp32 in it and bf16 in this run|precision bf16 is not supported"),
    ):
        with pytest.raises((ResumeRefused, SettingsRefused), match=reason):
            run(settings(tiny, tmp_path / "w", **changes), store)


def test_a_loss_that_is_no_number_stops_the_run_names_the_batch_and_keeps_the_last_checkpoint(
    tiny: Path, store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from carabin.trainer.training import trainer as loop

    calls = []

    def summed(model: torch.nn.Module, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        calls.append(model.training)
        total = honest(model, batch)
        return total * float("nan") if calls.count(True) == 4 and model.training else total

    honest = loop.summed_loss
    monkeypatch.setattr(loop, "summed_loss", summed)
    with pytest.raises(LossNotFinite, match=r"at step 4, on the dictations [0-9a-f]{12}") as caught:
        run(settings(tiny, tmp_path / "w"), store)
    assert len(caught.value.dictations) == 4
    assert local_steps(tmp_path / "w" / "r") == [2]
    assert [ref.step for ref in list_checkpoints(store, BUCKET, "r")] == [2]
    assert run_record(store, BUCKET, "r").state == "failed"


class FlakyStore(MemoryStore):
    """A store that is away for uploads number `away`."""

    def __init__(self, away: range) -> None:
        super().__init__()
        self._away, self.uploads = away, 0

    def upload(self, bucket: str, key: str, path: Path) -> None:
        self.uploads += 1
        if bucket == BUCKET and self.uploads in self._away:
            raise StoreUnreachable("the store at memory gives no answer")
        super().upload(bucket, key, path)


def flaky(tones_folder: Path, away: range) -> FlakyStore:
    store, filled = FlakyStore(away), a_store(tones_folder)
    store._buckets = filled._buckets
    return store


def test_a_store_that_goes_away_does_not_stop_training(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    store, recorder = flaky(tones_folder, range(1, 3)), EventRecorder()
    result = run(settings(tiny, tmp_path / "w"), store, recorder=recorder)
    assert result.state == "finished"
    assert "the store is away" in recorder.texts
    assert read_checkpoint(store, BUCKET, "r", 7).final


def test_a_store_that_stays_away_loses_nothing(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    wanted = settings(tiny, tmp_path / "w", upload_patience_s=0.2, stop_grace_s=0.1, max_steps=2)
    with pytest.raises(UploadFailed, match="the checkpoint is kept on this machine"):
        run(wanted, flaky(tones_folder, range(1, 1000)), recorder=EventRecorder())
    recorder = EventRecorder()
    patient = wanted.model_copy(update={"upload_patience_s": 600.0})
    assert run(patient, a_store(tones_folder), recorder=recorder).state == "finished"
    assert recorder.losses == []


class NoRecordStore(MemoryStore):
    """A store that raises `error` for the run's records of the states `refused`, after the first record."""

    def __init__(self, tones_folder: Path, error: StoreError, *refused: str) -> None:
        super().__init__()
        self._buckets = a_store(tones_folder)._buckets
        self.error: StoreError | None = error
        self._refused, self._records, self.failed = refused, 0, 0

    def put(self, bucket: str, key: str, data: bytes) -> None:
        if (bucket, key) == (BUCKET, run_key("r")):
            self._records += 1
            if self.error is not None and self._records > 1 and json.loads(data)["state"] in self._refused:
                self.failed += 1
                raise self.error
        super().put(bucket, key, data)


REFUSALS = (
    AccessDenied("memory/checkpoints: AccessDenied: the key was revoked"),
    ClockSkewed("memory/checkpoints: the store's clock and this machine's are 2 days apart"),
    StoreError("memory/checkpoints: QuotaExceeded"),
    StoreUnreachable("memory gives no answer"),
)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_store_that_refuses_the_record_of_progress_does_not_stop_training(
    tiny: Path, tones_folder: Path, tmp_path: Path, error: StoreError
) -> None:
    store, recorder = NoRecordStore(tones_folder, error, "running"), EventRecorder()
    assert run(settings(tiny, tmp_path / "w"), store, recorder=recorder).state == "finished"
    assert [step for step, _ in recorder.losses] == [1, 2, 3, 4, 5, 6]
    said = [event.text for event in recorder.events if "does not take the run's record" in event.text]
    assert said == [f"the store does not take the run's record, the run goes on: {error}"]
    assert store.failed >= 3
    assert recorder.events[-1].record_failures == store.failed
    assert run_record(store, BUCKET, "r").state == "finished"


def test_a_run_that_stops_or_fails_says_so_itself_where_the_store_refuses_its_record(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    store, stop = NoRecordStore(tones_folder, REFUSALS[0], "stopped"), Stop(after=1)
    result = run(settings(tiny, tmp_path / "w"), store, stopped=stop, recorder=stop.recorder)
    assert (result.state, store.failed) == ("stopped", 1)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_run_is_finished_only_when_the_store_takes_its_last_record(
    tiny: Path, tones_folder: Path, tmp_path: Path, error: StoreError
) -> None:
    wanted = settings(tiny, tmp_path / "w", max_steps=2)
    store = NoRecordStore(tones_folder, error, "finished")
    with pytest.raises(UploadFailed, match=f"record that it is finished: {error}; .*w/r is kept, .*--run r"):
        run(wanted, store)
    assert read_checkpoint(store, BUCKET, "r", 3).final
    assert (tmp_path / "w" / "r").is_dir()
    store.error, recorder = None, EventRecorder()
    assert run(wanted, store, recorder=recorder).state == "finished"
    assert recorder.losses == []
    assert run_record(store, BUCKET, "r").state == "finished"
    assert not (tmp_path / "w" / "r").exists()


class LockedStore(MemoryStore):
    def put(self, bucket: str, key: str, data: bytes) -> None:
        if bucket == BUCKET:
            raise AccessDenied("memory/checkpoints: AccessDenied: the key may not write there")
        super().put(bucket, key, data)


def test_wrong_credentials_are_found_before_anything_is_spent(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    store, recorder = LockedStore(), EventRecorder()
    store._buckets = a_store(tones_folder)._buckets
    with pytest.raises(AccessDenied, match="may not write"):
        run(settings(tiny, tmp_path / "w"), store, recorder=recorder)
    assert recorder.losses == []


@pytest.fixture
def full_disk() -> Iterator[Callable[[], None]]:
    """Files grow no further than 100 kB once it is called, until the test ends or calls it with `room=True`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(*, room: bool = False) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before if room else (100_000, before[1]))

    yield fill
    fill(room=True)


@pytest.mark.parametrize(
    ("phase", "named"),
    [("features of train", "train-mel.bin"), ("train (full", "checkpoint-2"), ("decode: 100%", r"w/r: ")],
)
def test_a_full_disk_is_named_and_the_run_goes_on_once_there_is_room(
    tiny: Path, store: MemoryStore, tmp_path: Path, full_disk: Callable[..., None], phase: str, named: str
) -> None:
    class Filling(EventRecorder):
        def __call__(self, event: RunEvent) -> None:
            super().__call__(event)
            if event.phase.startswith(phase):
                full_disk()

    with pytest.raises(DiskFailed, match=rf"cannot write .*{named}.*File too large"):
        run(settings(tiny, tmp_path / "w"), store, recorder=Filling())
    full_disk(room=True)
    assert not any(read_checkpoint(store, BUCKET, "r", ref.step).final for ref in list_checkpoints(store, BUCKET, "r"))
    assert run(settings(tiny, tmp_path / "w"), store).state == "finished"


def test_bad_input_is_named(tiny: Path, store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr("huggingface_hub.snapshot_download", away)
    work = tmp_path / "w"
    with pytest.raises(VersionMissing, match="tones has no version 20200101"):
        run(settings(tiny, work, dataset="tones@20200101T000000Z-000000000000"), store)
    with pytest.raises(BaseModelRefused, match="no model hub gives it"):
        run(settings(tiny, work, base="nobody/no-such-whisper"), store)
    if not torch.cuda.is_available():
        with pytest.raises(SettingsRefused, match="fp16 needs a CUDA device"):
            run(settings(tiny, work, precision="fp16"), store)


def test_replay_is_mixed_in_and_never_shares_a_sentence_with_what_measures_it(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    from carabin.trainer.datasets.local import fetch, plan_replay

    store = a_store(tones_folder, tones(tmp_path / "general", seed=3))
    general = fetch(store, BUCKETS.datasets_bucket, "general", tmp_path / "cache")
    replay = plan_replay(general, 12, 0.25, 0)
    assert len(replay.train) == 4
    known = {dictation.sentence for dictation in list(replay.validation)[3:]}
    assert known
    assert not known & {dictation.sentence for dictation in replay.train}
    recorder = EventRecorder()
    run(settings(tiny, tmp_path / "w", replay="general", replay_share=0.25, max_steps=2), store, recorder=recorder)
    assert any("eval_general_loss" in event.metrics for event in recorder.events)


class ReadOnlyFinalStore(MemoryStore):
    """A store that refuses the final checkpoint's files, with any error, until it is set to take them."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    def upload(self, bucket: str, key: str, path: Path) -> None:
        if self.error is not None and bucket == BUCKET and "final" in path.parts[-2]:
            raise self.error
        super().upload(bucket, key, path)


class RevokedKeyStore(ReadOnlyFinalStore):
    """One that refuses every write once it has refused the final checkpoint."""

    refused = False

    def upload(self, bucket: str, key: str, path: Path) -> None:
        self.refused = self.refused or "final" in path.parts[-2]
        super().upload(bucket, key, path)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        if self.error is not None and self.refused:
            raise AccessDenied("memory: AccessDenied: the run's record")
        super().put(bucket, key, data)


def test_a_store_that_takes_neither_the_outcome_nor_the_record_hides_not_where_the_outcome_is_kept(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    store = RevokedKeyStore(AccessDenied("memory: AccessDenied: the outcome"))
    store._buckets = a_store(tones_folder)._buckets
    with pytest.raises(UploadFailed, match=r"AccessDenied: the outcome; .*kept on this machine, in .*final-3"):
        run(settings(tiny, tmp_path / "w", max_steps=2), store)


@pytest.mark.parametrize(
    "error",
    [AccessDenied("memory: AccessDenied"), ValueError("not a key"), OSError(28, "No space left on device")],
    ids=lambda error: type(error).__name__,
)
def test_an_outcome_that_the_store_refuses_is_kept_and_uploaded_by_the_next_start_without_training(
    tiny: Path, tones_folder: Path, tmp_path: Path, error: Exception
) -> None:
    store = ReadOnlyFinalStore(error)
    store._buckets = a_store(tones_folder)._buckets
    wanted = settings(tiny, tmp_path / "w", max_steps=2)
    with pytest.raises(UploadFailed, match=r"kept on this machine, in .*final-3"):
        run(wanted, store)
    assert run_record(store, BUCKET, "r").state == "failed"
    assert (tmp_path / "w" / "r" / "final-3" / "model.safetensors").is_file()
    store.error, recorder = None, EventRecorder()
    result = run(wanted, store, recorder=recorder)
    assert (result.state, result.step) == ("finished", 3)
    assert read_checkpoint(store, BUCKET, "r", 3).final
    assert run_record(store, BUCKET, "r").state == "finished"
    assert not any(event.phase.startswith(("train", "decode")) for event in recorder.events)
    assert not (tmp_path / "w" / "r").exists()
