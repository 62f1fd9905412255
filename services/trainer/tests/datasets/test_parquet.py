"""Tests of a dataset folder as it is written: whole or not at all, in groups that are small to read."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from carabin.trainer.data.audio import decode
from carabin.trainer.data.dictations import SPLITS
from carabin.trainer.datasets.parquet import ROWS_A_GROUP, DatasetRow, SplitSize, write_dataset
from carabin.trainer.errors import DatasetInvalid
from datasets import Audio, Dataset


def row(number: int, duration_s: float = 0.5, speaker: str | None = None) -> DatasetRow:
    """Return a row whose sound is not decoded here."""
    return DatasetRow(f"sound {number}".encode(), f"phrase {number}", speaker, duration_s, f"{number:064d}", "a.wav")


def splits(**changes: list[DatasetRow]) -> dict[str, list[DatasetRow]]:
    return {split: [row(number)] for number, split in enumerate(SPLITS)} | changes


def test_a_row_holds_the_sound_as_flac_with_its_length_and_its_digest() -> None:
    samples = np.linspace(-0.5, 0.5, 16_001, dtype=np.float32)
    made = DatasetRow.of(samples, "Toux sèche.", "anne", "a.wav")
    assert made.audio.startswith(b"fLaC")
    np.testing.assert_allclose(decode(made.audio), samples, atol=1 / 32_768)
    assert made.duration_s == 1.0001, "16,001 samples last 1.0000625 s: four digits are kept"
    assert made.sha256 == hashlib.sha256(made.audio).hexdigest()
    assert (made.sentence, made.speaker, made.source) == ("Toux sèche.", "anne", "a.wav")


def test_the_sizes_are_those_of_each_split(tmp_path: Path) -> None:
    found = write_dataset(tmp_path / "made", splits(train=[row(0, 1.25), row(1, 2.5)], test=[row(2, 0.0004)]))
    assert found == {"train": SplitSize(2, 3.75), "validation": SplitSize(1, 0.5), "test": SplitSize(1, 0.0)}


@pytest.mark.parametrize(
    ("count", "groups"),
    [(1, [1]), (ROWS_A_GROUP, [64]), (ROWS_A_GROUP + 1, [64, 1]), (2 * ROWS_A_GROUP, [64, 64])],
)
def test_a_split_is_written_in_groups_of_64_in_its_own_order(tmp_path: Path, count: int, groups: list[int]) -> None:
    write_dataset(tmp_path / "made", splits(train=[row(number) for number in range(count)]))
    file = pq.ParquetFile(tmp_path / "made" / "data" / "train.parquet")
    assert [file.metadata.row_group(place).num_rows for place in range(file.metadata.num_row_groups)] == groups
    rows = file.read().to_pylist()
    assert [its["sentence"] for its in rows] == [f"phrase {number}" for number in range(count)]
    assert rows[-1]["audio"] == {"bytes": f"sound {count - 1}".encode(), "path": f"train-{count - 1:06d}.flac"}


def test_the_datasets_library_sees_an_audio_column(tmp_path: Path) -> None:
    write_dataset(tmp_path / "made", splits(train=[row(7, speaker="anne"), row(8)]))
    dataset = Dataset.from_parquet(str(tmp_path / "made" / "data" / "train.parquet"), cache_dir=str(tmp_path / "cache"))
    assert isinstance(dataset.features["audio"], Audio)
    assert dataset[0]["sentence"] == "phrase 7"
    assert dataset["speaker"] == ["anne", None]
    assert dataset.cast_column("audio", Audio(decode=False))[1]["audio"]["bytes"] == b"sound 8"


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    with pytest.raises(DatasetInvalid, match="made exists already: name a new folder"):
        write_dataset(tmp_path / "made", splits())
    assert list((tmp_path / "made").iterdir()) == []


def test_a_split_without_a_dictation_is_named_and_nothing_stays(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="the test split would be empty: give more dictations"):
        write_dataset(tmp_path / "made", splits(test=[]))
    assert list(tmp_path.iterdir()) == []


def test_what_ends_the_rows_leaves_nothing_and_is_passed_on(tmp_path: Path) -> None:
    def interrupted() -> Iterator[DatasetRow]:
        yield row(0)
        assert (tmp_path / "made" / "data" / "validation.parquet").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "made", {"train": [row(1)], "validation": interrupted(), "test": [row(2)]})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetInvalid, match="file/made: it cannot be written: Not a directory"):
        write_dataset(tmp_path / "file" / "made", splits())
