"""One checkpoint becomes one version per form, once; whatever goes wrong, nothing half-made is visible."""

import itertools
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from carabin.exporter.conversion.checkpoint_gate import CheckpointFacts, inspect_checkpoint
from carabin.exporter.errors import (
    CheckpointRefused,
    ConversionRefused,
    ExportBusy,
    ExportCancelled,
    ExportFailedBefore,
)
from carabin.exporter.jobs import lease as heartbeat
from carabin.exporter.jobs import pipeline
from carabin.exporter.jobs.ledger import MAX_ATTEMPTS, Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.request import ExportRequest, Step
from carabin.exporter.sources import Ct2Folder, FolderCheckpoint, StoredCheckpoint
from carabin.exporter.validation.parity import Parity
from carabin.exporter.validation.result import Validated
from carabin.exporter.validation.samples import SHIPPED_SENTENCE, shipped_sample
from carabin.exporter.validation.smoke import SmokeDictation, store_smoke
from carabin.exporter.validation.validate import ConvertedForm, Validator
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.publish import fetch_model, list_versions, read_manifest
from carabin.registry.artifacts.verify import verify_files
from carabin.registry.errors import DiskFailed, ManifestInvalid, StoreUnreachable
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore
from faster_whisper import WhisperModel
from safetensors.torch import load_file, save_file

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def publish(store: MemoryStore, folder: Path, run: str = "cardio-1", step: int = 200) -> StoredCheckpoint:
    publish_checkpoint(
        store, "checkpoints", run, step, folder, NOW, source={"base_model": "whisper-tiny", "dataset": "cardio"},
        metrics={"wer": 0.12}, final=True, window=WindowPolicy(min_frames=800, margin_frames=250),
    )  # fmt: skip
    return StoredCheckpoint(store, "checkpoints", run)


def test_a_stored_checkpoint_becomes_a_candidate_with_its_past(
    store: MemoryStore, exporter: Exporter, checkpoint: Path
) -> None:
    (checkpoint / "report.html").write_text("<p>report</p>")
    (checkpoint / "training").mkdir()
    (checkpoint / "training" / "optimizer.pt").write_bytes(b"large")
    steps: list[Step] = []
    manifest = exporter.export(ExportRequest(publish(store, checkpoint), "cardio"), steps.append)[0]
    assert list_versions(store, "models", "cardio") == [manifest.version]
    assert store.get_tags("models", f"cardio/versions/{manifest.version}/manifest.json") == {"stage": "candidate"}
    assert manifest.format.quantization == "float16"
    assert (manifest.format.n_mels, manifest.format.n_languages, manifest.format.vocabulary_size) == (80, 99, 51865)
    assert manifest.source["checkpoint"] == "checkpoints/cardio-1/00000200"
    assert manifest.source["base_model"] == "whisper-tiny"
    assert manifest.metrics["wer"] == 0.12
    assert (manifest.metrics["export_wer_increase"], manifest.metrics["export_words"]) == (0, 9)
    assert manifest.report == "checkpoints/cardio-1/00000200/files/report.html"
    assert (manifest.min_window_frames, manifest.window_margin_frames) == (800, 250)
    assert manifest.provenance["ctranslate2"] == manifest.format.ctranslate2
    assert manifest.smoke is not None
    assert manifest.smoke.text == SHIPPED_SENTENCE
    assert [step.stage for step in steps] == ["fetch", "convert", "prove", "publish", "done"]


