"""A test that was learnt is no test: the lineage says what a model has learnt, and the figures say what it shares."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.artifacts.datasets import publish_dataset
from carabin.registry.errors import AccessDenied, CarabinError, DiskFailed
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.data.index import INDEX_FILE
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from carabin.trainer.evaluation.learnt import BASE_DATASETS, Learnt, datasets_of, learnt_before

AT = datetime(2026, 1, 1, tzinfo=UTC)
BUCKET = "datasets"


def row(seed: int, sentence: str) -> DatasetRow:
    samples = np.random.default_rng(seed).normal(0, 0.1, 16_000).astype(np.float32)
    return DatasetRow.of(samples, sentence, "nobody", f"{seed}.wav")


def publish(store: MemoryStore, folder: Path, train: Sequence[DatasetRow], test: Sequence[DatasetRow]) -> str:
    write_dataset(folder, {"train": train, "validation": [row(99, "Validée.")], "test": test})
    manifest = publish_dataset(store, BUCKET, folder.name, folder, AT, source={}, counts={})
    return f"{manifest.name}@{manifest.version}"


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    return store


@pytest.mark.parametrize("indexed", [True, False], ids=["with its index", "of an older release"])
def test_recordings_and_sentences_that_a_lineage_learnt_are_counted_once(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indexed: bool
) -> None:
    if not indexed:
        monkeypatch.setattr("carabin.trainer.datasets.parquet.write_index", lambda folder: folder / INDEX_FILE)
    learnt = publish(store, tmp_path / "old", [row(1, "Un."), row(2, "Bisoprolol 5 mg.")], [row(3, "Trois.")])
    assert (tmp_path / "old" / INDEX_FILE).exists() is indexed
    test = [row(1, "Un, écrit autrement."), row(5, "bisoprolol cinq milligrammes"), row(6, "Six.")]
    measured = publish(store, tmp_path / "new", [row(7, "Sept.")], test)
    found = learnt_before([learnt, learnt], {measured: tmp_path / "new"}, store, BUCKET, tmp_path)
    assert (found.dictations, found.checked) == (2, True)
    [warning] = found.warnings
    assert f"2 of the 3 test dictations of {measured} were learnt" in warning
    assert learnt in warning


def test_the_version_that_a_model_was_trained_on_and_one_that_shares_nothing_give_no_warning(
    store: MemoryStore, tmp_path: Path
) -> None:
    own = publish(store, tmp_path / "own", [row(1, "Un.")], [row(2, "Deux.")])
    other = publish(store, tmp_path / "other", [row(3, "Trois.")], [row(4, "Quatre.")])
    found = learnt_before([own, other], {own: tmp_path / "own"}, store, BUCKET, tmp_path)
    assert found == Learnt(0, checked=True, warnings=())


def test_a_dataset_that_is_gone_cannot_be_checked_and_that_is_said(store: MemoryStore, tmp_path: Path) -> None:
    own = publish(store, tmp_path / "own", [row(1, "Un.")], [row(2, "Deux.")])
    found = learnt_before(["gone@v1"], {own: tmp_path / "own"}, store, BUCKET, tmp_path)
    assert (found.dictations, found.checked) == (0, False)
    [warning] = found.warnings
    assert "learnt from gone@v1 could not be checked" in warning


@pytest.mark.parametrize("error", [DiskFailed("no room"), AccessDenied("not yours")], ids=repr)
def test_what_only_warns_ends_no_training(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: CarabinError
) -> None:
    own = publish(store, tmp_path / "own", [row(1, "Un.")], [row(2, "Deux.")])
    other = publish(store, tmp_path / "other", [row(3, "Trois.")], [row(4, "Quatre.")])

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(store, "download", fail)
    found = learnt_before([own, other], {own: tmp_path / "own"}, store, BUCKET, tmp_path)
    assert (found.checked, len(found.warnings)) == (False, 1)


def test_what_lies_here_is_not_fetched_again(store: MemoryStore, tmp_path: Path) -> None:
    own = publish(store, tmp_path / "own", [row(1, "Un.")], [row(2, "Deux.")])
    other = publish(store, tmp_path / "other", [row(2, "Deux.")], [row(4, "Quatre.")])
    here = {own: tmp_path / "own", other: tmp_path / "other"}
    found = learnt_before([own, other], here, MemoryStore(), BUCKET, tmp_path)
    assert (found.dictations, found.checked) == (1, True)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, []),
        ({"dataset": "a", "dataset_version": "1"}, ["a@1"]),
        ({"dataset": "a", "dataset_version": "1", "replay": "g", "replay_version": "2"}, ["a@1", "g@2"]),
        ({"dataset": "a", "dataset_version": "2", BASE_DATASETS: "a@1 g@1 a@2"}, ["a@2", "a@1", "g@1"]),
    ],
)
def test_a_lineage_names_what_its_run_and_its_base_learnt(source: Mapping[str, str], expected: list[str]) -> None:
    assert datasets_of(source) == expected
