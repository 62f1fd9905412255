"""A dataset's index says all that its splits say, without a sound."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from carabin.trainer.data.dictations import SPLITS, load_split
from carabin.trainer.data.index import INDEX_FILE, read_index, read_texts
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.quality.dataset import check_dataset
from datasets import load_dataset

from ..helpers.training import tones


def test_the_index_says_what_the_splits_say_and_holds_no_sound(tmp_path: Path) -> None:
    folder = tones(tmp_path / "tones")
    index = read_index(folder / INDEX_FILE)
    assert list(index) == list(SPLITS)
    assert all(load_split(folder, name).same_as(texts) for name, texts in index.items())
    assert "audio" not in pq.read_schema(folder / INDEX_FILE).names
    assert index["train"].durations_s != index["test"].durations_s


def test_texts_are_read_of_the_splits_or_of_the_index_where_there_are_none(tmp_path: Path) -> None:
    folder = tones(tmp_path / "tones")
    alone = tmp_path / "alone"
    alone.mkdir()
    (folder / INDEX_FILE).rename(alone / INDEX_FILE)
    both = read_texts(folder), read_texts(alone)
    assert all(mine.same_as(theirs) for mine, theirs in zip(*(texts.values() for texts in both), strict=True))


def test_datasets_of_the_field_do_not_take_the_index_for_a_split(tmp_path: Path) -> None:
    loaded = load_dataset(str(tones(tmp_path / "tones")), cache_dir=str(tmp_path / "cache"))
    assert sorted(loaded) == sorted(SPLITS)
    assert loaded["train"].num_rows == len(load_split(tmp_path / "tones", "train"))


def test_an_index_that_says_otherwise_than_its_splits_is_refused_by_the_check(tmp_path: Path) -> None:
    folder = tones(tmp_path / "tones")
    assert not [each for each in check_dataset(folder).refused if each.rule == "index-differs"]
    table = pq.read_table(folder / INDEX_FILE)
    texts = table.column("sentence").to_pylist()
    texts[-1] = "Autre chose."
    pq.write_table(table.set_column(table.schema.get_field_index("sentence"), "sentence", pa.array(texts)),
                   folder / INDEX_FILE)  # fmt: skip
    refused = [each.message for each in check_dataset(folder).refused if each.rule == "index-differs"]
    assert refused == [f"{folder / INDEX_FILE} says otherwise than the test split that it stands for"]


def test_another_file_is_no_index(tmp_path: Path) -> None:
    (tmp_path / INDEX_FILE).write_bytes(b"PAR1")
    with pytest.raises(DatasetInvalid, match="not the index of a dataset"):
        read_index(tmp_path / INDEX_FILE)
