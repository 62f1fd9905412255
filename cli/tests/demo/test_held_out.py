"""The sentences that the demo dictates: short ones of the test split, those with most medical terms first."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.cli.demo import held_out as module
from carabin.cli.demo.held_out import held_out
from carabin.cli.demo.plan import Plan
from carabin.registry.artifacts.datasets import publish_dataset
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from pydantic import SecretStr

SETTINGS = StoreSettings(endpoint="memory", access_key="tests", secret_key=SecretStr("tests"))
PLAN = Plan("medical", "general")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(SETTINGS.datasets_bucket)
    monkeypatch.setattr(module, "connect", lambda: store)
    monkeypatch.setattr(module, "store_settings", lambda: SETTINGS)
    monkeypatch.setattr(module, "data_dir", lambda: tmp_path / "data")
    return store


def publish(store: MemoryStore, folder: Path, *test: tuple[str, float]) -> None:
    """Publish a dataset whose test split holds the sentences of the given lengths."""

    def row(place: int, sentence: str, length_s: float) -> DatasetRow:
        samples = np.full(round(16_000 * length_s), 0.001 * (place + 1), np.float32)
        return DatasetRow.of(samples, sentence, "pico:posee", f"{place}")

    rows = [row(place, *its) for place, its in enumerate(test)]
    write_dataset(folder, {"train": [row(9, "Un.", 1.0)], "validation": [row(8, "Deux.", 1.0)], "test": rows})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    publish_dataset(store, SETTINGS.datasets_bucket, "medical", folder, at, source={}, counts={})


def test_short_held_out_sentences_are_dictated_once_those_with_most_terms_first(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_terms", lambda: ["bisoprolol", "fibrillation atriale"])
    sentences = [
        ("Examen normal.", 1.0),
        ("Bisoprolol pour fibrillation atriale.", 7.0),
        ("Bisoprolol et fibrillation atriale, trop long.", 7.1),
        ("Sous bisoprolol.", 2.0),
        ("Examen normal.", 1.5),
    ]
    publish(store, tmp_path / "made", *sentences)
    clips = held_out(PLAN)
    assert [(clip.sentence, len(clip.audio) / 16_000) for clip in clips] == [
        ("Bisoprolol pour fibrillation atriale.", 7.0),
        ("Sous bisoprolol.", 2.0),
        ("Examen normal.", 1.5),
    ]
    monkeypatch.setattr(module, "fetch_dataset", lambda *_: pytest.fail("it was fetched the first time"))
    assert [clip.sentence for clip in held_out(PLAN)] == [clip.sentence for clip in clips]
