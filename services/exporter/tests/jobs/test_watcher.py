"""A checkpoint or a record that cannot be read stops no other; a look that fails is followed by one that works."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.queue import Jobs
from carabin.exporter.jobs.records import ExportRecord, export_id
from carabin.exporter.jobs.watcher import CheckpointWatcher
from carabin.exporter.metrics import ExporterMetrics
from carabin.exporter.settings import ExporterSettings
from carabin.exporter.sources import StoredCheckpoint
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.testing.memory import MemoryStore
from carabin.service.threads import ThreadSupervisor
from prometheus_client import CollectorRegistry

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


@pytest.fixture
def runs(store: MemoryStore, tmp_path: Path) -> MemoryStore:
    """Three runs with a final checkpoint each."""
    for number in (1, 2, 3):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        (folder / "model.safetensors").write_text(f"weights {number}")
        publish_checkpoint(store, "checkpoints", f"run-{number}", 1, folder, NOW, source={}, metrics={}, final=True)
    return store


def watcher_of(
    store: MemoryStore, threads: ThreadSupervisor | None = None, max_waiting: int = 16
) -> tuple[CheckpointWatcher, Jobs]:
    registry = CollectorRegistry()
    metrics, threads = ExporterMetrics(registry), threads or ThreadSupervisor(registry)
    ledger = Ledger(store, "models", "test")
    jobs = Jobs(Exporter(store, "models", ledger), metrics, max_waiting, threads)  # not started: nothing runs
    settings = ExporterSettings.load(model_name="cardio", poll_s=0.01)
    return CheckpointWatcher(store, "checkpoints", ledger, jobs, settings, metrics, threads), jobs


def test_an_export_record_that_cannot_be_read_leaves_the_other_checkpoints_due(runs: MemoryStore) -> None:
    identity = StoredCheckpoint(runs, "checkpoints", "run-2", 1).identity
    key = f"cardio/exports/{export_id('cardio', identity)}.json"
    runs.put("models", key, b"{")
    watcher, _ = watcher_of(runs)
    assert watcher.look() == ["run-1@1", "run-3@1"]
    runs.delete("models", key)
    assert "run-2@1" in watcher.look()


@pytest.mark.parametrize(("state", "due"), [("running", True), ("interrupted", True), ("done", False)])
def test_an_export_that_published_every_form_and_never_wrote_done_is_still_due(
    state: str, due: bool, runs: MemoryStore
) -> None:
    identity = StoredCheckpoint(runs, "checkpoints", "run-2", 1).identity
    number = export_id("cardio", identity)
    left = ExportRecord(
        id=number, name="cardio", checkpoint="run-2@1", created_at=NOW, expires_at=NOW - timedelta(seconds=1),
        wanted=("float16",), versions={"float16": "20261124T101500Z-0123456789ab"}, owner="another",
    ).model_copy(update={"state": state})  # fmt: skip
    runs.create("models", f"cardio/exports/{number}.json", left.model_dump_json().encode())
    watcher, _ = watcher_of(runs)
    assert ("run-2@1" in watcher.look()) is due


def test_a_manifest_that_cannot_be_read_leaves_the_other_checkpoints_due(runs: MemoryStore) -> None:
    runs.put("checkpoints", "run-1/00000001/manifest.json", b"{")
    watcher, _ = watcher_of(runs)
    assert watcher.look() == ["run-2@1", "run-3@1"]


def test_what_finds_no_place_to_wait_is_due_at_the_next_look(runs: MemoryStore) -> None:
    watcher, jobs = watcher_of(runs, max_waiting=2)
    assert watcher.look() == ["run-1@1", "run-2@1"]
    assert watcher.look() == ["run-1@1", "run-2@1"]  # they still wait, and no second job was made
    identity = StoredCheckpoint(runs, "checkpoints", "run-1", 1).identity
    assert len(jobs.unfinished(export_id("cardio", identity))) == 1


def test_a_look_that_raises_anything_is_followed_by_another(runs: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = ThreadSupervisor(CollectorRegistry())
    watcher, _ = watcher_of(runs, threads)
    looks: list[int] = []
    again = threading.Event()

    def look() -> list[str]:
        looks.append(1)
        if len(looks) > 2:
            again.set()
        raise RuntimeError("a bug")

    monkeypatch.setattr(watcher, "look", look)
    watcher.start()
    assert again.wait(30)
    watcher.stop()
    assert threads.dead() == ()


def test_a_watcher_shows_that_it_watches_before_its_first_look_succeeds(runs: MemoryStore) -> None:
    registry = CollectorRegistry()
    metrics, threads = ExporterMetrics(registry), ThreadSupervisor(registry)
    ledger = Ledger(runs, "models", "test")
    jobs = Jobs(Exporter(runs, "models", ledger), metrics, 16, threads)
    settings = ExporterSettings.load(model_name="cardio", poll_s=0.01)
    watcher = CheckpointWatcher(runs, "no-such-bucket", ledger, jobs, settings, metrics, threads)
    assert registry.get_sample_value("carabin_exporter_last_look_timestamp_seconds") == 0
    watcher.start()
    watcher.stop()
    assert registry.get_sample_value("carabin_exporter_last_look_timestamp_seconds")
