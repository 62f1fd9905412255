"""Tests of a notebook's CSV files as a dataset of the store: which splits they make, and when nothing is published."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.artifacts.datasets import DatasetManifest, list_datasets
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.datasets.from_csv import dataset_from_csv
from carabin.trainer.errors import DatasetInvalid, DatasetRefused

from ..helpers.sounds import bursts, write

BUCKET = "datasets"
AT = datetime(2026, 1, 1, tzinfo=UTC)
TRAINING = 40
"""Sentences, so that each split that is drawn gets some."""


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    return store


def listed(file: Path, numbers: range) -> Path:
    """Write the recordings and their list."""
    lines = ["audio,sentence"]
    for number in numbers:
        write(file.parent / "clips" / f"{number}.wav", bursts([0.4], pause_s=0.2, seed=number))
        lines.append(f"clips/{number}.wav,Compte rendu numéro {number}.")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def published(store: MemoryStore, train_csv: Path) -> DatasetManifest:
    return dataset_from_csv(store, BUCKET, "notebook", train_csv, AT)


def sizes(manifest: DatasetManifest) -> dict[str, int]:
    return {split: count.dictations for split, count in manifest.counts.items()}


def test_a_test_list_beside_the_training_list_is_the_test_split_and_validation_is_drawn_from_training(
    store: MemoryStore, tmp_path: Path
) -> None:
    listed(tmp_path / "test.csv", range(TRAINING, TRAINING + 3))
    manifest = published(store, listed(tmp_path / "train.csv", range(TRAINING)))
    found = sizes(manifest)
    assert found["test"] == 3
    assert found["train"] + found["validation"] == TRAINING
    assert min(found.values()) > 0
    assert manifest.source["kind"] == "csv"
    assert manifest.source["accepted"] == str(TRAINING + 3)


def test_all_three_splits_are_drawn_from_a_list_alone_even_one_called_test(store: MemoryStore, tmp_path: Path) -> None:
    found = sizes(published(store, listed(tmp_path / "test.csv", range(TRAINING))))
    assert sum(found.values()) == TRAINING
    assert set(found) == {"train", "validation", "test"}
    assert min(found.values()) > 0


def test_the_same_lists_are_published_once_and_changed_ones_again(store: MemoryStore, tmp_path: Path) -> None:
    train_csv = listed(tmp_path / "train.csv", range(TRAINING))
    first = published(store, train_csv)
    assert published(store, train_csv) == first
    assert len(list_datasets(store, BUCKET, "notebook")) == 1
    second = published(store, listed(tmp_path / "train.csv", range(TRAINING + 1)))
    assert second.version != first.version
    assert len(list_datasets(store, BUCKET, "notebook")) == 2


def test_a_refused_recording_stops_it_by_name_and_nothing_is_published(store: MemoryStore, tmp_path: Path) -> None:
    train_csv = listed(tmp_path / "train.csv", range(4))
    write(tmp_path / "clips" / "2.wav", np.zeros(16_000, np.float32))
    with pytest.raises(DatasetRefused, match=r"2\.wav holds only silence"):
        published(store, train_csv)
    with pytest.raises(DatasetInvalid, match=r"missing\.csv"):
        published(store, tmp_path / "missing.csv")
    assert list_datasets(store, BUCKET) == []
