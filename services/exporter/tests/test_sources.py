"""Where a checkpoint comes from: a reference names a run and a step, an identity covers what an export reads."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.exporter.errors import (
    RequestInvalid,
)
from carabin.exporter.sources import Ct2Folder, FolderCheckpoint, StoredCheckpoint, parse_reference
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.testing.memory import MemoryStore

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def test_a_run_without_checkpoints_is_said_so(store: MemoryStore) -> None:
    with pytest.raises(RequestInvalid, match="cardio-9 has no complete checkpoint"):
        StoredCheckpoint(store, "checkpoints", "cardio-9")


@pytest.mark.parametrize(("text", "run", "step"), [("cardio-1", "cardio-1", None), ("cardio-1@200", "cardio-1", 200)])
def test_references_name_run_and_step(text: str, run: str, step: int | None) -> None:
    assert parse_reference(text) == (run, step)


@pytest.mark.parametrize("text", ["", "@3", "run@", "run@x", "run@1@2"])
def test_other_references_are_refused(text: str) -> None:
    with pytest.raises(RequestInvalid, match="neither RUN nor RUN@STEP"):
        parse_reference(text)


def test_the_states_of_the_training_are_neither_fetched_nor_part_of_the_identity(
    store: MemoryStore, checkpoint: Path, tmp_path: Path
) -> None:
    def publish(run: str) -> StoredCheckpoint:
        publish_checkpoint(store, "checkpoints", run, 1, checkpoint, NOW, source={}, metrics={})
        return StoredCheckpoint(store, "checkpoints", run)

    plain = publish("plain")
    (checkpoint / "training").mkdir()
    (checkpoint / "training" / "optimizer.pt").write_bytes(b"twice the size of the weights")
    with_states = publish("with-states")
    assert with_states.identity == plain.identity == FolderCheckpoint(checkpoint).identity
    assert not (with_states.fetch(tmp_path / "fetched") / "training").exists()
    (checkpoint / "config.json").write_text("{}")
    assert publish("changed").identity != plain.identity != FolderCheckpoint(checkpoint).identity


def test_a_report_is_named_only_where_the_checkpoint_has_one(store: MemoryStore, checkpoint: Path) -> None:
    reports = []
    for run in ("without", "with"):
        publish_checkpoint(store, "checkpoints", run, 1, checkpoint, NOW, source={"dataset": "d"}, metrics={"wer": 0.1})
        background = StoredCheckpoint(store, "checkpoints", run, 1).background()
        assert background.source["checkpoint"] == f"checkpoints/{run}/00000001"
        assert background.source["dataset"] == "d"
        assert background.metrics == {"wer": 0.1}
        reports.append(background.report)
        (checkpoint / "report.html").write_text("<p>evaluated</p>")
    assert reports == [None, "checkpoints/with/00000001/files/report.html"]


def test_a_folder_is_read_where_it_lies_and_named_without_its_path(checkpoint: Path, tmp_path: Path) -> None:
    source = FolderCheckpoint(checkpoint)
    assert source.fetch(tmp_path / "never") == checkpoint.resolve()
    assert not (tmp_path / "never").exists()
    assert source.background().source == {"checkpoint": "checkpoint", "checkpoint_sha256": source.identity}
    assert Ct2Folder(checkpoint).background().source == {
        "imported": "checkpoint",
        "imported_sha256": source.identity,
    }