def test_a_version_downloaded_opens_in_plain_faster_whisper(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    manifest = exporter.export(ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio", ("int8",)))[0]
    folder = fetch_model(store, "models", manifest, tmp_path / "downloaded")
    segments, _ = WhisperModel(str(folder), local_files_only=True).transcribe(shipped_sample().audio, language="fr")
    assert "".join(segment.text for segment in segments).strip() == SHIPPED_SENTENCE


def test_the_same_checkpoint_and_options_give_the_same_version_once(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio")
    first = exporter.export(request)
    another = Exporter(store, "models", Ledger(store, "models", "another"), tmp_path)
    assert another.export(request) == first
    both = another.export(ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio", ("float16", "int8")))
    assert both[0] == first[0]
    assert len(list_versions(store, "models", "cardio")) == 2


def test_an_exporter_that_lost_its_lease_publishes_nothing_twice(pristine_checkpoint: Path, tmp_path: Path) -> None:
    """The worst case: the first one sleeps just before it publishes, and wakes when the second is done."""
    clock = [NOW]
    store = MemoryStore(lambda: clock[0])
    store.ensure_bucket("models")
    first, second = (
        Exporter(store, "models", Ledger(store, "models", owner, now=lambda: clock[0]), tmp_path) for owner in "ab"
    )
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio")

    def sleep_before_publishing(step: Step) -> None:
        if step.stage == "prove":
            clock[0] += timedelta(hours=1)
            second.export(request)

    with pytest.raises(heartbeat.LeaseLost, match="b took it over"):
        first.export(request, sleep_before_publishing)
    assert len(list_versions(store, "models", "cardio")) == 1


def test_two_replicas_at_once_export_once(store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path) -> None:
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio")
    outcomes: list[str] = []
    begin = threading.Barrier(4)

    def run(owner: str) -> None:
        begin.wait()
        try:
            Exporter(store, "models", Ledger(store, "models", owner), tmp_path).export(request)
            outcomes.append("done")
        except ExportBusy:
            outcomes.append("busy")

    threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") >= 1
    assert set(outcomes) <= {"done", "busy"}
    assert len(list_versions(store, "models", "cardio")) == 1


def test_a_pruned_version_is_exported_again_on_request(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path
) -> None:
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio")
    version = exporter.export(request)[0].version
    for key in store.list("models", f"cardio/versions/{version}"):
        store.delete("models", key)
    assert read_manifest(store, "models", "cardio", exporter.export(request)[0].version)


def test_a_refused_checkpoint_is_marked_and_tried_again_on_demand_only(
    store: MemoryStore, exporter: Exporter, checkpoint: Path
) -> None:
    tensors = load_file(checkpoint / "model.safetensors")
    tensors["model.encoder.conv1.bias"].fill_(float("nan"))
    save_file(tensors, checkpoint / "model.safetensors", metadata={"format": "pt"})
    request = ExportRequest(publish(store, checkpoint), "cardio")
    with pytest.raises(CheckpointRefused, match="NaN"):
        exporter.export(request)
    record = next(iter(Ledger(store, "models", "x").list("cardio")))
    assert (record.state, record.checkpoint) == ("failed", "cardio-1@200")
    assert record.reason == "model.safetensors: model.encoder.conv1.bias holds NaN or infinity"
    with pytest.raises(ExportFailedBefore, match="bias holds NaN"):
        exporter.export(request)
    with pytest.raises(CheckpointRefused):
        exporter.export(ExportRequest(request.source, "cardio", retry=True))
    assert list_versions(store, "models", "cardio") == []


def test_a_form_that_is_refused_keeps_no_other_from_being_published(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from carabin.exporter.validation import validate as validation

    def refuse_int8(folder: Path, *_: object, **__: object) -> Parity:
        if folder.name == "int8":
            raise ConversionRefused(folder, "it makes 9 more word errors")
        return Parity(0.0, 9)

    monkeypatch.setattr(validation, "compare", refuse_int8)
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio", ("int8", "float16"))
    with pytest.raises(ConversionRefused, match="int8: it makes 9 more"):
        exporter.export(request)
    assert len(list_versions(store, "models", "cardio")) == 1
    assert exporter.export(ExportRequest(request.source, "cardio"))[0].format.quantization == "float16"


@pytest.mark.usefixtures("instant")
def test_a_form_that_was_refused_fails_no_later_request_for_another(
    store: MemoryStore, exporter: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"read by nobody here")
    source, accept = FolderCheckpoint(tmp_path), Validator.validate

    def refuse_int8(self: Validator, candidate: ConvertedForm, check: Callable[[], None]) -> Validated:
        if candidate.form == "int8":
            raise ConversionRefused(candidate.folder, "it makes 9 more word errors")
        return accept(self, candidate, check)

    monkeypatch.setattr(Validator, "validate", refuse_int8)
    with pytest.raises(ConversionRefused, match="int8: it makes 9 more"):
        exporter.export(ExportRequest(source, "cardio", ("int8",)))
    [manifest] = exporter.export(ExportRequest(source, "cardio", ("float16",), retry=True))
    assert list_versions(store, "models", "cardio") == [manifest.version]


@pytest.mark.usefixtures("instant")
def test_a_form_that_is_exported_later_is_the_latest_version(store: MemoryStore, tmp_path: Path) -> None:
    source = tmp_path / "checkpoint"
    source.mkdir()
    dated = []
    for days, form in enumerate(("float16", "int8")):
        ledger = Ledger(store, "models", "a", now=lambda days=days: NOW + timedelta(days=46 * days))  # type: ignore[misc]
        exporter = Exporter(store, "models", ledger, tmp_path)
        dated.append(exporter.export(ExportRequest(FolderCheckpoint(source), "cardio", (form,)))[0].version)
    assert list_versions(store, "models", "cardio") == sorted(dated) == dated
    assert dated[1].startswith("20270109T101500Z")


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch, pristine_checkpoint: Path) -> None:
    """Spare what asks nothing of the store: the conversion and the validation."""
    facts = inspect_checkpoint(pristine_checkpoint)
    smoke = SmokeDictation(shipped_sample(), "fr", SHIPPED_SENTENCE)

    def convert_all(_: Path, targets: dict[str, Path], check: Callable[[], None]) -> CheckpointFacts:
        check()
        for target in targets.values():
            target.mkdir()
            (target / "model.bin").write_text(target.name)
        return facts

    def validate(_: Validator, candidate: ConvertedForm, check: Callable[[], None]) -> Validated:
        check()
        store_smoke(smoke, candidate.folder)
        return Validated(candidate.form, facts, smoke, WindowPolicy())

    monkeypatch.setattr(pipeline, "load_samples", lambda _: (smoke.sample,))
    monkeypatch.setattr(pipeline, "convert_all", convert_all)
    monkeypatch.setattr(Validator, "validate", validate)


@pytest.mark.usefixtures("instant")
@pytest.mark.parametrize("stays_broken", [True, False], ids=["from then on", "once"])
def test_a_store_that_fails_at_any_request_leaves_all_or_nothing_visible_and_the_next_run_finishes(
    tmp_path: Path, stays_broken: bool
) -> None:
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"read by nobody here")
    clock = [NOW]
    for number in itertools.count():
        store = MemoryStore(lambda: clock[0])
        for bucket in ("models", "checkpoints"):
            store.ensure_bucket(bucket)
        publish(store, checkpoint)
        faulty = FaultyStore(store, number, stays_broken=stays_broken)

        def export(through: ObjectStore, owner: str, store: MemoryStore = store) -> list[str]:
            request = ExportRequest(StoredCheckpoint(through, "checkpoints", "cardio-1"), "cardio", ("float16", "int8"))
            ledger = Ledger(through, "models", owner, now=lambda: clock[0])
            found = [each.version for each in Exporter(through, "models", ledger, tmp_path).export(request)]
            assert sorted(found) == list_versions(store, "models", "cardio")
            return found

        try:
            export(faulty, "a")
        except StoreUnreachable:
            assert faulty.failed
        else:
            # A failure that a heartbeat or a cleanup outlives is no failure of the export.
            if not faulty.failed:
                break
        for version in list_versions(store, "models", "cardio"):
            manifest = read_manifest(store, "models", "cardio", version)
            assert verify_files(store, "models", manifest) == []
        clock[0] += timedelta(hours=1)
        assert len(set(export(store, "b"))) == 2, "each form once"
        record = next(iter(Ledger(store, "models", "x").list("cardio")))
        assert (record.state, record.checkpoint) == ("done", "cardio-1@200")
    assert number > 40


def test_a_full_disk_publishes_nothing_and_is_not_the_checkpoints_fault(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from carabin.ct2whisper.binary import BinaryWriter

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(BinaryWriter, "write", full)
        with pytest.raises(DiskFailed, match="No space left on device"):
            exporter.export(ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio"))
    assert list_versions(store, "models", "cardio") == []
    assert exporter.export(ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio"))


def test_cancelling_stops_between_steps_and_stays_cancelled(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path
) -> None:
    ledger = Ledger(store, "models", "operator")
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio")

    def cancel_when_converting(step: Step) -> None:
        if step.stage == "convert":
            ledger.request_cancel("cardio", next(iter(ledger.list("cardio"))).id)

    with pytest.raises(ExportCancelled, match="was cancelled"):
        exporter.export(request, cancel_when_converting)
    assert next(iter(ledger.list("cardio"))).state == "cancelled"
    with pytest.raises(ExportFailedBefore, match="cancelled before"):
        exporter.export(request)
    assert list_versions(store, "models", "cardio") == []


def test_a_stopping_process_gives_its_lease_back(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path
) -> None:
    stop = threading.Event()
    request = ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio")
    with pytest.raises(ExportCancelled, match="is stopping"):
        exporter.export(request, lambda step: stop.set() if step.stage == "convert" else None, stop)
    assert next(iter(Ledger(store, "models", "x").list("cardio"))).state == "interrupted"
    assert exporter.export(request)


def test_an_imported_ct2_folder_is_validated_and_published(
    store: MemoryStore, exporter: Exporter, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    converted = fetch_model(
        store, "models", exporter.export(ExportRequest(FolderCheckpoint(pristine_checkpoint), "cardio", ("int8",)))[0],
        tmp_path / "carried-in",
    )  # fmt: skip
    (converted / "notes.txt").write_text("not part of the model")
    manifest = exporter.export(ExportRequest(Ct2Folder(converted), "imported"))[0]
    assert manifest.format.quantization == "int8"
    assert {entry.path for entry in manifest.files} == {
        "config.json", "model.bin", "preprocessor_config.json", "smoke.wav", "tokenizer.json", "vocabulary.json",
    }  # fmt: skip
    assert exporter.export(ExportRequest(Ct2Folder(converted), "imported"))[0] == manifest


def test_a_model_that_writes_something_else_than_its_checkpoint_is_refused(
    exporter: Exporter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A converter that swaps two tokens' rows makes a model that loads, transcribes, and lies."""
    from carabin.ct2whisper.weights import Weights

    cast = Weights._cast

    def swapped(self: Weights, name: str, block: npt.NDArray[np.float32], *types: str) -> npt.NDArray[np.float32]:
        found = cast(self, name, block, *types)
        return np.roll(found, 1, 0) if name == "decoder/embeddings/weight" else found

    monkeypatch.setattr(Weights, "_cast", swapped)
    with pytest.raises(ConversionRefused, match=r"float32: it writes other words of .* than its checkpoint"):
        exporter.export(ExportRequest(FolderCheckpoint(checkpoint), "cardio", ("float32",)))


def test_bytes_that_are_not_the_manifests_never_reach_the_converter(
    store: MemoryStore, exporter: Exporter, checkpoint: Path
) -> None:
    source = publish(store, checkpoint)
    key = "cardio-1/00000200/files/model.safetensors"
    data = bytearray(store.get("checkpoints", key))
    data[-1] ^= 1
    store.put("checkpoints", key, bytes(data))
    states = []
    for _ in range(MAX_ATTEMPTS):  # they may have been changed on the way here, so one look does not decide
        with pytest.raises(ManifestInvalid, match="SHA-256 differs"):
            exporter.export(ExportRequest(source, "cardio"))
        states.append(Ledger(store, "models", "x").list("cardio")[0].state)
    assert states == ["interrupted", "interrupted", "failed"]
    assert list_versions(store, "models", "cardio") == []
