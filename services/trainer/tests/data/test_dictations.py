"""A split is a Parquet file that training reads a piece at a time."""

from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.dictations import load_split
from carabin.trainer.datasets.parquet import ROWS_A_GROUP, DatasetRow, write_dataset
from carabin.trainer.errors import DatasetInvalid

COUNT = 2 * ROWS_A_GROUP + 5


def row(number: int) -> DatasetRow:
    samples = np.full(400 + number, 0.001 * (number % 200), np.float32)
    return DatasetRow.of(samples, f"phrase {number}", f"voix {number % 3}" if number % 2 else None, f"{number}.wav")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dictations") / "dataset"
    write_dataset(target, {"train": map(row, range(COUNT)), "validation": [row(0)], "test": [row(1)]})
    return target


def test_dictations_come_back_in_any_order(folder: Path) -> None:
    split = load_split(folder, "train")
    assert len(split) == COUNT
    for number in (COUNT - 1, 0, ROWS_A_GROUP, 3, -1):
        expected, dictation = row(number % COUNT), split[number]
        assert (dictation.sentence, dictation.speaker) == (expected.sentence, expected.speaker)
        assert (dictation.sha256, dictation.duration_s) == (expected.sha256, expected.duration_s)
        assert dictation.audio.shape == (400 + number % COUNT,)
        np.testing.assert_allclose(dictation.audio, 0.001 * (number % COUNT % 200), atol=1e-4)
    assert [dictation.source for dictation in split[62:66]] == ["62.wav", "63.wav", "64.wav", "65.wav"]
    with pytest.raises(IndexError):
        split[COUNT]


def test_a_walk_over_a_split_keeps_only_a_few_groups_of_sound_in_memory(folder: Path) -> None:
    split = load_split(folder, "train")
    assert sum(len(dictation.audio) for dictation in split) == sum(400 + number for number in range(COUNT))
    assert len(split._groups) <= 4


def test_what_is_not_a_dataset_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DatasetInvalid, match="has no train split"):
        load_split(tmp_path, "train")
    with pytest.raises(DatasetInvalid, match="there is no split 'dev': choose one of train, validation, test"):
        load_split(folder, "dev")


def test_an_undecodable_sound_is_named(tmp_path: Path) -> None:
    bad = DatasetRow(b"not a sound", "phrase", None, 1.0, "0" * 64, "dictee-7.wav")
    write_dataset(tmp_path / "dataset", {"train": [bad], "validation": [row(1)], "test": [row(2)]})
    with pytest.raises(DatasetInvalid, match=r"dictation 0 \(dictee-7\.wav\) cannot be decoded"):
        load_split(tmp_path / "dataset", "train")[0]
