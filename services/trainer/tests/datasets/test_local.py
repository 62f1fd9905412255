"""What a run takes from the store is judged before anything is learnt from it."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.datasets.local import MAX_REPEATS, fetch, plan_replay
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from carabin.trainer.errors import DatasetRefused

from ..helpers.training import BUCKETS, a_store, tones

LEAKED = "Le patient prend du bisoprolol."


def noise(sentence: str, seed: int) -> DatasetRow:
    samples = np.random.default_rng(seed).normal(0, 0.1, 32_000).astype(np.float32)
    return DatasetRow.of(samples, sentence, "nobody", "noise")


def test_a_sound_dataset_is_fetched_once_and_opened(tmp_path: Path) -> None:
    store = a_store(tones(tmp_path / "tones"))
    first = fetch(store, BUCKETS.datasets_bucket, "tones", tmp_path / "cache")
    again = fetch(store, BUCKETS.datasets_bucket, str(first), tmp_path / "cache")
    assert again == first
    assert len(first.split("train")) > 0


def test_a_sentence_that_is_both_learnt_and_measured_stops_the_run_before_its_first_step(tmp_path: Path) -> None:
    rows = {
        "train": [noise(LEAKED, 1), noise("Pas de fièvre.", 2)],
        "validation": [noise("Examen normal ce jour.", 3)],
        "test": [noise(LEAKED, 4)],
    }
    write_dataset(tmp_path / "leaky", rows)
    store = a_store(tmp_path / "leaky")
    with pytest.raises(DatasetRefused, match=r"dataset leaky@.*train\[0\].*the test split has too"):
        fetch(store, BUCKETS.datasets_bucket, "leaky", tmp_path / "cache")


def test_a_small_general_set_is_not_shown_without_end_and_the_run_says_so(tmp_path: Path) -> None:
    store = a_store(tones(tmp_path / "general"))
    general = fetch(store, BUCKETS.datasets_bucket, "general", tmp_path / "cache")
    enough = plan_replay(general, 28, 0.3, 0)
    assert len(enough.train) == 12
    assert "share asks for" not in str(enough)
    scarce = plan_replay(general, 1000, 0.3, 0)
    held_out = len(scarce.validation) - 3
    assert scarce.distinct == 12 - held_out
    shown = Counter(dictation.sha256 for dictation in scarce.train)
    assert set(shown.values()) == {MAX_REPEATS}
    assert f"{scarce.distinct} dictations, 4.0 times each, which is 32 of the 429" in str(scarce)
